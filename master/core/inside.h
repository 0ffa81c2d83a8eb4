/**
 * inside.h - what the files of the core share.                  [layer: core]
 *
 * The one struct behind core.h.  Each file works on its part of it; where state
 * of a task changes, life.c does it, so that the counts are kept in one place.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include "master/core/chance.h"
#include "master/core/core.h"
#include "master/core/files.h"
#include "master/core/job.h"
#include "master/core/journal.h"
#include "master/core/lease.h"
#include "master/core/metrics.h"
#include "master/core/news.h"
#include "master/core/queue.h"
#include "master/core/schedule.h"
#include "master/core/session.h"
#include "master/core/shared/object.h"
#include "master/core/wait.h"

/* An unnumbered frame for a connection: welcome, refused, pong. */
struct letter {
    struct list node;
    uint64_t conn;
    struct frame *frame;
};

/* So many things that are only passed by cost a step (core.spent). */
enum { PASSED_A_STEP = 16 };

/* The last tasks that ended and are not kept, for people who ask. */
enum { ENDED_MAX = 4096 };
struct ended {
    uint64_t task; /* 0: none yet. */
    const struct queue *queue;
    tick_ns born, at;
    uint32_t attempts, size;
    int32_t priority;
    uint16_t failures, lost, timeouts, released;
    uint8_t state; /* enum task_state */
    char worker[64];
};

struct jobs {
    struct job *by_number; /* uthash; no forgotten ones. */
    struct job *by_key;    /* uthash; those that have a key. */
    struct list order;     /* The same, by number. */
    struct list due;       /* Jobs to be looked at in this turn. */
    struct list later;     /* Those whose readers wait for a commit. */
    struct heap forget;    /* Ended ones, by when they are forgotten. */
    struct list spare;     /* Ended ones that may go sooner: spare.h. */
    struct list forgotten; /* Still being freed. */
    uint64_t last;         /* Number given last. */
};

/* Who looks at what runs (show.h). */
struct shows {
    struct list peeks;   /* struct wait_peek.node */
    uint32_t count;      /* Of them. */
    uint32_t progresses; /* Leases that have told theirs. */
    uint64_t last;       /* Number of the last show; 0: none yet. */
};

struct core {
    struct core_config config;
    tick_ns born;
    tick_ns now; /* Of the frame or the turn that is being done. */
    struct chance chance;
    struct keyring keys;

    struct session **slots; /* By number; NULL: free. */
    uint32_t *slots_free;   /* Numbers to give again. */
    uint32_t slots_count, slots_capacity, slots_free_count;
    struct session *by_id;   /* uthash; no ghosts. */
    struct session *by_conn; /* uthash; those with a connection. */
    struct heap alarms;
    struct list sending; /* Sessions with something to send. */
    struct list lazy;    /* Sessions whose answers wait for company, first who
                            waits no longer first. */
    struct list starved; /* Sessions whose window was found full. */
    struct list broken;  /* Sessions that ran out of memory: to be ended. */
    struct list letters;
    struct list gated; /* Sessions whose next frame waits for a commit. */

    struct queue *by_name; /* uthash */
    struct queue **queues; /* By index. */
    uint32_t queues_count, queues_capacity;
    struct list dirty; /* Queues to be matched in this turn. */
    struct jobs jobs;
    struct list sweeps;   /* struct wait_link: tasks being ended in steps. */
    struct list emptying; /* Queues that were shut at once and have tasks. */

    struct task_table tasks;
    struct lease_book leases;
    struct wait_book waits;
    struct shows shows;
    struct heap delays;   /* Delayed tasks, by due. */
    struct heap expiries; /* Ready and delayed tasks that expire. */

    size_t memory; /* Tasks and results that are held. */
    size_t out;    /* Frames that are open or not acknowledged. */
    uint64_t stale, refused;
    struct metrics metrics;
    struct core_totals totals; /* As summed up in this turn, if at all. */
    bool has_totals;
    tick_ns workers_counted; /* When queue.workers were, last. */
    uint64_t looked; /* Tasks that lists went through since the last turn. */
    uint64_t turns;
    uint64_t spent; /* Steps of work for clients since the last turn: about a
                       microsecond each, so that nobody waits long. */
    struct list behind;   /* Sessions with a backlog, next one first. */
    size_t backlog_bytes; /* Of all. */
    bool stop_asked;
    bool doors_closed; /* No new work. */
    bool disk_full;
    bool drains_all; /* No worker is given tasks. */

    struct files files; /* Of jobs. */
    struct objects objects;
    struct schedules schedules;
    struct journal journal;
    struct load *load;  /* While rows are loaded; else NULL. */
    struct buf fetched; /* The last row that was read back. */
    struct buf noted;   /* Notes of a task that ended (notes.h). */

    struct ended *ended; /* Ring of ENDED_MAX. */
    uint64_t ended_count;

    struct news news;
};

#endif
