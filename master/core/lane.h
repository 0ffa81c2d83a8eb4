/**
 * lane.h - what the jobs of a queue offer to its getters.       [layer: core]
 *
 * Jobs of one queue that need the same are in one lane: who does not suit one
 * of them suits none.  So a getter looks at lanes, not at jobs; and only at
 * those that began to offer tasks since it looked last (wait_link.refused),
 * unless something of its session was freed meanwhile.  Jobs that are handed
 * out in another way (strict, or at most once) are in lanes of their own.
 */
#ifndef LANE_H
#define LANE_H

#include "master/core/inside.h"

struct lane {
    UT_hash_handle by_needs;  /* In queue.lanes. */
    struct buf key;           /* By this: which way, and its needs. */
    struct needs_marks marks; /* Of its needs. */
    struct list jobs;         /* struct job.of_lane; never empty. */
    bool strict, once;        /* place.h */
    struct list active;       /* In queue.jobs while `ready` has any. */
    struct heap ready;        /* struct job.in_lane: those that offer tasks, the
                                 first one first. */
    struct list offers; /* struct job.of_offers: the same, as they came. */
    uint64_t activated; /* The how many-th activation of the queue it was. */
    uint64_t workers;   /* Live ones that suit it, as counted last; */
    tick_ns counted;    /* 0: never. */
};

/** A job is there: into a lane of its parent.  Parent, needs and running_max
 * are set.  Returns false, changing nothing, without memory. */
bool lane_join(struct core *core, struct job *job);

/** It goes. */
void lane_leave(struct core *core, struct job *job);

/** Bytes that a lane for such needs counts against the budget. */
size_t lane_memory(const struct needs *needs);

/** Change the bound of a job and its priority.  Returns false, changing
 * nothing, without memory. */
bool lane_change(
    struct core *core, struct job *job, uint32_t running_max, int32_t priority);

/** Something about the job or its queue has changed: offer as many tasks as may
 * be handed out, and have the parent matched if these are more than before. */
void lane_offer(struct core *core, struct job *job);

/** The queue whose next task that getter is to have: its own, or a job's; NULL
 * when nothing suits, which is remembered, or when the next one waits for a
 * slot of it (session.awaits_slot). */
struct queue *lane_next(struct wait_link *link);

/** How many tasks the jobs of a lane offer that go before those of `job`, or
 * (NULL) before plain ones.  O(jobs that offer any). */
uint64_t lane_before(const struct lane *lane, const struct job *job);

/** How long ago the oldest of those tasks was put that come next in the lanes
 * of `q`: of those that offered first, not more than so many; 0 without one. */
tick_ns lane_age(const struct queue *q, tick_ns now);

/** Live workers that serve the job's queue, are not draining and suit it; may
 * be old by half a second. */
uint64_t lane_workers(struct core *core, tick_ns now, const struct job *job);

/** Aborts where jobs, lanes and what they offer do not agree.  Returns what the
 * lanes count against the budget. */
size_t lane_check(const struct core *core);

#endif
