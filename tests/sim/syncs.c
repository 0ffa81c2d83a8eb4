#include "tests/sim/syncs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/shared/holds.h"
#include "master/core/shared/sync.h"
#include "proto/codec.h"

enum { PERMITS = 3, PARTIES = 3 };

static const struct {
    const char *name;
    struct msg_object_open open;
} objects[CLIENT_SYNCS] = {
    [CLIENT_LOCK] = { "lock", { .kind = OBJECT_LOCK } },
    [CLIENT_SEMAPHORE] = { "semaphore", { .kind = OBJECT_SEMAPHORE,
                                            .size = PERMITS,
                                            .flags = OBJECT_BOUNDED } },
    [CLIENT_CONDITION] = { "condition", { .kind = OBJECT_CONDITION } },
    [CLIENT_BARRIER] = { "barrier",
        { .kind = OBJECT_BARRIER, .size = PARTIES } },
};

/* Nothing goes wrong, and nobody had to leave for want of room. */
static bool
is_quiet(const struct world *w)
{
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        if (w->clients[uid]->over) return false;
    return w->plan.calm;
}

void
syncs_turn(struct world *w)
{
    for (const struct session *s = w->core->by_id; s != NULL; s = s->by_id.next)
        w->ended = w->ended || s->state != SESSION_LIVE;
}

/* No session ended, nor the master.  Whose session ends may have woken up, or
 * be about to, before it is known that he heard of it: then the next one does,
 * too; and who notified may not hear how many he woke. */
static bool
all_stay(const struct world *w)
{
    const struct world_stats *s = &w->stats;

    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        if (w->clients[uid]->over) return false;
    return !w->ended && w->starts <= 1 && s->restarts + s->revokes == 0;
}

/* ---- asking -------------------------------------------------------------- */

static void
open_it(struct client *c, enum client_sync_kind kind)
{
    struct msg m = { .type = MSG_object_open,
        .as.object_open = objects[kind].open };
    struct ask *ask = ask_begin(c, MSG_object_open, 1, 64, false);

    ask->object = kind;
    ask->is_sync = true;
    m.as.object_open.request = ask->r.number;
    m.as.object_open.object = slice_of(objects[kind].name);
    codec_message(rpc_message(c->rpc), &m);
    c->syncs[kind].state = CLIENT_ASKS;
    c->syncs[kind].is_open = true;
}

static void
say(struct client *c, enum client_sync_kind kind, struct msg_sync sync)
{
    struct msg m = { .type = MSG_sync, .as.sync = sync };
    struct ask *ask = ask_begin(c, MSG_sync, 1, 64, sync.wait_ns > 0);

    ask->object = kind;
    ask->is_sync = true;
    ask->sync_verb = (uint8_t)sync.verb;
    m.as.sync.request = ask->r.number;
    m.as.sync.object = slice_of(objects[kind].name);
    codec_message(rpc_message(c->rpc), &m);
    world_trace(c->world, "client %u asks verb %u of the %s, %" PRIu64, c->uid,
        ask->sync_verb, objects[kind].name, ask->r.number);
    c->syncs[kind].state = CLIENT_ASKS;
}

static uint64_t
patience(struct client *c)
{
    struct rnd *r = &c->world->rnd;

    return rnd_one_in(r, 200) ? 0 : (uint64_t)rnd_time(r, 3 * TICK_S);
}

static void
begin(struct client *c, enum client_sync_kind kind)
{
    bool waits = kind == CLIENT_BARRIER;

    if (waits && c->syncs[kind].broken) {
        say(c, kind, (struct msg_sync){ .verb = SYNC_RESET });
        return;
    }
    say(c, kind,
        (struct msg_sync){
            .verb = waits ? SYNC_WAIT : SYNC_ACQUIRE, .wait_ns = patience(c) });
}

static void
let_go(struct client *c, enum client_sync_kind kind)
{
    struct client_sync *sync = &c->syncs[kind];

    sync->until = c->world->now;
    say(c, kind,
        (struct msg_sync){ .verb = SYNC_RELEASE,
            .number = kind == CLIENT_SEMAPHORE ? 1 : sync->fence });
}

static void
use_condition(struct client *c)
{
    struct client_sync *sync = &c->syncs[CLIENT_CONDITION];
    struct rnd *r = &c->world->rnd;

    if (rnd_one_in(r, 400)) {
        tick_ns again =
            c->world->plan.calm ? TICK_NEVER : rnd_time(r, 5 * TICK_S);
        say(c, CLIENT_CONDITION,
            (struct msg_sync){ .verb = SYNC_WAIT,
                .number = sync->fence,
                .wait_ns = patience(c),
                .again_ns = (uint64_t)again });
    } else if (rnd_one_in(r, 600)) {
        say(c, CLIENT_CONDITION,
            (struct msg_sync){
                .verb = SYNC_NOTIFY, .number = rnd_between(r, 1, 3) });
    } else {
        let_go(c, CLIENT_CONDITION);
    }
}

