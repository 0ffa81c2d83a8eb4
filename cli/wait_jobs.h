/**
 * wait_jobs.h - until jobs have ended, for `stint wait JOB`.    [layer: cli]
 */
#ifndef CLI_WAIT_JOBS_H
#define CLI_WAIT_JOBS_H

#include "cli/setting.h"

/** Wait for the jobs that the words name.  Returns the exit status: 1 when a
 * task of them failed, 75 when they had not ended in time. */
int wait_jobs(const struct run *run);

#endif
