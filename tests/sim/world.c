#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/greet.h"
#include "tests/sim/ask.h"
#include "tests/sim/consume.h"
#include "tests/sim/fault.h"
#include "tests/sim/gaze.h"
#include "tests/sim/jobs.h"
#include "tests/sim/pipes.h"
#include "tests/sim/produce.h"
#include "tests/sim/suit.h"
#include "tests/sim/syncs.h"
#include "tests/sim/tally.h"

enum { SPINS_MAX = 20000 };

/* Enough for whatever is open when all is well: a consumer that lets each lease
 * run out costs a job's task seven of them before it is given up. */
#define HEALING (900 * TICK_S)

void
world_trace(const struct world *w, const char *format, ...)
{
    va_list args;

    if (!w->trace) return;
    (void)printf("%12.6f ", (double)w->now / 1e9);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
}

void
world_fail(const struct world *w, const char *promise, const char *format, ...)
{
    va_list args;

    (void)fflush(stdout);
    (void)fprintf(stderr,
        "seed %" PRIu64 ", at %.6f s: the promise %s is broken: ", w->seed,
        (double)w->now / 1e9, promise);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(
        stderr, "\nreplay it with: sim --seed %" PRIu64 " --trace\n", w->seed);
    exit(1);
}

/* ---- the plan ------------------------------------------------------------ */

/* Often nothing, sometimes little, seldom much. */
static uint32_t
fault(struct rnd *r, uint32_t most)
{
    if (rnd_one_in(r, 300)) return 0;
    return rnd_between(r, 1, rnd_one_in(r, 300) ? most : 1 + most / 5);
}

static void
make_plan(struct world *w)
{
    struct rnd *r = &w->rnd;
    struct plan *p = &w->plan;

    /* By a draw of its own: the other half is as it would be without pipes. */
    struct rnd own = { .state = w->seed };

    *p = (struct plan){ .put = 250, .get = 600 };
    p->pipes = rnd_one_in(&own, 500) ? rnd_between(&own, 50, 900) : 0;
    p->calm = rnd_one_in(r, 100);
    if (rnd_one_in(r, 300)) p->large = 60;
    p->syncs = rnd_one_in(r, 500) ? rnd_between(r, 50, 900) : 0;
    if (p->calm) return;
    p->put = rnd_between(r, 50, 400);
    p->get = rnd_between(r, 200, 900);
    p->cancel = fault(r, 60);
    p->trespass = fault(r, 60);
    p->cut = fault(r, 300);
    p->jobs = rnd_one_in(r, 600) ? rnd_between(r, 50, 400) : 0;
    p->pause = fault(r, 30);
    p->peek = fault(r, 200);
    p->tally = rnd_one_in(r, 600) ? rnd_between(r, 20, 300) : 0;
    p->freeze = fault(r, 60);
    p->kill = fault(r, 40);
    p->spawn = p->kill > 0 ? p->kill + 5 : fault(r, 10);
    p->bye = fault(r, 10);
    p->revoke = fault(r, 15);
    p->stall = fault(r, 15);
    p->shutdown = fault(r, 10);
    p->durable = rnd_one_in(r, 700);
    if (p->durable) p->crash = fault(r, 100);
    p->duplicate = fault(r, 100);
    p->replay = fault(r, 500);
    p->hang = fault(r, 100);
    p->fail = fault(r, 500);
    p->forge = fault(r, 60);
}

static void
make_config(struct world *w)
{
    static const size_t memories[] = { 48 << 10, 256 << 10, 16 << 20, 1 << 30 };
    struct rnd *r = &w->rnd;
    struct core_config *c = &w->config;

    core_config_init(c);
    c->seed = rnd_next(r);
    c->payload_max = 64 << 10;
    c->frame_max = 128 << 10;
    c->memory_max = memories[rnd_below(r, w->plan.calm ? 2 : 4) % 4];
    if (w->plan.calm) c->memory_max = 1 << 30;
    static const tick_ns silences[] = { TICK_S / 2, TICK_S, 3 * TICK_S };
    static const tick_ns lives[] = { TICK_S / 10, 5 * TICK_S, 60 * TICK_S };
    c->silence = silences[rnd_below(r, ARRAY_LEN(silences))];
    c->session_ttl = lives[rnd_below(r, ARRAY_LEN(lives))];
    c->grace = c->silence + rnd_time(r, 10 * TICK_S);
    if (rnd_one_in(r, 700)) c->steps_max = rnd_between(r, 1, 20);
    if (rnd_one_in(r, 200)) c->durability = QUEUE_WRITTEN;
    if (rnd_one_in(r, 100)) {
        c->sessions_max = 6;
        c->session_ttl = 5 * TICK_S;
    }
}

