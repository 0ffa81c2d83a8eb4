/**
 * folder.h - a folder of a task's own.                        [layer: worker]
 *
 * Made in the worker's (workspace.h) before the task begins and removed with
 * all that is in it when it has ended, whatever the task did to it.
 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stdint.h>

#include "worker/agent/reason.h"

#define FOLDER_PATH 4096u

struct folder {
    char path[FOLDER_PATH];
    int fd; /* -1: there is none. */
};

/** None yet. */
void folder_init(struct folder *f);

/** Make one in `parent`, for this task.  False: there is none, and `why` says
 * why not. */
bool folder_make(
    struct folder *f, const char *parent, uint64_t task, struct reason *why);

/**
 * Remove it, if there is one.  Nothing may run in it any more; what still
 * writes there leaves something behind.  Symbolic links in it are removed, not
 * followed.  Returns 0 or the errno of what could not be removed.
 */
int folder_remove(struct folder *f);

#endif
