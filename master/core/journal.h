/**
 * journal.h - what is to survive, as rows.                      [layer: core]
 *
 * Whatever changes a fact that the store keeps says so here, at once; the rows
 * gather in a batch that core_take() hands over.  Only life.c and its like
 * call it, where the fact changes, so that there is no second place to forget.
 *
 * A message that tells a fact gets the number of the batch that is being
 * filled: its gate.  It may leave when that batch is committed, or when there
 * turned out to be nothing to commit.
 *
 * Of queues that live in memory only nothing is written but that they exist,
 * and nothing at all by a master that is not durable.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/list.h"
#include "master/core/core.h"

enum { JOURNAL_FORMAT = 1 }; /* Of the rows. */

struct end;
struct job;
struct queue;
struct rec_end;
struct session;
struct task;
struct rec_kept_file;
struct rec_kept_receipt;
struct rec_result;

/* Large payloads that may be dropped from memory when their batch is there. */
struct journal_warm {
    uint64_t task, batch;
};

struct journal {
    struct buf ops;
    uint64_t filling;    /* Number of the batch that is being filled. */
    uint64_t committed;  /* Number of the last one that is on the disk. */
    bool due;            /* It has more than drops in it. */
    bool sync;           /* Somebody waits for the disk. */
    bool granted;        /* It tells of tasks that were handed out, */
    bool ended;          /* or that ended. */
    bool failed;         /* A row could not be written: no memory. */
    uint64_t watched;    /* What was committed when a turn looked last; */
    tick_ns moved;       /* when that had changed, or nothing was under way; */
    bool stuck;          /* which is long ago. */
    struct list tallies; /* Queues whose tally has changed. */
    uint64_t last;       /* Last task id that a row tells, */
    uint64_t last_job;   /* and the last number of a job. */
    uint64_t starts;     /* How often the master was started, */
    uint64_t start;      /* which start this is: random, as a copy of the store
                            may have been started as often as another; */
    uint64_t before;     /* and the one before. */
    uint8_t id[16], secret[16];
    uint64_t sessions; /* Serial given last. */
    uint64_t receipts; /* Id given last. */
    struct core_clock clock;
    struct journal_warm *warm; /* Ring, owned. */
    uint32_t warm_first, warm_count, warm_capacity;
};

void journal_init(struct core *core);
void journal_fini(struct core *core);

/** Whether rows are written of tasks of `q`. */
bool journal_keeps(const struct core *core, const struct queue *q);

/** The gate of what is told now. */
uint64_t journal_gate(const struct core *core);

/** Whether what has this gate may leave. */
bool journal_is_open(const struct core *core, uint64_t gate);

/** This start of the master. */
void journal_master(struct core *core);

/** The queue was made, or was shut. */
void journal_queue(struct core *core, struct queue *q);

/** A task of `q` was counted. */
void journal_tally(struct core *core, struct queue *q);

/** The task was accepted. */
void journal_task(struct core *core, struct task *t);

/** It was granted, or came back, or is dead. */
void journal_state(struct core *core, struct task *t);

/** It ended. */
void journal_gone(struct core *core, struct task *t);

/** How a task of `q` ended, for `s` who waits for that. */
void journal_result(struct core *core, const struct queue *q, struct session *s,
    const struct rec_result *r);

/** A piece of a file of the job whose queue is `q`, which is kept. */
void journal_file(struct core *core, const struct queue *q, uint64_t id,
    const struct rec_kept_file *piece);

/** The job was opened, or goes on in another way. */
void journal_job(struct core *core, struct job *job);

/** A task of the job has ended so. */
void journal_end(
    struct core *core, const struct job *job, const struct rec_end *r);

/** An answer to `s`; returns the id of its row.  `sync`: its asker waits for
 * the disk. */
uint64_t journal_receipt(struct core *core, struct session *s,
    struct rec_kept_receipt *r, bool sync);

/** Nothing is kept for the session any more. */
void journal_session_gone(struct core *core, struct session *s);

/** Any other row; `sync`: somebody waits for the disk. */
void journal_put(struct core *core, enum row_kind kind, uint64_t id,
    enum record_type type, const void *record, bool sync);

/** The serial of a session that a row is about to name. */
uint64_t journal_serial(struct core *core, struct session *s);

/** A row is of no use any more. */
void journal_drop(struct core *core, unsigned kind, uint64_t id);

/** The nonce of a grant: known again after a restart, foreseen by nobody. */
uint64_t journal_nonce(
    const struct core *core, uint64_t task, uint64_t attempt, uint64_t start);

/** See core_take() and core_committed(). */
bool journal_take(struct core *core, struct core_batch *batch);
void journal_committed(struct core *core, uint64_t number);

/** A turn begins: see whether the disk goes on. */
void journal_tick(struct core *core, tick_ns now);

/** Whether a batch has been under way to the disk for a second or more, since a
 * disk is full or hangs: what is gated does not leave soon. */
bool journal_is_stuck(const struct core *core);

/** The bytes of a payload or result that only the store has; false when they
 * cannot be read.  Lent until the next call. */
bool journal_fetch(
    struct core *core, unsigned kind, uint64_t id, struct slice *out);

/** Whether its bytes are here, or can be fetched as the store has them. */
bool journal_has_end(const struct core *core, const struct end *e);

/** The same of an end of a job. */
bool journal_fetch_end(struct core *core, uint64_t task, struct slice *payload,
    struct slice *output);

#endif
