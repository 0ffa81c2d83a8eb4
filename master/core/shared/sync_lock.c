#include "master/core/shared/sync_lock.h"

#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/answer.h"
#include "master/core/shared/objrow.h"
#include "master/core/shared/park.h"
#include "master/core/shared/sync.h"

/* ---- acquiring ----------------------------------------------------------- */

/* The lock is free; `h` is to hold it. */
static void
own(struct core *core, struct object *o, struct hold *h, struct session *s,
    uint64_t request, bool late)
{
    bool died = o->is.lock.died;

    h->fence = ++core->objects.fence;
    o->is.lock.owner = h;
    o->is.lock.fence = h->fence;
    o->is.lock.died = false;
    holds_begin(core, h, o, s);
    if (died) objrow_object(core, o);
    answer_synced(core, o, s,
        (struct msg_synced){ .request = request,
            .number = h->count,
            .fence = h->fence,
            .died = died,
            .late = late });
}

static bool
is_its_own(const struct object *o, const struct session *s, uint64_t holder)
{
    const struct hold *h = o->is.lock.owner;

    if (h == NULL || h->session != s) return false;
    return o->kind == OBJECT_LOCK || h->holder == holder;
}

static void
acquire_again(struct core *core, struct session *s, const struct msg_sync *m,
    struct object *o)
{
    struct hold *h = o->is.lock.owner;

    h->count += 1;
    holds_changed(core, h);
    answer_synced(core, o, s,
        (struct msg_synced){ .request = m->request, .fence = h->fence });
}

static void
acquire(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    if (o->kind == OBJECT_RLOCK && is_its_own(o, s, m->holder)) {
        acquire_again(core, s, m, o);
        return;
    }
    if (o->is.lock.owner != NULL && m->wait_ns == 0) {
        reply_error(core, s, m->request, STINT_ETIMEOUT, NULL);
        return;
    }
    struct hold *h = park_hold(core, s, m);
    if (h == NULL) return;
    if (o->is.lock.owner == NULL) {
        own(core, o, h, s, m->request, false);
        return;
    }
    struct wait *w = park(core, now, s, m, h);
    if (w != NULL) wait_stand(w, o, &o->line);
}

void
sync_lock_pass_on(struct core *core, struct object *o)
{
    if (o->is.lock.owner != NULL) return;
    struct wait *w = park_first(&o->is.lock.first);
    if (w == NULL) w = park_first(&o->line);
    if (w == NULL) return;

    struct hold *h = w->as.sync.hold;
    struct session *s = w->session;
    uint64_t request = w->request;
    bool late = w->as.sync.late;
    h->notice = w->as.sync.notice;
    h->frame = s->stream.sent + 1;
    w->as.sync.hold = NULL;
    park_end(core, w);
    own(core, o, h, s, request, late);
}

/* ---- releasing ----------------------------------------------------------- */

struct hold *
sync_lock_let_go(struct core *core, struct object *o)
{
    struct hold *h = o->is.lock.owner;

    o->is.lock.owner = NULL;
    holds_end(core, h);
    objrow_object(core, o); /* Its fence was in the row of the hold. */
    return h;
}

int
sync_lock_held(const struct object *o, const struct session *s,
    const struct msg_sync *m, struct hold **out)
{
    *out = o->is.lock.owner;
    if (is_its_own(o, s, m->holder)
        && (m->number == 0 || (*out)->fence == m->number)) {
        return 0;
    }
    return m->number != 0 ? STINT_ESTALE : STINT_ENOTHELD;
}

/* A Lock is released by whoever, as in Python; but who says with which fence he
 * acquired it releases nobody else's. */
static int
may_release(
    const struct object *o, const struct session *s, const struct msg_sync *m)
{
    struct hold *h = o->is.lock.owner;

    if (o->kind == OBJECT_RLOCK) return sync_lock_held(o, s, m, &h);
    if (m->number != 0) {
        return h != NULL && h->fence == m->number ? 0 : STINT_ESTALE;
    }
    return h != NULL ? 0 : STINT_ENOTHELD;
}

static void
release(struct core *core, struct session *s, const struct msg_sync *m,
    struct object *o)
{
    int code = may_release(o, s, m);

    if (code != 0) {
        reply_error(core, s, m->request, code,
            code == STINT_ESTALE ? "it was held by us, and was taken from us"
                                 : NULL);
        return;
    }
    struct hold *h = o->is.lock.owner;
    if (h->count > 1) {
        h->count -= 1;
        holds_changed(core, h);
    } else {
        holds_free(core, sync_lock_let_go(core, o));
    }
    answer_synced(core, o, s, (struct msg_synced){ .request = m->request });
    sync_lock_pass_on(core, o);
}

void
sync_lock_died(struct core *core, struct hold *h)
{
    struct object *o = h->object;

    o->is.lock.died = true;
    holds_free(core, sync_lock_let_go(core, o));
    sync_lock_pass_on(core, o);
}

/* ---- all ----------------------------------------------------------------- */

void
sync_lock_verb(struct core *core, tick_ns now, struct session *s,
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
                .number = o->is.lock.owner != NULL,
                .waiting = o->waiting });
        break;
    default:
        reply_error(
            core, s, m->request, STINT_EINVAL, "a lock does not do that");
    }
}
