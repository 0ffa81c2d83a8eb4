#include "tests/sim/client.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "proto/codec.h"
#include "tests/sim/consume.h"
#include "tests/sim/gaze.h"
#include "tests/sim/produce.h"
#include "tests/sim/suit.h"

static void
show_result(void *arg, const struct rec_result *r)
{
    produce_result(arg, r);
}

static void
note_restart(void *arg)
{
    struct client *c = arg;

    c->shows = true;
    c->lives += 1;
    if (c->kept) {
        c->kept = false;
        world_trace(c->world, "client %u: the master was restarted", c->uid);
        return;
    }
    c->restarts += 1;
    c->restarted_at = c->world->now;
    c->world->stats.restarts += 1;
    world_trace(c->world, "client %u: its session was forgotten", c->uid);
}

static void
take_duty(void *arg, const struct msg *m)
{
    gaze_duty(arg, m);
}

struct client *
client_new(struct world *w, unsigned role, bool produces, bool consumes)
{
    struct client *c = calloc(1, sizeof *c);
    struct rpc_config config = {
        .hello = {
            .kind = consumes,
            .name = slice_of("sim"),
            .window_bytes = rnd_one_in(&w->rnd, 500) ? 1 : 0,
        },
        .duty = take_duty,
        .result = show_result,
        .restarted = note_restart,
        .arg = c,
    };

    CHECK(c != NULL && w->clients_count + 1 < WORLD_CLIENTS_MAX);
    if (consumes) {
        config.hello.traits = suit_traits(&w->rnd, w->healed);
        config.hello.slots = rnd_below(&w->rnd, 5);
    }
    c->world = w;
    c->uid = ++w->clients_count;
    w->clients[c->uid] = c;
    c->key = world_key(w, role);
    c->role = role;
    c->produces = produces;
    c->consumes = consumes;
    c->heard = w->now;
    list_init(&c->held);
    memcpy(config.session, &c->uid, sizeof c->uid);
    c->rpc = rpc_new(&config, w->now);
    CHECK(c->rpc != NULL);
    return c;
}

static void
forget_held(struct client *c)
{
    for (struct list *node; (node = list_pop(&c->held)) != NULL;)
        free(CONTAINER_OF(node, struct client_held, node));
    c->held_count = 0;
}

void
client_kill(struct client *c)
{
    struct world *w = c->world;

    if (c->over) return;
    c->over = true;
    if (c->conn != NULL) {
        net_leave(w->now, c->conn,
            rnd_one_in(&w->rnd, 500) ? rnd_time(&w->rnd, TICK_MS) : TICK_NEVER);
    }
    c->conn = NULL;
    rpc_disconnected(c->rpc);
    rpc_fail_all(c->rpc, STINT_ECLOSED);
    rpc_free(c->rpc);
    c->rpc = NULL;
    forget_held(c);
    for (uint32_t i = 0; i < CLIENT_SENT; i++) {
        frame_drop(c->sent[i]);
        c->sent[i] = NULL;
    }
}

void
client_free(struct client *c)
{
    client_kill(c);
    for (uint32_t i = 0; i < c->jobs_count; i++)
        free(c->jobs[i].shown);
    free(c->items);
    free(c);
}

struct client_item *
client_item(struct client *c, uint64_t number)
{
    return number >= 1 && number < c->items_count ? &c->items[number] : NULL;
}

bool
client_is_idle(const struct client *c)
{
    return c->over || (c->asks == 0 && (c->leaving || c->held_count == 0));
}

/* ---- the connection ------------------------------------------------------ */

static void
hang_up(struct client *c)
{
    struct world *w = c->world;

    rpc_disconnected(c->rpc);
    net_leave(w->now, c->conn,
        rnd_one_in(&w->rnd, 800) ? rnd_time(&w->rnd, TICK_S) : TICK_NEVER);
    c->conn = NULL;
    c->retry_at = w->now + rnd_time(&w->rnd, TICK_S / 2);
}

/* As a socket does that still had frames for a connection that broke. */
static void
replay(struct client *c)
{
    struct world *w = c->world;

    for (uint32_t i = 0; i < CLIENT_SENT; i++) {
        struct frame *f = c->sent[(c->sent_count + i) % CLIENT_SENT];
        if (f == NULL) continue;
        w->stats.replays += 1;
        net_send(&w->net, &w->rnd, w->now, &c->conn->up, frame_hold(f));
    }
}

