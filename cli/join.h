/**
 * join.h - whether a job of the same key has the same values.  [layer: cli]
 */
#ifndef CLI_JOIN_H
#define CLI_JOIN_H

#include <stint_job.h>

#include "cli/input.h"

/**
 * Compare the input with the tasks of a job, as far as both are known without
 * waiting: how many there are, and the first few thousand of them.  An input
 * that is read from a file or a pipe is taken for the same, and not read; one
 * that is compared is used up.  The job is read from its beginning afterwards.
 *
 * Returns: EXIT_FINE, or EXIT_FAILED, having said what differs.
 */
int join_check(struct stint *s, struct stint_job *job,
    const struct stint_job_row *row, struct input *input);

#endif
