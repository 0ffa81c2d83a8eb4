/**
 * job.h - one job: a queue of its own, and how its tasks ended.  [layer: core]
 *
 * A job has a queue of its own, which nobody can name, and whose tasks go to
 * the getters of another one, its parent (match.c, lane.c).  All that queues
 * can do is done by that queue: order, counts, leases, retries, its bound.
 *
 *     open ----> closed ----> ended ----> forgotten after `keep`
 *       |          |  ^         |
 *       |          |  `---------'   dead tasks are tried again
 *       `----------`--> halted, cancelled --> ended, when nothing is leased
 *
 * How each task ended stays, until it is dropped or the job is forgotten
 * (ends.h); of a dead one the task stays as well, so that it can be tried
 * again.
 */
#ifndef JOB_H
#define JOB_H

#include "master/core/ends.h"
#include "master/core/needs.h"
#include "master/core/queue.h"

/* The numbers are those of kept_job.end. */
enum job_end {
    JOB_OPEN = 0,
    JOB_CLOSED = 1,
    JOB_ENDED = 2, /* By itself. */
    JOB_HALTED = 3,
    JOB_CANCELLED = 4,
    JOB_FORGOTTEN = 5, /* Nobody finds it; what it kept is being freed. */
};

enum {
    JOB_PROGRAM_WORKER = 0,
    JOB_PROGRAM_COMMAND = 1,
    JOB_PROGRAM_HANDLER = 2
};

/* The queue of job N has this id: no other queue's is so high. */
enum { JOB_NUMBER_MAX = INT32_MAX };
static const uint32_t JOB_QUEUES = UINT32_C(1) << 31;

struct job {
    uint64_t number;
    struct queue *queue;  /* Its own; queue->job points back. */
    struct queue *parent; /* Whose workers run it. */
    struct lane *lane;    /* Of the parent: lane.h. */
    struct list of_lane;
    struct heap_node in_lane; /* In lane->ready while it offers any. */
    struct list of_offers;    /* In lane->offers, too. */
    uint64_t offered;         /* Tasks that may be handed out now. */
    char name[PROTO_NAME_MAX + 1];
    char key[PROTO_NAME_MAX + 1];
    uint8_t owner[PROTO_KEY_BYTES]; /* Public key of its submitter. */
    uint32_t submitter;             /* Slot of its session; UINT32_MAX: gone. */
    uint64_t request;               /* Of that session, which opened it. */
    struct list of_session;         /* In session.jobs. */

    uint8_t program;
    char handler[64 + 1];
    struct slice command; /* Owned bytes: a record `command`. */
    tick_ns timeout;      /* 0: none. */
    uint32_t running_max; /* 0: no bound. */
    uint32_t losses;      /* Of a worker that are free, for each task; 0: it is
                             at most once. */
    int32_t priority;
    struct needs needs; /* needs.h */
    uint8_t halt;       /* 0 go on, 1 soon, 2 now. */
    uint8_t halt_percent;
    uint64_t halt_count;
    tick_ns keep;
    tick_ns expires; /* Of its tasks; TICK_NEVER. */

    uint8_t end;  /* enum job_end */
    char *halted; /* Owned; why, or NULL. */
    tick_ns born;
    tick_ns ended;           /* When its last task did; 0: it goes on. */
    struct heap_node forget; /* By when it is to be forgotten; while ended. */
    struct ends ends;
    uint64_t dropped[2];    /* By each order: so far those that ended well were
                               dropped. */
    uint64_t read[2];       /* By each order: so far all was read. */
    uint64_t again;         /* From this number on an end may be the second of
                               its place; UINT64_MAX: there is no such. */
    bool orphan;            /* Its session is over, and it has no task. */
    uint64_t swept;         /* Halted, cancelled or forgotten: up to this place
                               it was put into effect. */
    bool sweeps;            /* There is more of that to do. */
    size_t memory;          /* What is counted for it, but for its ends. */
    struct list readers;    /* struct wait_link: who waits for ends. */
    struct file_set *files; /* files.h; NULL: it has none. */
    struct list due;   /* In core.jobs.due: to be looked at in this turn. */
    struct list order; /* In core.jobs.order: by number. */
    struct list spare; /* In core.jobs.spare: nothing of it is unread. */
    UT_hash_handle by_number;
    UT_hash_handle by_key; /* If it has one, by key_hash. */
    uint64_t key_hash;     /* Of owner and key. */
};

/** A job without a queue; NULL without memory.  Copies the command. */
struct job *job_new(uint64_t number, struct slice command);

/** Free it and its ends; its queue is the caller's. */
void job_free(struct job *job);

/** What the jobs of the queue's parent count, in sum, where `q` is the queue of
 * a job; else NULL (a damaged store may not name a parent, either). */
static inline struct queue_sum *
job_sum(const struct queue *q)
{
    return q->job != NULL && q->job->parent != NULL ? &q->job->parent->of_jobs
                                                    : NULL;
}

/** Whether `t`, when it may have begun, is not to begin again. */
static inline bool
job_is_once(const struct task *t)
{
    const struct job *job = t->queue->job;

    if (job != NULL) return job->losses == 0;
    return t->more != NULL && t->more->once;
}

/** Whether nothing more happens to it but that it is tried again; the turn then
 * sets `ended`. */
bool job_is_over(const struct job *job);

/** The same, and the turn has seen it. */
static inline bool
job_has_ended(const struct job *job)
{
    return job->ended != 0;
}

#endif
