#include "master/core/match.h"

#include "common/base.h"
#include "common/error.h"
#include "master/core/job_read.h"
#include "master/core/jobs.h"
#include "master/core/lane.h"
#include "master/core/life.h"
#include "master/core/place.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/shared/pipe_flow.h"
#include "master/core/shared/sync.h"
#include "master/core/show.h"
#include "master/core/slots.h"

static struct wait_link *
link_of(struct list *node)
{
    return CONTAINER_OF(node, struct wait_link, node);
}

/* ---- gets ---------------------------------------------------------------- */

static struct slice
handler_of(const struct task *t)
{
    const char *own = t->more != NULL ? t->more->handler : "";

    if (own[0] == '\0' && t->queue->job != NULL) own = t->queue->job->handler;
    return slice_of(own);
}

static bool
hand_out(struct core *core, tick_ns now, struct wait_link *link, struct task *t)
{
    struct wait *w = link->wait;
    struct session *s = w->session;
    struct slice payload = task_payload(t);
    tick_ns length =
        w->as.get.lease > 0 ? w->as.get.lease : t->queue->policy.lease;

    if (payload.bytes == NULL && payload.length > 0
        && !journal_fetch(core, ROW_task, t->id, &payload)) {
        return false;
    }
    if (!life_grant(core, now, t, s, length)) return false;
    const struct msg head = {
        .type = MSG_tasks,
        .as.tasks.request = w->request,
    };
    const struct rec_task record = {
        .task = t->id,
        .attempt = t->attempts,
        .nonce = t->is.lease->nonce,
        .queue = (uint64_t)(link - w->links),
        .lease_ns = (uint64_t)length,
        .priority = t->priority,
        .handler = handler_of(t),
        .payload = payload,
        .job = t->queue->job != NULL ? t->queue->job->number : 0,
        .seq = t->seq,
        .number = task_number(t),
    };
    /* What must not run twice is not forgotten in a crash. */
    (job_is_once(t) ? reply_fact : reply_record)(
        core, s, &head, RECORD_task, &record);
    if (t->is_watched) show_begun(core, now, t);
    return true;
}

enum served { SERVED, OVER, BLOCKED, UNSUITED };

static bool
goes_on(const struct queue *from, const struct session *s)
{
    if (queue_on_offer(from) == 0) return false;
    if (from->job != NULL)
        return from->job->offered > 0 && place_may(s, from->job);
    const struct task *t = queue_peek(from);
    return t == NULL || place_may_own(s, t);
}

/* The next task for a get, out of *from if that goes on. */
static struct task *
next_for(struct core *core, struct wait_link *link, struct queue **from)
{
    for (;;) {
        if (*from == NULL || !goes_on(*from, link->wait->session)) {
            *from = lane_next(link);
        }
        if (*from == NULL) return NULL;
        struct task *t = queue_peek(*from);
        if (t != NULL) return t;
        /* Its tasks have expired in this turn. */
        lane_offer(core, (*from)->job);
        *from = NULL;
    }
}

/* Give up to `share` tasks to one get. */
static enum served
serve(struct core *core, tick_ns now, struct wait_link *link, uint64_t share)
{
    struct wait *w = link->wait;
    struct queue *from = NULL;
    uint64_t given = 0;

    while (given < share && w->as.get.credit > 0) {
        struct task *t = next_for(core, link, &from);
        if (t == NULL || !reply_has_window(core, w->session)) break;
        if (w->as.get.had && t->size > w->as.get.bytes) return OVER;
        uint64_t size = t->size;
        if (!hand_out(core, now, link, t)) break;
        if (from->job != NULL) lane_offer(core, from->job);
        w->as.get.had = true;
        w->as.get.credit -= 1;
        w->as.get.bytes -= size < w->as.get.bytes ? size : w->as.get.bytes;
        given += 1;
    }
    if (w->as.get.credit == 0 || (w->as.get.had && !w->as.get.keep)) {
        return OVER;
    }
    if (given > 0) return SERVED;
    return from == NULL ? UNSUITED : BLOCKED;
}

