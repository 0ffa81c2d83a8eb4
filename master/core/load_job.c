#include "master/core/load_job.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/jobs.h"
#include "master/core/lane.h"
#include "master/core/spare.h"

/* What its ends take was `before`. */
static void
count(struct core *core, const struct job *job, size_t before)
{
    core->memory += job->ends.memory;
    core->memory -= before;
}

int
load_job_queue(struct core *core, uint64_t id, uint64_t number,
    const struct queue_policy *policy, struct queue **out, const char **why)
{
    *why = "the queue of a job has another number, or is there twice";
    if (number > JOB_NUMBER_MAX || id != (JOB_QUEUES | number)
        || jobs_find(core, number) != NULL) {
        return STINT_EDAMAGED;
    }
    struct job *job = job_new(number, slice_of(""));
    if (job == NULL) return STINT_ENOMEM;
    int rc = jobs_add(core, job, policy);
    if (rc == 0) *out = job->queue;
    return rc;
}

int
load_job_task(struct core *core, struct task *t, uint64_t seq, const char **why)
{
    struct job *job = t->queue->job;
    size_t before = job->ends.memory;

    *why = "a task has a place in its job that is another's";
    if (seq == 0 || seq > job->queue->accepted
        || ends_at(&job->ends, ENDS_BY_SEQ, seq).kind != ENDS_NONE) {
        return STINT_EDAMAGED;
    }
    if (!ends_reserve(&job->ends, seq)) return STINT_ENOMEM;
    t->seq = seq;
    ends_open(&job->ends, t);
    count(core, job, before);
    return 0;
}

/* ---- the job ------------------------------------------------------------- */

static bool
copy_bytes(struct slice *out, struct slice bytes)
{
    uint8_t *copy = NULL;

    if (bytes.length > 0) {
        copy = malloc(bytes.length);
        if (copy == NULL) return false;
        memcpy(copy, bytes.bytes, bytes.length);
    }
    *out = (struct slice){ copy, bytes.length };
    return true;
}

static bool
copy_text(char **out, struct slice text)
{
    if (text.length == 0) return true;
    *out = malloc(text.length + 1);
    if (*out == NULL) return false;
    memcpy(*out, text.bytes, text.length);
    (*out)[text.length] = '\0';
    return true;
}

static void
copy_name(char *out, struct slice text)
{
    if (text.length > 0) memcpy(out, text.bytes, text.length);
    out[text.length] = '\0';
}

static void
fill(struct job *job, const struct rec_kept_job *row)
{
    copy_name(job->name, row->name);
    copy_name(job->key, row->key);
    copy_name(job->handler, row->handler);
    memcpy(job->owner, row->owner.bytes, PROTO_KEY_BYTES);
    job->request = row->request;
    job->program = (uint8_t)row->program;
    job->timeout = (tick_ns)row->timeout_ns;
    job->running_max = (uint32_t)row->running_max;
    if (row->losses_plus_one != 0) {
        job->losses = (uint32_t)row->losses_plus_one - 1;
    }
    job->priority = (int32_t)row->priority;
    job->halt = (uint8_t)row->halt;
    job->halt_percent = (uint8_t)row->halt_percent;
    job->halt_count = row->halt_count;
    job->keep = (tick_ns)row->keep_ns;
    job->expires = row->expires;
    job->born = row->born;
    job->end = (uint8_t)row->end;
    job->ended = row->ended;
    job->queue->shut = job->end != JOB_OPEN;
    job->queue->emptied = job->end == JOB_HALTED || job->end == JOB_CANCELLED;
    job->sweeps = job->queue->emptied && job->ended == 0;
}

/* Open and closed ones go on; halted and cancelled ones may, too. */
static bool
is_sound(const struct rec_kept_job *row)
{
    switch ((enum job_end)row->end) {
    case JOB_OPEN:
    case JOB_CLOSED:
        return row->ended == 0;
    case JOB_ENDED:
    case JOB_FORGOTTEN:
        return row->ended != 0;
    case JOB_HALTED:
    case JOB_CANCELLED:
        break;
    }
    return true;
}

int
load_job_row(struct core *core, uint64_t number, const struct rec_kept_job *row,
    struct queue *parent, struct session *submitter, const char **why)
{
    struct job *job = jobs_find(core, number);

    *why = "a job has no queue, or that of another one";
    if (job == NULL || job->parent != NULL || parent == NULL
        || parent->job != NULL || row->queue != (JOB_QUEUES | number)) {
        return STINT_EDAMAGED;
    }
    *why = "a job has ended and goes on";
    if (!is_sound(row)) return STINT_EDAMAGED;
    if (!copy_bytes(&job->command, row->command)
        || !copy_text(&job->halted, row->halted)) {
        return STINT_ENOMEM;
    }
    int rc = needs_load(row->needs, &job->needs);
    *why = "what a job needs cannot be read";
    if (rc != 0) return rc;
    fill(job, row);
    job->parent = parent;
    if (!jobs_key_add(core, job) || !lane_join(core, job)) return STINT_ENOMEM;
    if (submitter != NULL) {
        job->submitter = submitter->slot;
        list_push(&submitter->jobs, &job->of_session);
    }
    core->memory -= job->memory;
    job->memory = jobs_memory(job);
    core->memory += job->memory;
    return 0;
}

