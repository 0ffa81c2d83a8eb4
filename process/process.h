/**
 * process.h - the handle of a process.                       [layer: process]
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "client/stint_process.h"
#include "process/family.h"
#include "process/remote.h"

struct stint_process {
    pthread_mutex_t lock;
    struct member *member; /* Owned, until the reaper takes it. */
    pid_t pid, parent;
    char *name;
    bool is_daemon;
    tick_ns grace, began;
    bool has_ended;       /* And is reaped; the pidfd is still open. */
    struct ending ending; /* Then. */
    tick_ns wall;
    struct remote *remote; /* Or NULL, and then most of this is nothing. */
};

/** Free the memory, and the descriptor of one that has ended. */
void process_destroy(struct stint_process *p);

#endif
