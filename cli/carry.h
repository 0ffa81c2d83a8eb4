/**
 * carry.h - files that go with a job, and those that come back. [layer: cli]
 *
 * --put sends files before the first task; --get names what each task leaves.
 * What comes back is written below one directory and never outside of it: names
 * are those that the templates make of the task's values, whatever a worker
 * sends, and no symbolic link below the directory is followed.
 */
#ifndef CLI_CARRY_H
#define CLI_CARRY_H

#include <stint_job.h>

#include "cli/setting.h"

struct carry {
    const char *const *put; /* FILE or FILE=NAME; or NULL. */
    char **outputs;         /* Owned, tidied; or NULL. */
    char *to;               /* Owned; where they are written; NULL: nowhere. */
    int fd;                 /* The same; -1. */
    bool shows;             /* How far the sending is, on the terminal. */
};

/** Take --put, --get and (of run) --get-to; tell `job` what comes back.
 * Returns the exit status, having said what is wrong; carry_fini() in any case.
 */
int carry_take(
    const struct run *run, struct carry *c, struct stint_job_options *job);

/** Send what goes with the job.  Returns the exit status. */
int carry_send(const struct carry *c, struct stint_job *job);

/** Write what the task of `end` left.  Returns the exit status. */
int carry_fetch(
    const struct carry *c, struct stint_job *job, const struct stint_end *end);

/** Write below this directory, which is made.  Returns the exit status. */
int carry_open(struct carry *c, const char *directory);

/** Write one file there, by its own name, `before` it if that is not NULL.
 * Returns the exit status. */
int carry_write(const struct carry *c, struct stint_job *job,
    const struct stint_file_row *file, const char *before);

/** Fine on { .fd = -1 }. */
void carry_fini(struct carry *c);

#endif
