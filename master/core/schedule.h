/**
 * schedule.h - tasks that the master puts by itself.            [layer: core]
 *
 * Each stands in one of two heaps by when it is due: what comes every so often
 * by the master's own time, which no clock that is set moves; what comes at a
 * time or by a line of cron by the world's, which core_clock_set() ties to it.
 *
 * The task and what became of its schedule are rows of one batch (of which the
 * second is not the row with the payload): a crash undoes both or none, so no
 * due time is put twice.  Due times that have come together (the host slept,
 * the clock was set forward) are one task.  When the clock is set back, what a
 * line of cron was due for is not due again, and what it was not due for is.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cron.h"
#include "common/hash.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/slice.h"
#include "common/tick.h"
#include "proto/proto.h"

struct core;
struct queue;

enum { SCHEDULES_MAX = 10000 };
#define SCHEDULE_LEAST (100 * TICK_MS)

struct schedule {
    UT_hash_handle by_name;
    struct list order;     /* Of all, by number. */
    struct heap_node node; /* While due != TICK_NEVER. */
    uint64_t number;       /* Of its row. */
    struct queue *queue;
    int64_t due;      /* In the master's own time if `every`, else since 1970;
                         TICK_NEVER: never more. */
    wall_ns at;       /* One of these three: once, */
    tick_ns every;    /* every so often, */
    struct cron cron; /* by `line`, which else is empty. */
    wall_ns handled;  /* By `line`: when it was due last. */
    bool leaves_missed;
    bool skips_open;
    bool is_noted; /* It has the second row, too. */
    int said;      /* Why it skipped last, as people were told; 0: it put. */
    wall_ns last;  /* When it put last. */
    uint64_t put, skipped;
    uint64_t task; /* The last one. */
    int32_t priority;
    uint32_t attempts_max;
    tick_ns delay, expires;
    uint8_t owner[PROTO_KEY_BYTES];
    char name[PROTO_NAME_MAX + 1];
    char line[CRON_LINE_MAX + 1];
    char handler[64 + 1];
    size_t size;
    uint8_t payload[];
};

struct schedules {
    struct schedule *by_name; /* uthash */
    struct list order;
    struct heap by_tick, by_wall;
    uint64_t last;        /* Number given last. */
    wall_ns seen;         /* The world's time at the last turn. */
    struct list *reached; /* While rows are loaded: whose second row is next. */
    bool loaded; /* They are a master's before, and not all that was due by
                    then has been dealt with yet. */
};

void schedule_init(struct core *core);
void schedule_fini(struct core *core);

/** The schedule of this name, or NULL. */
struct schedule *schedule_find(const struct core *core, struct slice name);

/** One that is nowhere yet; NULL without memory.  Copies. */
struct schedule *schedule_new(
    struct slice name, struct slice line, struct slice payload);

/** Free one that is nowhere.  NULL is fine. */
void schedule_free(struct schedule *s);

/** Bytes it counts against the budget. */
size_t schedule_memory(const struct schedule *s);

/** What it is about is set: when is it due first? */
void schedule_begin(const struct core *core, tick_ns now, struct schedule *s);

/** Take it in; the core owns it.  Returns false, changing nothing, without
 * memory. */
bool schedule_add(struct core *core, struct schedule *s);

/** From now on it is due then; TICK_NEVER: never more. */
void schedule_move(struct core *core, struct schedule *s, int64_t due);

/** Forget it, and its rows. */
void schedule_remove(struct core *core, struct schedule *s);

/** `s`, which is nowhere, in the place of `old`, which has the same name:
 * number and counts are that one's, which is freed.  As schedule_add(). */
bool schedule_replace(
    struct core *core, struct schedule *old, struct schedule *s);

/** The oldest that is never due any more, or NULL. */
struct schedule *schedule_spent(const struct core *core);

/** Its row as it is now, if it is kept. */
void schedule_write(struct core *core, struct schedule *s);

/** The same, but only what became of it: a payload may be large. */
void schedule_note(struct core *core, struct schedule *s);

/** Whether it survives. */
bool schedule_is_kept(const struct core *core, const struct schedule *s);

/** Put what is due. */
void schedule_tick(struct core *core, tick_ns now);

tick_ns schedule_next_deadline(const struct core *core);

/** The world's time at `now`. */
wall_ns schedule_wall(const struct core *core, tick_ns now);

/** When it is due by the world's time; 0: never more. */
wall_ns schedule_next(
    const struct core *core, tick_ns now, const struct schedule *s);

/** Every invariant, for core_check(); returns the memory of all. */
size_t schedule_check(const struct core *core);

#endif
