#include "tests/sim/tally.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/inside.h"
#include "master/core/shared/number.h"
#include "master/core/shared/ops.h"
#include "master/core/shared/shelf.h"
#include "proto/codec.h"

enum { KIND_DICT = 7, SYNCED = 1, MOST = 9, OPS_MAX = 3 };

static const char NAME[] = "tally";

/* ---- asking -------------------------------------------------------------- */

static void
make(struct client *c)
{
    struct msg m = { .type = MSG_object_open };
    struct ask *ask = ask_begin(c, MSG_object_open, 1, 64, false);

    m.as.object_open.request = ask->r.number;
    m.as.object_open.object = slice_of(NAME);
    m.as.object_open.kind = KIND_DICT;
    m.as.object_open.durability = SYNCED;
    codec_message(rpc_message(c->rpc), &m);
}

static struct slice
part_of(const struct client *c, char out[16])
{
    (void)snprintf(out, 16, "%u", c->uid);
    return slice_of(out);
}

/* One in five fails at its end, and is not to be seen at all. */
static void
add(struct client *c)
{
    struct msg m = { .type = MSG_share };
    uint8_t by = (uint8_t)rnd_between(&c->world->rnd, 1, MOST);
    bool fails = rnd_one_in(&c->world->rnd, 200);
    char part[16];
    const struct rec_op ops[OPS_MAX] = {
        { .object = slice_of(NAME),
            .verb = OP_ADD,
            .key = slice_of("sum"),
            .value = { &by, 1 } },
        { .object = slice_of(NAME),
            .verb = OP_ADD,
            .key = part_of(c, part),
            .value = { &by, 1 } },
        { .object = slice_of(NAME),
            .verb = OP_GET,
            .key = slice_of("is never there") },
    };
    struct ask *ask = ask_begin(c, MSG_share, 1, 200, false);

    ask->after = fails ? 0 : by;
    ask->job = c->restarts;
    m.as.share.request = ask->r.number;
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    for (int i = 0; i < OPS_MAX - !fails; i++)
        codec_list_add(b, &list, RECORD_op, &ops[i]);
    codec_list_end(b, &list);
}

void
tally_act(struct client *c)
{
    if (!ask_may(c)) return;
    if (rnd_one_in(&c->world->rnd, 200)) {
        make(c);
    } else {
        add(c);
    }
}

/* ---- answers ------------------------------------------------------------- */

/* Whether its session was forgotten since, by this start of the master, and the
 * welcome that said so was lost. */
static bool
was_forgotten(const struct ask *ask)
{
    const struct core *core = ask->client->world->core;
    uint8_t id[PROTO_SESSION_BYTES] = { 0 };
    struct session *s;

    if (core == NULL) return true; /* It is down: nobody knows. */
    memcpy(id, &ask->client->uid, sizeof ask->client->uid);
    HASH_FIND(by_id, core->by_id, id, PROTO_SESSION_BYTES, s);
    if (s == NULL) return true;
    return s->since > ask->asked && s->since > core->born;
}

void
tally_answered(const struct ask *ask, const struct msg *m)
{
    struct client *c = ask->client;
    /* So often it went to a session that knew nothing of it. */
    uint64_t again = c->restarts - ask->job + was_forgotten(ask);

    if (ask->verb != MSG_share) return;
    if (m == NULL) {
        c->tally_unsure += ask->after * (again + 1);
        return;
    }
    c->tally_unsure += ask->after * again;
    if (m->type == MSG_shared) {
        c->tally += ask->after;
        c->world->stats.adds += 1;
        if (ask->after == 0) {
            world_fail(c->world, "all or nothing",
                "client %u: what cannot be done is answered", c->uid);
        }
    }
}

/* ---- checking ------------------------------------------------------------ */

static const struct object *
tally_of(const struct world *w)
{
    return object_find(w->core, slice_of(NAME));
}

static uint64_t
read_one(const struct object *o, struct slice key)
{
    const struct entry *e = shelf_find(o->is.shelf, key);
    struct number n = { .whole = 0 };

    if (e != NULL) (void)number_read(entry_value(e), &n);
    return (uint64_t)n.whole;
}

void
tally_check_sum(const struct world *w)
{
    const struct object *o = tally_of(w);
    uint64_t sum = 0;
    char part[16];

    if (o == NULL) return;
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        sum += read_one(o, part_of(w->clients[uid], part));
    if (sum == read_one(o, slice_of("sum"))) return;
    world_fail(w, "all or nothing",
        "the parts of the tally are %" PRIu64 ", and it says %" PRIu64, sum,
        read_one(o, slice_of("sum")));
}

static void
check_part(
    const struct world *w, const struct object *o, const struct client *c)
{
    char part[16];
    uint64_t told = o != NULL ? read_one(o, part_of(c, part)) : 0;

    if (told >= c->tally && told <= c->tally + c->tally_unsure) return;
    world_fail(w, "I6",
        "client %u added %" PRIu64 " for sure and up to %" PRIu64
        " more, and the tally says %" PRIu64,
        c->uid, c->tally, c->tally_unsure, told);
}

void
tally_check(const struct world *w)
{
    if (w->starts > 1 && !w->plan.durable) return;
    tally_check_sum(w);
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        check_part(w, tally_of(w), w->clients[uid]);
}
