/**
 * ahead.h - which tasks a worker has begun.                     [layer: core]
 *
 * A worker takes more tasks than it has slots, so that short ones come in
 * batches, and runs them in the order in which they were granted.  So of its
 * leases the first ones are begun, as many as it has slots, and the others are
 * taken ahead: that is known here without a word of the worker, and is as exact
 * as the order of its messages.  Who is no worker has begun all that it holds.
 *
 * The leases of a session stand in the order of their grants: `begun` of them,
 * then those that are ahead.  All O(1) but for what names a loop.
 */
#ifndef AHEAD_H
#define AHEAD_H

#include "master/core/inside.h"

/** Whether what is handed to it now is begun at once. */
bool ahead_has_slot(const struct session *s);

/** The lease `l` was put at the end of its session's. */
void ahead_hold(struct lease *l);

/** `l` is about to leave its session: the next one is begun. */
void ahead_end(struct lease *l);

/** The session is gone: nothing more is begun, what was stays so. */
void ahead_freeze(struct session *s);

/** The worker has said how many slots it has: goes through its leases, if that
 * is another number than before. */
void ahead_slots(struct session *s, uint8_t kind, uint32_t slots);

/** A lease of before a restart was shown, in the order in which they are held:
 * it goes to the end. */
void ahead_shown(struct lease *l);

/** How many attempts of a task were begun. */
uint32_t ahead_begun(const struct task *t);

/** Check what is said above; for tests. */
void ahead_check(const struct session *s);

#endif
