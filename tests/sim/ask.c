#include "tests/sim/ask.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "proto/codec.h"

enum { BATCH_MAX = 64, ASKS_MAX = 40, UNANSWERED_MAX = 512 << 10 };

/* Every answer that is waited for. */
struct ask {
    struct rpc_request r;
    struct client *client;
    enum msg_type verb;
    bool trespass; /* The master must refuse it. */
    tick_ns lease; /* Of a get. */
};

static void answered(
    struct rpc_request *r, int code, const struct msg *m, bool last);

static struct ask *
begin(struct client *c, enum msg_type verb, uint32_t count, size_t bytes,
    bool slow)
{
    struct ask *ask = calloc(1, sizeof *ask);

    CHECK(ask != NULL);
    ask->client = c;
    ask->verb = verb;
    ask->r.answered = answered;
    ask->r.slow = slow;
    CHECK(rpc_begin(c->rpc, &ask->r, count, bytes) == 0);
    c->asks += 1;
    if (verb == MSG_get) c->open_gets += 1;
    return ask;
}

static struct rnd *
rnd_of(struct client *c)
{
    return &c->world->rnd;
}

static bool
may_ask(const struct client *c)
{
    return !c->leaving && c->asks < ASKS_MAX
           && rpc_unanswered_bytes(c->rpc) < UNANSWERED_MAX;
}

static uint32_t
any_queue(struct client *c)
{
    return rnd_below(rnd_of(c), c->world->queues_count);
}

static struct slice
queue_name(struct client *c, uint32_t queue)
{
    return slice_of(c->world->queues[queue].name);
}

/* ---- put ----------------------------------------------------------------- */

static void
grow_items(struct client *c, uint64_t end)
{
    uint64_t count = c->items_count == 0 ? 256 : c->items_count;

    while (count < end)
        count *= 2;
    if (count == c->items_count) return;
    c->items = realloc(c->items, count * sizeof *c->items);
    CHECK(c->items != NULL);
    memset(c->items + c->items_count, 0,
        (count - c->items_count) * sizeof *c->items);
    c->items_count = count;
}

static size_t
payload_size(struct client *c, size_t least)
{
    struct world *w = c->world;

    if (rnd_one_in(&w->rnd, w->plan.large)) {
        if (rnd_one_in(&w->rnd, 20)) return w->config.payload_max + 1;
        return least + rnd_below(&w->rnd, 20000);
    }
    return least + rnd_below(&w->rnd, 64);
}

static void
put_options(struct client *c, struct msg_put *p)
{
    struct rnd *r = rnd_of(c);

    p->result = rnd_one_in(r, 700);
    if (c->world->plan.calm) {
        p->wait_ns = INT64_MAX;
        return;
    }
    if (rnd_one_in(r, 600)) p->wait_ns = (uint64_t)rnd_time(r, 15 * TICK_S);
    if (rnd_one_in(r, 400)) p->priority = (int64_t)rnd_below(r, 7) - 3;
    if (rnd_one_in(r, 100)) p->delay_ns = (uint64_t)rnd_time(r, 2 * TICK_S);
    if (rnd_one_in(r, 100)) p->expires_ns = (uint64_t)rnd_time(r, 5 * TICK_S);
    if (rnd_one_in(r, 100)) p->attempts_max = rnd_between(r, 1, 4);
    if (rnd_one_in(r, 100)) p->handler = slice_of("square");
}

static void
write_payloads(struct client *c, struct buf *b, const struct msg *m,
    uint32_t queue, const size_t sizes[], uint32_t count)
{
    static uint8_t bytes[256 << 10];
    struct codec_list list = codec_list_begin(b, m);

    for (uint32_t i = 0; i < count; i++) {
        struct ledger_name name = {
            .uid = c->uid,
            .queue = queue,
            .number = m->as.put.request + i,
        };
        struct client_item *item = &c->items[name.number];
        item->is_put = true;
        item->wants = m->as.put.result != 0;
        item->restarts = c->restarts;
        memcpy(bytes, &name, sizeof name);
        codec_list_add(b, &list, RECORD_payload,
            &(struct rec_payload){ { bytes, sizes[i] } });
    }
    codec_list_end(b, &list);
}

