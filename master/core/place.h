/**
 * place.h - which session may have which task.                  [layer: core]
 *
 * A worker has traits, a job has needs (needs.h).  Every task that a session
 * holds of a job that needs counts takes its part of what the session has:
 * never more is handed out than there is.
 *
 * A job is strict when it is bound (running_max) or needs counts: then a
 * session holds no more such tasks than it has slots, as one that waits behind
 * others would use up what it does not need yet.
 *
 * What must not run twice (job_is_once()) is handed only to who has a free
 * slot and a connection, and never ahead of that: else nobody could say whether
 * it was begun when its worker dies.  While such a task is the next one, a
 * worker whose slots are full is given nothing else, so that its turn comes.
 */
#ifndef PLACE_H
#define PLACE_H

#include "master/core/inside.h"

/** Whether `s` is a live worker that is given tasks (not draining). */
bool place_is_open(const struct core *core, const struct session *s);

/** The same, and it asked `q` for tasks. */
bool place_serves(
    const struct core *core, const struct session *s, const struct queue *q);

/** Whether `s` has what the job needs, were it idle. */
bool place_suits(const struct session *s, const struct job *job);

/** Whether it may have one more task of the job now. */
bool place_may(const struct session *s, const struct job *job);

/** The same of a task of the queue itself. */
bool place_may_own(const struct session *s, const struct task *t);

/** Whether it may not, for want of a free slot, but may when it has one. */
bool place_comes(const struct session *s, const struct job *job);

/** `s` has these traits from now on; takes *traits.  What its leases use is
 * counted anew. */
void place_greet(struct session *s, struct needs *traits);

/** The lease of a task takes what its job needs, and gives it back; who waited
 * for that, or for its slot, is looked at again. */
void place_take(struct lease *l);
void place_give(struct core *core, struct lease *l);

/** Aborts where `s` does not count what its leases use. */
void place_check(const struct session *s);

#endif
