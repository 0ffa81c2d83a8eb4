/**
 * workspace.h - the folder that holds a worker's folders.     [layer: worker]
 *
 * Folders of tasks and the inputs of jobs lie in one folder of the worker's
 * own, below $TMPDIR (else /tmp), made when it is first needed, mode 0700, and
 * removed with the worker.  The worker holds a lock on it (flock); what a dead
 * worker of the same user and host has left, which nobody holds, is removed by
 * the next one that makes its own.
 */
#ifndef WORKSPACE_H
#define WORKSPACE_H

#include <pthread.h>

#include "worker/agent/reason.h"
#include "worker/folder.h"

struct workspace {
    pthread_mutex_t lock;
    struct folder folder;
};

/** Nothing is made yet. */
void workspace_init(struct workspace *w);

/** Remove it, with all that is left in it. */
void workspace_fini(struct workspace *w);

/** Its path, for as long as it is there; NULL, and `why` says why not.  Any
 * thread. */
const char *workspace_path(struct workspace *w, struct reason *why);

#endif
