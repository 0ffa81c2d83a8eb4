/**
 * sync_lock.h - Lock and RLock.                                 [layer: core]
 *
 * A lock is free, or one session owns it; whoever waits while it is free has
 * not been looked at yet.  It goes to who was notified by a condition first,
 * then to who waits longest.
 */
#ifndef SYNC_LOCK_H
#define SYNC_LOCK_H

#include "master/core/shared/holds.h"

/** Acquire, release, look. */
void sync_lock_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o);

/**
 * What this thread of `s` holds of the lock, which it says it acquired with the
 * fence m->number (0: it does not say).
 *
 * Returns 0 and *out, STINT_ENOTHELD, or STINT_ESTALE when it has lost it.
 */
int sync_lock_held(const struct object *o, const struct session *s,
    const struct msg_sync *m, struct hold **out);

/** Its owner lets go of it, and keeps the hold, which holds nothing now.  The
 * next one is not given it yet. */
struct hold *sync_lock_let_go(struct core *core, struct object *o);

/** If it is free, give it to who is next. */
void sync_lock_pass_on(struct core *core, struct object *o);

/** Its owner died. */
void sync_lock_died(struct core *core, struct hold *h);

#endif