static void
end_get(struct core *core, struct wait *w, int code)
{
    reply_get_end(core, w->session, w->request, w->as.get.had ? 0 : code);
    wait_end(&core->waits, w);
}

static bool
is_passed_over(struct core *core, struct session *s)
{
    bool draining = s->draining || (core->drains_all && s->kind == 1);

    return draining || core->doors_closed || !reply_has_window(core, s)
           || reply_is_held_up(core, s);
}

static uint64_t
ready_for(const struct queue *q)
{
    return queue_on_offer(q) + q->offered;
}

/* Who is passed over and whom nothing suits stand aside meanwhile. */
static void
match_gets(struct core *core, tick_ns now, struct queue *q)
{
    struct list aside;
    uint64_t in_line = q->getters_count;
    bool blocked = q->paused;

    list_init(&aside);
    while (!blocked && ready_for(q) > 0 && !list_is_empty(&q->getters)) {
        struct wait_link *link = link_of(list_first(&q->getters));
        list_remove(&link->node);
        if (is_passed_over(core, link->wait->session)
            || (queue_on_offer(q) == 0 && link->refused == q->offers)) {
            list_push(&aside, &link->node);
            in_line -= 1;
            continue;
        }
        uint64_t share = (ready_for(q) + in_line - 1) / in_line;
        list_push(&q->getters, &link->node);
        switch (serve(core, now, link, share)) {
        case SERVED:
            break;
        case OVER:
            end_get(core, link->wait, STINT_EEMPTY);
            in_line -= 1;
            break;
        case BLOCKED: /* Without memory or window: another turn. */
            blocked = true;
            break;
        case UNSUITED:
            list_remove(&link->node);
            list_push(&aside, &link->node);
            in_line -= 1;
            break;
        }
    }
    /* They keep their places in the line. */
    for (;;) {
        struct list *last = list_last(&aside);
        if (last == NULL) break;
        list_remove(last);
        list_push_front(&q->getters, last);
    }
}

/* ---- puts ---------------------------------------------------------------- */

static void
keep_receipt(struct core *core, struct session *s, const struct queue *q,
    const struct msg_put_ok *ok)
{
    struct rec_kept_receipt row = {
        .request = ok->request, .count = ok->count, .task = ok->task
    };

    receipt_until_heard(core, s, ROW_receipt,
        journal_receipt(core, s, &row, q->policy.durability == QUEUE_SYNCED));
}

bool
match_accept(struct core *core, tick_ns now, struct queue *q, struct session *s,
    struct wait_batch *batch)
{
    uint32_t count = 0;
    uint64_t first = core->tasks.last + 1;

    for (;;) {
        struct list *node = list_first(&batch->tasks);
        if (node == NULL) break;
        struct task *t = CONTAINER_OF(node, struct task, at.in_list);
        if (!queue_has_room(q, t->size)) break;
        if (!task_table_reserve(&core->tasks, 1)) break;
        if (q->job != NULL && !jobs_reserve(core, q->job)) break;
        list_remove(node);
        life_accept(core, now, q, t, batch->delay);
        count++;
    }
    if (count == 0) return false;
    const struct msg m = {
        .type = MSG_put_ok,
        .as.put_ok = {
            .request = batch->request,
            .count = count,
            .task = first,
            .fleeting = core->config.durable && !journal_keeps(core, q),
        },
    };
    if (batch->lazy) {
        reply_lazily(core, now, s, &m);
    } else {
        reply(core, s, &m);
    }
    if (journal_keeps(core, q)) keep_receipt(core, s, q, &m.as.put_ok);
    batch->request += count;
    batch->count -= count;
    return true;
}

static bool
match_puts(struct core *core, tick_ns now, struct queue *q)
{
    bool any = false;

    while (!list_is_empty(&q->putters)) {
        struct wait *w = link_of(list_first(&q->putters))->wait;
        if (q->shut) {
            match_give_up(core, w, STINT_ESHUTDOWN);
            continue;
        }
        if (match_accept(core, now, q, w->session, &w->as.put)) any = true;
        if (!list_is_empty(&w->as.put.tasks)) break;
        wait_end(&core->waits, w);
    }
    return any;
}

