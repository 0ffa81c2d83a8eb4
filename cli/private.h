/**
 * private.h - a master and workers for one run, in this process.  [layer: cli]
 *
 * So that `seq 100 | stint run echo {}` is the first thing that works on a new
 * machine: where nobody named a master and none is reached at once, one is
 * started that keeps everything in memory and ends with the program.
 */
#ifndef CLI_PRIVATE_H
#define CLI_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>

#include <stint.h>

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
 * Connect to the master of the settings, or of this host's access file; start a
 * private one, with `slots` (0: as many as cores), if there is none and nobody
 * named one.  Its workers run commands.
 *
 * Returns: the exit status, having said why; *p needs private_stop() then, too.
 */
int private_connect(const struct run *run, unsigned slots, struct private *p,
    struct stint **out);

/** End what runs, then the worker and the master.  All other connections to it
 * are closed.  Fine where none was started. */
void private_stop(struct private *p);

#endif