void
ask_put(struct client *c)
{
    struct rnd *r = rnd_of(c);
    uint32_t count = rnd_one_in(r, 600) ? 1 : rnd_between(r, 1, BATCH_MAX);
    uint32_t queue = any_queue(c);
    struct msg m = { .type = MSG_put };
    size_t sizes[BATCH_MAX];
    size_t sum = 0;

    if (!may_ask(c)) return;
    for (uint32_t i = 0; i < count; i++) {
        sizes[i] = payload_size(c, sizeof(struct ledger_name));
        sum += sizes[i] + 8;
    }
    put_options(c, &m.as.put);
    m.as.put.queue = queue_name(c, queue);
    m.as.put.request =
        begin(c, MSG_put, count, sum, m.as.put.wait_ns > 0)->r.number;
    grow_items(c, m.as.put.request + count);
    write_payloads(c, rpc_message(c->rpc), &m, queue, sizes, count);
    world_trace(c->world, "client %u puts %u as %" PRIu64, c->uid, count,
        m.as.put.request);
}

static void
put_accepted(struct client *c, const struct msg_put_ok *ok)
{
    struct world *w = c->world;

    for (uint64_t i = 0; i < ok->count; i++) {
        struct ledger_name name = { .uid = c->uid, .number = ok->request + i };
        struct client_item *item = client_item(c, name.number);
        const struct ledger_entry *e = ledger_find(&w->ledger, ok->task + i);
        if (item != NULL && e != NULL) {
            ledger_reveal(w, ok->task + i, &name, item->wants);
        }
        if (item == NULL || item->answered || item->refused || e == NULL
            || e->uid != c->uid || e->number != name.number) {
            world_fail(w, "I6",
                "client %u: put %" PRIu64 " is not task %" PRIu64, c->uid,
                name.number, ok->task + i);
        }
        item->answered = true;
        item->task = ok->task + i;
    }
}

static void
put_refused(struct client *c, const struct msg_error *e)
{
    struct world_stats *stats = &c->world->stats;

    if (e->code == STINT_EFULL) stats->full += e->count;
    if (e->code == STINT_EBUDGET) stats->budget += e->count;
    if (e->code == STINT_ETOOLARGE) stats->toolarge += e->count;
    for (uint64_t i = 0; i < e->count; i++) {
        struct client_item *item = client_item(c, e->request + i);
        bool again = item != NULL && item->restarts != c->restarts;
        if (item == NULL || item->answered || item->refused
            || (item->accepted > 0 && !again)) {
            world_fail(c->world, "I6",
                "client %u: put %" PRIu64 " is refused (%d) and was accepted",
                c->uid, e->request + i, (int)e->code);
        }
        item->refused = true;
    }
}

/* ---- get ----------------------------------------------------------------- */

