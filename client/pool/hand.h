/**
 * hand.h - what each process of a pool does.                    [layer: pool]
 *
 * It is forked by the nursery: all it knows is what there was when that was
 * opened, and the board, which is shared.
 */
#ifndef HAND_H
#define HAND_H

#include <stdatomic.h>
#include <sys/types.h>

#include "client/stint_pool.h"
#include "common/tick.h"

enum { HAND_ADDRESS = 96, HAND_WHY = 512, HAND_FUNCTION = 64 };

/* How it leaves when it could not begin. */
enum hand_code { HAND_NO_INITIALIZER = 101, HAND_NO_MASTER = 102 };

enum hand_phase {
    HAND_BEGINS, /* Initializes, connects. */
    HAND_SERVES,
    HAND_LEAVES, /* Has done its part. */
};

/* What is known of each number, whose process may die at any moment. */
struct hand_seat {
    atomic_int phase;            /* enum hand_phase */
    atomic_uint_least32_t beats; /* Counts on while it serves: pulse.h. */
    /* What it runs just now, or 0.  With one try: what it ran last, as that is
     * not to be run again even if the result had no time to leave. */
    atomic_uint_least64_t task;
    tick_ns began;                /* Of that task: when, */
    unsigned attempt;             /* which attempt it is, */
    char function[HAND_FUNCTION]; /* and what runs.  Read of the dead only. */
};

/* In memory that the processes share.  The master's address is there before the
 * first of them is forked. */
struct hand_board {
    char address[HAND_ADDRESS];
    char why[HAND_WHY]; /* What the last one that could not begin said. */
    struct hand_seat seats[];
};

struct hand {
    struct stint_pool_options options; /* What they point to is copied by the
                                          fork. */
    char authkey[STINT_AUTHKEY_TEXT];
    struct hand_board *board;
};

enum { HAND_NAME = 64 };

/** What the process `pid` is called at the master. */
void hand_name(char name[HAND_NAME], unsigned number, pid_t pid);

/* The queue they serve. */
#define HAND_QUEUE "pool"

/** Run the initializer, serve until it has done its part or is ended.  `arg` is
 * a struct hand.  Returns the exit code. */
int hand_run(void *arg, unsigned number);

#endif
