#include "client/future.h"

#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/post.h"
#include "client/pump.h"
#include "common/base.h"
#include "common/error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { CHUNK_FUTURES = 256, CANCEL_BYTES = 96 };

struct stint_future {
    struct list node; /* Among the free ones. */
    struct stint *s;
    uint64_t number;    /* Request that put it. */
    uint64_t task;      /* 0: not accepted yet. */
    char *block;        /* Owned: the worker's name, then a small result. */
    struct inbound *in; /* Keeps a large result alive, or NULL. */
    struct stint_bytes result;
    int code;
    unsigned attempts;
    bool ready;
};

struct chunk {
    void *next;
    struct stint_future futures[CHUNK_FUTURES];
};

/* ---- memory -------------------------------------------------------------- */

static int
more_futures(struct stint *s)
{
    struct chunk *chunk = malloc(sizeof(*chunk));

    if (chunk == NULL) return say(STINT_ENOMEM, "no memory for futures");
    chunk->next = s->chunks;
    s->chunks = chunk;
    for (size_t i = 0; i < CHUNK_FUTURES; i++)
        list_push(&s->free_futures, &chunk->futures[i].node);
    return 0;
}

static struct stint_future *
future_new(struct stint *s)
{
    if (list_is_empty(&s->free_futures) && more_futures(s) != 0) return NULL;

    struct list *node = s->free_futures.next;
    struct stint_future *f = CONTAINER_OF(node, struct stint_future, node);
    list_remove(node);
    *f = (struct stint_future){ .s = s };
    list_init(&f->node);
    return f;
}

static void
recycle(struct stint_future *f)
{
    free(f->block);
    inbound_drop(f->in);
    list_push_front(&f->s->free_futures, &f->node);
}

/* ---- what comes ---------------------------------------------------------- */

static struct stint_future *
future_at(const struct stint *s, uint64_t number)
{
    return numbers_find(&s->futures, number);
}

static void
set_block(struct stint *s, struct stint_future *f, struct slice worker,
    struct slice result)
{
    bool lends = inbound_is_worth_holding(s->current, result.length);
    size_t copied = lends ? 0 : result.length;
    char *block = malloc(worker.length + 1 + copied + 1);

    if (block == NULL) {
        f->code = STINT_ENOMEM;
        return;
    }
    if (worker.length > 0) memcpy(block, worker.bytes, worker.length);
    block[worker.length] = '\0';
    char *copy = block + worker.length + 1;
    if (copied > 0) memcpy(copy, result.bytes, copied);
    f->block = block;
    f->result.size = result.length;
    f->result.data = lends ? (const void *)result.bytes : copy;
    if (lends) f->in = inbound_hold(s->current);
}

static void
end(struct stint *s, struct stint_future *f, int code, struct slice worker,
    struct slice result)
{
    f->code = code;
    set_block(s, f, worker, result);
    f->ready = true;
    s->futures_open--;
    numbers_remove(&s->futures, f->number, 1);
}

void
future_accepted(struct stint *s, uint64_t number, uint64_t count, uint64_t task)
{
    for (uint64_t i = 0; i < count; i++) {
        struct stint_future *f = future_at(s, number + i);
        if (f != NULL) f->task = task + i;
    }
}

void
future_refused(struct stint *s, uint64_t number, uint64_t count, int code,
    struct slice text)
{
    for (uint64_t i = 0; i < count; i++) {
        struct stint_future *f = future_at(s, number + i);
        if (f != NULL) end(s, f, code, slice_of(""), text);
    }
}

void
future_ended(struct stint *s, const struct rec_result *result)
{
    struct stint_future *f = future_at(s, result->ref);

    if (f == NULL) return; /* It was freed. */
    f->task = result->task;
    f->attempts = (unsigned)result->attempts;
    end(s, f, (int)result->code, result->worker, result->result);
}

struct failing {
    struct stint *s;
    int code;
    const char *text;
    bool only_accepted;
};

static void
fail_one(void *arg, uint64_t number, void *value)
{
    const struct failing *failing = arg;
    struct stint_future *f = value;

    (void)number;
    if (failing->only_accepted && f->task == 0) return;
    end(failing->s, f, failing->code, slice_of(""), slice_of(failing->text));
}

void
future_fail_all(struct stint *s, int code, const char *text)
{
    struct failing failing = { s, code, text, false };

    numbers_each(&s->futures, fail_one, &failing);
}

void
future_lose_accepted(struct stint *s)
{
    struct failing failing = { s, STINT_ELOST,
        "the master does not know our session any more: it was started again, "
        "or we were away too long; what became of the task is not known",
        true };

    numbers_each(&s->futures, fail_one, &failing);
}

/* ---- calls --------------------------------------------------------------- */

static int
submit(struct stint_queue *q, struct slice data,
    const struct stint_put_options *options, struct stint_future *f)
{
    int rc = post_put(q, data, options, true, &f->number);

    if (rc != 0) return rc;
    if (numbers_add(&q->s->futures, f->number, 1, f) != 0) {
        return say(STINT_ENOMEM, "no memory for a future; the task was put");
    }
    q->s->futures_open++;
    inside_hold(q->s);
    pump_push(q->s, false);
    return 0;
}

