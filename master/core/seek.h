/**
 * seek.h - the end of a task of which only the id is known.     [layer: core]
 */
#ifndef SEEK_H
#define SEEK_H

#include "master/core/inside.h"

/** How the task `id` of any job ended, if that is kept: else NULL.  *job (set
 * with it) is its job.  O(jobs x log of their tasks). */
const struct end *seek_end(
    const struct core *core, uint64_t id, const struct job **job);

/** The state that an end of this code leaves a task in. */
enum task_state seek_state(int64_t code);

#endif
