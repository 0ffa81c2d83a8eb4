/**
 * holds.h - what a session holds of a named object.             [layer: core]
 *
 * A lock that it owns, permits of a semaphore, the action of a barrier.  Holds
 * go back where leases do: with the session's silence, its bye, or its key.
 *
 * The memory of a hold is taken before it is needed: whoever waits for a lock
 * brings his own, so that to hand the lock over cannot fail.
 */
#ifndef HOLDS_H
#define HOLDS_H

#include "master/core/inside.h"

struct hold {
    struct list of_session;
    struct list of_object;
    struct object *object; /* NULL: nothing is held by it (yet). */
    struct session *session;
    uint64_t holder; /* Which thread of the session, where that matters. */
    uint64_t count;  /* How often, or how many permits; > 0. */
    uint64_t fence;  /* Of the acquisition. */
    tick_ns since;   /* When that was; 0: not known. */
    uint64_t row;    /* Id of its row; 0: it has none. */
    uint64_t notice; /* Number of the condition that notified who holds it; 0:
                        none did. */
    uint64_t frame;  /* Which told that. */
};

/** One that holds nothing.  Its memory counts.  NULL without memory. */
struct hold *holds_new(struct core *core);

/** Free one that holds nothing.  NULL is fine. */
void holds_free(struct core *core, struct hold *h);

/** From now on `s` holds `o`; holder, count and fence are set. */
void holds_begin(
    struct core *core, struct hold *h, struct object *o, struct session *s);

/** The same of one that has a row. */
void holds_restore(struct hold *h, struct object *o, struct session *s);

/** It holds nothing more. */
void holds_end(struct core *core, struct hold *h);

/** Its count has changed. */
void holds_changed(struct core *core, struct hold *h);

/** What `s` holds of `o`, by whichever of its threads; NULL: nothing. */
struct hold *holds_find(const struct object *o, const struct session *s);

#endif
