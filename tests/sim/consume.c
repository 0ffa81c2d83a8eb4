#include "tests/sim/consume.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "proto/codec.h"
#include "tests/sim/ask.h"

/* ---- get ----------------------------------------------------------------- */

void
consume_get(struct client *c)
{
    struct world *w = c->world;
    struct rnd *r = &w->rnd;
    uint32_t first = ask_any_queue(c);
    uint32_t queues = w->plan.calm || c->strict
                          ? w->queues_count
                          : rnd_between(r, 1, w->queues_count);
    struct msg m = { .type = MSG_get };

    m.as.get.tasks = c->strict ? ASK_BATCH : rnd_between(r, 1, 20);
    m.as.get.wait_ns = (uint64_t)rnd_time(r, c->strict ? TICK_S : 10 * TICK_S);
    if (!c->strict && !w->plan.calm) {
        if (rnd_one_in(r, 200)) m.as.get.wait_ns = 0;
        if (rnd_one_in(r, 200)) m.as.get.bytes = rnd_between(r, 1, 2000);
        if (rnd_one_in(r, 300)) m.as.get.keep = 1;
        if (rnd_one_in(r, 300)) {
            m.as.get.lease_ns = (uint64_t)rnd_time(r, 10 * TICK_S);
        }
    }
    m.as.get.request =
        ask_begin(c, MSG_get, 1, 200, m.as.get.wait_ns > 0)->r.number;
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    for (uint32_t i = 0; i < queues; i++) {
        struct rec_name name = {
            ask_queue_name(c, (first + i) % w->queues_count),
        };
        codec_list_add(b, &list, RECORD_name, &name);
    }
    codec_list_end(b, &list);
    if (!c->strict && !w->plan.calm && rnd_one_in(r, 50)) {
        struct msg cancel = { .type = MSG_get_cancel };
        cancel.as.get_cancel.get = m.as.get.request;
        codec_message(rpc_message(c->rpc), &cancel);
    }
}

/* What it will do with the task, and when. */
static void
plan(struct client *c, struct client_held *h)
{
    struct world *w = c->world;
    struct rnd *r = &w->rnd;

    h->plan = CLIENT_DONE;
    h->due = w->now + rnd_time(r, 20 * TICK_MS);
    if (w->healed || w->plan.calm || c->strict) return;
    if (rnd_one_in(r, w->plan.fail)) {
        uint32_t any = rnd_below(r, CLIENT_PLANS);
        h->plan = (enum client_plan)any;
    }
    if (rnd_one_in(r, 200)) h->due = w->now + rnd_time(r, h->lease);
    if (rnd_one_in(r, 30)) h->due = w->now + h->lease + rnd_time(r, TICK_S);
}

static void
hold(struct client *c, const struct rec_task *t)
{
    struct world *w = c->world;

    if (!w->healed && !c->strict && rnd_one_in(&w->rnd, w->plan.hang)) {
        w->stats.hung += 1;
        return;
    }
    struct client_held *h = calloc(1, sizeof *h);
    CHECK(h != NULL);
    h->task = t->task;
    h->attempt = t->attempt;
    h->nonce = t->nonce;
    h->lease = (tick_ns)t->lease_ns;
    plan(c, h);
    list_push(&c->held, &h->node);
    c->held_count += 1;
}

/* I8 with one consumer and no faults: each queue in the order of its puts. */
static void
check_calm_order(struct client *c, uint32_t queue, uint64_t task)
{
    struct world *w = c->world;

    if (!w->plan.calm || w->healed) return;
    if (task <= w->consumer_last[queue]) {
        world_fail(w, "I8", "task %" PRIu64 " comes after %" PRIu64, task,
            w->consumer_last[queue]);
    }
    w->consumer_last[queue] = task;
}

void
consume_tasks(struct client *c, struct proto_list list)
{
    struct rec_task t;
    struct ledger_name name;

    while (codec_list_next(&list, RECORD_task, &t)) {
        const struct ledger_entry *e = ledger_find(&c->world->ledger, t.task);
        /* Handed out before its commit, by a master that died before that: its
         * completion will be refused, and its id may be another's now. */
        bool undone = c->conn != NULL && !c->conn->at_master;
        if (undone
            && (e == NULL || e->attempts < t.attempt || e->nonce != t.nonce)) {
            continue;
        }
        if (e == NULL || t.payload.length < sizeof name) {
            world_fail(c->world, "I2", "task %" PRIu64 " is no task", t.task);
        }
        memcpy(&name, t.payload.bytes, sizeof name);
        /* One that ended in the turn that accepted it was never seen. */
        bool unseen = e->uid == 0 && e->is_remade;
        if (!unseen && (name.uid != e->uid || name.number != e->number)) {
            world_fail(c->world, "I2", "task %" PRIu64 " is another", t.task);
        }
        check_calm_order(c, e->queue, t.task);
        ledger_begun(c->world, &t);
        hold(c, &t);
    }
}

/* ---- finishing ----------------------------------------------------------- */

static const enum msg_type verbs[CLIENT_PLANS] = {
    [CLIENT_DONE] = MSG_done,
    [CLIENT_FAIL] = MSG_fail,
    [CLIENT_FINAL] = MSG_fail,
    [CLIENT_RELEASE] = MSG_release,
    [CLIENT_RENEW] = MSG_renew,
};

/* How many are due of each plan. */
static void
count_due(const struct client *c, uint32_t due[CLIENT_PLANS])
{
    memset(due, 0, CLIENT_PLANS * sizeof due[0]);
    LIST_FOREACH (node, after, &c->held) {
        const struct client_held *h =
            CONTAINER_OF(node, struct client_held, node);
        if (h->due > c->world->now) continue;
        if (due[h->plan] < ASK_BATCH) due[h->plan] += 1;
    }
}