static void
call(struct client *c)
{
    struct world *w = c->world;

    c->conn = net_open(&w->net, c->uid, w->keys[c->key].public_key);
    w->stats.reconnects += 1;
    world_trace(w, "client %u: connection %" PRIu64, c->uid, c->conn->id);
    if (!w->healed && rnd_one_in(&w->rnd, w->plan.replay)) replay(c);
    rpc_connected(c->rpc, w->now);
}

/* A refusal must have its reason. */
static void
take_refusal(struct client *c)
{
    struct world *w = c->world;
    const char *text;
    int code = rpc_refusal(c->rpc, &text);

    w->stats.refused += 1;
    if (code == STINT_EAUTH && c->barred) {
        client_kill(c);
        return;
    }
    if (code != STINT_ELIMIT) {
        world_fail(
            w, "I14", "client %u is refused (%d): %s", c->uid, code, text);
    }
    if (c->conn != NULL) hang_up(c);
}

static void
watch(struct client *c)
{
    struct world *w = c->world;

    if (c->conn != NULL && c->conn->client_learns <= w->now) hang_up(c);
    if (rpc_state(c->rpc) == RPC_REFUSED && c->conn != NULL) {
        take_refusal(c);
    } else if (c->conn != NULL && rpc_is_silent(c->rpc, w->now)) {
        w->stats.silences += 1;
        world_trace(w, "client %u: the master is silent", c->uid);
        hang_up(c);
    }
    if (!c->over && c->conn == NULL && c->retry_at <= w->now) call(c);
}

/* ---- the pump ------------------------------------------------------------ */

static void
take(struct client *c, const struct frame *f)
{
    struct world *w = c->world;
    int rc = rpc_receive(c->rpc, w->now, (struct slice){ f->bytes, f->length });

    if (rc == 0) return;
    world_fail(
        w, "the wire", "client %u cannot read the master: %d", c->uid, rc);
}

static void
receive(struct client *c)
{
    struct world *w = c->world;
    struct frame *f;

    while (c->conn != NULL && (f = net_arrived(&c->conn->down, w->now))) {
        take(c, f);
        if (f->number != 0 && rnd_one_in(&w->rnd, w->plan.duplicate)) {
            w->stats.duplicates += 1;
            take(c, f);
        }
        frame_drop(f);
        if (rpc_state(c->rpc) == RPC_REFUSED) return;
    }
}

static void
remember(struct client *c, struct frame *f)
{
    struct frame **slot = &c->sent[c->sent_count++ % CLIENT_SENT];

    frame_drop(*slot);
    *slot = frame_hold(f);
}

static void
send_all(struct client *c)
{
    struct world *w = c->world;
    bool flush = rnd_one_in(&w->rnd, 300);
    struct frame *f;

    while (c->conn != NULL && (f = rpc_send(c->rpc, w->now, flush)) != NULL) {
        if (f->number != 0) remember(c, f);
        net_send(&w->net, &w->rnd, w->now, &c->conn->up, f);
    }
}

static void
work(struct client *c)
{
    struct world *w = c->world;

    if (c->leaving) return;
    if (c->shows && rpc_state(c->rpc) == RPC_UP) consume_show(c);
    consume_finish(c);
    if (w->plan.peek > 0 && rnd_one_in(&w->rnd, 20)) gaze_progress(c);
    if (!c->consumes || c->next_get > w->now) return;
    c->next_get = w->now + (c->strict ? 20 : 5) * TICK_MS;
    uint32_t gets_max = w->plan.calm || c->strict ? 1 : 3;
    if (c->open_gets < gets_max && c->held_count < 200
        && (c->strict || (!w->healed && rnd_one_in(&w->rnd, w->plan.get)))) {
        consume_get(c);
    }
}

void
client_pump(struct client *c)
{
    struct world *w = c->world;

    if (c->over || c->frozen_until > w->now) return;
    receive(c);
    watch(c);
    if (c->over) return;
    work(c);
    send_all(c);
    if (c->leaving && c->asks == 0) client_kill(c);
}

tick_ns
client_due(const struct client *c)
{
    tick_ns due = TICK_NEVER;

    if (c->over) return TICK_NEVER;
    if (c->conn != NULL) {
        due = tick_min(net_due(&c->conn->down), c->conn->client_learns);
        due = tick_min(due, rpc_next_deadline(c->rpc));
    } else {
        due = c->retry_at;
    }
    if (c->consumes && !c->leaving) {
        due = tick_min(due, c->next_get);
        LIST_FOREACH (node, after, &c->held) {
            due = tick_min(
                due, CONTAINER_OF(node, struct client_held, node)->due);
        }
    }
    return due > c->frozen_until ? due : c->frozen_until;
}
