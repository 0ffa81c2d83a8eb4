#include "master/core/shared/sync_semaphore.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/answer.h"
#include "master/core/shared/objrow.h"
#include "master/core/shared/park.h"
#include "master/core/shared/sync.h"

static bool
is_held(const struct object *o)
{
    return (o->flags & OBJECT_NO_RETURN) == 0;
}

/* ---- acquiring ----------------------------------------------------------- */

/* A permit is free; `spare` is freed if `s` holds some already. */
static void
take(struct core *core, struct object *o, struct hold *spare, struct session *s,
    uint64_t request)
{
    struct hold *h = is_held(o) ? holds_find(o, s) : NULL;

    o->is.semaphore.permits -= 1;
    if (is_held(o)) o->is.semaphore.held += 1;
    if (h != NULL) {
        h->count += 1;
        holds_changed(core, h);
        holds_free(core, spare);
    } else if (spare != NULL) {
        holds_begin(core, spare, o, s);
    }
    objrow_object(core, o);
    answer_synced(core, o, s, (struct msg_synced){ .request = request });
}

static void
acquire(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    struct hold *h = NULL;
    bool is_free = o->is.semaphore.permits > 0;

    if (!is_free && m->wait_ns == 0) {
        reply_error(core, s, m->request, STINT_ETIMEOUT, NULL);
        return;
    }
    if (is_held(o)) {
        h = park_hold(core, s, m);
        if (h == NULL) return;
    }
    if (is_free) {
        take(core, o, h, s, m->request);
        return;
    }
    struct wait *w = park(core, now, s, m, h);
    if (w != NULL) wait_stand(w, o, &o->line);
}

static void
hand_out(struct core *core, struct object *o)
{
    for (;;) {
        struct wait *w = park_first(&o->line);
        if (w == NULL || o->is.semaphore.permits == 0) return;
        struct hold *h = w->as.sync.hold;
        struct session *s = w->session;
        uint64_t request = w->request;
        w->as.sync.hold = NULL;
        park_end(core, w);
        take(core, o, h, s, request);
    }
}

/* ---- releasing ----------------------------------------------------------- */

/* Take up to `count` permits from a hold.  Returns how many are left. */
static uint64_t
take_from(struct core *core, struct hold *h, uint64_t count)
{
    struct object *o = h->object;

    if (h->count > count) {
        o->is.semaphore.held -= count;
        h->count -= count;
        holds_changed(core, h);
        return 0;
    }
    o->is.semaphore.held -= h->count;
    count -= h->count;
    holds_end(core, h);
    holds_free(core, h);
    return count;
}

/* How many may be released of a bounded one: those that are not free. */
static uint64_t
taken(const struct object *o)
{
    uint64_t free = o->is.semaphore.permits;

    return free < o->size ? o->size - free : 0;
}

/* Of a bounded one, permits may be released by another than who acquired them
 * (ValueError counts them all together): then they are somebody's no more. */
static void
unhold(struct core *core, struct object *o, const struct session *s,
    uint64_t count)
{
    struct hold *own = holds_find(o, s);

    if (own != NULL && count > 0) count = take_from(core, own, count);
    if ((o->flags & OBJECT_BOUNDED) == 0) return;
    while (count > 0 && !list_is_empty(&o->holds)) {
        count = take_from(core,
            CONTAINER_OF(list_first(&o->holds), struct hold, of_object), count);
    }
}

/* Whether those that are held have their place when they come back. */
static bool
has_place(const struct object *o, const struct session *s, uint64_t count)
{
    const struct hold *own = holds_find(o, s);
    uint64_t back = own == NULL ? 0 : own->count < count ? own->count : count;
    uint64_t all = o->is.semaphore.permits + o->is.semaphore.held;

    return all <= INT64_MAX && count - back <= INT64_MAX - all;
}

static void
release(struct core *core, struct session *s, const struct msg_sync *m,
    struct object *o)
{
    uint64_t count = m->number > 0 ? m->number : 1;

    if ((o->flags & OBJECT_BOUNDED) != 0 && count > taken(o)) {
        reply_error(core, s, m->request, STINT_ENOTHELD,
            "a bounded semaphore has no more permits than at the beginning");
        return;
    }
    if (!has_place(o, s, count)) {
        reply_error(core, s, m->request, STINT_EOVERFLOW,
            "a semaphore has no more than 2^63 - 1 permits, free and held");
        return;
    }
    unhold(core, o, s, count);
    o->is.semaphore.permits += count;
    objrow_object(core, o);
    answer_synced(core, o, s, (struct msg_synced){ .request = m->request });
    hand_out(core, o);
}

void
sync_semaphore_return(struct object *o, uint64_t count)
{
    uint64_t room = INT64_MAX - o->is.semaphore.permits;

    o->is.semaphore.permits += count < room ? count : room;
}

void
sync_semaphore_died(struct core *core, struct hold *h)
{
    struct object *o = h->object;

    o->is.semaphore.held -= h->count;
    sync_semaphore_return(o, h->count);
    holds_end(core, h);
    holds_free(core, h);
    objrow_object(core, o);
    hand_out(core, o);
}

/* ---- all ----------------------------------------------------------------- */

void
sync_semaphore_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    switch (m->verb) {
    case SYNC_ACQUIRE:
        acquire(core, now, s, m, o);
        break;
    case SYNC_RELEASE:
        release(core, s, m, o);
        break;
    case SYNC_LOOK:
        answer_look(core, s,
            (struct msg_synced){ .request = m->request,
                .number = o->is.semaphore.permits,
                .waiting = o->waiting });
        break;
    default:
        reply_error(
            core, s, m->request, STINT_EINVAL, "a semaphore does not do that");
    }
}
