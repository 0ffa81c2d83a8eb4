/**
 * job_put.h - for the handle that goes.                       [layer: client]
 */
#ifndef JOB_PUT_H
#define JOB_PUT_H

#include "client/job/job.h"

/** Whether all that was put is accepted, or refused for good: nothing waits and
 * nothing is on its way. */
bool job_put_is_idle(const struct stint_job *job);

#endif
