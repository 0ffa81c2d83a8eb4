/**
 * sync_condition.h - Condition.                                 [layer: core]
 *
 * Who waits keeps the hold that it had of the lock, with its depth, and stands
 * in the line of the condition; notified or late, in that of the lock, until it
 * is answered with the lock held.  So no notify is missed, and it is one
 * request.
 */
#ifndef SYNC_CONDITION_H
#define SYNC_CONDITION_H

#include "master/core/inside.h"

/** Wait, notify; acquire, release and look are the lock's. */
void sync_condition_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o);

/** Who was notified by the condition of this number died before he heard of it:
 * the next one is, so that no wake-up is lost. */
void sync_condition_pass_on(struct core *core, tick_ns now, uint64_t number);

/** Nobody notified `w` in time: it waits for the lock. */
void sync_condition_late(struct core *core, struct wait *w);

#endif
