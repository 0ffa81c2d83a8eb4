#include "client/task.h"

#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/post.h"
#include "client/pump.h"
#include "common/base.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { DONE_BYTES = 128, GIVE_BACK_MAX = 1024, REASON_MAX = 1024 };

struct stint_task *
task_of(struct list *node)
{
    return CONTAINER_OF(node, struct stint_task, node);
}

static char *
put_text(char *to, const void *bytes, size_t length)
{
    if (length > 0) memcpy(to, bytes, length);
    to[length] = '\0';
    return to + length + 1;
}

struct stint_task *
task_new(struct stint *s, const struct rec_task *rec, const char *queue,
    tick_ns asked, bool renew, tick_ns now)
{
    size_t name = strlen(queue);
    size_t size = rec->payload.length;
    bool lends = inbound_is_worth_holding(s->current, size);
    struct stint_task *t = malloc(sizeof(*t) + name + 1 + rec->handler.length
                                  + 1 + (lends ? 0 : size + 1));

    if (t == NULL) return NULL;
    *t = (struct stint_task){ .s = s, .job = rec->job, .seq = rec->seq };
    t->hold.task = rec->task;
    t->hold.attempt = rec->attempt;
    t->hold.nonce = rec->nonce;
    t->number = rec->number != 0 ? rec->number : rec->attempt;
    t->hold.length = (tick_ns)rec->lease_ns;
    t->hold.asked = asked;
    t->queue = t->bytes;
    t->handler = put_text(t->bytes, queue, name);
    char *end =
        put_text(t->bytes + name + 1, rec->handler.bytes, rec->handler.length);
    t->payload = (struct stint_bytes){ rec->payload.bytes, size };
    if (lends) {
        t->in = inbound_hold(s->current);
    } else {
        (void)put_text(end, rec->payload.bytes, size);
        t->payload.data = end;
    }
    list_init(&t->node);
    hold_add(s, &t->hold, now, renew);
    inside_hold(s);
    return t;
}

/* Everything but the reference to the connection. */
static void
dissolve(struct stint_task *t)
{
    hold_remove(&t->hold);
    list_remove(&t->node);
    inbound_drop(t->in);
    free(t);
}

void
task_free(struct stint_task *t)
{
    t->s->refs--; /* Never the last: the caller is in a call on it. */
    dissolve(t);
}

struct rec_completion
task_completion(const struct stint_task *t, struct slice result)
{
    return (struct rec_completion){ .task = t->hold.task,
        .attempt = t->hold.attempt,
        .nonce = t->hold.nonce,
        .result = result };
}

void
task_acknowledge(struct stint_task *t)
{
    struct rec_completion c = task_completion(t, (struct slice){ NULL, 0 });

    (void)post_done(t->s, &c); /* Without memory the lease breaks later. */
    task_free(t);
}

static int
release(struct stint *s, const struct rec_fence *fences, uint32_t count,
    int64_t delay_ms, bool quiet)
{
    struct msg m = { .type = MSG_release };

    m.as.release.delay_ns = (uint64_t)(delay_ms * TICK_MS);
    return post_fences(s, &m, fences, count, quiet);
}

void
task_give_back(struct stint *s, struct list *tasks)
{
    struct rec_fence fences[GIVE_BACK_MAX];
    uint32_t count = 0;

    for (struct list *node; (node = list_pop(tasks)) != NULL;) {
        struct stint_task *t = task_of(node);
        fences[count++] = hold_fence(&t->hold);
        task_free(t);
        if (count == GIVE_BACK_MAX) {
            (void)release(s, fences, count, 0, true);
            count = 0;
        }
    }
    if (count > 0) (void)release(s, fences, count, 0, true);
}

/* ---- looking ------------------------------------------------------------- */

struct stint_bytes
stint_task_payload(const struct stint_task *t)
{
    return t->payload;
}

const char *
stint_task_handler(const struct stint_task *t)
{
    return t->handler;
}

const char *
stint_task_queue(const struct stint_task *t)
{
    return t->queue;
}

uint64_t
stint_task_job(const struct stint_task *t)
{
    return t->job;
}