int
stint_queue_submit(struct stint_queue *q, const void *data, size_t size,
    const struct stint_put_options *options, struct stint_future **out)
{
    struct stint *s = q->s;
    int rc = STINT_ENOMEM;

    *out = NULL;
    pump_enter(s);
    struct stint_future *f = future_new(s);
    if (f != NULL) rc = submit(q, (struct slice){ data, size }, options, f);
    if (rc == 0) *out = f;
    if (rc != 0 && f != NULL) recycle(f);
    pump_leave(s);
    return rc;
}

static bool
is_ready(const void *arg)
{
    const struct stint_future *f = arg;

    return f->ready;
}

static int
end_of(const struct stint_future *f, struct stint_bytes *result)
{
    struct slice reason = { f->result.data, f->result.size };

    if (f->code != 0) return call_say(f->code, reason);
    if (result != NULL) *result = f->result;
    return 0;
}

int
stint_future_get(
    struct stint_future *f, struct stint_bytes *result, int64_t timeout_ms)
{
    struct stint *s = f->s;
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(s);
    if (!f->ready) rc = pump_wait(s, is_ready, f, pump_deadline(timeout_ms));
    if (rc == 0) rc = end_of(f, result);
    pump_leave(s);
    return rc;
}

bool
stint_future_ready(struct stint_future *f)
{
    struct stint *s = f->s;

    pump_enter(s);
    if (!f->ready && !s->closed) pump_push(s, false);
    bool ready = f->ready;
    pump_leave(s);
    return ready;
}

uint64_t
stint_future_task(struct stint_future *f)
{
    pump_enter(f->s);
    uint64_t task = f->task;
    pump_leave(f->s);
    return task;
}

unsigned
stint_future_attempts(struct stint_future *f)
{
    pump_enter(f->s);
    unsigned attempts = f->attempts;
    pump_leave(f->s);
    return attempts;
}

const char *
stint_future_worker(struct stint_future *f)
{
    pump_enter(f->s);
    const char *worker = f->block != NULL ? f->block : "";
    pump_leave(f->s);
    return worker;
}

static bool
has_task(const void *arg)
{
    const struct stint_future *f = arg;

    return f->task != 0 || f->ready;
}

static int
cancel(struct stint *s, struct stint_future *f)
{
    struct rec_fence fence = { .attempt = 1 };
    struct msg m = { .type = MSG_cancel };
    struct call call;

    int rc = pump_wait(s, has_task, f, call_deadline(s));
    if (rc != 0) return rc;
    fence.task = f->task;
    if (f->ready) return say(STINT_ENOTASK, "the task has ended already");
    rc = call_begin(&call, s, 1, CANCEL_BYTES);
    if (rc != 0) return rc;
    m.as.cancel.request = call.r.number;
    struct buf *b = rpc_message(s->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_fence, &fence);
    codec_list_end(b, &list);
    rc = call_wait(&call, call_deadline(s));
    if (rc == 0) call_end(&call);
    return rc;
}

int
stint_future_cancel(struct stint_future *f)
{
    struct stint *s = f->s;

    pump_enter(s);
    int rc = cancel(s, f);
    pump_leave(s);
    return rc;
}

void
stint_future_free(struct stint_future *f)
{
    if (f == NULL) return;

    struct stint *s = f->s;
    pump_enter(s);
    if (!f->ready) {
        s->futures_open--;
        numbers_remove(&s->futures, f->number, 1);
    }
    recycle(f);
    if (s->closed) {
        inside_drop(s);
        return;
    }
    s->refs--;
    pump_leave(s);
}

/* A future that is ready stays so: what was passed over is not asked again. */
struct several {
    struct stint_future *const *futures;
    size_t count, want, passed;
};

static size_t
count_ready(const struct several *several)
{
    size_t ready = several->passed;

    for (size_t i = several->passed; i < several->count; i++) {
        const struct stint_future *f = several->futures[i];
        ready += f == NULL || f->ready ? 1 : 0;
    }
    return ready;
}

static bool
are_ready(const void *arg)
{
    const struct several *several = *(struct several *const *)arg;
    struct several *cursor = *(struct several *const *)arg;

    while (cursor->passed < several->count) {
        const struct stint_future *f = several->futures[several->passed];
        if (f != NULL && !f->ready) break;
        cursor->passed++;
    }
    if (several->passed >= several->want) return true;
    /* Waiting for all: the first that is not ready tells enough. */
    if (several->want == several->count) return false;
    return count_ready(several) >= several->want;
}

int
stint_futures_wait(struct stint_future *const futures[], size_t count,
    size_t want, int64_t timeout_ms)
{
    struct several several = { futures, count, want, 0 };
    struct several *cursor = &several;
    struct stint *s = NULL;

    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    if (want > count || count > INT32_MAX) {
        return say(STINT_EINVAL, "%zu of %zu futures cannot become ready", want,
            count);
    }
    for (size_t i = 0; i < count && s == NULL; i++)
        if (futures[i] != NULL) s = futures[i]->s;
    if (s == NULL) return (int)count;
    pump_enter(s);
    if (!are_ready(&cursor)) {
        rc = pump_wait(s, are_ready, &cursor, pump_deadline(timeout_ms));
    }
    if (rc == 0) rc = (int)count_ready(&several);
    pump_leave(s);
    return rc;
}