static void
write_completion(struct client *c, struct buf *b, struct codec_list *list,
    const struct client_held *h)
{
    static uint8_t bytes[256 << 10];
    size_t size = ask_size(c, 24);

    if (size > c->world->config.payload_max) size = 24;
    memcpy(bytes, &h->task, 8);
    memcpy(bytes + 8, &h->attempt, 8);
    memcpy(bytes + 16, &c->uid, 4);
    codec_list_add(b, list, RECORD_completion,
        &(struct rec_completion){
            .task = h->task,
            .attempt = h->attempt,
            .nonce = h->nonce,
            .result = { bytes, size },
        });
}

static struct ask *
finish_message(
    struct client *c, enum client_plan plan, uint32_t count, struct msg *m)
{
    struct rnd *r = &c->world->rnd;

    *m = (struct msg){ .type = verbs[plan] };
    struct ask *ask = ask_begin(c, m->type, 1, 64 * count, false);
    m->as.done.request = ask->r.number;
    if (plan == CLIENT_FINAL) m->as.fail.final = 1;
    if (m->type == MSG_fail) {
        m->as.fail.reason = slice_of("it did not work");
        if (rnd_one_in(r, 500)) {
            m->as.fail.retry_ns = (uint64_t)rnd_time(r, TICK_S);
        }
    }
    if (plan == CLIENT_RELEASE && rnd_one_in(r, 500)) {
        m->as.release.delay_ns = (uint64_t)rnd_time(r, TICK_S);
    }
    if (plan == CLIENT_RENEW && rnd_one_in(r, 500)) {
        m->as.renew.lease_ns = (uint64_t)rnd_time(r, 10 * TICK_S);
    }
    return ask;
}

static void
let_go(struct client *c, struct client_held *h)
{
    struct world *w = c->world;

    if (h->plan == CLIENT_RENEW) {
        h->plan = CLIENT_DONE;
        h->due = w->now + rnd_time(&w->rnd, h->lease);
        w->stats.renewed += 1;
        return;
    }
    if (h->plan == CLIENT_RELEASE) w->stats.released += 1;
    if (h->plan == CLIENT_FAIL || h->plan == CLIENT_FINAL) w->stats.failed += 1;
    list_remove(&h->node);
    free(h);
    c->held_count -= 1;
}

static void
finish(struct client *c, enum client_plan plan, uint32_t left)
{
    struct msg m;

    struct ask *ask = finish_message(c, plan, left, &m);
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    LIST_FOREACH (node, after, &c->held) {
        struct client_held *h = CONTAINER_OF(node, struct client_held, node);
        if (left == 0) break;
        if (h->plan != plan || h->due > c->world->now) continue;
        left--;
        if (plan == CLIENT_DONE) {
            write_completion(c, b, &list, h);
            ask->done[ask->done_count++] = h->task;
        } else {
            codec_list_add(b, &list, RECORD_fence,
                &(struct rec_fence){ h->task, h->attempt, h->nonce });
        }
        let_go(c, h);
    }
    codec_list_end(b, &list);
}

void
consume_finish(struct client *c)
{
    uint32_t due[CLIENT_PLANS];

    count_due(c, due);
    for (uint32_t plan = 0; plan < CLIENT_PLANS; plan++) {
        if (due[plan] > 0) finish(c, (enum client_plan)plan, due[plan]);
    }
}

void
consume_show(struct client *c)
{
    uint32_t left = c->held_count;
    struct list *node = c->held.next;

    c->shows = false;
    do {
        struct msg m = { .type = MSG_renew };
        uint32_t count = left < ASK_BATCH ? left : ASK_BATCH;
        m.as.renew.all = count == left;
        struct ask *ask = ask_begin(c, MSG_renew, 1, 64 * count + 16, false);
        ask->r.once = true; /* Another restart wants another look. */
        m.as.renew.request = ask->r.number;
        struct buf *b = rpc_message(c->rpc);
        struct codec_list list = codec_list_begin(b, &m);
        left -= count;
        for (; count > 0; count--, node = node->next) {
            const struct client_held *h =
                CONTAINER_OF(node, struct client_held, node);
            codec_list_add(b, &list, RECORD_fence,
                &(struct rec_fence){ h->task, h->attempt, h->nonce });
        }
        codec_list_end(b, &list);
    } while (left > 0);
    c->world->stats.shows += 1;
}

/* ---- fences that are not one's own --------------------------------------- */

void
consume_forge(struct client *c)
{
    struct world *w = c->world;
    struct rnd *r = &w->rnd;
    struct client_held h = { .plan = CLIENT_DONE };
    struct msg m;

    if (!ask_may(c) || w->ledger.count == 0) return;
    h.task = 1 + rnd_next(r) % (w->ledger.count + 2);
    const struct ledger_entry *e = ledger_find(&w->ledger, h.task);
    h.attempt = e != NULL && e->attempts > 0 ? e->attempts : 1;
    h.nonce = e != NULL ? e->nonce : 0;
    uint32_t how = rnd_below(r, 3); /* 2: another's, as it is. */
    if (how == 0) h.nonce ^= 1 + rnd_next(r) % 1000;
    if (how == 1) h.attempt += 1;
    w->stats.forged += 1;
    (void)finish_message(
        c, rnd_one_in(r, 500) ? CLIENT_DONE : CLIENT_RENEW, 1, &m);
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    if (m.type == MSG_done) {
        write_completion(c, b, &list, &h);
    } else {
        codec_list_add(b, &list, RECORD_fence,
            &(struct rec_fence){ h.task, h.attempt, h.nonce });
    }
    codec_list_end(b, &list);
}
