/**
 * job.h - one job: a queue of its own, and how its tasks ended.  [layer: core]
 *
 * A job has a queue of its own, which nobody can name, and whose tasks go to
 * the getters of another one, its parent (match.c, place.c).  All that queues
 * can do is done by that queue: order, counts, leases, retries, its bound.
 *
 *     open ----> closed ----> ended ----> forgotten after `keep`
 *       |          |  ^         |
 *       |          |  `---------'   dead tasks are tried again
 *       `----------`--> halted, cancelled --> ended, when nothing is leased
 *
 * How each task ended stays: of dead ones the task itself, so that it can be
 * tried again, of others a struct end (ends.h).
 */
#ifndef JOB_H
#define JOB_H

#include "master/core/ends.h"
#include "master/core/place.h"
#include "master/core/queue.h"

/* The numbers are those of kept_job.end. */
enum job_end {
    JOB_OPEN = 0,
    JOB_CLOSED = 1,
    JOB_ENDED = 2, /* By itself. */
    JOB_HALTED = 3,
    JOB_CANCELLED = 4,
};

enum {
    JOB_PROGRAM_WORKER = 0,
    JOB_PROGRAM_COMMAND = 1,
    JOB_PROGRAM_HANDLER = 2
};

struct job {
    uint64_t number;
    struct queue *queue;  /* Its own; queue->job points back. */
    struct queue *parent; /* Whose workers run it. */
    struct list ready;    /* In parent->jobs while it has ready tasks. */
    char name[PROTO_NAME_MAX + 1];
    char key[PROTO_NAME_MAX + 1];
    uint8_t owner[PROTO_KEY_BYTES]; /* Public key of its submitter. */
    uint32_t submitter;             /* Slot of its session; UINT32_MAX: gone. */

    uint8_t program;
    char handler[64 + 1];
    struct slice command; /* Owned bytes: a record `command`. */
    tick_ns timeout;      /* 0: none. */
    uint32_t running_max; /* 0: no bound. */
    int32_t priority;
    struct needs needs; /* place.h */
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
    struct ends ends;        /* ends.h */
    struct list readers;     /* struct wait_link: who waits for ends. */
    UT_hash_handle by_number;
};

#endif
