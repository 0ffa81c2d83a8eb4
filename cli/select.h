/**
 * select.h - which job, which tasks are meant.                 [layer: cli]
 *
 * A job is its number; "last", the one that was opened last by our key; its
 * key; or its name, of several the newest.  Tasks are "17", "17-20", or all of
 * a job, which is meant by every word that is no id.
 */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include <stint_job.h>

#include "cli/setting.h"

#define SELECT_JOB_HELP "its number, name or key, or 'last'"

/** --job, for commands that take ids of tasks, or one job as a word. */
#define SELECT_JOB_OPTION                                                \
    {                                                                    \
        "job", 0, OPT_TEXT, "JOB", NULL, "Of this job: " SELECT_JOB_HELP \
    }

/** Find the job that `word` means; NULL is "last".  Returns the exit status,
 * having said why there is none.  *out is freed with stint_job_free(). */
int select_job(struct stint *s, const char *word, struct stint_job **out);

/** Its number alone. */
int select_job_number(struct stint *s, const char *word, uint64_t *number);

/** The number that --job means; 0 when it is not given. */
int select_job_option(struct stint *s, const struct run *run, uint64_t *number);

struct select_words {
    char *const *words; /* Lent by the settings. */
    size_t count;
};

/** The words of a command that takes them or --job, which counts as one; maybe
 * none.  EXIT_USAGE, having said so, when both are given. */
int select_job_words(const struct run *run, struct select_words *out);

/** The first of them; NULL: none. */
int select_job_word(const struct run *run, const char **word);

/** Says that there is no such queue.  Returns EXIT_FAILED. */
int select_no_queue(const char *name);

/** Whether the queue of --queue, if one is given, is there: one without tasks
 * is fine, another one a slip.  Returns the exit status, having said so. */
int select_queue_option(struct stint *s, const struct run *run);

/** What one word means where tasks are wanted: ids (first and last are set), or
 * a whole job (job is).  Returns the exit status, having said what is wrong. */
int select_tasks(
    struct stint *s, const char *word, struct stint_selection *which);

/** Ids of tasks, few enough to ask for each. */
struct select_ids {
    uint64_t *ids; /* In ascending order. */
    size_t count;
};

/**
 * The ids that `which` means: a range as it is, or all that are kept of a job.
 *
 * Owns:    gives out->ids, free(), also on error.
 * Returns: the exit status, having said that they are too many, or that the job
 *          has none.
 */
int select_ids(struct stint *s, const struct stint_selection *which,
    struct select_ids *out);

/** Say why the master knows nothing of this task: it has ended and nothing is
 * kept, or it never was.  Returns EXIT_FAILED. */
int select_no_task(struct stint *s, const struct run *run, uint64_t task);

/** One row of a job, without its texts. */
int select_look(
    struct stint_job *job, const struct run *run, struct stint_job_row *row);

/** Why there may be nothing of a task that ended well. */
#define SELECT_NOT_KEPT                                                  \
    "`stint run` keeps only what failed of what it has printed, `stint " \
    "submit` all until the job is forgotten"

#endif
