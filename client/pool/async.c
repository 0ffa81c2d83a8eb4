#include "client/pool/async.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { FORGET = 256 };

/* ---- memory -------------------------------------------------------------- */

static void chunk_ended(struct chunk *c, const struct ended_one *how);

/* Where the chunks begin, so that none is too long. */
static size_t
divide(struct chunk *chunks, const struct stint_bytes *items, size_t count,
    size_t size)
{
    size_t n = 0;

    for (size_t first = 0; first < count; n++) {
        size_t fit = chunk_fit(items + first, count - first, size);
        if (chunks != NULL)
            chunks[n] = (struct chunk){ .first = first, .count = fit };
        first += fit;
    }
    return n;
}

static struct stint_async *
allocate(struct stint_pool *pool, const struct stint_bytes *items, size_t count,
    size_t size)
{
    size_t chunks = divide(NULL, items, count, size);
    struct stint_async *a =
        calloc(1, sizeof *a + chunks * sizeof(struct chunk));

    if (a == NULL) return NULL;
    a->results = calloc(count > 0 ? count : 1, sizeof *a->results);
    if (a->results == NULL || pool_init_cond(&a->done) != 0) {
        free(a->results);
        free(a);
        return NULL;
    }
    a->pool = pool;
    a->count = count;
    a->left = a->chunks_count = divide(a->chunks, items, count, size);
    for (size_t i = 0; i < chunks; i++) {
        a->chunks[i].ended = chunk_ended;
        a->chunks[i].owner = a;
    }
    return a;
}

static void
destroy(struct stint_async *a)
{
    struct stint_future *futures[FORGET];

    for (size_t i = 0; i < a->chunks_count;) {
        size_t n = 0;
        while (n < FORGET && i < a->chunks_count)
            futures[n++] = a->chunks[i++].future;
        ended_forget(a->pool->ended, futures, n);
    }
    (void)pthread_cond_destroy(&a->done);
    free(a->results);
    free(a->fault);
    free(a);
}

void
stint_async_free(struct stint_async *a)
{
    if (a == NULL) return;
    struct stint_pool *pool = a->pool;
    pool_lock(pool);
    a->dropped = true;
    bool ready = a->ready;
    pool_unlock(pool);
    if (ready) destroy(a);
}

/* ---- filling ------------------------------------------------------------- */

/* Where to write that item `index` failed; NULL: a lower one has, or there is
 * no memory to tell more than that. */
static struct fault *
fault_at(struct stint_async *a, size_t index, int code)
{
    if (a->fault != NULL && a->fault->index <= index) return NULL;
    if (a->fault == NULL) a->fault = calloc(1, sizeof *a->fault);
    a->code = a->fault != NULL ? code : STINT_ENOMEM;
    return a->fault;
}

static void
lose(struct stint_async *a, const struct chunk *c, const struct ended_one *how)
{
    struct fault *f = fault_at(a, c->first, how->code);

    if (f == NULL) return;
    chunk_lost(f, how, c->first);
    chunk_on(f, a->pool->host);
}

static void
garble(
    struct stint_async *a, const struct chunk *c, const struct ended_one *how)
{
    struct fault *f = fault_at(a, c->first, STINT_EMALFORMED);

    if (f == NULL) return;
    chunk_garbled(f, how, c->first);
    chunk_on(f, a->pool->host);
}

static void
fail_item(struct stint_async *a, const struct outcome *outcome,
    const struct ended_one *how, size_t index)
{
    struct fault *f = fault_at(a, index, STINT_EDEAD);

    if (f != NULL) chunk_failed(f, outcome, how, index);
}

static void
take(struct stint_async *a, const struct chunk *c, const struct ended_one *how)
{
    struct cursor at;
    struct outcome outcome;

    bool good = chunk_read(&at, &how->result, c->count);
    for (size_t i = c->first; good && i < c->first + c->count; i++) {
        good = chunk_next(&at, &outcome);
        if (!good) break;
        if (outcome.failed) {
            fail_item(a, &outcome, how, i);
        } else {
            a->results[i] = outcome.bytes;
        }
    }
    if (!good) garble(a, c, how);
}

static struct stint_failure
failure_of(const struct stint_async *a)
{
    static const struct fault no_memory = { .code = STINT_ENOMEM,
        .text = "no memory for what failed" };

    return chunk_failure(a->fault != NULL ? a->fault : &no_memory);
}

/* Exactly one of the callbacks; one that fails makes its error the result's. */
static void
call_back(struct stint_async *a)
{
    const struct stint_callbacks *cb = &a->callbacks;

    if (a->code == 0 && cb->callback != NULL) {
        int code = cb->callback(cb->arg, a->results, a->count);
        if (code == 0) return;
        struct fault *f = fault_at(a, 0, STINT_EDEAD);
        if (f == NULL) return;
        f->code = STINT_EDEAD;
        (void)snprintf(
            f->text, sizeof f->text, "the callback returned %d", code);
    } else if (a->code != 0 && cb->error_callback != NULL) {
        struct stint_failure failure = failure_of(a);
        cb->error_callback(cb->arg, &failure);
    }
}