void
ask_get(struct client *c)
{
    struct world *w = c->world;
    struct rnd *r = &w->rnd;
    uint32_t first = any_queue(c);
    uint32_t queues = w->plan.calm || c->strict
                          ? w->queues_count
                          : rnd_between(r, 1, w->queues_count);
    struct msg m = { .type = MSG_get };

    m.as.get.tasks = c->strict ? BATCH_MAX : rnd_between(r, 1, 20);
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
        begin(c, MSG_get, 1, 200, m.as.get.wait_ns > 0)->r.number;
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    for (uint32_t i = 0; i < queues; i++) {
        struct rec_name name = {
            queue_name(c, (first + i) % w->queues_count),
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

static void
take_tasks(struct client *c, struct proto_list list)
{
    struct rec_task t;
    struct ledger_name name;

    while (codec_list_next(&list, RECORD_task, &t)) {
        const struct ledger_entry *e = ledger_find(&c->world->ledger, t.task);
        if (e == NULL || t.payload.length < sizeof name) {
            world_fail(c->world, "I2", "task %" PRIu64 " is no task", t.task);
        }
        memcpy(&name, t.payload.bytes, sizeof name);
        if (name.uid != e->uid || name.number != e->number) {
            world_fail(c->world, "I2", "task %" PRIu64 " is another", t.task);
        }
        check_calm_order(c, e->queue, t.task);
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

static uint32_t
count_due(const struct client *c, enum client_plan plan)
{
    uint32_t count = 0;

    LIST_FOREACH (node, after, &c->held) {
        const struct client_held *h =
            CONTAINER_OF(node, struct client_held, node);
        if (h->plan == plan && h->due <= c->world->now) count++;
    }
    return count < BATCH_MAX ? count : BATCH_MAX;
}

static void
write_completion(struct client *c, struct buf *b, struct codec_list *list,
    const struct client_held *h)
{
    static uint8_t bytes[256 << 10];
    size_t size = payload_size(c, 24);

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

static void
finish_message(
    struct client *c, enum client_plan plan, uint32_t count, struct msg *m)
{
    struct rnd *r = rnd_of(c);

    *m = (struct msg){ .type = verbs[plan] };
    m->as.done.request = begin(c, m->type, 1, 64 * count, false)->r.number;
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
finish(struct client *c, enum client_plan plan)
{
    uint32_t left = count_due(c, plan);
    struct msg m;

    if (left == 0) return;
    finish_message(c, plan, left, &m);
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    LIST_FOREACH (node, after, &c->held) {
        struct client_held *h = CONTAINER_OF(node, struct client_held, node);
        if (left == 0) break;
        if (h->plan != plan || h->due > c->world->now) continue;
        left--;
        if (plan == CLIENT_DONE) {
            write_completion(c, b, &list, h);
        } else {
            codec_list_add(b, &list, RECORD_fence,
                &(struct rec_fence){ h->task, h->attempt, h->nonce });
        }
        let_go(c, h);
    }
    codec_list_end(b, &list);
}

void
ask_finish(struct client *c)
{
    for (int plan = 0; plan < CLIENT_PLANS; plan++)
        finish(c, (enum client_plan)plan);
}

/* ---- what must be refused ------------------------------------------------ */

void
ask_forge(struct client *c)
{
    struct world *w = c->world;
    struct rnd *r = &w->rnd;
    struct client_held h = { .plan = CLIENT_DONE };
    struct msg m;

    if (!may_ask(c) || w->ledger.count == 0) return;
    h.task = 1 + rnd_next(r) % (w->ledger.count + 2);
    const struct ledger_entry *e = ledger_find(&w->ledger, h.task);
    h.attempt = e != NULL && e->attempts > 0 ? e->attempts : 1;
    h.nonce = e != NULL ? e->nonce : 0;
    uint32_t how = rnd_below(r, 3); /* 2: another's, as it is. */
    if (how == 0) h.nonce ^= 1 + rnd_next(r) % 1000;
    if (how == 1) h.attempt += 1;
    w->stats.forged += 1;
    finish_message(c, rnd_one_in(r, 500) ? CLIENT_DONE : CLIENT_RENEW, 1, &m);
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

/* The number is the first member of every message. */
static struct ask *
write_alone(struct client *c, struct msg *m, bool slow)
{
    struct ask *ask = begin(c, m->type, 1, 200, slow);

    m->as.bye.request = ask->r.number;
    codec_message(rpc_message(c->rpc), m);
    return ask;
}

static struct ask *
write_cancel(struct client *c, uint64_t task)
{
    struct msg m = { .type = MSG_cancel };
    struct ask *ask = begin(c, MSG_cancel, 1, 32, false);

    m.as.cancel.request = ask->r.number;
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_fence, &(struct rec_fence){ task, 1, 0 });
    codec_list_end(b, &list);
    return ask;
}

static uint64_t
any_task(struct client *c)
{
    return 1 + rnd_next(rnd_of(c)) % (c->world->ledger.count + 1);
}

void
ask_cancel(struct client *c)
{
    if (may_ask(c)) (void)write_cancel(c, any_task(c));
}

void
ask_trespass(struct client *c)
{
    struct slice queue = queue_name(c, any_queue(c));
    struct msg tries[] = {
        { .type = MSG_shutdown,
            .as.shutdown = { .queue = queue, .immediate = 1 } },
        { .type = MSG_key_add,
            .as.key_add = { .name = slice_of("mine"),
                .role = ROLE_ADMIN,
                .public_key = { (const uint8_t *)"0123456789abcdef"
                                                 "0123456789abcdef",
                    PROTO_KEY_BYTES } } },
        { .type = MSG_key_revoke,
            .as.key_revoke = { .name = slice_of(c->world->keys[0].name) } },
        { .type = MSG_stop },
        { .type = MSG_list, .as.list = { .what = 3 } },
        { .type = MSG_declare,
            .as.declare = { .queue = slice_of("mine"),
                .set = 1,
                .max_tasks = 1 } },
    };

    if (!may_ask(c) || c->role != ROLE_WORK) return;
    uint32_t which = rnd_below(rnd_of(c), ARRAY_LEN(tries) + 1);
    struct ask *ask = which < ARRAY_LEN(tries)
                          ? write_alone(c, &tries[which], false)
                          : write_cancel(c, any_task(c));
    ask->trespass = true;
    c->world->stats.trespasses += 1;
}

/* ---- looking and managing ------------------------------------------------ */

void
ask_look(struct client *c)
{
    struct rnd *r = rnd_of(c);
    struct msg looks[] = {
        { .type = MSG_join,
            .as.join = { .queue = queue_name(c, any_queue(c)),
                .wait_ns = (uint64_t)rnd_time(r, 5 * TICK_S) } },
        { .type = MSG_status },
        { .type = MSG_list, .as.list = { .what = rnd_below(r, 3) } },
        { .type = MSG_list, .as.list = { .what = 2, .state = 4, .limit = 5 } },
    };

    if (!may_ask(c)) return;
    struct msg *m = &looks[rnd_below(r, ARRAY_LEN(looks))];
    (void)write_alone(c, m, m->type == MSG_join);
}

void
ask_declare(struct client *c, uint32_t queue, const struct msg_declare *d)
{
    struct msg m = { .type = MSG_declare, .as.declare = *d };

    m.as.declare.queue = queue_name(c, queue);
    (void)write_alone(c, &m, false);
}

void
ask_shutdown(struct client *c, uint32_t queue, bool immediate)
{
    struct msg m = { .type = MSG_shutdown };

    m.as.shutdown.queue = queue_name(c, queue);
    m.as.shutdown.immediate = immediate;
    (void)write_alone(c, &m, false);
}

void
ask_bye(struct client *c)
{
    struct msg m = { .type = MSG_bye };

    (void)write_alone(c, &m, false);
    c->leaving = true;
}

/* ---- answers ------------------------------------------------------------- */

static void
check_trespass(const struct ask *ask, const struct msg *m)
{
    if (m->type == MSG_error && m->as.error.code == STINT_EROLE) return;
    world_fail(ask->client->world, "I14",
        "client %u may only work, and its %s was answered by message %d",
        ask->client->uid, codec_message_name(ask->verb), (int)m->type);
}

static void
take_answer(struct ask *ask, const struct msg *m)
{
    struct client *c = ask->client;

    if (ask->trespass) check_trespass(ask, m);
    if (m->type == MSG_put_ok) put_accepted(c, &m->as.put_ok);
    if (m->type == MSG_error && ask->verb == MSG_put) {
        put_refused(c, &m->as.error);
    }
    if (m->type == MSG_tasks) take_tasks(c, m->as.tasks.tasks);
    if (m->type == MSG_outcome) {
        c->world->stats.stale += m->as.outcome.refused.count;
    }
    if (m->type == MSG_ok && ask->verb == MSG_join) c->world->stats.joins += 1;
}

static void
answered(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct ask *ask = CONTAINER_OF(r, struct ask, r);

    (void)code;
    if (m != NULL) take_answer(ask, m);
    if (!last) return;
    ask->client->asks -= 1;
    if (ask->verb == MSG_get) ask->client->open_gets -= 1;
    free(ask);
}

static bool
code_fits(int8_t end, int64_t code)
{
    if (end == 3) return code == 0;
    if (end == 4) return code == STINT_EDEAD || code == STINT_EWORKERLOST;
    if (end == 5) return code == STINT_ECANCELLED;
    return end == 6 && code == STINT_EEXPIRED;
}

void
ask_result(struct client *c, const struct rec_result *r)
{
    struct world *w = c->world;
    struct client_item *item = client_item(c, r->ref);
    const struct ledger_entry *e = ledger_find(&w->ledger, r->task);

    if (item == NULL || !item->wants || item->task != r->task || e == NULL
        || e->uid != c->uid || e->number != r->ref) {
        world_fail(w, "I7", "client %u has no task %" PRIu64, c->uid, r->task);
    }
    w->stats.results += 1;
    item->shown += 1;
    if (item->shown > 1) {
        world_fail(w, "I7", "task %" PRIu64 " is shown twice", r->task);
    }
    bool same = r->code != 0 || ledger_hash(r->result) == e->hash;
    if (!code_fits(e->end, r->code) || !same) {
        world_fail(w, "I4",
            "task %" PRIu64 " ended as %d and its result says %d", r->task,
            e->end, (int)r->code);
    }
}
