/**
 * outputs.h - what a task leaves, to the master.              [layer: worker]
 */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include "client/stint_job.h"
#include "worker/run.h"
#include "worker/workspace.h"

/**
 * Send the files that `outputs` (templates, NULL-terminated) name for `task`,
 * whose command has ended well, from its folder; returns when the master has
 * them.  While that has no room for one it waits, up to two minutes;
 * `cancel_fd` readable ends that.
 *
 * Returns RUN_DONE; or `why` says why not: RUN_FAILED (one is not there, or is
 * no file, or was not taken), RUN_REFUSED (its name leads out of the
 * folder), RUN_GIVEN_BACK (cancelled).
 */
enum run_end outputs_send(const struct stint_task *task,
    const char *const *outputs, const struct folder *from, int cancel_fd,
    struct reason *why);

#endif