uint32_t
world_key(struct world *w, unsigned role)
{
    for (uint32_t i = 0; i < w->keys_count; i++) {
        bool fits = w->keys[i].role == role && !w->keys[i].revoked;
        if (fits && !rnd_one_in(&w->rnd, 300)) return i;
    }
    if (w->keys_count == WORLD_KEYS_MAX) return 0;

    uint32_t index = w->keys_count++;
    struct world_key *key = &w->keys[index];
    (void)snprintf(key->name, sizeof key->name, "key-%u", index);
    key->role = role;
    for (size_t i = 0; i < PROTO_KEY_BYTES; i++)
        key->public_key[i] = (uint8_t)rnd_next(&w->rnd);
    CHECK(
        core_key_add(w->core, slice_of(key->name), role, key->public_key) == 0);
    return index;
}

/* ---- one turn of everybody ----------------------------------------------- */

void
world_turn(struct world *w)
{
    uint64_t id;
    struct frame *f;

    enum { TURNS_MAX = 20000 };
    unsigned turns = 0;

    /* What takes long takes several turns; a commit may make something due. */
    do {
        w->stats.steps += 1;
        core_turn(w->core, w->now);
        ledger_look(w, LEDGER_TURNED);
        keep_turn(w);
        syncs_turn(w);
        if (++turns == TURNS_MAX) {
            world_fail(w, "core_turn", "something is still due");
        }
    } while (core_next_deadline(w->core) <= w->now);
    while (core_send(w->core, &id, &f)) {
        struct net_conn *conn = net_find(&w->net, id);
        if (conn == NULL || !conn->at_master) {
            core_conn_lost(w->core, id);
            frame_drop(f);
            continue;
        }
        net_send(&w->net, &w->rnd, w->now, &conn->down, f);
    }
}

/* I9: beyond the budget there is for each session what it is always given, one
 * payload and answers that are not acknowledged, and nothing else. */
static void
check_memory(struct world *w)
{
    enum { ANSWERS = 256 << 10 };
    struct core_totals sum = core_totals(w->core);
    size_t slack = sum.sessions * (w->config.payload_max + ANSWERS);

    if (sum.memory > w->config.memory_max + slack) {
        world_fail(w, "I9", "%zu bytes of %zu and %zu are used", sum.memory,
            w->config.memory_max, slack);
    }
    if (sum.memory > w->config.memory_max
        && sum.memory - w->config.memory_max > w->stats.overdraft) {
        w->stats.overdraft = sum.memory - w->config.memory_max;
    }
}

/* A session that is known after a restart is not forgotten, though its frames
 * are numbered anew. */
static void
note_kept(struct world *w, const struct net_conn *conn)
{
    struct session *s;
    uint8_t id[PROTO_SESSION_BYTES] = { 0 };

    memcpy(id, &conn->client, sizeof conn->client);
    HASH_FIND(by_id, w->core->by_id, id, PROTO_SESSION_BYTES, s);
    if (s != NULL && s->restored) w->clients[conn->client]->kept = true;
    /* It was known again, did not hear of that, and was forgotten. */
    if (s == NULL) w->clients[conn->client]->kept = false;
}

