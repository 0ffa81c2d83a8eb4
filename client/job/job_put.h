/**
 * job_put.h - for the handle that goes.                       [layer: client]
 */
#ifndef JOB_PUT_H
#define JOB_PUT_H

#include "client/job/job.h"

void job_put_init(struct stint_job *job, uint64_t window);

/** Whether all that was put is accepted, or refused for good. */
bool job_put_is_idle(const struct stint_job *job);

/** Free what waits.  Nothing is on its way. */
void job_put_fini(struct stint_job *job);

#endif
