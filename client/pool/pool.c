#include "client/pool/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { BATCH = 64, HANDLER_ROOM = 80, NAME_MAX_ = 60 };

#define PAUSE (50 * TICK_MS)

/* ---- waiting ------------------------------------------------------------- */

void
pool_lock(struct stint_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
}

void
pool_unlock(struct stint_pool *pool)
{
    (void)pthread_mutex_unlock(&pool->lock);
}

int
pool_init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    int error = pthread_condattr_init(&attr);
    if (error == 0) {
        (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        error = pthread_cond_init(cond, &attr);
        (void)pthread_condattr_destroy(&attr);
    }
    return error == 0 ? 0 : say(STINT_ENOMEM, "no memory to wait");
}

bool
pool_wait(struct stint_pool *pool, pthread_cond_t *cond, tick_ns until)
{
    struct timespec t = { .tv_sec = (time_t)(until / TICK_S),
        .tv_nsec = (long)(until % TICK_S) };

    if (until == TICK_NEVER) {
        (void)pthread_cond_wait(cond, &pool->lock);
        return true;
    }
    return pthread_cond_timedwait(cond, &pool->lock, &t) != ETIMEDOUT;
}

int
pool_deadline(int64_t timeout_ms, tick_ns *out)
{
    *out = TICK_NEVER;
    if (timeout_ms < STINT_FOREVER) {
        return say(STINT_EINVAL,
            "a timeout of %lld ms: give 0 or more, or STINT_FOREVER",
            (long long)timeout_ms);
    }
    if (timeout_ms >= 0 && timeout_ms <= TICK_NEVER / TICK_MS)
        *out = tick_after(clock_now(), timeout_ms * TICK_MS);
    return 0;
}

int
pool_check_ours(const struct stint_pool *pool)
{
    if (pool->process == getpid()) return 0;
    return say(STINT_ECLOSED,
        "this pool is that of process %d, of which we are a copy: a process "
        "that was forked opens its own",
        (int)pool->process);
}

/* Whose result thread this one is. */
static _Thread_local const struct stint_pool *inside;

bool
pool_is_inside(const struct stint_pool *pool)
{
    return inside == pool;
}

void
pool_wake(struct stint_pool *pool)
{
    pool_lock(pool);
    (void)pthread_cond_broadcast(&pool->changed);
    pool_unlock(pool);
    ended_wake(pool->ended);
}

/* ---- submitting ---------------------------------------------------------- */

int
pool_obstacle(const struct stint_pool *pool, bool old)
{
    if (pool->code != 0) return say(pool->code, "%s", pool->text);
    if (pool->terminated || pool->over || (pool->closed && !old)) {
        return say(STINT_ESHUTDOWN, "the pool was %s and takes no more calls",
            pool->terminated ? "terminated"
            : pool->over     ? "joined"
                             : "closed");
    }
    return 0;
}

int
pool_check_function(const struct stint_pool *pool, const char *function)
{
    size_t length = strlen(function);

    int rc = pool_check_ours(pool);
    if (rc != 0) return rc;
    if (length == 0 || length > NAME_MAX_) {
        return say(STINT_EINVAL,
            "the name of a pool's function has 1 to %d bytes, not %zu",
            NAME_MAX_, length);
    }
    return pool->crew != NULL ? crew_check(pool->crew, function) : 0;
}

size_t
pool_chunk(struct stint_pool *pool, size_t asked, size_t count)
{
    size_t chunk = asked;

    if (chunk == 0) {
        size_t parts = (size_t)4 * stint_pool_processes(pool);
        chunk = count / parts + (count % parts != 0 ? 1 : 0);
    }
    if (pool->chunk_max != 0 && chunk > pool->chunk_max)
        chunk = pool->chunk_max;
    return chunk;
}

static int
enter(struct stint_pool *pool, bool old)
{
    pool_lock(pool);
    int rc = pool_obstacle(pool, old);
    if (rc == 0) pool->pending++;
    pool_unlock(pool);
    return rc;
}

/* Whether it is to end as soon as nothing is out. */
static bool
is_wanted(const struct stint_pool *pool)
{
    return pool->terminated || (pool->closed && pool->joiners > 0);
}

/* One chunk less is out. */
static void
leave(struct stint_pool *pool)
{
    pool_lock(pool);
    pool->pending--;
    bool last = pool->pending == 0 && is_wanted(pool);
    pool_unlock(pool);
    if (last && !pool_is_inside(pool)) pool_wake(pool);
}

int
pool_submit(struct stint_pool *pool, const char *function, struct chunk *c,
    const struct stint_bytes *packed, bool old)
{
    char handler[HANDLER_ROOM];
    const struct stint_put_options options = { .attempts_max = pool->tries,
        .once = pool->tries == 1,
        .handler = handler };

    (void)snprintf(handler, sizeof handler, "map:%s", function);
    int rc = enter(pool, old);
    if (rc != 0) return rc;
    rc = ended_submit(
        pool->ended, pool->q, packed->data, packed->size, &options, c);
    if (rc != 0) leave(pool);
    return rc;
}

/* ---- the result thread --------------------------------------------------- */

static bool
is_done(struct stint_pool *pool)
{
    pool_lock(pool);
    bool done = is_wanted(pool) && pool->pending == 0;
    if (done) {
        pool->over = true;
        (void)pthread_cond_broadcast(&pool->changed);
    }
    pool_unlock(pool);
    return done;
}

static void
deliver(struct stint_pool *pool, const struct ended_one *one)
{
    struct chunk *c = one->tag;

    c->future = one->future;
    c->ended(c, one);
    leave(pool);
}

/* An interrupted connection may be resumed; one that is closed or refused is of
 * no use any more, and there is only to wait for the end. */
static void
falter(struct stint_pool *pool, int code)
{
    tick_ns until = TICK_NEVER;

    if (code == STINT_ECANCELLED) {
        until = tick_after(clock_now(), PAUSE);
    } else {
        pool_break(pool, code, stint_error_message());
    }
    pool_lock(pool);
    if (!is_wanted(pool) && (pool->pending == 0 || until != TICK_NEVER))
        (void)pool_wait(pool, &pool->changed, until);
    pool_unlock(pool);
}

static void *
results_main(void *arg)
{
    struct stint_pool *pool = arg;
    struct ended_one got[BATCH];

    inside = pool;
    while (!is_done(pool)) {
        int count = ended_next(pool->ended, got, BATCH);

        for (int i = 0; i < count; i++)
            deliver(pool, &got[i]);
        if (count < 0) falter(pool, count);
    }
    return NULL;
}

int
pool_start(struct stint_pool *pool)
{
    sigset_t all, old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&pool->results, NULL, results_main, pool);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error == 0) return 0;
    return say(STINT_ESYSTEM, "cannot start a thread for a pool: %s",
        strerrordesc_np(error));
}

void
pool_break(void *arg, int code, const char *text)
{
    struct stint_pool *pool = arg;

    pool_lock(pool);
    bool first = pool->code == 0 && !pool->terminated;
    if (first) {
        pool->code = code;
        (void)snprintf(pool->text, sizeof pool->text, "%s", text);
    }
    pool_unlock(pool);
    if (first) ended_cancel(pool->ended, code, pool->text, false);
}
