/**
 * pool.h - what the parts of a pool share.                      [layer: pool]
 *
 *     caller ──chunk──> queue of the master ──> workers
 *     caller <──async── result thread <──ended──┘
 *
 * The result thread is the only one that takes what has ended; it fills
 * results, calls callbacks, and wakes who waits.  Of processes of our own a
 * crew (crew.h) has the master and the workers.
 *
 * `lock` guards everything below it, and of asyncs and imaps what says so.  It
 * is not held during calls that can wait, nor during callbacks.
 */
#ifndef POOL_H
#define POOL_H

#include <pthread.h>
#include <sys/types.h>

#include "client/pool/chunk.h"
#include "client/pool/crew.h"
#include "client/stint_pool.h"
#include "common/tick.h"

struct stint_pool {
    /* For good. */
    struct stint *s;
    struct stint_queue *q;
    struct ended *ended;
    struct crew *crew;  /* NULL: the workers are elsewhere. */
    unsigned processes; /* Of the crew. */
    char host[256];     /* Where that is; "" without one. */
    size_t chunk_max;   /* Most items that go together; 0: no bound. */
    unsigned tries;
    pid_t process;     /* Whose threads they are: a copy of it has none. */
    pthread_t results; /* The result thread. */

    pthread_mutex_t lock;
    pthread_cond_t changed; /* `over` or `joined`. */
    size_t pending;         /* Chunks out, or not dealt with. */
    unsigned joiners;       /* Threads in a join. */
    bool closed, terminated;
    bool over;    /* The result thread is done, and nothing is taken. */
    bool joining; /* Somebody takes it apart. */
    bool joined;  /* Nothing is left but memory. */
    int code;     /* Why it cannot work any more, or 0. */
    char text[512];
};

/** Start the result thread of a pool whose connection stands. */
int pool_start(struct stint_pool *pool);

/** 0, or STINT_ECLOSED: it is that of the process that we are a copy of. */
int pool_check_ours(const struct stint_pool *pool);

/** Wake the result thread, to see whether it is done. */
void pool_wake(struct stint_pool *pool);

void pool_lock(struct stint_pool *pool);
void pool_unlock(struct stint_pool *pool);

/** Make a condition that waits by the monotonic clock.  0 or STINT_ENOMEM. */
int pool_init_cond(pthread_cond_t *cond);

/** Wait on a condition with the lock.  False: `until` passed. */
bool pool_wait(struct stint_pool *pool, pthread_cond_t *cond, tick_ns until);

/** When a timeout that begins now is over; checks it: 0 or STINT_EINVAL. */
int pool_deadline(int64_t timeout_ms, tick_ns *out);

/** 0, or why no new call is taken: STINT_ESHUTDOWN, or what broke it.  `old`:
 * for what was begun before a close.  With the lock. */
int pool_obstacle(const struct stint_pool *pool, bool old);

/** 0, or STINT_EINVAL: there is no such function here, or its name is none. */
int pool_check_function(const struct stint_pool *pool, const char *function);

/** How many of `count` items go together, of whom `asked` were asked for. */
size_t pool_chunk(struct stint_pool *pool, size_t asked, size_t count);

/**
 * Put a chunk, whose items are `packed` as an array; c->ended is called in the
 * result thread when it has ended, and never when this fails.  `old` as
 * pool_obstacle().  Without the lock.
 */
int pool_submit(struct stint_pool *pool, const char *function, struct chunk *c,
    const struct stint_bytes *packed, bool old);

/** Whether this is the result thread, which cannot wait for itself. */
bool pool_is_inside(const struct stint_pool *pool);

/** It cannot work any more: whatever is out ends with `code`.  Any thread. */
void pool_break(void *pool, int code, const char *text);

#endif
