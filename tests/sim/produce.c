#include "tests/sim/produce.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "proto/codec.h"
#include "tests/sim/ask.h"
#include "tests/sim/jobs.h"

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

static void
put_options(struct client *c, struct msg_put *p)
{
    struct rnd *r = &c->world->rnd;

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
produce_put(struct client *c)
{
    struct rnd *r = &c->world->rnd;
    uint32_t count = rnd_one_in(r, 600) ? 1 : rnd_between(r, 1, ASK_BATCH);
    uint32_t queue = ask_any_queue(c);
    struct msg m = { .type = MSG_put };
    size_t sizes[ASK_BATCH];
    size_t sum = 0;

    if (!ask_may(c)) return;
    for (uint32_t i = 0; i < count; i++) {
        sizes[i] = ask_size(c, sizeof(struct ledger_name));
        sum += sizes[i] + 8;
    }
    put_options(c, &m.as.put);
    if (rnd_one_in(r, 500)) m.as.put.job = jobs_any_open(c, &queue);
    if (m.as.put.job != 0) m.as.put.result = 0;
    m.as.put.queue = ask_queue_name(c, queue);
    m.as.put.request =
        ask_begin(c, MSG_put, count, sum, m.as.put.wait_ns > 0)->r.number;
    grow_items(c, m.as.put.request + count);
    write_payloads(c, rpc_message(c->rpc), &m, queue, sizes, count);
    world_trace(c->world, "client %u puts %u as %" PRIu64, c->uid, count,
        m.as.put.request);
}

void
produce_accepted(struct client *c, const struct msg_put_ok *ok)
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

void
produce_refused(struct client *c, const struct msg_error *e)
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

static bool
code_fits(int8_t end, int64_t code)
{
    if (end == 3) return code == 0;
    if (end == 4) return code == STINT_EDEAD || code == STINT_EWORKERLOST;
    if (end == 5) return code == STINT_ECANCELLED;
    return end == 6 && code == STINT_EEXPIRED;
}

void
produce_result(struct client *c, const struct rec_result *r)
{
    struct world *w = c->world;
    struct client_item *item = client_item(c, r->ref);
    const struct ledger_entry *e = ledger_find(&w->ledger, r->task);

    /* As the library does with what a restarted master says once more; and the
     * answer to the put may come after the result. */
    if (item != NULL && item->shown > 0 && item->shown_at != c->lives) return;
    if (item != NULL && e != NULL && !e->is_known) {
        const struct ledger_name name = { .uid = c->uid, .number = r->ref };
        ledger_reveal(w, r->task, &name, item->wants);
    }
    bool known = item != NULL && (item->task == r->task || !item->answered);
    if (!known || !item->wants || e == NULL || e->uid != c->uid
        || e->number != r->ref) {
        world_fail(w, "I7", "client %u has no task %" PRIu64, c->uid, r->task);
    }
    w->stats.results += 1;
    item->shown += 1;
    item->shown_task = r->task;
    item->shown_at = c->lives;
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