/* ---- all ----------------------------------------------------------------- */

static void
match_joins(struct core *core, struct queue *q)
{
    if (queue_unfinished(q) > 0) return;
    while (!list_is_empty(&q->joiners)) {
        struct wait *w = link_of(list_first(&q->joiners))->wait;
        reply_ok(core, w->session, w->request, 0);
        wait_end(&core->waits, w);
    }
}

/* A queue that was shut down is drained when nothing can come back to it. */
static void
match_shut(struct core *core, struct queue *q)
{
    if (!q->shut || list_is_empty(&q->getters)) return;
    if (!q->emptied && queue_unfinished(q) + queue_jobs_unfinished(q) > 0)
        return;
    while (!list_is_empty(&q->getters)) {
        end_get(core, link_of(list_first(&q->getters))->wait, STINT_ESHUTDOWN);
    }
}

/* What jobs offer is to be known before anybody is given any of it. */
static void
offer_all(struct core *core)
{
    LIST_FOREACH (node, after, &core->dirty) {
        const struct queue *q = CONTAINER_OF(node, struct queue, dirty);
        if (q->job != NULL) lane_offer(core, q->job);
    }
}

void
match_all(struct core *core, tick_ns now)
{
    offer_all(core);
    for (;;) {
        struct list *node = list_pop(&core->dirty);
        if (node == NULL) break;
        struct queue *q = CONTAINER_OF(node, struct queue, dirty);
        do {
            /* A put may have waited for room longer than its tasks live. */
            life_expire(core, now);
            match_gets(core, now, q);
        } while (match_puts(core, now, q));
        if (q->job != NULL) lane_offer(core, q->job);
        match_joins(core, q);
        match_shut(core, q);
        list_remove(&q->dirty);
    }
}

void
match_drop(struct core *core, struct wait_batch *batch)
{
    for (;;) {
        struct list *node = list_pop(&batch->tasks);
        if (node == NULL) break;
        struct task *t = CONTAINER_OF(node, struct task, at.in_list);
        core->memory -= task_memory(t);
        if (t->ref != 0) slots_repaid(core, core->slots[t->submitter]);
        task_free(t);
    }
}

void
match_give_up(struct core *core, struct wait *w, int code)
{
    switch (w->kind) {
    case WAIT_GET:
        end_get(core, w, code);
        return;
    case WAIT_PUT:
        reply(core, w->session,
            &(struct msg){
                .type = MSG_error,
                .as.error = {
                    .request = w->as.put.request,
                    .code = code == STINT_ETIMEOUT ? STINT_EFULL : code,
                    .text = slice_of(error_text(code)),
                    .count = w->as.put.count,
                },
            });
        match_drop(core, &w->as.put);
        /* Who stands behind it may fit where it did not. */
        life_touch(core, w->links[0].queue);
        break;
    case WAIT_JOIN:
    case WAIT_SWEEP:
        reply_error(core, w->session, w->request, code, NULL);
        break;
    case WAIT_ENDS:
        job_read_give_up(core, w, code);
        break;
    case WAIT_PEEK:
        show_give_up(core, w, code);
        return;
    case WAIT_SYNC:
        sync_give_up(core, w, code);
        return;
    case WAIT_SEND:
    case WAIT_RECEIVE:
        pipe_flow_give_up(core, w, code);
        return;
    case WAIT_WATCH:
        reply_error(core, w->session, w->request, code, NULL);
        break;
    }
    wait_end(&core->waits, w);
}

void
match_tick(struct core *core, tick_ns now)
{
    for (;;) {
        struct wait *w = wait_peek_due(&core->waits, now);
        if (w == NULL) return;
        match_give_up(
            core, w, w->kind == WAIT_GET ? STINT_EEMPTY : STINT_ETIMEOUT);
    }
}