static void
act(struct client *c, enum client_sync_kind kind)
{
    struct client_sync *sync = &c->syncs[kind];

    if (!sync->is_open) {
        open_it(c, kind);
    } else if (sync->state == CLIENT_FREE) {
        begin(c, kind);
    } else if (kind == CLIENT_CONDITION) {
        use_condition(c);
    } else {
        let_go(c, kind);
    }
}

void
syncs_act(struct client *c)
{
    uint32_t kind = rnd_below(&c->world->rnd, CLIENT_SYNCS);

    if (c->syncs[kind].state == CLIENT_ASKS || !ask_may(c)) return;
    act(c, (enum client_sync_kind)kind);
}

void
syncs_heal(struct client *c)
{
    for (uint32_t kind = 0; kind < CLIENT_SYNCS; kind++)
        if (c->syncs[kind].state == CLIENT_HOLDS && ask_may(c))
            let_go(c, (enum client_sync_kind)kind);
}

bool
syncs_are_free(const struct client *c)
{
    for (uint32_t kind = 0; kind < CLIENT_SYNCS; kind++)
        if (c->syncs[kind].state == CLIENT_HOLDS) return false;
    return true;
}

/* ---- answers ------------------------------------------------------------- */

/* Mutual exclusion: whose release was accepted has held it all the time, so no
 * two such times overlap. */
static void
check_alone(struct client *c, enum client_sync_kind kind)
{
    struct world *w = c->world;
    const struct client_sync *sync = &c->syncs[kind];
    struct world_held *held = &w->held[kind == CLIENT_CONDITION];

    for (size_t i = 0; i < held->count; i++) {
        const struct world_span *other = &held->spans[i];
        if (sync->since >= other->until || other->since >= sync->until) {
            continue;
        }
        world_fail(w, "mutual exclusion",
            "clients %u and %u held the %s at once, fences %" PRIu64
            " and %" PRIu64,
            c->uid, other->uid, objects[kind].name, sync->fence, other->fence);
    }
    if (held->count == held->room) {
        held->room = held->room == 0 ? 64 : held->room * 2;
        held->spans =
            realloc(held->spans, held->room * sizeof(struct world_span));
        CHECK(held->spans != NULL);
    }
    held->spans[held->count++] =
        (struct world_span){ sync->since, sync->until, sync->fence, c->uid };
}

static void
took(struct client *c, enum client_sync_kind kind, const struct msg_synced *s)
{
    struct world *w = c->world;
    struct client_sync *sync = &c->syncs[kind];

    if (kind != CLIENT_SEMAPHORE && s->fence <= sync->fence) {
        world_fail(w, "fences grow", "client %u: %" PRIu64 " after %" PRIu64,
            c->uid, s->fence, sync->fence);
    }
    sync->state = CLIENT_HOLDS;
    sync->fence = s->fence;
    sync->since = w->now;
    w->stats.acquired += 1;
    w->stats.owners_died += s->died;
    if (is_quiet(w) && s->died != 0) {
        world_fail(w, "calm", "an owner died in a world without faults");
    }
}

static void
take_synced(struct client *c, const struct ask *ask, const struct msg_synced *s)
{
    struct world *w = c->world;
    struct client_sync *sync = &c->syncs[ask->object];

    switch (ask->sync_verb) {
    case SYNC_ACQUIRE:
        took(c, ask->object, s);
        break;
    case SYNC_RELEASE:
        if (ask->object != CLIENT_SEMAPHORE) check_alone(c, ask->object);
        sync->state = CLIENT_FREE;
        break;
    case SYNC_WAIT:
        if (ask->object == CLIENT_BARRIER) {
            w->met[s->number] += 1;
            w->stats.met += 1;
            sync->state = CLIENT_FREE;
        } else {
            if (s->late == 0) w->stats.woken += 1;
            took(c, ask->object, s);
        }
        break;
    case SYNC_NOTIFY:
        w->stats.notified += s->number;
        sync->state = CLIENT_HOLDS;
        break;
    default:
        sync->broken = false;
        sync->state = CLIENT_FREE;
    }
}

