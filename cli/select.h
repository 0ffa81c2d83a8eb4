/**
 * select.h - which job, which tasks are meant.                 [layer: cli]
 *
 * A job is its number or "last", the one that was opened last by our key; tasks
 * are "17", "17-20" or "all".
 */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include <stint_job.h>

#include "cli/setting.h"

/** --job, for commands that take ids of tasks. */
#define SELECT_JOB_OPTION                                                     \
    {                                                                         \
        "job", 0, OPT_TEXT, "JOB", NULL, "Of this job: its number, or 'last'" \
    }

/** Find the job that `word` means; NULL is "last".  Returns the exit status,
 * having said why there is none.  *out is freed with stint_job_free(). */
int select_job(struct stint *s, const char *word, struct stint_job **out);

/** Its number alone. */
int select_job_number(struct stint *s, const char *word, uint64_t *number);

/** The number that --job means; 0 when it is not given. */
int select_job_option(struct stint *s, const struct run *run, uint64_t *number);

/** Read "17" or "17-20"; returns the exit status, having said what is wrong. */
int select_tasks(const char *word, struct stint_selection *which);

/** Say why the master knows nothing of this task: it has ended and nothing is
 * kept, or it never was.  Returns EXIT_FAILED. */
int select_no_task(struct stint *s, const struct run *run, uint64_t task);

/** One row of a job, without its texts. */
int select_look(
    struct stint_job *job, const struct run *run, struct stint_job_row *row);

#endif
