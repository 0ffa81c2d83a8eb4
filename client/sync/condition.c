/* Condition.                                                 [layer: client] */
#include <stdlib.h>

#include "client/pump.h"
#include "client/sync/locking.h"
#include "common/sys/say.h"

struct stint_condition {
    struct locking locking;
};

int
stint_condition_open(struct stint *s, const char *name,
    const struct stint_condition_options *options, struct stint_condition **out)
{
    static const struct stint_condition_options none;
    const struct stint_condition_options *o = options != NULL ? options : &none;
    struct msg_object_open open = { .kind = NAMED_CONDITION,
        .only_open = o->only_open };
    uint64_t unused;

    *out = NULL;
    int rc = named_check(name, o->durability, &open.durability);
    if (rc == 0 && o->lock != NULL) rc = named_check(o->lock, NULL, &unused);
    if (rc != 0) return rc;
    struct stint_condition *c = calloc(1, sizeof(*c));
    if (c == NULL) return say(STINT_ENOMEM, "no memory for a condition");
    c->locking.by_thread = true;
    c->locking.named.as_it_is = options == NULL;
    rc = locking_open(&c->locking, s, name, o->lock, &open);
    if (rc != 0) {
        free(c);
        return rc;
    }
    *out = c;
    return 0;
}

void
stint_condition_close(struct stint_condition *c)
{
    if (c == NULL) return;
    locking_close(&c->locking);
    free(c);
}

int
stint_condition_acquire(struct stint_condition *c, int64_t timeout_ms)
{
    return locking_acquire(&c->locking, timeout_ms);
}

int
stint_condition_release(struct stint_condition *c)
{
    return locking_release(&c->locking);
}

uint64_t
stint_condition_fence(const struct stint_condition *c)
{
    return locking_fence(&c->locking);
}

/* ---- waiting ------------------------------------------------------------- */

/* Why it is not held any more; or it is, or never was. */
static int
sort_out(const struct named *n, int rc)
{
    switch (rc) {
    case STINT_ESTALE:
    case STINT_ETIMEOUT:
    case STINT_EUNREACHABLE:
        return say(STINT_ELOST,
            "condition \"%s\": its lock could not be had again, and is not "
            "held",
            n->name);
    default:
        return rc;
    }
}

static int
wait_for_notice(struct locking *l, tick_ns deadline)
{
    const struct owner *owner = owning_find(l->owning, ask_thread(), l);
    uint64_t fence = owner != NULL ? owner->fence : 0;
    const struct msg_sync m = { .verb = ASK_WAIT,
        .holder = ask_thread(),
        .number = fence,
        .again_ns = (uint64_t)l->named.s->timeout };
    struct msg_synced answer;

    int rc = ask_and_wait(&l->named, &m, deadline, &answer);
    if (rc == 0) {
        owning_regained(l->owning, m.holder, fence, answer.fence);
        if (answer.late == 0) return 0;
        return say(STINT_ETIMEOUT, "condition \"%s\" was not notified in time",
            l->named.name);
    }
    if (rc != STINT_ENOTHELD) owning_drop(l->owning, m.holder, fence);
    return sort_out(&l->named, rc);
}

int
stint_condition_wait(struct stint_condition *c, int64_t timeout_ms)
{
    struct stint *s = c->locking.named.s;
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(s);
    rc = wait_for_notice(&c->locking, pump_deadline(timeout_ms));
    pump_leave(s);
    return rc;
}

int
stint_condition_wait_for(struct stint_condition *c, bool (*is_true)(void *arg),
    void *arg, int64_t timeout_ms)
{
    struct stint *s = c->locking.named.s;
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    tick_ns deadline = pump_deadline(timeout_ms);
    while (!is_true(arg)) {
        pump_enter(s);
        rc = wait_for_notice(&c->locking, deadline);
        pump_leave(s);
        if (rc == 0) continue;
        /* What it waits for may have come without a notice. */
        return rc == STINT_ETIMEOUT && is_true(arg) ? 0 : rc;
    }
    return 0;
}

/* ---- waking -------------------------------------------------------------- */

int
stint_condition_notify(struct stint_condition *c, uint64_t count)
{
    const struct msg_sync m = {
        .verb = ASK_NOTIFY, .holder = ask_thread(), .number = count
    };

    if (count > INT64_MAX) {
        return say(STINT_EINVAL, "more than anybody can notify");
    }
    return ask(&c->locking.named, &m, NULL);
}

int
stint_condition_notify_all(struct stint_condition *c)
{
    return stint_condition_notify(c, INT64_MAX);
}
