/**
 * sync_barrier.h - Barrier.                                     [layer: core]
 *
 * Who waits stands in the line until it is as long as there are parties; then
 * all go on.  With an action the last to come runs it first, and holds the
 * barrier meanwhile: the others are passing, and who comes now stands in the
 * line of the next round.
 *
 * Holds always: the line is shorter than there are parties while no action
 * runs; somebody holds the barrier while somebody passes.
 */
#ifndef SYNC_BARRIER_H
#define SYNC_BARRIER_H

#include "master/core/shared/holds.h"

/** Wait, acted, reset, abort, look. */
void sync_barrier_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o);

/** `w` waits no more, for `code`: the barrier breaks for all. */
void sync_barrier_left(struct core *core, struct wait *w, int code);

/** Who runs the action died. */
void sync_barrier_died(struct core *core, struct hold *h);

#endif
