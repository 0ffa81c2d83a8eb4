/**
 * load_job.h - jobs from the rows of a store.                   [layer: core]
 *
 * The queue of a job comes first, then its tally and tasks, then the job
 * itself, then its ends: until then it is a number with a queue.
 */
#ifndef LOAD_JOB_H
#define LOAD_JOB_H

#include "master/core/inside.h"

/* Each returns 0, STINT_EDAMAGED (*why says what does not fit) or STINT_ENOMEM.
 */

/** The queue with this id is a job's. */
int load_job_queue(struct core *core, uint64_t id, uint64_t number,
    const struct queue_policy *policy, struct queue **out, const char **why);

/** The task is at its place. */
int load_job_task(
    struct core *core, struct task *t, uint64_t seq, const char **why);

/** The job; `submitter` is NULL when its session is not kept any more. */
int load_job_row(struct core *core, uint64_t number,
    const struct rec_kept_job *row, struct queue *parent,
    struct session *submitter, const char **why);

int load_job_end(struct core *core, uint64_t task,
    const struct rec_kept_end *row, const char **why);

/** All rows are there, and the tasks in their queues. */
int load_job_settle(struct core *core, const char **why);

#endif
