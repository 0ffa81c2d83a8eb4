#include "client/job/job_put.h"

#include <stdlib.h>

#include "client/call.h"
#include "client/post.h"
#include "client/pump.h"
#include "common/base.h"
#include "common/error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum {
    BATCH_ITEMS = 4096,
    BATCH_BYTES = 1024 * 1024,
    PUT_BYTES = 128, /* Of a put without queue and payloads. */
    ITEM_BYTES = 8,
    CALL_BYTES = 64,
};

/* Tasks of one message, encoded. */
struct batch {
    struct list node;
    uint32_t count;
    struct buf payloads;
};

static struct batch *
batch_of(struct list *node)
{
    return CONTAINER_OF(node, struct batch, node);
}

static void
batch_free(struct batch *batch)
{
    list_remove(&batch->node);
    buf_fini(&batch->payloads);
    free(batch);
}

static void
drop_batches(struct job_puts *p)
{
    for (struct list *node; (node = list_first(&p->batches)) != NULL;)
        batch_free(batch_of(node));
}

bool
job_put_is_idle(const struct stint_job *job)
{
    return !job->puts.sent;
}

/* ---- sending ------------------------------------------------------------- */

/* Nothing that was put later may be accepted any more: it would have the place
 * of what was not. */
static void
fail(struct stint_job *job, int code, struct slice text)
{
    struct job_puts *p = &job->puts;

    if (p->code != 0) return;
    p->code = code;
    job_note(p->text, text);
    drop_batches(p);
    p->count = p->sent ? p->r.open : 0;
    p->bytes = p->sent_bytes;
}

static void take_answer(
    struct rpc_request *r, int code, const struct msg *m, bool last);

static void
send_next(struct stint_job *job)
{
    struct job_puts *p = &job->puts;
    struct list *node = list_first(&p->batches);
    struct msg m = { .type = MSG_put };

    if (node == NULL) return;
    struct batch *batch = batch_of(node);
    struct slice payloads = { batch->payloads.bytes, batch->payloads.length };
    struct slice queue = slice_of(job->queue);
    p->r = (struct rpc_request){ .answered = take_answer,
        .arg = job,
        .slow = true,
        .asked_at = clock_now() };
    if (rpc_begin(job->s->rpc, &p->r, batch->count,
            PUT_BYTES + queue.length + payloads.length)
        != 0) {
        fail(job, STINT_ENOMEM, slice_of("no memory for a request"));
        return;
    }
    m.as.put = (struct msg_put){ .request = p->r.number,
        .queue = queue,
        .wait_ns = INT64_MAX,
        .job = job->number,
        .payloads = { payloads, batch->count } };
    codec_message(rpc_message(job->s->rpc), &m);
    p->sent = true;
    p->sent_bytes = payloads.length;
    job->s->posting++;
    batch_free(batch);
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct stint_job *job = r->arg;
    struct job_puts *p = &job->puts;
    struct slice text = { NULL, 0 };

    if (m != NULL && m->type == MSG_error) text = m->as.error.text;
    if (m != NULL && m->type == MSG_put_ok) p->count -= m->as.put_ok.count;
    if (code != 0) fail(job, code, text);
    if (!last) return;
    p->sent = false;
    p->bytes -= p->sent_bytes;
    p->sent_bytes = 0;
    job->s->posting--;
    if (p->code == 0) {
        send_next(job);
    } else {
        p->count = 0;
    }
    if (job->freed && !p->sent) {
        job->s->refs--; /* Never the last: somebody reads the connection. */
        job_free(job);
    }
}

/* ---- putting ------------------------------------------------------------- */

static int
say_error(const struct job_puts *p)
{
    if (p->code == 0) return 0;
    return call_say(p->code, slice_of(p->text));
}

static int
obstacle(const struct stint_job *job)
{
    int rc = pump_obstacle(job->s);

    if (rc != 0) return rc;
    if (job->puts.code != 0) return say_error(&job->puts);
    if (!job->puts.closed) return 0;
    return say(STINT_ESHUTDOWN, "job %llu takes no more tasks: it was closed",
        (unsigned long long)job->number);
}

struct room {
    const struct stint_job *job;
    size_t size;
};

