/**
 * witness.h - to tell a master in this process of a death.   [layer: server]
 *
 * For those who start workers of such a master themselves.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdbool.h>
#include <stdint.h>

struct stint_master;

/**
 * The process of the worker that is called `name` there has died, in the midst
 * of task `task` (0: of none): what it held goes back at once, and only that
 * task has had an attempt more, which failed because of `how`: a sentence for a
 * person.  `late`: it had run for longer than it may, and is not tried again.
 * A name that is not known is passed over.
 *
 * Returns: 0, or STINT_ENOMEM: its silence will tell.
 * Thread:  any; does not wait.
 */
int master_worker_died(struct stint_master *m, const char *name, uint64_t task,
    bool late, const char *how);

#endif
