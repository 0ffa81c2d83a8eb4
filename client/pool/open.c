/* A pool from its opening to its end.                           [layer: pool]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/pool/hand.h"
#include "client/pool/pool.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "common/sys/say.h"

enum { TRIES = 3, BACKOFF_MS = 1, BACKOFF_MAX_MS = 1000 };

/* ---- opening ------------------------------------------------------------- */

static int
check_elsewhere(const struct stint_pool_options *o)
{
    if (o->processes == 0 && o->functions == NULL && o->plugin == NULL
        && o->initializer == NULL && o->tasks_per_child == 0
        && o->task_timeout_ms == 0) {
        return 0;
    }
    return say(STINT_EINVAL,
        "a pool of workers elsewhere has the processes, functions, initializer "
        "and timeouts that they were started with: set `on`, `queue` and "
        "`tries` only");
}

static int
check(const struct stint_pool_options *o)
{
    if (o->tries > UINT16_MAX || o->task_timeout_ms < 0
        || o->tasks_per_child > INT64_MAX) {
        return say(STINT_EINVAL,
            "tries %u (at most 65535), task_timeout_ms %lld (0 or more) or "
            "tasks_per_child is out of its bounds",
            o->tries, (long long)o->task_timeout_ms);
    }
    if (o->on != NULL) return check_elsewhere(o);
    if (o->queue != NULL) {
        return say(STINT_EINVAL,
            "a pool with processes of its own has no queue to name: set `on` "
            "as well, or neither");
    }
    if (o->functions != NULL || o->plugin != NULL) return 0;
    return say(STINT_EINVAL,
        "a pool needs functions: a table of this program, or a plug-in");
}

static struct stint_pool *
allocate(const struct stint_pool_options *o)
{
    struct stint_pool *pool = calloc(1, sizeof *pool);

    if (pool == NULL) return NULL;
    if (pool_init_cond(&pool->changed) != 0) {
        free(pool);
        return NULL;
    }
    (void)pthread_mutex_init(&pool->lock, NULL);
    pool->process = getpid();
    pool->tries = o->tries != 0 ? o->tries : TRIES;
    /* Who is replaced after so many, or after the first that takes too long,
     * gets no more at once. */
    pool->chunk_max = (size_t)o->tasks_per_child;
    if (o->task_timeout_ms > 0) pool->chunk_max = 1;
    return pool;
}

static int
open_crew(struct stint_pool *pool, const struct stint_pool_options *o)
{
    const struct stint_queue_options queue = {
        .attempts_max = pool->tries,
        .backoff_ms = BACKOFF_MS,
        .backoff_max_ms = BACKOFF_MAX_MS,
    };

    int rc = crew_open(o, &pool->crew, &pool->s);
    if (rc != 0) return rc;
    pool->processes = crew_size(pool->crew);
    host_name(pool->host);
    rc = stint_queue_open(pool->s, HAND_QUEUE, &queue, &pool->q);
    return rc == 0 ? crew_start(pool->crew) : rc;
}

static int
open_elsewhere(struct stint_pool *pool, const struct stint_pool_options *o)
{
    pool->s = o->on;
    return stint_queue_open(
        pool->s, o->queue != NULL ? o->queue : "default", NULL, &pool->q);
}

/* The master goes as well: no need for a bye. */
static void
dismiss_crew(struct stint_pool *pool)
{
    if (pool->crew == NULL) return;
    if (pool->s != NULL) stint_abandon(pool->s);
    pool->s = NULL;
    crew_close(pool->crew);
}

static void
destroy(struct stint_pool *pool)
{
    dismiss_crew(pool);
    if (pool->crew == NULL) stint_queue_close(pool->q);
    crew_free(pool->crew);
    ended_free(pool->ended);
    (void)pthread_cond_destroy(&pool->changed);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int
stint_pool_open(
    const struct stint_pool_options *options, struct stint_pool **out)
{
    static const struct stint_pool_options none = { .processes = 0 };
    const struct stint_pool_options *o = options != NULL ? options : &none;
    char why[1024];

    *out = NULL;
    int rc = check(o);
    if (rc != 0) return rc;
    struct stint_pool *pool = allocate(o);
    if (pool == NULL) return say(STINT_ENOMEM, "no memory for a pool");
    rc = o->on != NULL ? open_elsewhere(pool, o) : open_crew(pool, o);
    if (rc == 0) rc = ended_new(pool->s, &pool->ended);
    if (rc == 0) rc = pool_start(pool);
    if (rc != 0) {
        (void)snprintf(why, sizeof why, "%s", stint_error_message());
        destroy(pool);
        return say(rc, "%s", why);
    }
    if (pool->crew != NULL) crew_watch(pool->crew, pool_break, pool);
    *out = pool;
    return 0;
}

/* ---- ending -------------------------------------------------------------- */

void
stint_pool_close(struct stint_pool *pool)
{
    pool_lock(pool);
    pool->closed = true;
    pool_unlock(pool);
}

void
stint_pool_terminate(struct stint_pool *pool)
{
    if (pool_check_ours(pool) != 0) return;
    pool_lock(pool);
    bool first = !pool->terminated && !pool->over;
    pool->terminated = true;
    pool_unlock(pool);
    if (!first) return;
    if (pool->crew != NULL) crew_kill(pool->crew);
    ended_cancel(pool->ended, STINT_ECANCELLED, "the pool was terminated",
        pool->crew == NULL);
    pool_wake(pool);
}

/* With the lock, which is given away meanwhile.  The results that are out keep
 * what they need. */
static void
take_apart(struct stint_pool *pool)
{
    pool->joining = true;
    pool_unlock(pool);
    (void)pthread_join(pool->results, NULL);
    dismiss_crew(pool);
    pool_lock(pool);
    pool->joined = true;
    (void)pthread_cond_broadcast(&pool->changed);
}

static int
join(struct stint_pool *pool, tick_ns until)
{
    bool in_time = true;

    while (!pool->over && in_time)
        in_time = pool_wait(pool, &pool->changed, until);
    if (!pool->over) return STINT_ETIMEOUT;
    if (!pool->joining) take_apart(pool);
    while (!pool->joined)
        (void)pool_wait(pool, &pool->changed, TICK_NEVER);
    return 0;
}

int
stint_pool_join(struct stint_pool *pool, int64_t timeout_ms)
{
    tick_ns until;

    int rc = pool_deadline(timeout_ms, &until);
    if (rc == 0) rc = pool_check_ours(pool);
    if (rc != 0) return rc;
    if (pool_is_inside(pool)) {
        return say(STINT_EBUSY, "a callback cannot join its own pool");
    }
    pool_lock(pool);
    bool runs = !pool->closed && !pool->terminated;
    pool->joiners += runs ? 0 : 1;
    pool_unlock(pool);
    if (runs) {
        return say(STINT_EINVAL,
            "the pool is still running: close or terminate it first");
    }
    pool_wake(pool);
    pool_lock(pool);
    rc = join(pool, until);
    pool->joiners--;
    size_t left = pool->pending;
    pool_unlock(pool);
    if (rc == 0) return 0;
    return say(STINT_ETIMEOUT,
        "the pool has %zu chunks left after %lld ms: join again, or terminate",
        left, (long long)timeout_ms);
}

void
stint_pool_free(struct stint_pool *pool)
{
    if (pool == NULL) return;
    stint_pool_terminate(pool);
    /* What is terminated can be joined, but by its own callbacks or a copy. */
    if (stint_pool_join(pool, STINT_FOREVER) == 0) destroy(pool);
}
