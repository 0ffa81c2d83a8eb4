/**
 * environment.h - what a command sees around it.              [layer: worker]
 *
 * Our own environment as it was when the worker was made, variables of the job
 * over it, and for each task
 *
 *     STINT_TASK_ID  STINT_ATTEMPT  STINT_FENCE  STINT_QUEUE
 *     STINT_JOB  STINT_SEQ  PARALLEL_SEQ     of a job's task
 *     STINT_PROGRESS_FD                      where it can tell how far it is
 *
 * which nobody else sets.
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "worker/run.h"

struct environment;

/** Copy ours.  NULL without memory. */
struct environment *environment_new(void);

/** The same with `more` ("NAME=VALUE", NULL-terminated; or NULL) over it, which
 * is copied; `base` is borrowed until this one is freed.  NULL without memory.
 */
struct environment *environment_with(
    const struct environment *base, const char *const *more);

/** NULL is fine. */
void environment_free(struct environment *e);

/** The value of PATH if it is not ours any more, else NULL. */
const char *environment_path(const struct environment *e);

/** For one task: gives it, one allocation, free with free(); it borrows from
 * `e`.  NULL without memory. */
char **environment_for(
    const struct environment *e, const struct run_task *task);

#endif
