/**
 * ask.h - a request about a lock or its like.                 [layer: client]
 *
 * Lives on the heap: who gives up waiting for the answer leaves it behind, and
 * what it takes after all is given back then.  So a call that timed out has
 * taken nothing.
 */
#ifndef ASK_H
#define ASK_H

#include "client/sync/named.h"

/* The numbers are those of sync.verb. */
enum ask_verb {
    ASK_ACQUIRE = 1,
    ASK_RELEASE = 2,
    ASK_WAIT = 3,
    ASK_NOTIFY = 4,
    ASK_SET = 5,
    ASK_CLEAR = 6,
    ASK_RESET = 7,
    ASK_ABORT = 8,
    ASK_LOOK = 9,
    ASK_ACTED = 10,
};

/** Which thread asks: never that of another one. */
uint64_t ask_thread(void);

/**
 * Ask and wait for the answer, without waiting at the master.  `m` says verb,
 * holder and number.  Enters the connection.
 *
 * Returns 0, or an error and a sentence is said; `answer` may be NULL.
 */
int ask(struct named *n, const struct msg_sync *m, struct msg_synced *answer);

/** The same of what may wait: until `deadline`, and of a condition m->again_ns
 * longer.  Under the lock of the connection. */
int ask_and_wait(struct named *n, const struct msg_sync *m, tick_ns deadline,
    struct msg_synced *answer);

/** Ask, and do not wait for the answer, whatever it is.  Under the lock. */
void ask_nothing(const struct named *n, const struct msg_sync *m);

#endif
