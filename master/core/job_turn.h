/**
 * job_turn.h - what follows for jobs of what happened to tasks.  [layer: core]
 *
 * Once a turn: jobs end, or are ended, are forgotten; readers hear of it.  In
 * steps that are bounded, as a job may have a million tasks.
 */
#ifndef JOB_TURN_H
#define JOB_TURN_H

#include "master/core/inside.h"

/** Do what is due, and what changed since the last turn. */
void job_turn(struct core *core, tick_ns now);

#endif
