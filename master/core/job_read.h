/**
 * job_read.h - who reads how tasks of a job ended.              [layer: core]
 *
 * A read by place gives consecutive places, and waits for the first that is
 * open; one by number gives what has ended since.  What is dropped is passed
 * over.  An end whose bytes only the store has is read when they are there.
 */
#ifndef JOB_READ_H
#define JOB_READ_H

#include "master/core/inside.h"

/* Why readers still wait. */
enum job_read_left {
    JOB_READ_NOTHING, /* For what is yet to end; or there is none. */
    JOB_READ_MORE,    /* There is more to go through. */
    JOB_READ_LATER,   /* For a commit. */
};

/** Answer those readers of the job for whom there is something.  They may look
 * at *looks places, of which is taken what they did, and each at one more. */
enum job_read_left job_read_all(
    struct core *core, struct job *job, unsigned *looks);

/** The wait of a reader is over. */
void job_read_give_up(struct core *core, struct wait *w, int code);

#endif
