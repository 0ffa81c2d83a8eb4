#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/life.h"
#include "master/core/match.h"
#include "master/core/queues.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

static bool
stands_in(const struct wait *w, uint32_t places, const struct queue *q)
{
    for (uint32_t i = 0; i < places; i++) {
        if (w->links[i].queue == q) return true;
    }
    return false;
}

/* Open every queue of the list before anything is changed for one. */
static int
open_all(struct core *core, const struct session *s, struct proto_list names,
    struct queue *queues[])
{
    struct rec_name name;
    uint32_t count = 0;

    while (codec_list_next(&names, RECORD_name, &name)) {
        int code = queues_open(core, s, name.queue, &queues[count++]);
        if (code != 0) return code;
    }
    return 0;
}

/* For people who want to know who serves a queue: one that is busy does not
 * stand in its line. */
static void
serve(struct session *s, const struct queue *q)
{
    for (uint32_t i = 0; i < s->serves_count; i++) {
        if (s->serves[i] == q->index) return;
    }
    if (s->serves_count < SESSION_SERVES_MAX) {
        s->serves[s->serves_count++] = q->index;
    }
}

void
get_tasks(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    enum { QUEUES_MAX = 32 }; /* As messages.def bounds the list. */
    const struct msg_get *g = &m->as.get;
    struct queue *queues[QUEUES_MAX];

    int code = open_all(core, s, g->queues, queues);
    if (code == 0) code = wait_check(&core->waits, s, g->wait_ns);
    struct wait *w = NULL;
    if (code == 0) {
        w = wait_new(WAIT_GET, g->queues.count);
        if (w == NULL) code = STINT_ENOMEM;
    }
    if (code != 0) {
        reply_get_end(core, s, g->request, code);
        return;
    }
    w->as.get.credit = (uint32_t)g->tasks;
    w->as.get.bytes = g->bytes != 0 ? g->bytes : UINT64_MAX;
    w->as.get.lease = (tick_ns)g->lease_ns;
    w->as.get.keep = g->keep != 0;
    wait_begin(
        &core->waits, w, s, g->request, tick_after(now, (tick_ns)g->wait_ns));
    for (uint32_t i = 0; i < g->queues.count; i++) {
        if (stands_in(w, i, queues[i])) continue;
        serve(s, queues[i]);
        wait_line_up(w, i, queues[i]);
        const struct queue *q = queues[i];
        if (q->now[TASK_READY] + q->offered > 0 || q->shut) {
            life_touch(core, queues[i]);
        }
    }
}

void
get_cancel(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    (void)now;
    core->spent += s->waits_count / PASSED_A_STEP;
    LIST_FOREACH (node, after, &s->waits) {
        struct wait *w = CONTAINER_OF(node, struct wait, of_session);
        if (w->kind == WAIT_GET && w->request == m->as.get_cancel.get) {
            match_give_up(core, w, STINT_ECANCELLED);
            return;
        }
    }
}
