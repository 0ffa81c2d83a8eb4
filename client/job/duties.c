#include "client/job/duties.h"

#include "client/consumer.h"
#include "client/job/job.h"
#include "client/pump.h"
#include "client/task.h"
#include "common/base.h"
#include "common/sys/say.h"

enum {
    PIECE_MAX = 65536,
    TEXT_MAX = 255,
    SHOWN_BYTES = 64,
    PROGRESS_BYTES = 64,
};

/* ---- what comes ---------------------------------------------------------- */

static struct hold *
hold_at(struct stint *s, const struct rec_fence *fence)
{
    LIST_FOREACH (node, after, &s->held) {
        struct hold *h = CONTAINER_OF(node, struct hold, node);
        if (h->task == fence->task && h->attempt == fence->attempt
            && h->nonce == fence->nonce) {
            return h;
        }
    }
    return NULL;
}

/* Whether a task that nobody has begun was taken off a consumer's hands. */
static bool
take_off(struct stint *s, const struct hold *h)
{
    LIST_FOREACH (node, after, &s->consumers) {
        if (consumer_recall(consumer_of(node), h)) return true;
    }
    return false;
}

static void
take_recall(struct stint *s, const struct msg_recall *recall)
{
    struct proto_list tasks = recall->tasks;
    struct rec_fence fence;

    while (codec_list_next(&tasks, RECORD_fence, &fence)) {
        struct hold *h = hold_at(s, &fence);
        if (h == NULL || take_off(s, h)) continue;
        h->lost = true;
        h->renew_at = TICK_NEVER;
        if (s->duties.recalled != NULL) {
            s->duties.recalled(s->duties.arg, fence.task, fence.attempt);
        }
    }
}

/* That the lease is no more the master hears without an answer, too. */
static void
take_show(struct stint *s, const struct msg_show *m)
{
    const struct rec_fence fence = {
        .task = m->task, .attempt = m->attempt, .nonce = m->nonce
    };
    const struct stint_show show = { .number = m->number,
        .task = m->task,
        .out_from = m->out_from,
        .err_from = m->err_from,
        .fence = m->attempt,
        .wait_ms = (int64_t)(m->wait_ns / TICK_MS) };

    if (s->duties.show == NULL || hold_at(s, &fence) == NULL) return;
    s->duties.show(s->duties.arg, &show);
}

void
duties_take(struct stint *s, const struct msg *m)
{
    if (m->type == MSG_recall) take_recall(s, &m->as.recall);
    if (m->type == MSG_show) take_show(s, &m->as.show);
}

void
stint_duties(struct stint *s, const struct stint_duties *duties)
{
    static const struct stint_duties none;

    pump_enter(s);
    s->duties = duties != NULL ? *duties : none;
    pump_leave(s);
}

/* ---- what is told -------------------------------------------------------- */

/* What is told is of the session that stands, and of no use to a later one: it
 * must not pile up meanwhile. */
static bool
can_tell(const struct stint *s)
{
    return rpc_state(s->rpc) == RPC_UP;
}

static int
tell_shown(struct stint *s, const struct msg *m, size_t bytes)
{
    int rc = pump_obstacle(s);

    if (rc != 0 || !can_tell(s)) return rc;
    struct buf *b = rpc_tell(s->rpc, SHOWN_BYTES + bytes);
    if (b == NULL) return say(STINT_ENOMEM, "no memory for a message");
    codec_message(b, m);
    pump_push(s, false);
    return 0;
}

int
stint_show_post(struct stint *s, const struct stint_show *show,
    struct stint_bytes out, struct stint_bytes err, bool more)
{
    struct msg m = { .type = MSG_shown };

    if (out.size > PIECE_MAX || err.size > PIECE_MAX) {
        return say(STINT_ETOOLARGE,
            "%zu and %zu bytes to show: %d of each at most", out.size, err.size,
            PIECE_MAX);
    }
    m.as.shown = (struct msg_shown){ .number = show->number,
        .out_from = show->out_from,
        .out = { out.data, out.size },
        .err_from = show->err_from,
        .err = { err.data, err.size },
        .more = more };
    pump_enter(s);
    int rc = tell_shown(s, &m, out.size + err.size);
    pump_leave(s);
    return rc;
}

static int
tell_progress(struct stint *s, const struct rec_progress *progress)
{
    struct msg m = { .type = MSG_progress };
    int rc = pump_obstacle(s);

    if (rc != 0 || !can_tell(s)) return rc;
    struct buf *b = rpc_tell(s->rpc, PROGRESS_BYTES + progress->text.length);
    if (b == NULL) return say(STINT_ENOMEM, "no memory for a message");
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_progress, progress);
    codec_list_end(b, &list);
    pump_push(s, false);
    return 0;
}

int
stint_task_post_progress(
    const struct stint_task *t, uint64_t done, uint64_t total, const char *text)
{
    struct rec_progress progress = { .task = t->hold.task,
        .attempt = t->hold.attempt,
        .nonce = t->hold.nonce,
        .done = done < INT64_MAX ? done : INT64_MAX,
        .total = total < INT64_MAX ? total : INT64_MAX };

    progress.text = slice_of(text != NULL ? text : "");
    if (progress.text.length > TEXT_MAX) progress.text.length = TEXT_MAX;
    pump_enter(t->s);
    int rc = tell_progress(t->s, &progress);
    pump_leave(t->s);
    return rc;
}
