/**
 * end_tasks.h - many tasks at once: cancel, try again, drop.      [layer: core]
 *
 * What takes long is done in steps, a few thousand tasks a turn, so that nobody
 * else waits for it; its asker is answered at the end.
 */
#ifndef END_TASKS_H
#define END_TASKS_H

#include "master/core/inside.h"

/** Go on with those that are not done. */
void end_tasks_tick(struct core *core, tick_ns now);

tick_ns end_tasks_next_deadline(const struct core *core);

#endif
