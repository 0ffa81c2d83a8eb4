#include "master/core/job_check.h"

#include "common/base.h"
#include "common/check.h"
#include "master/core/jobs.h"
#include "master/core/spare.h"

struct seen {
    uint64_t now[TASK_STATES];
    uint64_t ends, gone;
};

/* By place: the task itself while it is open, its end afterwards; the task of
 * an end is there if it is dead. */
static void
see_place(const struct core *core, const struct job *job, uint64_t seq,
    struct seen *seen)
{
    struct ends_place at = ends_at(&job->ends, ENDS_BY_SEQ, seq);

    if (at.kind == ENDS_TASK) {
        const struct task *t = at.is.task;
        CHECK(t->seq == seq && t->queue == job->queue);
        CHECK(t->state <= TASK_LEASED);
        CHECK(task_table_find(&core->tasks, t->id) == t);
        seen->now[t->state] += 1;
    } else if (at.kind == ENDS_END) {
        const struct end *e = at.is.end;
        const struct task *t = task_table_find(&core->tasks, e->task);
        CHECK(e->seq == seq && e->number >= 1);
        CHECK(e->number <= job->ends.given);
        CHECK(ends_at(&job->ends, ENDS_BY_NUMBER, e->number).is.end == e);
        if (t != NULL) {
            CHECK(t->state == TASK_DEAD && t->seq == seq);
            seen->now[TASK_DEAD] += 1;
        }
        seen->ends += 1;
    } else {
        CHECK(at.kind == ENDS_GONE);
        seen->gone += 1;
    }
}

/* Each number is an end's, or gone. */
static void
check_numbers(const struct job *job)
{
    uint64_t ends = 0;

    for (uint64_t number = 1; number <= job->ends.given; number++) {
        struct ends_place at = ends_at(&job->ends, ENDS_BY_NUMBER, number);
        CHECK(at.kind == ENDS_END || at.kind == ENDS_GONE);
        if (at.kind == ENDS_END) ends += 1;
    }
    CHECK(ends == job->ends.kept);
}

static void
check_state(const struct core *core, const struct job *job)
{
    CHECK(job->ended == 0 || job_is_over(job));
    CHECK(job->ended == 0 || list_is_empty(&job->queue->putters));
    CHECK((job->end != JOB_OPEN) == job->queue->shut);
    CHECK(list_is_empty(&job->spare)
          == (job->ended == 0 || job->end == JOB_FORGOTTEN
              || !spare_is(core, job)));
    CHECK(job->queue->emptied
          == (job->end == JOB_HALTED || job->end == JOB_CANCELLED
              || (job->end == JOB_FORGOTTEN && job->queue->emptied)));
    LIST_FOREACH (node, after, &job->readers) {
        const struct wait_link *link =
            CONTAINER_OF(node, struct wait_link, node);
        CHECK(link->wait->kind == WAIT_ENDS && link->queue == job->queue);
    }
}

static size_t
check_job(const struct core *core, const struct job *job)
{
    const struct queue *q = job->queue;
    struct seen seen = { .ends = 0 };
    uint64_t sum = 0;

    CHECK(q->job == job);
    for (uint64_t seq = 1; seq <= q->accepted; seq++)
        see_place(core, job, seq, &seen);
    CHECK(seen.ends == job->ends.kept && seen.gone == job->ends.dropped);
    check_numbers(job);
    for (int state = 0; state < TASK_STATES; state++) {
        sum += q->now[state];
        if (state > TASK_DEAD || state == TASK_DONE) continue;
        CHECK(q->now[state] == seen.now[state]);
    }
    CHECK(sum == q->accepted); /* I2 */
    check_state(core, job);
    return job->memory + job->ends.memory + files_memory(job);
}

/* I6: a request opens one job. */
static void
check_opened(const struct session *s)
{
    LIST_FOREACH (node, after, &s->jobs) {
        const struct job *job = CONTAINER_OF(node, struct job, of_session);
        CHECK(job->submitter == s->slot && job->end != JOB_FORGOTTEN);
        LIST_FOREACH (other, behind, &s->jobs) {
            CHECK(other == node
                  || CONTAINER_OF(other, struct job, of_session)->request
                         != job->request);
        }
    }
}

size_t
job_check(const struct core *core)
{
    const struct jobs *jobs = &core->jobs;
    size_t memory = 0;

    for (const struct session *s = core->by_id; s != NULL; s = s->by_id.next)
        check_opened(s);
    LIST_FOREACH (node, after, &jobs->order) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        CHECK(jobs_find(core, job->number) == job);
        CHECK(job->end != JOB_FORGOTTEN && job->number <= jobs->last);
        memory += check_job(core, job);
    }
    LIST_FOREACH (node, after, &jobs->forgotten) {
        memory += check_job(core, CONTAINER_OF(node, struct job, order));
    }
    return memory;
}