/* What may be said of a verb, besides that there is no room for it. */
static bool
is_fine(const struct ask *ask, int64_t code)
{
    switch (ask->sync_verb) {
    case SYNC_ACQUIRE:
        return code == STINT_ETIMEOUT;
    case SYNC_RELEASE:
        return code == STINT_ESTALE
               || (code == STINT_ENOTHELD && ask->object == CLIENT_SEMAPHORE);
    case SYNC_WAIT:
        if (ask->object == CLIENT_BARRIER) {
            return code == STINT_EBROKEN || code == STINT_ETIMEOUT;
        }
        return code == STINT_ESTALE;
    case SYNC_NOTIFY:
        return code == STINT_ENOTHELD;
    default:
        return false;
    }
}

static void
take_error(struct client *c, const struct ask *ask, int64_t code)
{
    struct world *w = c->world;
    struct client_sync *sync = &c->syncs[ask->object];
    bool is_full = code == STINT_EBUDGET || code == STINT_ELIMIT;

    if (!is_full && code != STINT_ENOOBJECT && !is_fine(ask, code)) {
        world_fail(w, "locks", "client %u: verb %u of the %s: %" PRId64, c->uid,
            ask->sync_verb, objects[ask->object].name, code);
    }
    if (w->plan.calm && (code == STINT_ESTALE || code == STINT_ENOTHELD)) {
        world_fail(w, "calm", "client %u lost the %s in a world without faults",
            c->uid, objects[ask->object].name);
    }
    if (code == STINT_ENOOBJECT) sync->is_open = false;
    sync->broken = code == STINT_EBROKEN || code == STINT_ETIMEOUT;
    /* There was no room to wait: it still holds it. */
    bool holds = is_full && ask->object == CLIENT_CONDITION
                 && ask->sync_verb == SYNC_WAIT;
    sync->state = holds ? CLIENT_HOLDS : CLIENT_FREE;
}

void
syncs_answered(const struct ask *ask, const struct msg *m)
{
    struct client *c = ask->client;

    if (!ask->is_sync) return;
    if (ask->verb == MSG_sync) {
        world_trace(c->world,
            "client %u: verb %u of the %s: fence %" PRIu64 ", code %" PRId64,
            c->uid, ask->sync_verb, objects[ask->object].name,
            m->type == MSG_synced ? m->as.synced.fence : 0,
            m->type == MSG_error ? m->as.error.code : 0);
    }
    if (ask->verb == MSG_object_open) {
        c->syncs[ask->object].state = CLIENT_FREE;
        if (m->type == MSG_error) c->syncs[ask->object].is_open = false;
    } else if (ask->verb == MSG_sync && m->type == MSG_synced) {
        take_synced(c, ask, &m->as.synced);
    } else if (ask->verb == MSG_sync && m->type == MSG_error) {
        take_error(c, ask, m->as.error.code);
    }
}

/* ---- the end ------------------------------------------------------------- */

void
syncs_check(struct world *w)
{
    for (const struct object *o = w->core->objects.by_number; o != NULL;
         o = o->by_number.next) {
        const struct list *node = list_first(&o->holds);
        if (o->waiting > 0 || node != NULL) {
            uint32_t uid = 0;
            if (node != NULL) {
                memcpy(&uid,
                    CONTAINER_OF_CONST(node, struct hold, of_object)
                        ->session->id,
                    sizeof uid);
            }
            world_fail(w, "I13",
                "\"%s\" is held by client %u, %" PRIu64 " wait for it", o->name,
                uid, o->waiting);
        }
        if (o->kind == OBJECT_SEMAPHORE && o->is.semaphore.permits != PERMITS) {
            world_fail(w, "permits are conserved", "%" PRIu64 " of %d are left",
                o->is.semaphore.permits, PERMITS);
        }
    }
    if (w->stats.woken > w->stats.notified && all_stay(w)) {
        world_fail(w, "notify", "more woke up than were notified");
    }
    if (!is_quiet(w)) return;
    if (w->stats.woken != w->stats.notified) {
        world_fail(w, "no wake-up is lost", "%" PRIu64 " of %" PRIu64,
            w->stats.woken, w->stats.notified);
    }
    for (int i = 1; i < PARTIES; i++) {
        if (w->met[i] == w->met[0]) continue;
        world_fail(w, "barrier",
            "index %d was given %" PRIu64 " times, index 0 %" PRIu64 " times",
            i, w->met[i], w->met[0]);
    }
}

void
syncs_fini(struct world *w)
{
    for (size_t i = 0; i < ARRAY_LEN(w->held); i++)
        free(w->held[i].spans);
}
