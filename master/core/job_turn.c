#include "master/core/job_turn.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/job_read.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/match.h"
#include "master/core/spare.h"

/* To look at an end costs less than to end a task. */
enum { LOOKS_A_STEP = 5 };

static void
give_up(struct core *core, struct list *line, int code)
{
    for (;;) {
        struct list *node = list_first(line);
        if (node == NULL) return;
        match_give_up(
            core, CONTAINER_OF(node, struct wait_link, node)->wait, code);
    }
}

/* What an end of the whole means for what is at one place. */
static void
sweep_one(struct core *core, tick_ns now, struct job *job, uint64_t seq)
{
    struct ends_place at = ends_at(&job->ends, ENDS_BY_SEQ, seq);

    if (at.kind == ENDS_TASK) {
        struct task *t = at.is.task;
        bool held = t->state == TASK_LEASED;
        bool too = job->end == JOB_CANCELLED || job->halt == 2;
        if (!held || too) life_cancel(core, now, t);
    } else if (at.kind == ENDS_END && job->end == JOB_FORGOTTEN) {
        struct task *t = task_table_find(&core->tasks, at.is.end->task);
        if (t != NULL) life_drop(core, now, t);
        jobs_drop(core, job, at.is.end);
    }
}

/* Returns whether that was all. */
static bool
sweep(struct core *core, tick_ns now, struct job *job, unsigned *steps)
{
    while (*steps > 0) {
        uint64_t seq = ends_skip(&job->ends, ENDS_BY_SEQ, job->swept);
        if (seq > job->queue->accepted) return true;
        *steps -= 1;
        job->swept = seq;
        sweep_one(core, now, job, seq);
    }
    return false;
}

static void
bury_one(struct core *core, struct job *job)
{
    struct queue *q = job->queue;

    if (journal_keeps(core, q)) {
        journal_drop(core, ROW_tally, q->index);
        journal_drop(core, ROW_queue, q->index);
        journal_drop(core, ROW_job, job->number);
    }
    queue_sum_add(&job->parent->gone, q);
    journal_tally(core, job->parent);
    files_forget(core, job);
    core->memory -= job->memory + job->ends.memory;
    job_free(job);
    queue_free(q);
}

/* Returns whether it is still there. */
static bool
maybe_ends(struct core *core, tick_ns now, struct job *job)
{
    if (job->ended != 0 || !job_is_over(job)) return true;
    job->ended = now > 0 ? now : 1;
    if (job->end == JOB_CLOSED) job->end = JOB_ENDED;
    heap_add(&core->jobs.forget, &job->forget);
    if (job->orphan && list_is_empty(&job->readers)) {
        jobs_forget(core, job);
        return false;
    }
    journal_job(core, job);
    spare_look(core, job);
    return true;
}

static void
forget_due(struct core *core, tick_ns now)
{
    for (;;) {
        struct heap_node *node = heap_peek(&core->jobs.forget);
        if (node == NULL) return;
        struct job *job = CONTAINER_OF(node, struct job, forget);
        if (tick_after(job->ended, job->keep) > now) return;
        jobs_forget(core, job);
    }
}

void
job_turn(struct core *core, tick_ns now)
{
    unsigned steps = core->config.steps_max;
    unsigned looks = LOOKS_A_STEP * steps;
    struct list due;

    forget_due(core, now);
    if (list_is_empty(&core->jobs.forgotten) && spare_is_due(core)) {
        jobs_forget(core, spare_first(core));
    }
    while (!list_is_empty(&core->jobs.forgotten) && steps > 0) {
        struct list *node = list_first(&core->jobs.forgotten);
        struct job *job = CONTAINER_OF(node, struct job, order);
        give_up(core, &job->readers, STINT_ENOJOB);
        if (sweep(core, now, job, &steps)) bury_one(core, job);
    }
    list_init(&due);
    list_splice(&due, &core->jobs.due);
    for (;;) {
        struct list *node = list_pop(&due);
        if (node == NULL) return;
        struct job *job = CONTAINER_OF(node, struct job, due);
        if (job->sweeps) {
            /* What waits for room is not waited for any more. */
            give_up(core, &job->queue->putters, STINT_ECANCELLED);
            job->sweeps = !sweep(core, now, job, &steps);
        }
        if (!maybe_ends(core, now, job)) continue;
        list_remove(&job->due);
        enum job_read_left left = job_read_all(core, job, &looks);
        if (job->sweeps || left == JOB_READ_MORE) {
            list_push(&core->jobs.due, &job->due);
        } else if (left == JOB_READ_LATER) {
            list_push(&core->jobs.later, &job->due);
        }
    }
}
