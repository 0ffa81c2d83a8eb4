#include "master/core/shared/sync_condition.h"

#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/answer.h"
#include "master/core/shared/park.h"
#include "master/core/shared/sync.h"
#include "master/core/shared/sync_lock.h"

static void
refuse(struct core *core, struct session *s, uint64_t request, int code)
{
    reply_error(core, s, request, code,
        code == STINT_ESTALE ? "its lock was held by us, and was taken from us"
                             : "its lock is not held: acquire it first");
}

static void
wait_for_notice(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    struct object *lock = o->is.condition.lock;
    struct hold *h;
    int code = sync_lock_held(lock, s, m, &h);

    if (code != 0) {
        refuse(core, s, m->request, code);
        return;
    }
    struct wait *w = park(core, now, s, m, NULL);
    if (w == NULL) return;
    w->as.sync.hold = sync_lock_let_go(core, lock);
    w->as.sync.hold->notice = 0;
    w->as.sync.is_condition = true;
    w->as.sync.again = (tick_ns)m->again_ns;
    wait_stand(w, o, &o->line);
    sync_lock_pass_on(core, lock);
}

/* From now on it waits for the lock, for so long. */
static void
move(struct core *core, tick_ns now, struct wait *w, struct object *lock,
    struct list *line)
{
    wait_until(&core->waits, w, tick_after(now, w->as.sync.again));
    wait_stand(w, lock, line);
}

static bool
notify_one(struct core *core, tick_ns now, struct object *o)
{
    struct object *lock = o->is.condition.lock;
    struct wait *w = park_first(&o->line);

    if (w == NULL) return false;
    w->as.sync.notice = o->number;
    move(core, now, w, lock, &lock->is.lock.first);
    return true;
}

void
sync_condition_pass_on(struct core *core, tick_ns now, uint64_t number)
{
    struct object *o = object_numbered(core, number);

    if (o == NULL || o->kind != OBJECT_CONDITION) return;
    (void)notify_one(core, now, o);
    sync_lock_pass_on(core, o->is.condition.lock);
}

static void
notify(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    const struct object *lock = o->is.condition.lock;
    const struct msg_sync whatever = { .holder = m->holder };
    struct hold *h;
    int code = sync_lock_held(lock, s, &whatever, &h);

    if (code != 0) {
        refuse(core, s, m->request, code);
        return;
    }
    uint64_t count = 0;
    while (count < m->number && notify_one(core, now, o))
        count++;
    answer_synced(core, o, s,
        (struct msg_synced){ .request = m->request, .number = count });
}

void
sync_condition_late(struct core *core, struct wait *w)
{
    struct object *lock = w->as.object.object->is.condition.lock;

    w->as.sync.late = true;
    move(core, w->deadline, w, lock, &lock->line);
    sync_lock_pass_on(core, lock);
}

void
sync_condition_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    switch (m->verb) {
    case SYNC_WAIT:
        wait_for_notice(core, now, s, m, o);
        break;
    case SYNC_NOTIFY:
        notify(core, now, s, m, o);
        break;
    default:
        sync_lock_verb(core, now, s, m, o->is.condition.lock);
    }
}