/* ---- ends ---------------------------------------------------------------- */

/* One of a task that is still there is a dead letter's. */
static bool
fits(const struct job *job, uint64_t task, const struct rec_kept_end *row)
{
    struct ends_place at = ends_at(&job->ends, ENDS_BY_SEQ, row->seq);

    if (row->seq > job->queue->accepted || row->number > job->ends.given) {
        return false;
    }
    if (at.kind == ENDS_NONE) return true;
    return at.kind == ENDS_TASK && at.is.task->id == task
           && at.is.task->state == TASK_DEAD;
}

int
load_job_end(struct core *core, uint64_t task, const struct rec_kept_end *row,
    const char **why)
{
    struct job *job = jobs_find(core, row->job);
    size_t bytes = row->payload.length + row->output.length;
    size_t least =
        core->memory < core->config.memory_max / 2 ? ENDS_COLD : ENDS_COLD / 4;

    *why = "an end of no task of a job";
    if (job == NULL || job->parent == NULL || !fits(job, task, row)) {
        return STINT_EDAMAGED;
    }
    size_t before = job->ends.memory;
    const struct rec_end r = {
        .seq = row->seq,
        .task = task,
        .number = row->number,
        .code = row->code,
        .attempts = row->attempts,
        .unbegun = row->unbegun,
        .worker = row->worker,
        .reason = row->reason,
        .notes = row->notes,
        .payload = row->payload,
        .output = row->output,
        .size = row->size,
    };
    int rc = ends_restore(
        &job->ends, &r, core->config.fetch != NULL && bytes > least);
    count(core, job, before);
    if (core->tasks.last < task) core->tasks.last = task;
    return rc;
}

/* ---- all ----------------------------------------------------------------- */

static int
settle(struct core *core, struct job *job, const char **why)
{
    size_t before = job->ends.memory;
    uint64_t gone = 0;

    *why = "a job is missing of which there are tasks";
    if (job->parent == NULL) return STINT_EDAMAGED;
    *why = "the ends of a job are not those that were counted";
    /* Before there is room for as many as a damaged number says. */
    if (job->queue->accepted - job->ends.kept - queue_unfinished(job->queue)
        != job->ends.dropped) {
        return STINT_EDAMAGED;
    }
    bool done = ends_settle(&job->ends, job->queue->accepted, &gone);
    count(core, job, before);
    if (!done) return STINT_ENOMEM;
    if (gone != job->ends.dropped) return STINT_EDAMAGED;
    LIST_FOREACH (node, after, &job->queue->dead) {
        const struct task *t = CONTAINER_OF(node, struct task, at.in_list);
        if (ends_at(&job->ends, ENDS_BY_SEQ, t->seq).kind != ENDS_END) {
            return STINT_EDAMAGED;
        }
    }
    /* A number that is neither here nor dropped was of an end before a retry.
     */
    if (job->ends.kept + job->ends.dropped < job->ends.given) job->again = 1;
    *why = "a job has ended that has tasks";
    if (job->ended != 0 && !job_is_over(job)) return STINT_EDAMAGED;
    return 0;
}

/* What was going on goes on. */
static void
resume(struct core *core, struct job *job)
{
    if (job->ended != 0) heap_add(&core->jobs.forget, &job->forget);
    if (job->end == JOB_FORGOTTEN) {
        jobs_forget(core, job);
        return;
    }
    if (job->submitter == UINT32_MAX && job->end == JOB_OPEN) {
        job->orphan = job->queue->accepted == 0;
        jobs_close(core, job);
    }
    spare_look(core, job);
    jobs_touch(core, job);
}

/* What was counted on the way knew neither all rows nor all parents. */
static void
sum_up(struct core *core)
{
    for (uint32_t i = 0; i < core->queues_count; i++)
        core->queues[i]->of_jobs = core->queues[i]->gone;
    LIST_FOREACH (node, after, &core->jobs.order) {
        struct queue *q = CONTAINER_OF(node, struct job, order)->queue;
        queue_sum_add(job_sum(q), q);
    }
}

int
load_job_settle(struct core *core, const char **why)
{
    LIST_FOREACH (node, after, &core->jobs.order) {
        struct job *job = CONTAINER_OF(node, struct job, order);
        int rc = settle(core, job, why);
        if (rc != 0) return rc;
    }
    sum_up(core);
    LIST_FOREACH (node, after, &core->jobs.order) {
        resume(core, CONTAINER_OF(node, struct job, order));
    }
    return 0;
}
