/**
 * emptying.h - a queue that was shut at once loses its tasks.   [layer: core]
 *
 * A few thousand in each turn, so that nobody waits for a queue of millions.
 * Meanwhile nobody is given any of them, and gets of the queue end; its jobs
 * are not meant.  A restart goes on with it.
 */
#ifndef EMPTYING_H
#define EMPTYING_H

#include "master/core/inside.h"

/** Begin with `q`, which is `emptied`; few tasks go at once. */
void emptying_begin(struct core *core, tick_ns now, struct queue *q);

/** All is loaded: go on where the last start was. */
void emptying_loaded(struct core *core);

/** Go on with all of them. */
void emptying_tick(struct core *core, tick_ns now);

tick_ns emptying_next_deadline(const struct core *core);

#endif