uint64_t
stint_task_seq(const struct stint_task *t)
{
    return t->seq;
}

uint64_t
stint_task_id(const struct stint_task *t)
{
    return t->hold.task;
}

unsigned
stint_task_attempt(const struct stint_task *t)
{
    return (unsigned)t->number;
}

uint64_t
stint_task_fence(const struct stint_task *t)
{
    return t->hold.attempt;
}

int64_t
stint_task_remaining_ms(const struct stint_task *t)
{
    struct stint *s = t->s;

    (void)pthread_mutex_lock(&s->lock);
    tick_ns left = hold_left(s, &t->hold, clock_now());
    (void)pthread_mutex_unlock(&s->lock);
    return left >= 0 ? left / TICK_MS : (left - TICK_MS + 1) / TICK_MS;
}

/* ---- ending -------------------------------------------------------------- */

int
task_leave(struct stint_task *t, int rc)
{
    struct stint *s = t->s;

    dissolve(t);
    if (s->closed || s->refs == 1) {
        inside_drop(s);
    } else {
        s->refs--;
        pump_leave(s);
    }
    return rc;
}

static int
say_stale(const struct stint_task *t)
{
    return say(STINT_ESTALE,
        "the lease of task %llu is over: it is somebody else's now",
        (unsigned long long)t->hold.task);
}

/* Wait for the outcome of the task's end.  A master that forgot the task with
 * all others says that there is none: to its holder that is the same. */
static int
wait_for_end(struct stint_task *t, struct call *call)
{
    t->hold.ending = true;
    int rc = call_wait(call, call_deadline(t->s));
    if (rc == 0) call_end(call);
    return rc == STINT_ENOTASK ? say_stale(t) : rc;
}

static int
write_done(struct stint_task *t, struct slice result)
{
    struct stint *s = t->s;
    struct rec_completion c = task_completion(t, result);
    struct msg m = { .type = MSG_done };
    struct call call;

    int rc = call_begin(&call, s, 1, DONE_BYTES + result.length);
    if (rc != 0) return rc;
    m.as.done.request = call.r.number;
    struct buf *b = rpc_message(s->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_completion, &c);
    codec_list_end(b, &list);
    return wait_for_end(t, &call);
}

int
stint_task_done(struct stint_task *t, const void *result, size_t size)
{
    struct stint *s = t->s;

    pump_enter(s);
    int rc = pump_obstacle(s);
    if (rc != 0) return task_leave(t, rc);
    rc = post_check_size(s, size);
    if (rc == 0) {
        return task_leave(t, write_done(t, (struct slice){ result, size }));
    }
    pump_leave(s);
    return rc;
}

/* Write a fail or release of one task and wait for its outcome. */
static int
send_fence(struct stint_task *t, struct msg *m)
{
    struct stint *s = t->s;
    struct rec_fence fence = hold_fence(&t->hold);
    struct call call;

    int rc = call_begin(&call, s, 1, DONE_BYTES + REASON_MAX);
    if (rc != 0) return rc;
    m->as.ok.request = call.r.number; /* The first field of every request. */
    struct buf *b = rpc_message(s->rpc);
    struct codec_list list = codec_list_begin(b, m);
    codec_list_add(b, &list, RECORD_fence, &fence);
    codec_list_end(b, &list);
    return wait_for_end(t, &call);
}

static int
post_fence(struct stint_task *t, struct msg *m)
{
    struct rec_fence fence = hold_fence(&t->hold);
    int rc = pump_obstacle(t->s);

    if (rc != 0) return rc;
    rc = post_fences(t->s, m, &fence, 1, false);
    if (rc == 0) pump_push(t->s, false);
    return rc;
}

static uint64_t
delay_of(int64_t ms)
{
    if (ms <= 0) return 0;
    return ms > TICK_NEVER / TICK_MS ? INT64_MAX : (uint64_t)(ms * TICK_MS);
}

