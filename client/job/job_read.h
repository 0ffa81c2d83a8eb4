/**
 * job_read.h - for the handle that goes.                      [layer: client]
 */
#ifndef JOB_READ_H
#define JOB_READ_H

#include "client/job/job.h"

/** Let go of what was read and of what is asked for.  What the caller has
 * passed the master may drop, if it was asked to. */
void job_read_fini(struct stint_job *job);

#endif
