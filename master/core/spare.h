/**
 * spare.h - ended jobs that may go when there is no room.       [layer: core]
 *
 * An ended job is kept for its time.  When the budget or the bound on jobs is
 * short, those go before that of which nothing is unread: they had no tasks, or
 * all that they kept was dropped, or their submitter said that it has read all
 * (job_ends.drop), or the key of their submitter was revoked.  The one goes
 * first that became so first.  Others stay: what nobody has read is not
 * forgotten before its time (I7).
 *
 *     room  |------------------------|-----------|-----------|
 *           0            3/4 of memory_max      7/8          all
 *                         spare jobs go       puts are refused
 */
#ifndef SPARE_H
#define SPARE_H

#include "master/core/inside.h"

/** Ends of the job up to `to` were read, in this order. */
void spare_read(
    struct core *core, struct job *job, enum ends_order order, uint64_t to);

/** The task at this place ends once more: by place nothing is known any more of
 * what was read. */
void spare_again(struct job *job);

/** The job has ended, or something was dropped of it: see whether it is spare.
 */
void spare_look(struct core *core, struct job *job);

/** The key was revoked, or may come in again: see which of its jobs are spare.
 */
void spare_key(struct core *core, const struct key *key);

/** The one to be forgotten first, or NULL. */
struct job *spare_first(const struct core *core);

/** Whether there are spare jobs, and the budget is short. */
bool spare_is_due(const struct core *core);

/** What to do about STINT_EBUDGET; NULL for every other code. */
const char *spare_advice(int code);

/** Whether nothing of the job, which has ended, is unread. */
bool spare_is(const struct core *core, const struct job *job);

#endif
