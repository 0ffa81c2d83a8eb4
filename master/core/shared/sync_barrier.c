#include "master/core/shared/sync_barrier.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/answer.h"
#include "master/core/shared/objrow.h"
#include "master/core/shared/park.h"
#include "master/core/shared/sync.h"

static bool
acts(const struct object *o)
{
    return (o->flags & OBJECT_ACTS) != 0;
}

static struct hold *
actor_of(const struct object *o)
{
    struct list *node = list_first(&o->holds);

    return node != NULL ? CONTAINER_OF(node, struct hold, of_object) : NULL;
}

static uint64_t
in_line(const struct object *o)
{
    return o->waiting - o->is.barrier.passing_count;
}

/* ---- breaking ------------------------------------------------------------ */

/* All who are there go away, and so does the action. */
static void
scatter(struct core *core, struct object *o)
{
    struct hold *actor = actor_of(o);

    o->is.barrier.passing_count = 0;
    for (struct wait *w; (w = park_first(&o->is.barrier.passing)) != NULL;)
        park_refuse(core, w, STINT_EBROKEN);
    for (struct wait *w; (w = park_first(&o->line)) != NULL;)
        park_refuse(core, w, STINT_EBROKEN);
    if (actor == NULL) return;
    holds_end(core, actor);
    holds_free(core, actor);
}

static void
set_broken(struct core *core, struct object *o, bool broken)
{
    scatter(core, o);
    o->is.barrier.broken = broken;
    objrow_object(core, o);
}

void
sync_barrier_left(struct core *core, struct wait *w, int code)
{
    struct object *o = w->as.object.object;

    park_refuse(core, w, code);
    set_broken(core, o, true);
}

void
sync_barrier_died(struct core *core, struct hold *h)
{
    set_broken(core, h->object, true);
}

/* ---- passing ------------------------------------------------------------- */

/* The first who came gets the greatest number; 0 is the last, who acts. */
static void
let_pass(struct core *core, struct object *o, struct list *line)
{
    uint64_t number = o->size;

    if (line == &o->is.barrier.passing) o->is.barrier.passing_count = 0;
    for (struct wait *w; (w = park_first(line)) != NULL;) {
        number -= 1;
        answer_synced(core, o, w->session,
            (struct msg_synced){ .request = w->request, .number = number });
        park_end(core, w);
    }
}

/* The first of the line pass when `s` has done the action. */
static void
let_act(struct core *core, struct object *o, struct hold *h, struct session *s,
    uint64_t request)
{
    for (uint64_t i = 1; i < o->size; i++) {
        wait_stand(park_first(&o->line), o, &o->is.barrier.passing);
        o->is.barrier.passing_count += 1;
    }
    holds_begin(core, h, o, s);
    answer_synced(
        core, o, s, (struct msg_synced){ .request = request, .act = 1 });
}

/* The last of the parties is here. */
static void
complete(struct core *core, struct object *o, struct hold *h, struct session *s,
    uint64_t request)
{
    if (h != NULL) {
        let_act(core, o, h, s, request);
        return;
    }
    let_pass(core, o, &o->line);
    answer_synced(core, o, s, (struct msg_synced){ .request = request });
}

/* While the action ran a whole line, or more, may have come. */
static void
begin_next(struct core *core, struct object *o)
{
    struct list *node = list_first(&o->line);

    if (in_line(o) < o->size) return;
    for (uint64_t i = 1; i < o->size; i++)
        node = node->next;
    struct wait *w = CONTAINER_OF(node, struct wait, as.object.node);
    struct hold *h = w->as.sync.hold;
    struct session *s = w->session;
    uint64_t request = w->request;
    w->as.sync.hold = NULL;
    park_end(core, w);
    let_act(core, o, h, s, request);
}

static void
acted(struct core *core, struct session *s, const struct msg_sync *m,
    struct object *o)
{
    struct hold *h = holds_find(o, s);

    if (h == NULL || h->holder != m->holder) {
        reply_error(core, s, m->request, STINT_EBROKEN, NULL);
        return;
    }
    if (m->number != 0) { /* It failed. */
        set_broken(core, o, true);
    } else {
        holds_end(core, h);
        holds_free(core, h);
        let_pass(core, o, &o->is.barrier.passing);
        begin_next(core, o);
    }
    answer_synced(core, o, s, (struct msg_synced){ .request = m->request });
}

/* ---- waiting ------------------------------------------------------------- */

static void
arrive(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    bool is_last = in_line(o) + 1 == o->size && actor_of(o) == NULL;
    struct hold *h = NULL;

    if (o->is.barrier.broken) {
        reply_error(core, s, m->request, STINT_EBROKEN, NULL);
        return;
    }
    /* Whoever waits may turn out to be the last of his round. */
    if (acts(o)) {
        h = park_hold(core, s, m);
        if (h == NULL) return;
    }
    if (is_last) {
        complete(core, o, h, s, m->request);
        return;
    }
    struct wait *w = park(core, now, s, m, h);
    if (w == NULL) return;
    wait_stand(w, o, &o->line);
    if (m->wait_ns == 0) sync_barrier_left(core, w, STINT_ETIMEOUT);
}

/* ---- leaving ------------------------------------------------------------- */

static bool
stands_in(const struct list *line, const struct session *s, uint64_t request)
{
    LIST_FOREACH (node, after, line) {
        const struct wait *w = CONTAINER_OF(node, struct wait, as.object.node);
        if (w->session == s && w->request == request) return true;
    }
    return false;
}

/* Who gives up a wait of his that is over breaks nobody's. */
static void
abort_it(struct core *core, struct session *s, const struct msg_sync *m,
    struct object *o)
{
    if (m->number == 0 || stands_in(&o->line, s, m->number)
        || stands_in(&o->is.barrier.passing, s, m->number)) {
        set_broken(core, o, true);
    }
    answer_synced(core, o, s, (struct msg_synced){ .request = m->request });
}

/* ---- all ----------------------------------------------------------------- */

static void
look(struct core *core, struct session *s, uint64_t request,
    const struct object *o)
{
    answer_look(core, s,
        (struct msg_synced){ .request = request,
            .number = o->size,
            .waiting = in_line(o),
            .broken = o->is.barrier.broken });
}

void
sync_barrier_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    switch (m->verb) {
    case SYNC_WAIT:
        arrive(core, now, s, m, o);
        break;
    case SYNC_ACTED:
        acted(core, s, m, o);
        break;
    case SYNC_RESET:
        set_broken(core, o, false);
        answer_synced(core, o, s, (struct msg_synced){ .request = m->request });
        break;
    case SYNC_ABORT:
        abort_it(core, s, m, o);
        break;
    case SYNC_LOOK:
        look(core, s, m->request, o);
        break;
    default:
        reply_error(
            core, s, m->request, STINT_EINVAL, "a barrier does not do that");
    }
}
