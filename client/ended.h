/**
 * ended.h - futures in the order in which they end.           [layer: client]
 *
 * Who waits for many results of one connection asks here which came next, and
 * walks over none that has not come.  A future that was submitted here is taken
 * from here, once; its result is lent until ended_forget().
 *
 * Any thread may submit; one takes.  Each call takes the connection's lock.
 */
#ifndef ENDED_H
#define ENDED_H

#include "client/stint.h"

struct ended;

struct ended_one {
    struct stint_future *future;
    void *tag;                 /* As it was submitted with. */
    int code;                  /* 0, or what stint_future_get() returns. */
    struct stint_bytes result; /* If not 0, the reason. */
    const char *worker;
    unsigned attempts;
};

/** 0 or STINT_ENOMEM.  Gives *out, ended_free(). */
int ended_new(struct stint *s, struct ended **out);

/** As stint_queue_submit() with a queue of the same connection.  The future is
 * seen when it has ended, and not before. */
int ended_submit(struct ended *e, struct stint_queue *q, const void *data,
    size_t size, const struct stint_put_options *options, void *tag);

/** Wait for the next ones.  Returns how many of `max` came, at least 1; 0 after
 * ended_wake(); or a negative error. */
int ended_next(struct ended *e, struct ended_one *out, size_t max);

/** Make the taker look up: ended_next() returns at once, now or next time. */
void ended_wake(struct ended *e);

/** Everything submitted and not ended ends with `code` and `text` (which lasts
 * as long as `e`), and what is submitted later is refused with them.  With
 * `tell` the master is told to end the tasks; for that it may wait until it has
 * accepted them, at most ten seconds, or one while it is not reached. */
void ended_cancel(struct ended *e, int code, const char *text, bool tell);

/** Free futures that were taken; NULLs are passed over. */
void ended_forget(
    struct ended *e, struct stint_future *const *futures, size_t count);

/** Everything was taken before; futures may still be held.  NULL is fine. */
void ended_free(struct ended *e);

#endif
