#include "tests/sim/suit.h"

#include <inttypes.h>
#include <string.h>

#include "common/base.h"
#include "master/core/inside.h"
#include "proto/codec.h"
#include "tests/sim/ask.h"

struct set {
    struct {
        const char *name, *value;
        uint64_t count;
    } traits[5];
};

static const struct set has[] = {
    { { { "exec", "", 0 }, { "zone", "eu", 0 }, { "zone", "us", 0 },
        { "gpus", "", 3 }, { "cpus", "", 4 } } }, /* All that is needed. */
    { { { NULL, NULL, 0 } } },
    { { { "exec", "", 0 } } },
    { { { "gpus", "", 1 } } },
    { { { "zone", "eu", 0 }, { "gpus", "", 2 } } },
    { { { "zone", "us", 0 }, { "cpus", "", 4 }, { "exec", "", 0 } } },
};

static const struct set needs[] = {
    { { { NULL, NULL, 0 } } },
    { { { "exec", "", 0 } } },
    { { { "zone", "eu", 0 } } },
    { { { "zone", "", 0 } } },
    { { { "gpus", "", 1 } } },
    { { { "gpus", "", 2 }, { "zone", "eu", 0 } } },
    { { { "cpus", "", 3 } } },
    { { { "exec", "", 0 }, { "cpus", "", 1 }, { "gpus", "", 1 } } },
};

/* Encoded once, each in a place of its own. */
static struct proto_list
encode(struct buf *b, const struct set *set)
{
    struct proto_list list = { .count = 0 };
    bool known = b->length > 0;

    for (size_t i = 0; i < ARRAY_LEN(set->traits); i++) {
        if (set->traits[i].name == NULL) break;
        const struct rec_trait t = {
            .name = slice_of(set->traits[i].name),
            .value = slice_of(set->traits[i].value),
            .count = set->traits[i].count,
        };
        if (!known) codec_record(b, RECORD_trait, &t);
        list.count += 1;
    }
    list.bytes = (struct slice){ b->bytes, b->length };
    return list;
}

struct proto_list
suit_traits(struct rnd *r, bool all)
{
    static struct buf encoded[ARRAY_LEN(has)];
    uint32_t which = all ? 0 : rnd_below(r, ARRAY_LEN(has));

    return encode(&encoded[which], &has[which]);
}

struct proto_list
suit_needs(struct rnd *r)
{
    static struct buf encoded[ARRAY_LEN(needs)];
    uint32_t which = rnd_below(r, ARRAY_LEN(needs));

    return encode(&encoded[which], &needs[which]);
}

/* ---- pauses -------------------------------------------------------------- */

void
suit_pause(struct world *w)
{
    struct client *admin = w->clients[1];
    bool undo = rnd_one_in(&w->rnd, 500);

    w->stats.pauses += 1;
    if (!ask_may(admin)) return;
    ask_pause(admin, ask_queue_name(admin, ask_any_queue(admin)), 0, undo);
}

void
suit_heal(struct world *w)
{
    struct client *admin = w->clients[1];

    if (w->core == NULL) return;
    for (uint32_t i = 0; i < w->core->queues_count; i++) {
        const struct queue *q = w->core->queues[i];
        if (!q->paused || !ask_may(admin)) continue;
        ask_pause(admin, slice_of(q->name), 0, true);
    }
    LIST_FOREACH (node, after, &w->core->jobs.order) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        if (!job->queue->paused || !ask_may(admin)) continue;
        ask_pause(admin, slice_of(""), job->number, true);
    }
}

/* ---- what is held -------------------------------------------------------- */

static uint64_t
count_of(const struct needs *n, const char *name)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (n->traits[i].count > 0 && strcmp(n->traits[i].name, name) == 0) {
            return n->traits[i].count;
        }
    }
    return 0;
}

static bool
has_label(const struct session *s, const struct trait *label)
{
    for (uint32_t i = 0; i < s->traits.count; i++) {
        const struct trait *t = &s->traits.traits[i];
        if (strcmp(t->name, label->name) != 0) continue;
        if (label->value[0] == '\0') return true;
        if (strcmp(t->value, label->value) == 0) return true;
    }
    return false;
}

/* Of what this start of the master has granted: what a worker shows of an older
 * one is taken as it is. */
static bool
is_granted(const struct world *w, const struct lease *l)
{
    return l->task->queue->job != NULL && l->start == w->core->journal.start;
}

static void
check_resource(
    const struct world *w, const struct session *s, const struct trait *t)
{
    uint64_t sum = 0;

    LIST_FOREACH (node, after, &s->leases) {
        const struct lease *l = CONTAINER_OF(node, struct lease, of_session);
        if (!is_granted(w, l)) continue;
        sum += count_of(&l->task->queue->job->needs, t->name);
    }
    if (sum <= t->count) return;
    world_fail(w, "never more than there is",
        "%" PRIu64 " %s of %" PRIu64 " are handed out", sum, t->name, t->count);
}

static void
check_lease(const struct world *w, const struct lease *l)
{
    const struct needs *n = &l->task->queue->job->needs;

    for (uint32_t i = 0; i < n->count; i++) {
        const struct trait *need = &n->traits[i];
        bool fits = need->count > 0 ? count_of(&l->session->traits, need->name)
                                          >= need->count
                                    : has_label(l->session, need);
        if (fits) continue;
        world_fail(w, "placement",
            "task %" PRIu64 " needs %s, which its worker has not", l->task->id,
            need->name);
    }
}

void
suit_check(const struct world *w)
{
    for (const struct session *s = w->core->by_id; s != NULL;
         s = s->by_id.next) {
        LIST_FOREACH (node, after, &s->leases) {
            const struct lease *l =
                CONTAINER_OF(node, struct lease, of_session);
            if (is_granted(w, l)) check_lease(w, l);
        }
        for (uint32_t i = 0; i < s->traits.count; i++) {
            if (s->traits.traits[i].count == 0) continue;
            check_resource(w, s, &s->traits.traits[i]);
        }
    }
}
