/**
 * again.h - tasks that are tried again by hand.                 [layer: core]
 *
 * A dead letter is still there.  Of a job's task that was cancelled or expired
 * only its end is: the task is made anew from it, at its place, with its id,
 * and with attempts that count on, as the fence of an old one may still be
 * about.  What is its own besides its payload (priority, handler, bound of
 * attempts) is not kept with an end: it has the job's.
 */
#ifndef AGAIN_H
#define AGAIN_H

#include "master/core/inside.h"

/** Try a dead task again, with all its attempts.  Returns 0, or STINT_ENOMEM
 * and nothing changed. */
int again_dead(struct core *core, tick_ns now, struct task *t);

/** Whether `e` is of a task that can be made anew: it was cancelled or expired,
 * and all of its payload is kept. */
bool again_is_possible(const struct end *e);

/**
 * Try such a task of `job` again; `e` is gone.
 *
 * Its bytes must be committed (journal_has_end()).
 * Returns 0, or nothing changed and STINT_ENOMEM, STINT_EBUDGET, STINT_ENOSPACE
 * or (it cannot be read) STINT_ESYSTEM.
 */
int again_ended(
    struct core *core, tick_ns now, struct job *job, const struct end *e);

#endif
