/**
 * hold.h - the leases this process holds, and their renewal.  [layer: client]
 *
 * All under the lock of the connection.
 */
#ifndef HOLD_H
#define HOLD_H

#include "client/inside.h"

/* One lease; lives inside the caller's struct. */
struct hold {
    struct list node; /* In `held` of the connection. */
    uint64_t task, attempt, nonce;
    tick_ns length;    /* As it was given. */
    tick_ns asked;     /* Length to renew with; 0: the queue's. */
    tick_ns breaks;    /* As far as we know. */
    tick_ns renew_at;  /* TICK_NEVER: the caller renews. */
    uint64_t renewing; /* Request that renews it; 0: none. */
    bool lost;         /* The master said so. */
    bool ending;       /* Its end is on the way to the master. */
    bool shown;        /* For hold_show(). */
};

/** Begin to renew a lease that was given `now`, unless `renew` is false. */
void hold_add(struct stint *s, struct hold *h, tick_ns now, bool renew);

/** It is over, or somebody else's matter. */
void hold_remove(struct hold *h);

/** Ask for `length` more for one lease, now; 0: what it has.  The answer comes
 * to hold.breaks and hold.lost, and `renewing` is 0 again.  0 or ENOMEM. */
int hold_renew(struct stint *s, struct hold *h, tick_ns now, tick_ns length);

/** Tell a master that began the session anew all that we hold: it takes back
 * what else it granted us, which we never got.  Without memory it does not, and
 * those leases break. */
void hold_show(struct stint *s, tick_ns now);

/** How long the lease lasts as far as we know; negative: it is over.  Never so
 * by our own clock alone while the master is away, or has not answered since:
 * after a restart leases go on. */
tick_ns hold_left(const struct stint *s, const struct hold *h, tick_ns now);

/** Renew all that are due.  When next is in s->renew_at. */
void hold_turn(struct stint *s, tick_ns now);

/** The fence of a lease, for release, fail and renew. */
struct rec_fence hold_fence(const struct hold *h);

#endif
