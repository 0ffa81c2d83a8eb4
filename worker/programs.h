/**
 * programs.h - what the jobs run whose tasks come.            [layer: worker]
 *
 * Asked from the master once for each job, and kept for its later tasks; the
 * least recently used ones are forgotten when there are many.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include "client/stint_job.h"
#include "worker/command.h"

struct programs;

struct program {
    const struct stint_job_program *what;
    const struct command *command; /* Of STINT_PROGRAM_COMMAND, else NULL. */
};

/** Borrows both until freed.  NULL without memory. */
struct programs *programs_new(
    struct stint *s, const struct environment *environment);

/** Nothing of it may be in use.  NULL is fine. */
void programs_free(struct programs *all);

/**
 * What does the job run?
 *
 * Owns:    lends *out until programs_drop().
 * Returns: 0, or a sentence is said: STINT_ENOJOB, or as every call.
 * Time:    may ask the master, for ten seconds at most.
 * Thread:  any number; of several that want the same one asks.
 */
int programs_get(
    struct programs *all, uint64_t job, const struct program **out);

/** It is not used any more, by who got it. */
void programs_drop(struct programs *all, const struct program *program);

/** What is known may be of other jobs: forget it.  Does not wait; any thread.
 */
void programs_forget(struct programs *all);

#endif
