/**
 * summary.h - how a job ended, in one line on stderr.           [layer: cli]
 *
 *     job 1 done: 997 ok, 3 failed in 4.9s  ->  stint failures --job 1  …
 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <stint_job.h>

/** Say it, and what can be done about what failed.  Returns EXIT_FINE, or
 * EXIT_FAILED when not every task ended well. */
int summary_say(uint64_t job, const struct stint_job_row *row);

/** Say that it is not there any more, and why that may be; `more` follows.
 * Returns EXIT_FAILED. */
int summary_lost(uint64_t job, const char *more);

#endif
