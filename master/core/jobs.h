/**
 * jobs.h - all jobs, and what becomes of them.                  [layer: core]
 *
 * life.c says what happens to their tasks; what follows for the job (it ends,
 * is halted, is forgotten; readers hear of it) is done once a turn
 * (job_turn.h).
 */
#ifndef JOBS_H
#define JOBS_H

#include "master/core/inside.h"

enum { JOBS_MAX = 10000, JOBS_NOTES_MAX = 8 << 10 };

void jobs_init(struct core *core);
void jobs_fini(struct core *core);

/** The job, or NULL. */
struct job *jobs_find(const struct core *core, uint64_t number);

/** The job that the owner of `owner` opened with this key, or NULL. */
struct job *jobs_of_key(const struct core *core,
    const uint8_t owner[PROTO_KEY_BYTES], struct slice key);

/** Owner and key of the job are set: jobs_of_key() is to find it.  Returns
 * false, changing nothing, without memory. */
bool jobs_key_add(struct core *core, struct job *job);

/** Whether `s` may change it, read it or put to it (I14). */
bool jobs_may(const struct session *s, const struct job *job);

/** The job that `s` may change; else NULL, and the request is answered. */
struct job *jobs_of_request(
    struct core *core, struct session *s, uint64_t number, uint64_t request);

/** Enter a job with a queue of its own of `policy`.  Takes it (also when it
 * fails).  Returns 0, STINT_ENOMEM, or STINT_ELIMIT. */
int jobs_add(
    struct core *core, struct job *job, const struct queue_policy *policy);

/** What the job takes of the budget, but for its ends. */
size_t jobs_memory(const struct job *job);

/** Something of its queue changed: look at it in this turn. */
void jobs_touch(struct core *core, struct job *job);

/** Room for the end of one more task; false without memory. */
bool jobs_reserve(struct core *core, struct job *job);

/** The task got its place. */
void jobs_accepted(struct core *core, struct job *job, struct task *t);

/** The task has ended: `how` says code, worker, reason and output.  It is kept
 * and written; readers hear of it in the turn.  Returns false, changing
 * nothing, without memory. */
bool jobs_end(
    struct core *core, const struct task *t, const struct rec_end *how);

/** The same, of an end that happens whether or not there is memory: without it
 * this master must not go on. */
void jobs_must_end(
    struct core *core, const struct task *t, const struct rec_end *how);

/** The task is dead: maybe the job is to be halted. */
void jobs_died(struct core *core, struct job *job);

/** A task of the job whose end is known is open again. */
void jobs_revived(struct core *core, struct job *job, struct task *t);

/** An end is not needed any more. */
void jobs_drop(struct core *core, struct job *job, struct end *e);

/** No more tasks come. */
void jobs_close(struct core *core, struct job *job);

/** End all of it. */
void jobs_cancel(struct core *core, struct job *job);

/** Forget it with all that it kept; its number is found no more. */
void jobs_forget(struct core *core, struct job *job);

/** The session is over: its jobs take no more tasks. */
void jobs_leave(struct core *core, struct session *s);

/** The same, as nobody has heard of it for its time: those without a task and a
 * reader are forgotten. */
void jobs_orphan(struct core *core, struct session *s);

/** A batch is on the disk: ends that only the store has can be read. */
void jobs_committed(struct core *core);

tick_ns jobs_next_deadline(const struct core *core);

#endif
