/**
 * inputs.h - the inputs of jobs, fetched once by this worker. [layer: worker]
 *
 * They lie in the worker's workspace for as long as a task of the job runs here
 * and some minutes more.  Slots that need the same input at the same time fetch
 * it once.  A task gets copies of its own (which cost nothing where the file
 * system shares blocks): a hard link would let it change what the next one
 * finds.
 */
#ifndef INPUTS_H
#define INPUTS_H

#include <pthread.h>

#include "client/stint_job.h"
#include "worker/run.h"
#include "worker/workspace.h"

struct input_job;

struct inputs {
    struct stint *s;
    struct workspace *space;
    void (*log)(void *arg, int level, const char *line); /* Or NULL. */
    void *log_arg;
    pthread_mutex_t lock;
    pthread_cond_t fetched; /* Some fetch has ended, well or not. */
    struct input_job *jobs; /* uthash */
    uint64_t last;          /* Number of the file that was fetched last. */
};

void inputs_init(struct inputs *in, struct stint *s, struct workspace *space);

/** Nobody uses any of them. */
void inputs_fini(struct inputs *in);

/**
 * Put copies of `count` inputs of a job into the folder of a task.
 *
 * Returns RUN_DONE: inputs_leave() when the task has ended; or `why` says why
 * not: RUN_NOT_NOW (the master is away), RUN_FAILED (the disk), RUN_REFUSED (an
 * input is damaged, or there is none).
 */
enum run_end inputs_bring(struct inputs *in, uint64_t job,
    const struct stint_file_row *files, size_t count, const struct folder *to,
    int cancel_fd, struct reason *why);

/** A task of the job needs them no more. */
void inputs_leave(struct inputs *in, uint64_t job);

/** Remove those of jobs that were not used for a while.  Returns when to look
 * again; TICK_NEVER: there are none. */
tick_ns inputs_tick(struct inputs *in, tick_ns now);

#endif
