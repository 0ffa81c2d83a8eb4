#include "master/core/end_tasks.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/queues.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

enum { CANCEL, RETRY, DROP }; /* end_tasks.verb */

/* Ids that are no task's any more are passed over, at a cost. */
enum { IDS_A_STEP = 64 };

bool
end_tasks_may(
    const struct core *core, const struct session *s, const struct task *t)
{
    if ((s->key->role & ROLE_ADMIN) != 0) return true;
    if (t->queue->job != NULL) return jobs_may(s, t->queue->job);
    return t->ref != 0 && core->slots[t->submitter]->key == s->key;
}

/* ---- one task ------------------------------------------------------------ */

static bool
is_meant(const struct wait_sweep *w, const struct task *t)
{
    const struct job *job = t->queue->job;

    if (w->queue != NULL && t->queue != w->queue
        && (job == NULL || job->parent != w->queue)) {
        return false;
    }
    if (job != NULL && (job->end == JOB_FORGOTTEN || job->sweeps)) return false;
    if (w->verb != CANCEL) return t->state == TASK_DEAD;
    return t->state != TASK_DEAD
           && (w->state == 0 || w->state == t->state + 1U);
}

static void
do_one(struct core *core, tick_ns now, const struct session *s,
    struct wait_sweep *w, struct task *t)
{
    if (!is_meant(w, t)) return;
    if (!end_tasks_may(core, s, t)) {
        w->refused = true;
        return;
    }
    if (w->verb == CANCEL) {
        life_cancel(core, now, t);
    } else if (w->verb == DROP) {
        life_drop(core, now, t);
    } else if (t->queue->shut && t->queue->job == NULL) {
        return; /* It would never be handed out. */
    } else if (!life_revive(core, now, t)) {
        return;
    }
    w->count += 1;
}

/* ---- all of them --------------------------------------------------------- */

/* The next task that may be meant; NULL: that was the last. */
static struct task *
next_of_job(struct core *core, const struct job *job, struct wait_sweep *w,
    unsigned *steps)
{
    while (*steps > 0) {
        uint64_t seq = ends_skip(&job->ends, ENDS_BY_SEQ, w->seq);
        if (seq > job->queue->accepted) return NULL;
        *steps -= 1;
        w->seq = seq;
        struct ends_place at = ends_at(&job->ends, ENDS_BY_SEQ, seq);
        struct task *t = at.kind == ENDS_TASK
                             ? at.is.task
                             : task_table_find(&core->tasks, at.is.end->task);
        if (t != NULL && t->id >= w->first && t->id <= w->last) return t;
    }
    return NULL;
}

static struct task *
next_by_id(const struct core *core, struct wait_sweep *w, unsigned *steps)
{
    struct task *t = task_table_next(&core->tasks, w->first - 1);

    if (t == NULL || t->id > w->last) return NULL;
    uint64_t cost = 1 + (t->id - w->first) / IDS_A_STEP;
    *steps -= cost < *steps ? (unsigned)cost : *steps;
    w->first = t->id + 1;
    return t;
}

/* Returns whether that was all. */
static bool
go_on(struct core *core, tick_ns now, const struct session *s,
    struct wait_sweep *w, unsigned *steps)
{
    const struct job *job = w->job != 0 ? jobs_find(core, w->job) : NULL;

    if (w->job != 0 && job == NULL) return true;
    while (*steps > 0) {
        struct task *t = job != NULL ? next_of_job(core, job, w, steps)
                                     : next_by_id(core, w, steps);
        if (t == NULL) return *steps > 0;
        do_one(core, now, s, w, t);
    }
    return false;
}

static void
tell(struct core *core, struct session *s, uint64_t request,
    const struct wait_sweep *w)
{
    if (w->count == 0 && w->refused) {
        reply_error(core, s, request, STINT_EROLE,
            "these tasks were submitted with another key: use that one, or an "
            "admin key");
    } else {
        reply_ok(core, s, request, w->count);
    }
}

void
end_tasks_tick(struct core *core, tick_ns now)
{
    unsigned steps = core->config.steps_max;

    for (;;) {
        struct list *node = list_first(&core->sweeps);
        if (node == NULL || steps == 0) return;
        struct wait *w = CONTAINER_OF(node, struct wait_link, node)->wait;
        if (!go_on(core, now, w->session, &w->as.sweep, &steps)) return;
        tell(core, w->session, w->request, &w->as.sweep);
        wait_end(&core->waits, w);
    }
}

tick_ns
end_tasks_next_deadline(const struct core *core)
{
    return list_is_empty(&core->sweeps) ? TICK_NEVER : core->born;
}

/* ---- the verb ------------------------------------------------------------ */

static bool
is_whole_job(const struct msg_end_tasks *e)
{
    return e->verb == CANCEL && e->job != 0 && e->queue.length == 0
           && e->first == 0 && e->last == 0 && e->state == 0;
}

static void
park(struct core *core, struct session *s, uint64_t request,
    const struct wait_sweep *sweep)
{
    int code = wait_check(&core->waits, s, 1);
    struct wait *w = code == 0 ? wait_new(WAIT_SWEEP, 1) : NULL;

    if (w == NULL) {
        reply_error(core, s, request, code != 0 ? code : STINT_ENOMEM,
            "not all of them: say it again");
        return;
    }
    w->as.sweep = *sweep;
    wait_begin(&core->waits, w, s, request, TICK_NEVER);
    w->links[0].wait = w;
    list_push(&core->sweeps, &w->links[0].node);
}

void
end_tasks(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_end_tasks *e = &m->as.end_tasks;
    unsigned steps = core->config.steps_max;
    struct job *job = NULL;
    struct wait_sweep w = {
        .verb = (uint8_t)e->verb,
        .state = (uint8_t)e->state,
        .job = e->job,
        .first = e->first != 0 ? e->first : 1,
        .last = e->last != 0 ? e->last : core->tasks.last,
    };

    if (e->job != 0) {
        job = jobs_of_request(core, s, e->job, e->request);
        if (job == NULL) return;
    }
    if (e->queue.length > 0) {
        w.queue = queues_find(core, e->queue);
        if (w.queue == NULL) {
            reply_error(core, s, e->request, STINT_ENOQUEUE, NULL);
            return;
        }
    }
    if (job != NULL && is_whole_job(e)) {
        uint64_t count = queue_unfinished(job->queue);
        jobs_cancel(core, job);
        reply_ok(core, s, e->request, count);
    } else if (list_is_empty(&core->sweeps)
               && go_on(core, now, s, &w, &steps)) {
        tell(core, s, e->request, &w);
    } else {
        park(core, s, e->request, &w);
    }
}