static bool
has_room(const void *arg)
{
    const struct room *room = arg;
    const struct job_puts *p = &room->job->puts;

    if (p->code != 0 || p->count == 0) return true;
    if (p->window != 0 && p->count >= p->window) return false;
    return p->bytes + room->size <= room->job->s->buffer_bytes;
}

static int
wait_for_room(struct stint_job *job, size_t size, tick_ns deadline)
{
    struct room room = { job, size };

    if (has_room(&room)) return 0;
    int rc = pump_wait(job->s, has_room, &room, deadline);
    if (rc != STINT_ETIMEOUT) return rc;
    return say(STINT_EFULL,
        "job %llu has no room in time: %llu tasks that were put are not "
        "accepted yet",
        (unsigned long long)job->number, (unsigned long long)job->puts.count);
}

/* The batch that takes `size` bytes more; NULL without memory. */
static struct batch *
open_batch(struct job_puts *p, size_t size)
{
    struct list *last = list_last(&p->batches);

    if (last != NULL) {
        struct batch *batch = batch_of(last);
        if (batch->count < BATCH_ITEMS
            && batch->payloads.length + size <= BATCH_BYTES) {
            return batch;
        }
    }
    struct batch *fresh = calloc(1, sizeof(*fresh));
    if (fresh != NULL) list_push(&p->batches, &fresh->node);
    return fresh;
}

static int
add(struct stint_job *job, struct slice value)
{
    struct rec_payload record = { .payload = value };
    struct job_puts *p = &job->puts;
    struct batch *batch = open_batch(p, value.length + ITEM_BYTES);

    if (batch == NULL) return say(STINT_ENOMEM, "no memory for a task");
    size_t before = batch->payloads.length;
    codec_record(&batch->payloads, RECORD_payload, &record);
    if (batch->payloads.failed) {
        batch->payloads.failed = false;
        buf_truncate(&batch->payloads, before);
        if (batch->count == 0) batch_free(batch);
        return say(STINT_ENOMEM, "no memory for a task");
    }
    batch->count++;
    p->count++;
    p->bytes += batch->payloads.length - before;
    if (!p->sent) send_next(job);
    return say_error(p);
}

int
stint_job_put(
    struct stint_job *job, const void *data, size_t size, int64_t timeout_ms)
{
    struct stint *s = job->s;
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(s);
    rc = obstacle(job);
    if (rc == 0) rc = post_check_size(s, size);
    if (rc == 0) rc = wait_for_room(job, size, pump_deadline(timeout_ms));
    if (rc == 0) rc = obstacle(job); /* It may have come meanwhile. */
    if (rc == 0) rc = add(job, (struct slice){ data, size });
    if (rc == 0) pump_push(s, false);
    pump_leave(s);
    return rc;
}

/* ---- closing ------------------------------------------------------------- */

static bool
is_accepted(const void *arg)
{
    return job_put_is_idle(arg);
}

static int
wait_accepted(struct stint_job *job, tick_ns deadline)
{
    if (job_put_is_idle(job)) return 0;
    int rc = pump_wait(job->s, is_accepted, job, deadline);
    if (rc != STINT_ETIMEOUT) return rc;
    return say(rc,
        "%llu tasks of job %llu are not accepted yet: its window is full; "
        "close it again later",
        (unsigned long long)job->puts.count, (unsigned long long)job->number);
}

static int
send_close(struct stint_job *job, tick_ns patience)
{
    struct msg m = { .type = MSG_job_close };
    struct call call;

    m.as.job_close.job = job->number;
    int rc = call_begin(&call, job->s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, patience);
    if (rc != 0) return rc;
    call_end(&call);
    job->puts.closed = true;
    return 0;
}

int
stint_job_close_input(struct stint_job *job, int64_t timeout_ms)
{
    struct stint *s = job->s;
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    tick_ns deadline = pump_deadline(timeout_ms);
    pump_enter(s);
    rc = pump_obstacle(s);
    if (rc == 0) rc = wait_accepted(job, deadline);
    if (rc == 0 && !job->puts.closed) {
        rc = send_close(job, pump_grace(deadline));
    }
    /* That a put was refused is the cause of what comes after it. */
    if (job->puts.closed && job->puts.code != 0) rc = say_error(&job->puts);
    pump_leave(s);
    return rc;
}