static void
master_receive(struct world *w, struct net_conn *conn, struct frame *f)
{
    struct slice wire = { f->bytes, f->length };

    ledger_expect(w, conn, wire);
    note_kept(w, conn);
    core_receive(w->core, w->now, conn->id, conn->key, wire);
    ledger_look(w, LEDGER_RECEIVED);
    w->stats.frames += 1;
    w->stats.steps += 1;
    check_memory(w);
    const struct session *s = greet_find(w->core, conn->id);
    if (s != NULL && memcmp(s->id, &conn->client, sizeof conn->client) == 0) {
        w->clients[conn->client]->heard = w->now;
    }
}

static struct net_conn *
next_upward(const struct world *w)
{
    struct net_conn *best = NULL;

    LIST_FOREACH (node, after, &w->net.conns) {
        struct net_conn *conn = CONTAINER_OF(node, struct net_conn, node);
        if (!conn->at_master || net_due(&conn->up) > w->now) continue;
        if (best == NULL || net_due(&conn->up) < net_due(&best->up)) {
            best = conn;
        }
    }
    return best;
}

/* Returns whether the master has anything to do now. */
static bool
deliver_upwards(struct world *w)
{
    struct net_conn *conn;
    bool any = false;

    while ((conn = next_upward(w)) != NULL) {
        struct frame *f = net_arrived(&conn->up, w->now);
        master_receive(w, conn, f);
        if (f->number != 0 && rnd_one_in(&w->rnd, w->plan.duplicate)) {
            w->stats.duplicates += 1;
            master_receive(w, conn, f);
        }
        frame_drop(f);
        any = true;
    }
    LIST_FOREACH (node, after, &w->net.conns) {
        conn = CONTAINER_OF(node, struct net_conn, node);
        if (!conn->at_master || conn->master_learns > w->now) continue;
        conn->at_master = false;
        conn->up.dark = true;
        core_conn_lost(w->core, conn->id);
        ledger_look(w, LEDGER_OTHER);
        any = true;
    }
    return any;
}

static void
happen(struct world *w)
{
    if (deliver_upwards(w) || core_next_deadline(w->core) <= w->now
        || keep_due(w) <= w->now) {
        world_turn(w);
    }
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        client_pump(w->clients[uid]);
    net_sweep(&w->net);
}

static tick_ns
next_event(const struct world *w)
{
    tick_ns next = tick_min(core_next_deadline(w->core), keep_due(w));

    LIST_FOREACH (node, after, &w->net.conns) {
        const struct net_conn *conn = CONTAINER_OF(node, struct net_conn, node);
        if (!conn->at_master) continue;
        next = tick_min(next, net_due(&conn->up));
        next = tick_min(next, conn->master_learns);
    }
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        next = tick_min(next, client_due(w->clients[uid]));
    return next;
}

static void
advance(struct world *w, tick_ns until)
{
    uint32_t spins = 0;

    for (;;) {
        tick_ns next = next_event(w);
        if (next > until) break;
        spins = next > w->now ? 0 : spins + 1;
        if (spins > SPINS_MAX) world_fail(w, "time", "everybody spins");
        if (next > w->now) w->now = next;
        happen(w);
    }
    w->now = until;
    happen(w);
}

/* ---- the run ------------------------------------------------------------- */

/* Client 1 is the admin, who lives as long as its world. */
static void
make_queues(struct world *w)
{
    struct client *admin = client_new(w, ROLE_ADMIN, false, false);
    struct rnd *r = &w->rnd;

    w->queues_count = w->plan.calm ? 2 : rnd_between(r, 1, WORLD_QUEUES);
    for (uint32_t i = 0; i < w->queues_count; i++) {
        struct msg_declare d = { .set = 1, .attempts_max = 1000000 };
        (void)snprintf(
            w->queues[i].name, sizeof w->queues[i].name, "queue-%u", i);
        if (!w->plan.calm) {
            d.kind = rnd_below(r, 3);
            d.attempts_max = rnd_between(r, 1, 6);
            d.lease_ns = (uint64_t)rnd_time(r, 5 * TICK_S);
            d.backoff_ns = (uint64_t)rnd_time(r, 2 * TICK_S);
            d.backoff_max_ns = (uint64_t)rnd_time(r, 4 * TICK_S);
        }
        if (rnd_one_in(r, 400)) d.max_tasks = rnd_between(r, 1, 20);
        if (rnd_one_in(r, 200)) d.max_bytes = rnd_between(r, 1, 2000);
        ask_declare(admin, i, &d);
    }
    while (admin->asks > 0)
        advance(w, w->now + TICK_MS);
}

