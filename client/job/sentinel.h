/**
 * sentinel.h - a descriptor that tells of the end of a job.   [layer: client]
 *
 * Nobody waits for it: the answer to one request, which the master keeps until
 * the job has ended, is written to the descriptor by whoever reads the
 * connection.
 */
#ifndef SENTINEL_H
#define SENTINEL_H

#include "client/job/job.h"

/** Close it, if there is one.  Under the lock. */
void sentinel_fini(struct stint_job *job);

#endif