struct msg
task_failure(const char *reason, int64_t retry_ms)
{
    struct msg m = { .type = MSG_fail };
    struct slice text = slice_of(reason != NULL ? reason : "");

    if (text.length > REASON_MAX) text.length = REASON_MAX;
    m.as.fail.reason = text;
    m.as.fail.final = retry_ms == STINT_FOREVER;
    m.as.fail.retry_ns = delay_of(retry_ms);
    return m;
}

static struct msg
make_release(int64_t delay_ms)
{
    struct msg m = { .type = MSG_release };

    m.as.release.delay_ns = delay_of(delay_ms);
    return m;
}

static int
end_with(struct stint_task *t, struct msg *m,
    int (*send)(struct stint_task *t, struct msg *m))
{
    pump_enter(t->s);
    return task_leave(t, send(t, m));
}

int
task_check_delay(int64_t ms, int64_t least)
{
    if (ms >= least) return 0;
    return say(STINT_EINVAL, "a delay of %lld ms: give 0 or more%s",
        (long long)ms, least < 0 ? ", or STINT_FOREVER" : "");
}

int
stint_task_fail(struct stint_task *t, const char *reason, int64_t retry_ms)
{
    struct msg m = task_failure(reason, retry_ms);
    int rc = task_check_delay(retry_ms, STINT_FOREVER);

    if (rc != 0) return rc;
    return end_with(t, &m, send_fence);
}

int
stint_task_release(struct stint_task *t, int64_t delay_ms)
{
    struct msg m = make_release(delay_ms);
    int rc = task_check_delay(delay_ms, 0);

    if (rc != 0) return rc;
    return end_with(t, &m, send_fence);
}

int
stint_task_post_fail(struct stint_task *t, const char *reason, int64_t retry_ms)
{
    struct msg m = task_failure(reason, retry_ms);
    int rc = task_check_delay(retry_ms, STINT_FOREVER);

    if (rc != 0) return rc;
    return end_with(t, &m, post_fence);
}

static int
post_release(struct stint_task *t, int64_t delay_ms, bool begun)
{
    struct msg m = make_release(delay_ms);
    int rc = task_check_delay(delay_ms, 0);

    if (rc != 0) return rc;
    m.as.release.begun = begun;
    return end_with(t, &m, post_fence);
}

int
stint_task_post_release(struct stint_task *t, int64_t delay_ms)
{
    return post_release(t, delay_ms, false);
}

int
stint_task_post_unfinished(struct stint_task *t, int64_t delay_ms)
{
    return post_release(t, delay_ms, true);
}

int
stint_task_post_done(struct stint_task *t, const void *result, size_t size)
{
    struct stint *s = t->s;
    struct rec_completion c =
        task_completion(t, (struct slice){ result, size });

    pump_enter(s);
    int rc = pump_obstacle(s);
    if (rc != 0) return task_leave(t, rc);
    rc = post_check_size(s, size);
    if (rc != 0) {
        pump_leave(s);
        return rc;
    }
    rc = post_done(s, &c);
    if (rc == 0) pump_push(s, false);
    return task_leave(t, rc);
}

void
stint_task_free(struct stint_task *t)
{
    struct msg m = make_release(0);

    if (t == NULL) return;
    (void)end_with(t, &m, post_fence);
}

static bool
is_renewed(const void *arg)
{
    const struct hold *h = arg;

    return h->renewing == 0;
}

int
stint_task_renew(struct stint_task *t, int64_t lease_ms)
{
    struct stint *s = t->s;

    if (lease_ms < 0 || lease_ms > TICK_NEVER / TICK_MS) {
        return say(STINT_EINVAL, "a lease of %lld ms: give 0 or more",
            (long long)lease_ms);
    }
    pump_enter(s);
    int rc = pump_obstacle(s);
    if (rc == 0) {
        rc = hold_renew(s, &t->hold, clock_now(), lease_ms * TICK_MS);
        if (rc != 0) rc = say(rc, "no memory for a request");
    }
    if (rc == 0) {
        rc = pump_wait(s, is_renewed, &t->hold, call_deadline(s));
    }
    if (rc == 0 && t->hold.lost) rc = say_stale(t);
    pump_leave(s);
    return rc;
}
