/* Submitting tasks and waiting for their results.           [layer: client] */
#include "client/submit.h"

#include "client/call.h"
#include "client/post.h"
#include "client/pump.h"
#include "common/sys/say.h"

enum { CANCEL_BYTES = 96 };

int
submit_put(struct stint_queue *q, struct slice data,
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
    if (f != NULL) rc = submit_put(q, (struct slice){ data, size }, options, f);
    if (rc == 0) *out = f;
    if (rc != 0 && f != NULL) future_recycle(f);
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

/* The master is there; it is the task that takes so long. */
static int
say_late(const struct stint_future *f, int64_t timeout_ms)
{
    return say(STINT_ETIMEOUT,
        "task %llu has not ended after %lld ms; is a worker serving its queue? "
        "`stint workers` lists them",
        (unsigned long long)f->task, (long long)timeout_ms);
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
    if (rc == STINT_ETIMEOUT && !f->ready && f->task != 0)
        rc = say_late(f, timeout_ms);
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
    future_recycle(f);
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
    for (size_t i = 0; i < count; i++) {
        if (futures[i] == NULL) continue;
        if (s == NULL) s = futures[i]->s;
        if (futures[i]->s != s) {
            return say(STINT_EINVAL,
                "futures of several connections: wait for each one's apart");
        }
    }
    if (s == NULL) return (int)count;
    pump_enter(s);
    if (!are_ready(&cursor)) {
        rc = pump_wait(s, are_ready, &cursor, pump_deadline(timeout_ms));
    }
    if (rc == 0) rc = (int)count_ready(&several);
    pump_leave(s);
    return rc;
}
