#include "master/core/shared/sync.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/park.h"
#include "master/core/shared/pipe_end.h"
#include "master/core/shared/sync_barrier.h"
#include "master/core/shared/sync_condition.h"
#include "master/core/shared/sync_event.h"
#include "master/core/shared/sync_lock.h"
#include "master/core/shared/sync_semaphore.h"
#include "master/core/verbs.h"

void
sync_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg *message)
{
    const struct msg_sync *m = &message->as.sync;
    struct object *o = object_find(core, m->object);

    if (o == NULL) {
        reply_error(core, s, m->request, STINT_ENOOBJECT, NULL);
        return;
    }
    switch ((enum object_kind)o->kind) {
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
        sync_lock_verb(core, now, s, m, o);
        break;
    case OBJECT_SEMAPHORE:
        sync_semaphore_verb(core, now, s, m, o);
        break;
    case OBJECT_CONDITION:
        sync_condition_verb(core, now, s, m, o);
        break;
    case OBJECT_EVENT:
        sync_event_verb(core, now, s, m, o);
        break;
    case OBJECT_BARRIER:
        sync_barrier_verb(core, now, s, m, o);
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
    case OBJECT_PIPE:
        reply_error(core, s, m->request, STINT_EINVAL,
            "that is something to share, not to wait for");
        break;
    }
}

/* What it was notified of is for the next one, who has as long for the lock and
 * what was left of this one's time. */
static void
give_up_lock(struct core *core, struct wait *w, int code)
{
    uint64_t notice = w->as.sync.notice;
    tick_ns deadline = w->deadline;

    park_refuse(core, w, code);
    if (notice != 0) sync_condition_pass_on(core, deadline, notice);
}

void
sync_give_up(struct core *core, struct wait *w, int code)
{
    const struct object *o = w->as.object.object;

    if (o->kind == OBJECT_BARRIER) {
        /* Who was cut off is not to join the next round by asking again. */
        sync_barrier_left(core, w, code == STINT_ELOST ? STINT_EBROKEN : code);
    } else if (code == STINT_ETIMEOUT && o->kind == OBJECT_CONDITION) {
        sync_condition_late(core, w);
    } else {
        /* Nor is who does not hold his lock any more to wait anew. */
        give_up_lock(core, w, w->as.sync.is_condition ? STINT_ESTALE : code);
    }
}

/* A notice that is not known to have come is for the next one. */
static uint64_t
unheard_notice(const struct hold *h)
{
    return h->session->stream.acked < h->frame ? h->notice : 0;
}

static void
give_back(struct core *core, tick_ns now, struct hold *h)
{
    uint64_t notice = unheard_notice(h);

    switch ((enum object_kind)h->object->kind) {
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
        sync_lock_died(core, h);
        if (notice != 0) sync_condition_pass_on(core, now, notice);
        break;
    case OBJECT_SEMAPHORE:
        sync_semaphore_died(core, h);
        break;
    case OBJECT_BARRIER:
        sync_barrier_died(core, h);
        break;
    case OBJECT_PIPE:
        pipe_end_died(core, h);
        break;
    case OBJECT_CONDITION:
    case OBJECT_EVENT:
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
        break; /* Nobody holds any of these. */
    }
}

void
sync_give_back(struct core *core, tick_ns now, struct session *s)
{
    for (struct list *node; (node = list_first(&s->holds)) != NULL;)
        give_back(core, now, CONTAINER_OF(node, struct hold, of_session));
}
