/**
 * ends.h - how the tasks of one job ended, by place and by order. [layer: core]
 *
 * Two tables of chunks: by the task's place in the job (`seq`, from 1) and by
 * the number of its end (from 1, in order of the ends).  What is at a place is
 * found in O(1), growing moves nothing, and a chunk whose ends are all gone
 * keeps no memory.
 *
 *     by seq      nothing -> the task -> its end -> gone (dropped)
 *                               ^------------'  tried again by hand
 *     by number   nothing -> the end -> gone (dropped, or withdrawn)
 *
 * An end is one allocation with its words and bytes behind it.  Of one that is
 * `cold` only the store has payload and output.
 */
#ifndef ENDS_H
#define ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

struct task;

enum { ENDS_CHUNK = 128, ENDS_COLD = 1024, ENDS_PAYLOAD_MAX = 64 << 10 };

enum ends_order { ENDS_BY_SEQ = 0, ENDS_BY_NUMBER = 1 }; /* job_ends.by */

enum ends_kind { ENDS_NONE, ENDS_TASK, ENDS_END, ENDS_GONE };

struct end {
    uint64_t seq, task, number;
    uint64_t batch; /* Cold: the store has it when this one is committed. */
    int32_t code;
    uint32_t attempts;
    uint32_t payload, output; /* Lengths, whether or not they are here. */
    uint32_t size;            /* Of the whole payload. */
    uint16_t reason, notes;
    uint16_t unbegun; /* As the task's. */
    uint8_t worker;
    bool cold;
    uint8_t bytes[]; /* worker, reason, notes; unless cold: payload, output. */
};

/* What is at a place. */
struct ends_place {
    enum ends_kind kind;
    union {
        struct task *task;
        struct end *end;
    } is;
};

struct ends_chunk {
    uint32_t gone;
    uint8_t kind[ENDS_CHUNK]; /* enum ends_kind */
    void *is[ENDS_CHUNK];
};

struct ends_table {
    struct ends_chunk **chunks; /* chunks[i]: places from (base + i) * CHUNK. */
    uint64_t base;              /* All before it are gone. */
    size_t count, capacity;
};

struct ends {
    struct ends_table by[2]; /* enum ends_order */
    uint64_t given;          /* Number given last. */
    uint64_t kept;           /* Ends that are there. */
    uint64_t dropped;        /* Ends that are not kept any more. */
    size_t memory;           /* Of all of it. */
};

void ends_init(struct ends *ends);

/** Free the ends and the tables; tasks are not its own. */
void ends_fini(struct ends *ends);

/** Make room for a task at `seq`.  Returns false, changing nothing, without
 * memory. */
bool ends_reserve(struct ends *ends, uint64_t seq);

/** The task is open at its place, for which room was reserved (or which holds
 * an end that has been withdrawn). */
void ends_open(struct ends *ends, struct task *t);

/** An end that is nowhere yet, with the number that comes next and room for it;
 * NULL without memory.  Copies. */
struct end *ends_make(
    struct ends *ends, const struct rec_end *r, bool cold, uint64_t batch);

/** Free an end that is nowhere. */
void ends_free(struct ends *ends, struct end *e);

/** The end that was made last is the one of its task, and its number is given.
 * Takes it. */
void ends_add(struct ends *ends, struct end *e);

/** One of the store, with the number that it had.  Returns 0, STINT_EDAMAGED
 * (its number or its place is another end's) or STINT_ENOMEM. */
int ends_restore(struct ends *ends, const struct rec_end *r, bool cold);

/** All of the store is there: of the first `tasks` places those that hold
 * nothing are gone (*gone: how many), and so are numbers up to `given`.  False
 * without memory. */
bool ends_settle(struct ends *ends, uint64_t tasks, uint64_t *gone);

/** An end that is not needed: gone at both places. */
void ends_drop(struct ends *ends, struct end *e);

/** The task of an end is open again: its number is gone. */
void ends_withdraw(struct ends *ends, struct end *e, struct task *t);

/** A task whose end could not be kept. */
void ends_lose(struct ends *ends, uint64_t seq);

/** What is at this place (from 1); ENDS_NONE behind the last one. */
struct ends_place ends_at(
    const struct ends *ends, enum ends_order order, uint64_t place);

/** The first place behind `after` that is not gone for good. */
uint64_t ends_skip(
    const struct ends *ends, enum ends_order order, uint64_t after);

/** Words of an end, and bytes of one that is not cold.  Lends. */
struct rec_end ends_record(const struct end *e);

#endif
