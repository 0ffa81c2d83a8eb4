#include "tests/sim/fault.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "tests/sim/ask.h"
#include "tests/sim/suit.h"

static struct client *
any_client(struct world *w)
{
    return w->clients[rnd_between(&w->rnd, 1, w->clients_count)];
}

static void
spawn(struct world *w)
{
    uint32_t kind = rnd_below(&w->rnd, 5);

    if (w->clients_count > WORLD_CLIENTS_MAX - 8) return;
    w->stats.spawns += 1;
    if (kind < 2) (void)client_new(w, ROLE_SUBMIT, true, false);
    if (kind == 2) (void)client_new(w, ROLE_SUBMIT, true, true);
    if (kind > 2) (void)client_new(w, ROLE_WORK, false, true);
}

static void
cut(struct world *w)
{
    struct client *c = any_client(w);
    uint32_t how = rnd_below(&w->rnd, NET_CUTS);

    if (c->conn == NULL) return;
    w->stats.cuts += 1;
    world_trace(w, "cut %u of connection %" PRIu64, how, c->conn->id);
    net_hurt(&w->rnd, w->now, c->conn, (enum net_cut)how);
}

static void
freeze(struct world *w)
{
    struct client *c = any_client(w);

    if (c->over) return;
    w->stats.freezes += 1;
    c->frozen_until = w->now + rnd_time(&w->rnd, 15 * TICK_S);
    world_trace(w, "client %u freezes", c->uid);
}

static void
kill(struct world *w)
{
    struct client *c = any_client(w);

    if (c->over || c->uid == 1) return;
    w->stats.kills += 1;
    world_trace(w, "client %u is killed", c->uid);
    client_kill(c);
}

static void
say_bye(struct world *w)
{
    struct client *c = any_client(w);

    if (c->over || c->leaving || c->uid == 1) return;
    w->stats.byes += 1;
    world_trace(w, "client %u says bye", c->uid);
    ask_bye(c);
}

static void
revoke(struct world *w)
{
    uint32_t index = rnd_below(&w->rnd, w->keys_count);
    struct world_key *key = &w->keys[index];

    if (index == 0 || key->revoked) return;
    w->stats.revokes += 1;
    world_trace(w, "%s is revoked", key->name);
    key->revoked = true;
    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        if (w->clients[uid]->key == index) w->clients[uid]->barred = true;
    }
    CHECK(core_key_revoke(w->core, w->now, slice_of(key->name)) == 0);
    ledger_look(w, LEDGER_OTHER);
    world_turn(w);
}

/* The master stood still; the clients did not. */
static void
stall(struct world *w)
{
    tick_ns gap = rnd_time(&w->rnd, 8 * TICK_S);

    w->stats.stalls += 1;
    world_trace(w, "the master stands still for %.3f s", (double)gap / 1e9);
    tick_ns until = w->now + gap;
    while (w->now < until) {
        w->now = tick_min(until, w->now + TICK_S / 4);
        for (uint32_t uid = 1; uid <= w->clients_count; uid++)
            client_pump(w->clients[uid]);
    }
    core_stalled(w->core, gap);
    ledger_stalled(w, gap);
    ledger_look(w, LEDGER_OTHER);
}

/* The master dies, is away for a while, and comes back. */
static void
crash(struct world *w)
{
    bool power = rnd_one_in(&w->rnd, 400);
    tick_ns gap =
        rnd_time(&w->rnd, rnd_one_in(&w->rnd, 100) ? 20 * TICK_S : TICK_S);

    w->stats.crashes += 1;
    if (power) w->stats.power_cuts += 1;
    world_trace(w, "%s", power ? "the power is cut" : "the master is killed");
    keep_crash(w, power);
    net_leave_all(&w->net, &w->rnd, w->now);
    for (tick_ns until = w->now + gap; w->now < until;) {
        w->now = tick_min(until, w->now + TICK_S / 10);
        for (uint32_t uid = 1; uid <= w->clients_count; uid++)
            client_pump(w->clients[uid]);
        net_leave_all(&w->net, &w->rnd, w->now);
    }
    keep_start(w);
    recall_crashed(w);
    world_trace(w, "start %u of the master", w->starts);
    ledger_look(w, LEDGER_OTHER);
}

static void
shut_down(struct world *w)
{
    uint32_t queue = w->queues_count - 1;

    if (w->queues[queue].shut) return;
    w->queues[queue].shut = true;
    w->stats.shutdowns += 1;
    world_trace(w, "queue %u is shut down", queue);
    ask_shutdown(w->clients[1], queue, rnd_one_in(&w->rnd, 500));
}

void
fault_strike(struct world *w)
{
    const struct {
        uint32_t permille;
        void (*strike)(struct world *w);
    } faults[] = {
        { w->plan.cut, cut },
        { w->plan.freeze, freeze },
        { w->plan.kill, kill },
        { w->plan.spawn, spawn },
        { w->plan.bye, say_bye },
        { w->plan.revoke, revoke },
        { w->plan.stall, stall },
        { w->plan.shutdown, shut_down },
        { w->plan.pause, suit_pause },
        { w->plan.crash, crash },
    };

    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (rnd_one_in(&w->rnd, faults[i].permille)) faults[i].strike(w);
    }
}
