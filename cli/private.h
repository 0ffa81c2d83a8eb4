/**
 * private.h - a master and workers for one run, in this process.  [layer: cli]
 *
 * So that `seq 100 | stint run echo {}` is the first thing that works on a new
 * machine: where nobody named a master and there is no access file, one is
 * started that keeps everything in memory and ends with the program.
 */
#ifndef CLI_PRIVATE_H
#define CLI_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>

#include <stint_job.h>

#include "cli/setting.h"

struct private
{
    struct stint_master *master; /* NULL: the master is somebody else's. */
    struct stint *s;             /* The worker's connection. */
    struct stint_worker *worker;
    pthread_t thread;
    unsigned slots;
};

/**
 * Connect to the master of the settings, or of this host's access file; where
 * neither is there, or the master is "none", start a private one for this job,
 * with as many slots as it may run side by side (0: as many as cores).  Its
 * worker runs commands; a job that needs more than it has is refused.
 *
 * Returns: the exit status, having said why; *p needs private_stop() then, too.
 */
int private_connect(const struct run *run, const struct stint_job_options *job,
    struct private *p, struct stint **out);

/** End what runs, then the worker and the master.  All other connections to it
 * are closed.  Fine where none was started. */
void private_stop(struct private *p);

#endif
