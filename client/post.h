/**
 * post.h - requests that nobody waits for.                    [layer: client]
 *
 * Consecutive puts into one queue with equal options grow one message, and so
 * do completions; the rpc decides when it leaves.  All under the lock.
 */
#ifndef POST_H
#define POST_H

#include "client/inside.h"

/**
 * Gather one put.  `*number` (may be NULL) is its request number; with `result`
 * the master sends the end of the task.  Waits while too much is unanswered.
 * Returns 0 or as stint_queue_put().
 */
int post_put(struct stint_queue *q, struct slice payload,
    const struct stint_put_options *options, bool result, uint64_t *number);

/** Gather one completion.  Its errors go to stint_flush(). */
int post_done(struct stint *s, const struct rec_completion *completion);

/** Write a message that takes a list of fences; its answer is not waited for.
 * `quiet`: nor are its errors told to stint_flush(). */
int post_fences(struct stint *s, struct msg *m, const struct rec_fence *fences,
    uint32_t count, bool quiet);

/** Write a message without a list; nobody hears of its answer.  0 or ENOMEM. */
int post_message(struct stint *s, struct msg *m, size_t bytes);

/** The handle goes: nothing may be added to its open message. */
void post_close_queue(struct stint_queue *q);

/** Check a payload against the master's bound: 0 or STINT_ETOOLARGE. */
int post_check_size(const struct stint *s, size_t size);

/** Check the options of a put, and write them into a message. */
int post_fill(struct msg *m, const struct stint_queue *q,
    const struct stint_put_options *options);

#endif