static void
make_clients(struct world *w)
{
    struct rnd *r = &w->rnd;
    uint32_t producers = rnd_between(r, 1, 4);
    uint32_t consumers = w->plan.calm ? 1 : rnd_between(r, 1, 4);

    for (uint32_t i = 0; i < producers; i++) {
        bool both = !w->plan.calm && rnd_one_in(r, 200);
        (void)client_new(w, ROLE_SUBMIT, true, both);
    }
    for (uint32_t i = 0; i < consumers; i++)
        (void)client_new(w, ROLE_WORK, false, true);
}

void
world_init(struct world *w, uint64_t seed, bool trace)
{
    *w = (struct world){ .seed = seed, .trace = trace };
    w->rnd.state = seed * UINT64_C(0xd1342543de82ef95) + 1;
    w->now = TICK_S;
    make_plan(w);
    make_config(w);
    ledger_init(&w->ledger);
    net_init(&w->net, rnd_time(&w->rnd, 3 * TICK_MS));
    keep_init(w);
    keep_start(w);
    if (w->plan.durable) recall_started(w);
    make_queues(w);
    make_clients(w);
}

static void
act(struct world *w, struct client *c)
{
    struct rnd *r = &w->rnd;

    if (c->over || c->leaving || c->frozen_until > w->now) return;
    if (c->produces && rnd_one_in(r, w->plan.put)) produce_put(c);
    if (c->produces && rnd_one_in(r, w->plan.cancel)) ask_cancel(c);
    if (c->produces && rnd_one_in(r, w->plan.jobs)) jobs_act(c);
    if (c->produces && rnd_one_in(r, w->plan.peek)) gaze_peek(c);
    if (rnd_one_in(r, w->plan.tally)) tally_act(c);
    if (c->consumes && rnd_one_in(r, w->plan.forge)) consume_forge(c);
    if (c->consumes && rnd_one_in(r, w->plan.trespass)) ask_trespass(c);
    if (rnd_one_in(r, w->plan.syncs)) syncs_act(c);
    if (w->plan.pipes > 0 && rnd_one_in(r, w->plan.pipes)) pipes_act(c);
    if (rnd_one_in(r, 10)) ask_look(c);
}

static void
step(struct world *w)
{
    tick_ns length = 5 * TICK_MS;

    if (rnd_one_in(&w->rnd, 100)) length = 200 * TICK_MS;
    if (rnd_one_in(&w->rnd, 20)) length = 4 * TICK_S;
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        act(w, w->clients[uid]);
    fault_strike(w);
    advance(w, w->now + rnd_time(&w->rnd, length));
}

/* ---- the end ------------------------------------------------------------- */

/* For whom the master has no place, there is no end to wait for. */
static void
thin_out(struct world *w)
{
    uint32_t alive = 1; /* The healthy worker that is to come. */

    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        struct client *c = w->clients[uid];
        if (c->over) continue;
        if (alive == w->config.sessions_max) client_kill(c);
        if (!c->over) alive += 1;
    }
}

/* Connections that were hurt are cut, so that both ends know.  The others stay:
 * what somebody was owed must not need a new hello to arrive. */
static void
heal(struct world *w)
{
    world_trace(w, "healed");
    w->healed = true;
    w->plan.duplicate = w->plan.replay = 0;
    LIST_FOREACH (node, after, &w->net.conns) {
        struct net_conn *conn = CONTAINER_OF(node, struct net_conn, node);
        if (net_is_well(conn)) continue;
        net_hurt(&w->rnd, w->now, conn, NET_CUT_BOTH);
    }
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        w->clients[uid]->frozen_until = 0;
    thin_out(w);
    struct client *worker = client_new(w, ROLE_WORK, false, true);
    worker->strict = true;
}

