#include "master/core/match.h"

#include "common/base.h"
#include "common/error.h"
#include "master/core/life.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/slots.h"

static struct wait_link *
link_of(struct list *node)
{
    return CONTAINER_OF(node, struct wait_link, node);
}

/* ---- gets -----------------------------------------------------------------
 */

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
        .handler = slice_of(t->more != NULL ? t->more->handler : ""),
        .payload = payload,
    };
    reply_record(core, s, &head, RECORD_task, &record);
    return true;
}

/* Give up to `share` tasks to one get.  Returns whether the get is over. */
static bool
serve(struct core *core, tick_ns now, struct wait_link *link, uint64_t share)
{
    struct wait *w = link->wait;
    struct queue *q = link->queue;

    while (share > 0 && w->as.get.credit > 0) {
        struct task *t = queue_peek(q);
        if (t == NULL || !reply_has_window(core, w->session)) break;
        if (w->as.get.had && t->size > w->as.get.bytes) return true;
        uint64_t size = t->size;
        if (!hand_out(core, now, link, t)) break;
        w->as.get.had = true;
        w->as.get.credit -= 1;
        w->as.get.bytes -= size < w->as.get.bytes ? size : w->as.get.bytes;
        share -= 1;
    }
    return w->as.get.credit == 0 || (w->as.get.had && !w->as.get.keep);
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

    return draining || core->doors_closed || !reply_has_window(core, s);
}

static void
match_gets(struct core *core, tick_ns now, struct queue *q)
{
    struct list skipped;

    list_init(&skipped);
    while (q->now[TASK_READY] > 0 && !list_is_empty(&q->getters)) {
        struct wait_link *link = link_of(list_first(&q->getters));
        list_remove(&link->node);
        if (is_passed_over(core, link->wait->session)) {
            list_push(&skipped, &link->node);
            continue;
        }
        uint64_t before = q->now[TASK_READY];
        uint64_t share = (before + q->getters_count - 1) / q->getters_count;
        list_push(&q->getters, &link->node);
        if (serve(core, now, link, share)) {
            end_get(core, link->wait, STINT_EEMPTY);
        } else if (q->now[TASK_READY] == before) {
            break; /* Without memory or window: another turn. */
        }
    }
    /* They keep their places in the line. */
    for (;;) {
        struct list *last = list_last(&skipped);
        if (last == NULL) break;
        list_remove(last);
        list_push_front(&q->getters, last);
    }
}

/* ---- puts ------------------------------------------------------------------
 */

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

/* ---- all -------------------------------------------------------------------
 */

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
    if (!q->shut || (!q->emptied && queue_unfinished(q) > 0)) return;
    while (!list_is_empty(&q->getters)) {
        end_get(core, link_of(list_first(&q->getters))->wait, STINT_ESHUTDOWN);
    }
}

void
match_all(struct core *core, tick_ns now)
{
    for (;;) {
        struct list *node = list_pop(&core->dirty);
        if (node == NULL) break;
        struct queue *q = CONTAINER_OF(node, struct queue, dirty);
        do {
            /* A put may have waited for room longer than its tasks live. */
            life_expire(core, now);
            match_gets(core, now, q);
        } while (match_puts(core, now, q));
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
