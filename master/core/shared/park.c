#include "master/core/shared/park.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/reply.h"

struct wait *
park(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct hold *hold)
{
    int code = wait_check(&core->waits, s, m->wait_ns);
    struct wait *w = code == 0 ? wait_new(WAIT_SYNC, 0) : NULL;

    if (w == NULL) {
        holds_free(core, hold);
        reply_error(core, s, m->request, code != 0 ? code : STINT_ENOMEM, NULL);
        return NULL;
    }
    w->as.sync.hold = hold;
    wait_begin(
        &core->waits, w, s, m->request, tick_after(now, (tick_ns)m->wait_ns));
    return w;
}

struct hold *
park_hold(struct core *core, struct session *s, const struct msg_sync *m)
{
    bool fits = object_has_room_to_hold(core, sizeof(struct hold));
    struct hold *h = fits ? holds_new(core) : NULL;

    if (h == NULL) {
        reply_error(
            core, s, m->request, fits ? STINT_ENOMEM : STINT_EBUDGET, NULL);
        return NULL;
    }
    h->holder = m->holder;
    h->count = 1;
    return h;
}

struct wait *
park_first(const struct list *line)
{
    struct list *node = list_first(line);

    return node != NULL ? CONTAINER_OF(node, struct wait, as.object.node)
                        : NULL;
}

void
park_end(struct core *core, struct wait *w)
{
    holds_free(core, w->as.sync.hold);
    w->as.sync.hold = NULL;
    wait_end(&core->waits, w);
}

void
park_refuse(struct core *core, struct wait *w, int code)
{
    reply_error(core, w->session, w->request, code, NULL);
    park_end(core, w);
}