static bool
all_is_over(const struct world *w)
{
    if (w->ledger.open > 0) return false;
    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        const struct client *c = w->clients[uid];
        if (!c->strict && !client_is_idle(c)) return false;
        if (!c->over && !c->leaving && !jobs_are_read(c)) return false;
        if (!c->over && !c->leaving && !syncs_are_free(c)) return false;
        if (!c->over && !c->leaving && !pipes_are_free(c)) return false;
    }
    return true;
}

/* I3. */
static void
see_the_end(struct world *w)
{
    tick_ns until = w->now + HEALING;

    while (!all_is_over(w) && w->now < until) {
        suit_heal(w);
        for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
            struct client *c = w->clients[uid];
            if (!c->over && !c->leaving) jobs_heal(c);
            if (!c->over && !c->leaving) syncs_heal(c);
            if (!c->over && !c->leaving) pipes_heal(c);
        }
        advance(w, w->now + 100 * TICK_MS);
    }
    if (w->ledger.open > 0) {
        world_fail(w, "I3", "%" PRIu64 " tasks never end", w->ledger.open);
    }
    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        const struct client *c = w->clients[uid];
        if (c->strict || client_is_idle(c)) continue;
        world_fail(w, "I3", "client %u waits for ever: %u answers, %u tasks",
            uid, c->asks, c->held_count);
    }
    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        const struct client *c = w->clients[uid];
        if (c->over || c->leaving) continue;
        if (!jobs_are_read(c)) {
            world_fail(w, "I3", "client %u has a job that never ends", uid);
        }
        jobs_check(c);
    }
    /* Until who died before a restart counts as dead. */
    advance(w, w->now + w->config.grace + w->config.silence + 5 * TICK_S);
}

/* I7: who lives and was never forgotten got every result. */
static void
check_results(struct world *w)
{
    for (uint64_t id = 1; id <= w->ledger.count; id++) {
        const struct ledger_entry *e = ledger_find(&w->ledger, id);
        struct client *c = w->clients[e->uid];
        if (c == NULL || !e->wants || c->over || c->leaving) continue;
        if (c->restarts > 0 && e->accepted <= c->restarted_at) continue;
        if (client_item(c, e->number)->shown == 1) continue;
        world_fail(w, "I7",
            "client %u never hears that task %" PRIu64 " ended (%d)", e->uid,
            id, e->end);
    }
}

/* I6: what was answered is, and what was not answered is at most once. */
static void
check_puts(struct world *w)
{
    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        struct client *c = w->clients[uid];
        for (uint64_t n = 1; !c->over && n < c->items_count; n++) {
            const struct client_item *item = &c->items[n];
            if (!item->is_put) continue;
            bool known = item->answered && item->accepted >= 1;
            if (known || (item->refused && !item->answered)) continue;
            world_fail(
                w, "I6", "client %u: put %" PRIu64 " has no answer", uid, n);
        }
    }
}

static void
check_calm(struct world *w)
{
    struct core_totals sum = core_totals(w->core);

    if (core_stop_asked(w->core)) world_fail(w, "I14", "a worker stopped it");
    if (!w->plan.calm) return;
    if (sum.done != sum.accepted || sum.stale > 0 || w->stats.restarts > 0
        || w->stats.silences > 0) {
        world_fail(w, "calm",
            "%" PRIu64 " of %" PRIu64 " done, %" PRIu64
            " stale, in a world without faults",
            sum.done, sum.accepted, sum.stale);
    }
}

void
world_run(struct world *w, uint32_t steps)
{
    while (w->stats.steps < steps)
        step(w);
    heal(w);
    see_the_end(w);
    check_results(w);
    check_puts(w);
    check_calm(w);
    syncs_check(w);
    pipes_check(w);
    tally_check(w);
}

void
world_fini(struct world *w)
{
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        client_free(w->clients[uid]);
    core_free(w->core);
    syncs_fini(w);
    pipes_fini(w);
    keep_fini(w);
    recall_fini(w);
    net_fini(&w->net);
    ledger_fini(&w->ledger);
}
