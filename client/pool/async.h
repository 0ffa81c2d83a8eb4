/**
 * async.h - AsyncResult: the results of one call.               [layer: pool]
 *
 * Only the result thread fills it; from `ready` on nothing changes any more, so
 * that everybody may read.  It lives until it is ready and its owner has freed
 * it, whichever comes last.
 */
#ifndef ASYNC_H
#define ASYNC_H

#include "client/pool/pool.h"

struct stint_async {
    struct stint_pool *pool;
    size_t count;
    struct stint_bytes *results; /* Lent from the futures of the chunks. */
    struct stint_callbacks callbacks;
    struct fault *fault; /* Owned: of the lowest item that failed; or NULL. */
    int code;            /* 0, or its code. */

    /* Under the pool's lock. */
    pthread_cond_t done;
    size_t left; /* Chunks that have not ended. */
    bool ready, dropped;

    size_t chunks_count;
    struct chunk chunks[];
};

/** Call a function for `count` items, `size` at a time.  Gives *out (NULL:
 * nobody waits), stint_async_free().  Returns as stint_pool_apply_async(). */
int async_start(struct stint_pool *pool, const char *function,
    const struct stint_bytes *items, size_t count, size_t size,
    const struct stint_callbacks *callbacks, struct stint_async **out);

#endif
