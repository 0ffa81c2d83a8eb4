#include "master/core/shared/sync_event.h"

#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/answer.h"
#include "master/core/shared/objrow.h"
#include "master/core/shared/park.h"
#include "master/core/shared/sync.h"

static struct msg_synced
state_of(const struct object *o, uint64_t request)
{
    return (struct msg_synced){
        .request = request, .number = o->is.event.set, .waiting = o->waiting
    };
}

/* Who waited has seen it set, whatever comes next. */
static void
wake_all(struct core *core, struct object *o)
{
    for (struct wait *w; (w = park_first(&o->line)) != NULL;) {
        answer_synced(core, o, w->session, state_of(o, w->request));
        park_end(core, w);
    }
}

static void
turn(struct core *core, struct session *s, uint64_t request, struct object *o,
    bool set)
{
    if (o->is.event.set != set) {
        o->is.event.set = set;
        objrow_object(core, o);
    }
    answer_synced(core, o, s, state_of(o, request));
    if (set) wake_all(core, o);
}

static void
wait_for_it(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    if (o->is.event.set) {
        answer_look(core, s, state_of(o, m->request));
    } else if (m->wait_ns == 0) {
        reply_error(core, s, m->request, STINT_ETIMEOUT, NULL);
    } else {
        struct wait *w = park(core, now, s, m, NULL);
        if (w != NULL) wait_stand(w, o, &o->line);
    }
}

void
sync_event_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o)
{
    switch (m->verb) {
    case SYNC_SET:
        turn(core, s, m->request, o, true);
        break;
    case SYNC_CLEAR:
        turn(core, s, m->request, o, false);
        break;
    case SYNC_WAIT:
        wait_for_it(core, now, s, m, o);
        break;
    case SYNC_LOOK:
        answer_look(core, s, state_of(o, m->request));
        break;
    default:
        reply_error(
            core, s, m->request, STINT_EINVAL, "an event does not do that");
    }
}
