/**
 * agent.h - how much work a worker keeps on hand.             [layer: agent]
 *
 * A worker asks for about 50 ms of work by its own measured mean, so that short
 * tasks come in batches and none waits behind a long one that another worker
 * could have run:
 *
 *     mean run time      waiting for a slot, here or on the way
 *     not known yet      one for each slot
 *     up to 50 ms        50 ms of work, at least one for each slot
 *     up to 1 s          one for each slot
 *     longer             none: only free slots ask
 *
 * `ahead` may set a time shorter than that 1 s, for work of which no task
 * should wait while another worker is free; then nothing waits before it is
 * measured.
 *
 * With those that run never more than AGENT_HOLD_MAX.  The amount grows by at
 * most one with each task that ends, so that a short first task cannot draw
 * thousands of long ones; it falls at once.
 *
 * The agent also knows when the worker has done its part: drained, tasks_max
 * begun, or idle for long enough.  Pure: the caller owns clock, threads, lock.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/tick.h"

#define AGENT_HORIZON (50 * TICK_MS)
#define AGENT_LONG TICK_S
#define AGENT_HOLD_MAX 4096u /* Four full batches. */
#define AGENT_SLOTS_MAX 1024u
#define AGENT_BYTES_MIN ((size_t)4 << 20)
#define AGENT_BYTES_MAX ((size_t)16 << 20)

struct agent_config {
    unsigned slots;        /* 1 to AGENT_SLOTS_MAX. */
    unsigned prefetch_max; /* Most that wait for a slot; 0: chosen by time. */
    int64_t tasks_max;     /* Begin no more than so many; 0: no end. */
    tick_ns idle;          /* Over when idle for so long; 0: never. */
    tick_ns ahead;         /* Nothing waits behind longer ones; 0: 1 s. */
};

/* What to keep on hand, here or on the way, besides what runs. */
struct agent_credit {
    unsigned tasks;
    size_t bytes;
};

struct agent { /* In the caller's memory; needs no fini. */
    struct agent_config config;
    tick_ns mean;             /* Of run times, recent ones count more. */
    size_t bytes;             /* Mean payload, likewise. */
    bool measured;            /* A task has ended: the means mean something. */
    tick_ns stuck;            /* As last observed; ends with any run. */
    unsigned wait;            /* Most that may wait, grown so far. */
    unsigned running;         /* Begun and not ended; <= slots. */
    unsigned asking;          /* Slots that wait for a task; <= slots. */
    int64_t begun;            /* In all. */
    tick_ns quiet_since;      /* When the last run ended. */
    bool draining;            /* Begin nothing more. */
    struct agent_credit told; /* Last answer of agent_credit(). */
};

/** Make an agent that has begun nothing. */
void agent_init(
    struct agent *a, const struct agent_config *config, tick_ns now);

/**
 * Ask whether a slot may wait for another task.  True counts it as asking until
 * agent_begin() or agent_leave(); false: it is not needed any more.
 */
bool agent_ask(struct agent *a);

/** An asking slot got nothing and asks no more. */
void agent_leave(struct agent *a);

/** An asking slot got a task with a payload of `bytes` and runs it. */
void agent_begin(struct agent *a, size_t bytes);

/** A run that took `run` ended. */
void agent_end(struct agent *a, tick_ns now, tick_ns run);

/** A run that ended was `more` tasks more than one. */
void agent_more(struct agent *a, size_t more);

/** No slot has become free for the time `stuck` (0: one is free).  It counts
 * before a run ends, or a worker that hangs would sit on the rest. */
void agent_observe(struct agent *a, tick_ns stuck);

/** What to keep on hand now.  True when it differs from the last answer by
 * enough to be worth telling; a change from or to nothing always is. */
bool agent_credit(struct agent *a, struct agent_credit *out);

/** How many of `ready` waiting tasks others should have instead. */
unsigned agent_excess(const struct agent *a, unsigned ready);

/** Begin nothing more. */
void agent_drain(struct agent *a);

/** Whether the worker has done its part and should be drained: it is draining,
 * tasks_max have begun, or nothing ran for the idle time. */
bool agent_is_over(const struct agent *a, tick_ns now);

/** When agent_is_over() turns true by time alone; TICK_NEVER if it does not. */
tick_ns agent_next_deadline(const struct agent *a);

#endif
