/**
 * jobs.h - what a submitter of jobs does, and may rely upon.     [tests/sim]
 */
#ifndef SIM_JOBS_H
#define SIM_JOBS_H

#include "tests/sim/ask.h"

/** Open, close, read, cancel, try again, change or forget, as the seed will
 * have it. */
void jobs_act(struct client *c);

/** A job that takes tasks: its number (0: none) and the queue of its workers.
 */
uint64_t jobs_any_open(struct client *c, uint32_t *queue);

/** An answer to one of its requests. */
void jobs_answered(struct ask *ask, const struct msg *m);

/** All is well again: close what is open, and read all of it to its end. */
void jobs_heal(struct client *c);

/** Whether all of its jobs are over and read. */
bool jobs_are_read(const struct client *c);

/** Each task of its jobs has ended, and was shown once (I3, I7). */
void jobs_check(const struct client *c);

#endif
