/**
 * sentinel.h - a descriptor that tells of the end of a job.   [layer: client]
 */
#ifndef SENTINEL_H
#define SENTINEL_H

#include "client/job/job.h"

/** Close it, if there is one.  Under the lock. */
void sentinel_fini(struct stint_job *job);

#endif
