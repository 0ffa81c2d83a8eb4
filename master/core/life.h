/**
 * life.h - the states of a task and every way between them.     [layer: core]
 *
 *     put -> ready <-> leased -> done
 *            ^  |        |-----> dead        no attempt is left
 *            |  |        |-----> delayed     a retry waits for its time
 *     put -> delayed     `-----> cancelled
 *               |-> cancelled, expired <- ready
 *     dead, and of a job cancelled and expired -> ready   by hand (again.h)
 *
 * Only this file changes task.state and the counts of queues (but for load.c,
 * before there is anybody to see it); nothing else could keep I2.  What ends a
 * task tells its submitter.
 */
#ifndef LIFE_H
#define LIFE_H

#include "master/core/inside.h"

/** Take a new task into its queue.  The table has room for one more id. */
void life_accept(struct core *core, tick_ns now, struct queue *q,
    struct task *t, tick_ns delay);

/** Hand the ready task `t` to `s` for `length`.  Returns false, changing
 * nothing, without memory. */
bool life_grant(struct core *core, tick_ns now, struct task *t,
    struct session *s, tick_ns length);

/** `s` shows the fence that `start` of the master gave for a recovered task
 * which looks ready: take it for its live lease; the crash came before the
 * grant was on the disk.  Returns
 * false, changing nothing, without memory. */
bool life_adopt(struct core *core, tick_ns now, struct task *t,
    struct session *s, uint64_t start);

/** A loaded task is held, whole from `now` and at least for the time of
 * silence; false without memory. */
bool life_restore_lease(struct core *core, tick_ns now, struct task *t,
    struct session *s, uint64_t start, tick_ns length);

/** All is known of a loaded task: into the place that its state says. */
void life_restore(struct core *core, struct task *t);

/* Why a lease ended without a result. */
enum life_cause {
    LIFE_UNTRIED,     /* Given back before it was begun. */
    LIFE_RELEASED,    /* Given back politely: no attempt is used up. */
    LIFE_UNDELIVERED, /* Its holder never heard of it, or did not come to it: as
                         if not granted. */
    LIFE_FAILED,
    LIFE_LOST,    /* Its holder is gone. */
    LIFE_TIMEOUT, /* It ran out. */
};

/* What its holder says of an attempt that failed; each may be empty. */
struct life_words {
    struct slice reason; /* For a person. */
    struct slice note;   /* Of a job's task: a record `attempt`. */
    struct slice output; /* The same: what it wrote. */
};

extern const struct life_words life_wordless;

/**
 * End the lease of `t` without a result: ready again in its first place, or
 * delayed, or dead.  `delay` < 0: the backoff of the queue, for LIFE_FAILED.
 * What must not run twice (job_is_once()) is dead unless it failed by itself or
 * was never begun.
 */
void life_return(struct core *core, tick_ns now, struct task *t,
    enum life_cause cause, tick_ns delay, const struct life_words *said);

/** No more attempt: a leased task becomes a dead letter. */
void life_bury(struct core *core, tick_ns now, struct task *t,
    enum life_cause cause, const struct life_words *said);

/** The leased task is done; `t` is gone.  `note`: as in life_words.  Returns 0,
 * or STINT_ENOMEM and nothing changed. */
int life_done(struct core *core, tick_ns now, struct task *t,
    struct slice result, struct slice note);

/** A task that had ended as `from`, and is in no list, is open again
 * (again.h). */
void life_reopen(
    struct core *core, tick_ns now, struct task *t, enum task_state from);

/** A dead task is not needed any more; `t` is gone, and counts as cancelled. */
void life_drop(struct core *core, tick_ns now, struct task *t);

/** Cancel a ready, delayed or leased task; `t` is gone. */
void life_cancel(struct core *core, tick_ns now, struct task *t);

/** Whether its holder has not said that it heard of it: the task is as if it
 * was never granted.  Not of what must not run twice: it may be on its way. */
bool life_is_undelivered(const struct lease *l);

/** Do what time makes due: delays, expiries, broken leases. */
void life_tick(struct core *core, tick_ns now);

/** End what has expired by `now`. */
void life_expire(struct core *core, tick_ns now);

tick_ns life_next_deadline(const struct core *core);

/** Set up the heaps. */
void life_init(struct core *core);

/** Something about `q` changed: match it in this turn. */
static inline void
life_touch(struct core *core, struct queue *q)
{
    if (list_is_empty(&q->dirty)) list_push(&core->dirty, &q->dirty);
}

#endif
