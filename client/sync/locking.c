#include "client/sync/locking.h"

#include "client/pump.h"
#include "common/sys/say.h"

/* ---- opening and closing ------------------------------------------------- */

int
locking_open(struct locking *l, struct stint *s, const char *name,
    const char *lock, const struct msg_object_open *open)
{
    int rc = named_open(&l->named, s, name, lock, open);

    if (rc != 0) return rc;
    pump_enter(s);
    l->owning = owning_open(s, lock != NULL ? lock : name);
    pump_leave(s);
    if (l->owning != NULL) return 0;
    named_close(&l->named);
    return STINT_ENOMEM;
}

void
locking_close(struct locking *l)
{
    struct stint *s = l->named.s;
    struct owning *o = l->owning;
    struct owner owner;

    pump_enter(s);
    while (owning_leave(o, l, &owner)) {
        const struct msg_sync m = {
            .verb = ASK_RELEASE, .holder = owner.thread, .number = owner.fence
        };
        for (uint64_t times = owner.depth; times > 0; times--)
            ask_nothing(&l->named, &m);
    }
    owning_close(o);
    if (!s->closed) pump_push(s, false);
    pump_leave(s);
    named_close(&l->named);
}

/* ---- acquiring ----------------------------------------------------------- */

static int
acquire(struct locking *l, tick_ns deadline)
{
    const struct msg_sync m = { .verb = ASK_ACQUIRE, .holder = ask_thread() };
    struct msg_synced answer;

    int rc = owning_expect(l->owning, m.holder, l);
    if (rc != 0) return rc;
    rc = ask_and_wait(&l->named, &m, deadline, &answer);
    if (rc != 0) {
        owning_drop(l->owning, m.holder, 0);
        return rc;
    }
    owning_took(l->owning, m.holder, l, answer.fence);
    return answer.died != 0 ? STINT_OWNER_DIED : 0;
}

int
locking_acquire(struct locking *l, int64_t timeout_ms)
{
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(l->named.s);
    rc = acquire(l, pump_deadline(timeout_ms));
    pump_leave(l->named.s);
    return rc;
}

/* ---- releasing ----------------------------------------------------------- */

/* A Lock that another thread of ours acquired is released as his. */
static struct owner
owner_to_release(const struct locking *l)
{
    struct owner *owner = owning_find(l->owning, ask_thread(), l);

    if (owner == NULL && !l->by_thread) owner = owning_last(l->owning);
    return owner != NULL ? *owner : (struct owner){ .thread = ask_thread() };
}

int
locking_release(struct locking *l)
{
    pump_enter(l->named.s);
    struct owner owner = owner_to_release(l);
    pump_leave(l->named.s);
    const struct msg_sync m = {
        .verb = ASK_RELEASE, .holder = owner.thread, .number = owner.fence
    };

    int rc = ask(&l->named, &m, NULL);
    pump_enter(l->named.s);
    if (rc == 0) owning_gave(l->owning, &owner);
    if (rc == STINT_ESTALE) {
        owning_drop(l->owning, owner.thread, owner.fence);
    }
    pump_leave(l->named.s);
    return rc;
}

/* ---- looking ------------------------------------------------------------- */

uint64_t
locking_fence(const struct locking *l)
{
    struct stint *s = l->named.s;

    (void)pthread_mutex_lock(&s->lock);
    uint64_t fence = l->owning->fence;
    (void)pthread_mutex_unlock(&s->lock);
    return fence;
}

int
locking_look(struct locking *l)
{
    const struct msg_sync m = { .verb = ASK_LOOK };
    struct msg_synced answer;
    int rc = ask(&l->named, &m, &answer);

    return rc != 0 ? rc : answer.number != 0;
}
