/**
 * runner.h - a job from its first task to its last result.     [layer: cli]
 *
 * One thread feeds the job (feeder.h), this one reads how its tasks end and
 * prints them, in the order of the input or of their ends.
 */
#ifndef CLI_RUNNER_H
#define CLI_RUNNER_H

#include <stdbool.h>

#include <stint_job.h>

#include "cli/carry.h"
#include "cli/input.h"
#include "cli/joblog.h"
#include "cli/line.h"
#include "cli/print.h"
#include "cli/results.h"
#include "cli/setting.h"

struct runner_options {
    const struct run *run;
    struct stint *s;
    struct stint_job *job;
    bool is_private; /* The master ends with us. */
    enum stint_program program;
    struct input *input;
    int wake_fd;               /* An eventfd, the input's. */
    struct joblog *joblog;     /* Or NULL. */
    struct results *results;   /* Or NULL. */
    const struct carry *carry; /* What tasks leave. */
    bool keeps;                /* What is printed is kept: it has a key. */
    bool resumes;              /* Leave out what they have. */
    struct line *line;         /* For the joblog. */
};

/**
 * Feed, read and print until the job has ended, or somebody presses ^C, or
 * stdout cannot be written.  stop_begin() has been called, SIGPIPE is ignored.
 * Returns the exit status, having said all there is to say.
 */
int runner_run(const struct runner_options *options);

#endif
