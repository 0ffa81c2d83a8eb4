/**
 * job_check.h - invariants of jobs, the slow and plain way.      [layer: core]
 */
#ifndef JOB_CHECK_H
#define JOB_CHECK_H

#include "master/core/inside.h"

/** Abort where a job and its tasks, ends and counts do not agree.  Returns what
 * all jobs take of the budget. */
size_t job_check(const struct core *core);

#endif
