#include "master/core/job.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "master/core/files.h"

struct job *
job_new(uint64_t number, struct slice command)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) return NULL;

    uint8_t *copy = NULL;
    if (command.length > 0) {
        copy = malloc(command.length);
        if (copy == NULL) {
            free(job);
            return NULL;
        }
        memcpy(copy, command.bytes, command.length);
    }
    job->number = number;
    job->command = (struct slice){ copy, command.length };
    job->submitter = UINT32_MAX;
    job->expires = TICK_NEVER;
    job->again = UINT64_MAX;
    job->losses = TASK_LOST_FREE;
    ends_init(&job->ends);
    list_init(&job->of_session);
    list_init(&job->of_lane);
    list_init(&job->of_offers);
    list_init(&job->readers);
    list_init(&job->due);
    list_init(&job->order);
    list_init(&job->spare);
    return job;
}

void
job_free(struct job *job)
{
    if (job == NULL) return;
    CHECK(list_is_empty(&job->readers));
    list_remove(&job->of_session);
    list_remove(&job->due);
    list_remove(&job->order);
    list_remove(&job->spare);
    files_free(job);
    ends_fini(&job->ends);
    needs_fini(&job->needs);
    free((void *)(uintptr_t)job->command.bytes);
    free(job->halted);
    free(job);
}

bool
job_is_over(const struct job *job)
{
    return job->end != JOB_OPEN && !job->sweeps
           && queue_unfinished(job->queue) == 0;
}