/* Nothing is out any more. */
static void
finish(struct stint_async *a)
{
    struct stint_pool *pool = a->pool;

    if (a->count > 0) call_back(a);
    pool_lock(pool);
    a->ready = true;
    bool dropped = a->dropped;
    (void)pthread_cond_broadcast(&a->done);
    pool_unlock(pool);
    if (dropped) destroy(a);
}

static bool
is_last(struct stint_async *a, size_t chunks)
{
    pool_lock(a->pool);
    a->left -= chunks;
    bool last = a->left == 0;
    pool_unlock(a->pool);
    return last;
}

static void
chunk_ended(struct chunk *c, const struct ended_one *how)
{
    struct stint_async *a = c->owner;

    if (how->code != 0) {
        lose(a, c, how);
    } else {
        take(a, c, how);
    }
    if (is_last(a, 1)) finish(a);
}

/* ---- starting ------------------------------------------------------------ */

static int
submit(struct stint_async *a, const char *function,
    const struct stint_bytes *items)
{
    struct stint_pool *pool = a->pool;
    size_t n = a->chunks_count;
    struct stint_bytes packed;
    int rc = 0;

    for (size_t i = 0; i < n; i++) {
        struct chunk *c = &a->chunks[i];

        rc = chunk_pack(items + c->first, c->count, &packed);
        if (rc == 0) rc = pool_submit(pool, function, c, &packed, false);
        stint_bytes_free(&packed);
        if (rc == 0) continue;
        /* What is out already runs, for nobody. */
        a->callbacks = (struct stint_callbacks){ .callback = NULL };
        stint_async_free(a);
        if (is_last(a, n - i)) destroy(a);
        break;
    }
    return rc;
}

int
async_start(struct stint_pool *pool, const char *function,
    const struct stint_bytes *items, size_t count, size_t size,
    const struct stint_callbacks *callbacks, struct stint_async **out)
{
    if (out != NULL) *out = NULL;
    int rc = pool_check_function(pool, function);
    if (rc != 0) return rc;
    pool_lock(pool);
    rc = pool_obstacle(pool, false);
    pool_unlock(pool);
    if (rc != 0) return rc;
    struct stint_async *a = allocate(pool, items, count, size);
    if (a == NULL) return say(STINT_ENOMEM, "no memory for a call's results");
    if (callbacks != NULL) a->callbacks = *callbacks;
    a->dropped = out == NULL;
    if (out != NULL) *out = a;
    if (count == 0) {
        finish(a);
        return 0;
    }
    rc = submit(a, function, items);
    if (rc != 0 && out != NULL) *out = NULL;
    return rc;
}

/* ---- asking -------------------------------------------------------------- */

static int
wait_ready(struct stint_async *a, int64_t timeout_ms)
{
    struct stint_pool *pool = a->pool;
    bool in_time = true;
    tick_ns until;

    int rc = pool_deadline(timeout_ms, &until);
    if (rc == 0) rc = pool_check_ours(pool);
    /* A copy has what was there, and nobody who changes it. */
    if (rc == STINT_ECLOSED && a->ready) return 0;
    if (rc != 0) return rc;
    bool inside = pool_is_inside(pool);
    pool_lock(pool);
    while (!a->ready && in_time && !inside)
        in_time = pool_wait(pool, &a->done, until);
    bool ready = a->ready;
    pool_unlock(pool);
    if (ready) return 0;
    if (inside && timeout_ms != 0) {
        return say(
            STINT_EBUSY, "a callback cannot wait for a result of its own pool");
    }
    return say(STINT_ETIMEOUT, "the result has not come after %lld ms",
        (long long)timeout_ms);
}

int
stint_async_wait(struct stint_async *a, int64_t timeout_ms)
{
    return wait_ready(a, timeout_ms);
}

int
stint_async_get(struct stint_async *a, const struct stint_bytes **results,
    size_t *count, int64_t timeout_ms)
{
    int rc = wait_ready(a, timeout_ms);

    if (rc != 0) return rc;
    if (results != NULL) *results = a->results;
    if (count != NULL) *count = a->count;
    return a->code != 0 ? say(a->code, "%s", failure_of(a).text) : 0;
}

bool
stint_async_ready(struct stint_async *a)
{
    pool_lock(a->pool);
    bool ready = a->ready;
    pool_unlock(a->pool);
    return ready;
}

int
stint_async_successful(struct stint_async *a)
{
    if (!stint_async_ready(a))
        return say(STINT_ENOTREADY, "the result has not come yet");
    return a->code == 0 ? 1 : 0;
}

int
stint_async_failure(struct stint_async *a, struct stint_failure *out)
{
    *out = (struct stint_failure){ .code = 0 };
    if (!stint_async_ready(a))
        return say(STINT_ENOTREADY, "the result has not come yet");
    if (a->code == 0) return say(STINT_EINVAL, "the call has not failed");
    *out = failure_of(a);
    return 0;
}
