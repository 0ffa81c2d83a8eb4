#include "master/core/end_tasks.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/again.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/owner.h"
#include "master/core/queues.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

enum { CANCEL, RETRY, DROP }; /* end_tasks.verb */

/* Ids that are no task's any more are passed over, at a cost. */
enum { IDS_A_STEP = 64 };

/* ---- one task ------------------------------------------------------------ */

/* What one step of a sweep comes to. */
struct met {
    struct task *task;     /* NULL: it has ended, */
    const struct end *end; /* so, and can be made anew. */
};

static bool
is_of_queue(const struct wait_sweep *w, const struct queue *q)
{
    if (!w->has_queue) return true;
    return (q->job != NULL ? q->job->parent : q)->index == w->queue;
}

static bool
is_meant(const struct wait_sweep *w, const struct task *t)
{
    const struct job *job = t->queue->job;

    if (!is_of_queue(w, t->queue)) return false;
    if (job != NULL && (job->end == JOB_FORGOTTEN || job->sweeps)) return false;
    if (w->verb != CANCEL) return t->state == TASK_DEAD;
    return t->state != TASK_DEAD
           && (w->state == 0 || w->state == t->state + 1U);
}

static void
do_task(struct core *core, tick_ns now, const struct session *s,
    struct wait_sweep *w, struct task *t)
{
    if (!is_meant(w, t)) return;
    if (!owner_may(core, s, t)) {
        w->refused = true;
        return;
    }
    if (w->verb == CANCEL) {
        life_cancel(core, now, t);
    } else if (w->verb == DROP) {
        life_drop(core, now, t);
    } else if (t->queue->shut && t->queue->job == NULL) {
        return; /* It would never be handed out. */
    } else {
        w->code = again_dead(core, now, t);
    }
    if (w->code == 0) w->count += 1;
}

static void
do_end(struct core *core, tick_ns now, struct job *job, struct wait_sweep *w,
    const struct end *e)
{
    if (!journal_has_end(core, e)) {
        w->batch = e->batch;
        w->seq = e->seq - 1; /* Once more, then. */
        return;
    }
    w->code = again_ended(core, now, job, e);
    if (w->code == 0) w->count += 1;
}

/* ---- all of them --------------------------------------------------------- */

static bool
has_id(const struct wait_sweep *w, uint64_t id)
{
    return id >= w->first && id <= w->last;
}

/* The next one that may be meant.  False: that was the last, or the steps are
 * used up. */
static bool
next_of_job(const struct core *core, const struct job *job,
    struct wait_sweep *w, unsigned *steps, struct met *met)
{
    while (*steps > 0) {
        uint64_t seq = ends_skip(&job->ends, ENDS_BY_SEQ, w->seq);
        if (seq > job->queue->accepted) return false;
        *steps -= 1;
        w->seq = seq;
        struct ends_place at = ends_at(&job->ends, ENDS_BY_SEQ, seq);
        const struct end *e = at.kind == ENDS_END ? at.is.end : NULL;
        met->task =
            e == NULL ? at.is.task : task_table_find(&core->tasks, e->task);
        met->end = w->cancelled && e != NULL && met->task == NULL
                           && again_is_possible(e)
                       ? e
                       : NULL;
        if (met->task != NULL && has_id(w, met->task->id)) return true;
        if (met->end != NULL && has_id(w, e->task)) return true;
    }
    return false;
}

static bool
next_by_id(const struct core *core, struct wait_sweep *w, unsigned *steps,
    struct met *met)
{
    struct task *t = task_table_next(&core->tasks, w->first - 1);

    if (t == NULL || t->id > w->last) return false;
    uint64_t cost = 1 + (t->id - w->first) / IDS_A_STEP;
    *steps -= cost < *steps ? (unsigned)cost : *steps;
    w->first = t->id + 1;
    *met = (struct met){ .task = t };
    return true;
}

static bool
may_go_on(const struct core *core, const struct wait_sweep *w)
{
    return w->batch <= core->journal.committed;
}

/* Returns whether that was all. */
static bool
go_on(struct core *core, tick_ns now, const struct session *s,
    struct wait_sweep *w, unsigned *steps)
{
    struct job *job = w->job != 0 ? jobs_find(core, w->job) : NULL;
    struct met met;

    if (w->job != 0 && job == NULL) return true;
    if (w->code != 0) return true;
    /* What is being ended can be tried again when it has ended; and what is
     * halted anew after some were tried again stays so. */
    if (w->verb == RETRY && job != NULL && job->sweeps) return w->count > 0;
    while (*steps > 0 && w->code == 0 && may_go_on(core, w)) {
        bool found = job != NULL ? next_of_job(core, job, w, steps, &met)
                                 : next_by_id(core, w, steps, &met);
        if (!found) return *steps > 0;
        if (met.task != NULL) {
            do_task(core, now, s, w, met.task);
        } else {
            do_end(core, now, job, w, met.end);
        }
    }
    return w->code != 0;
}

static void
tell(struct core *core, struct session *s, uint64_t request,
    const struct wait_sweep *w)
{
    if (w->count == 0 && w->code != 0) {
        reply_error(core, s, request, w->code, NULL);
    } else if (w->count == 0 && w->refused) {
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
    const struct list *node = list_first(&core->sweeps);

    if (node == NULL) return TICK_NEVER;
    const struct wait *w =
        CONTAINER_OF_CONST(node, struct wait_link, node)->wait;
    return may_go_on(core, &w->as.sweep) ? core->born : TICK_NEVER;
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
        .cancelled = e->cancelled != 0,
    };

    if (w.cancelled && (e->verb != RETRY || e->job == 0)) {
        reply_error(core, s, e->request, STINT_EINVAL,
            "what was cancelled can be tried again, and by its job: say which");
        return;
    }
    if (e->job != 0) {
        job = jobs_of_request(core, s, e->job, e->request);
        if (job == NULL) return;
    }
    if (e->queue.length > 0) {
        const struct queue *q = queues_find(core, e->queue);
        if (q == NULL) {
            reply_error(core, s, e->request, STINT_ENOQUEUE, NULL);
            return;
        }
        w.has_queue = true;
        w.queue = q->index;
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
