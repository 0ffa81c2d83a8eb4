/**
 * task.h - one task and the table of all of them.               [layer: core]
 *
 * A task is one allocation, its payload behind it: about 110 bytes and the
 * payload, unless that is large: then it is a second one, which can be freed as
 * soon as the store has it.  Ids are given in rising order and never again; the
 * table is an array of chunks indexed by id, a chunk is freed when its last
 * task is, so one old task keeps one chunk alive and growing never moves what
 * is there.
 */
#ifndef TASK_H
#define TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/slice.h"
#include "common/tick.h"
#include "proto/proto.h"

struct queue;
struct lease;

/* The numbers are those of task_row.state. */
enum task_state {
    TASK_READY = 0,
    TASK_DELAYED = 1,
    TASK_LEASED = 2,
    TASK_DONE = 3,
    TASK_DEAD = 4,
    TASK_CANCELLED = 5,
    TASK_EXPIRED = 6,
    TASK_STATES,
};

/* What few tasks have; allocated when first needed. */
struct task_more {
    struct heap_node expiry; /* While expires != TICK_NEVER. */
    struct task *task;
    tick_ns expires;
    tick_ns ended;         /* Dead: when. */
    uint32_t attempts_max; /* 0: the queue's. */
    struct buf notes;      /* Of a job's task: records `attempt`, encoded. */
    uint32_t forgiven;     /* Attempts that do not count any more. */
    bool once; /* It must not run twice; of a job's task see job.h. */
    char handler[64 + 1];
    char worker[64]; /* Who held it last, cut to fit. */
    char *reason;    /* Owned; why the last attempt failed, or NULL. */
    size_t reason_length;
};

/* So often a task may be granted to a peer that dies before it acknowledged the
 * delivery, and no attempt is used up: a client killed while it waits costs
 * nothing.  But a task that kills its worker at once looks just like that. */
enum { TASK_UNDELIVERED_FREE = 16 };

/* A job that says "once" means what its command does, not which machines die:
 * the first losses of a worker use up no attempt of a job's task, and it is
 * tried elsewhere.  Of one that kills its workers there is an end to it.  So
 * many they are unless the job says another number. */
enum { TASK_LOST_FREE = 4 };

struct task {
    uint64_t id; /* 0: not accepted yet (a put that waits for room). */
    union {
        struct list in_list;   /* Ready in order of arrival; dead; waiting. */
        struct heap_node node; /* Ready out of order; delayed. */
    } at;
    struct queue *queue;
    union {
        struct lease *lease; /* TASK_LEASED */
        tick_ns due;         /* TASK_DELAYED */
    } is;
    uint64_t ref;           /* Of the submitter; 0: nobody wants the result. */
    struct task_more *more; /* Owned; NULL for most. */
    uint64_t seq;           /* Its place in the job of its queue, from 1. */
    tick_ns born;           /* When it was put. */
    uint32_t submitter;     /* Slot of its session. */
    uint32_t size;          /* Of the payload. */
    int32_t priority;
    uint32_t attempts; /* Grants so far; part of the fence. */
    uint16_t failures; /* How grants ended, each counted apart; saturating. */
    uint16_t lost;
    uint16_t timeouts;
    uint16_t released;
    uint16_t unbegun;    /* Grants that ended before anything was begun. */
    uint8_t undelivered; /* At most TASK_UNDELIVERED_FREE. */
    uint8_t state;       /* enum task_state */
    bool in_order;       /* Ready: in the queue's list, not in its heap. */
    bool is_stated;      /* The store has a state row of it. */
    bool is_recovered;   /* Loaded, and not granted since. */
    bool is_watched;     /* Somebody may wait to see what it writes. */
    uint8_t room[];      /* The payload, or of a large one a pointer to it. */
};

/* Payloads beyond this are blocks of their own and may be only in the store. */
enum { TASK_INLINE = 1024 };

enum { TASK_CHUNK = 512 };

struct task_chunk {
    uint32_t live;
    struct task *tasks[TASK_CHUNK];
};

struct task_table {
    struct task_chunk *
        *chunks; /* chunks[i] holds ids from (base + i) * TASK_CHUNK. */
    uint64_t base;
    size_t count, capacity;
    uint64_t last; /* Last id given. */
};

/** A task that is nowhere yet; NULL without memory.  Copies `payload`; NULL
 * bytes of a length beyond TASK_INLINE: it is only in the store. */
struct task *task_new(struct slice payload);

/** The payload; its bytes are NULL when only the store has them.  Lends. */
struct slice task_payload(const struct task *t);

/** Free the bytes of a large payload: the store has them. */
void task_chill(struct task *t);

/** Free a task that is in no list, heap or table.  NULL is fine. */
void task_free(struct task *t);

/** Bytes it counts against the budget. */
size_t task_memory(const struct task *t);

/** Its `more`, made if need be; NULL without memory. */
struct task_more *task_more(struct task *t);

/** Which attempt the last grant is, or was: attempts are counted when they are
 * begun.  What the fence has is the number of the grant. */
uint32_t task_number(const struct task *t);

/** Attempts that were used up: not those given back or never delivered, in a
 * job not the first so many (job.losses) whose worker was lost; and not those
 * of before it was tried again by hand. */
uint32_t task_tries(const struct task *t);

/** With those. */
uint32_t task_all_tries(const struct task *t);

void task_table_init(struct task_table *table);

/** Free the table; it must hold no task. */
void task_table_fini(struct task_table *table);

/** Make room for ids up to `more` behind the last one.  Returns false, changing
 * nothing, without memory. */
bool task_table_reserve(struct task_table *table, uint64_t more);

/** Give `t` the next id; room was reserved. */
void task_table_add(struct task_table *table, struct task *t);

/** Put `t` back under `id`, which is above all that are there.  Returns false,
 * changing nothing, without memory. */
bool task_table_restore(struct task_table *table, struct task *t, uint64_t id);

/** Put `t` back under `id`, which was given before and whose task has ended.
 * Returns false, changing nothing, without memory. */
bool task_table_return(struct task_table *table, struct task *t, uint64_t id);

/** The task `id`, or NULL. */
struct task *task_table_find(const struct task_table *table, uint64_t id);

/** The first task with an id > `after`, or NULL. */
struct task *task_table_next(const struct task_table *table, uint64_t after);

/** Take `t` out; its id is never given again. */
void task_table_remove(struct task_table *table, struct task *t);

#endif
