/**
 * child.h - one process: start, feed, collect, end.            [layer: process]
 *
 * When it has ended, or must end, its whole process group goes with it.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>

#include "common/slice.h"
#include "common/tick.h"
#include "process/capture.h"
#include "process/spawn.h"

/* What is written to cancel_fd: the worker stops, or the task is nobody's any
 * more, and what is left of it ends within a second. */
#define CHILD_STOP ((uint64_t)1)
#define CHILD_RECALL ((uint64_t)1 << 32)

#define CHILD_GRACE (2 * TICK_S) /* From SIGTERM to SIGKILL, by default. */
#define CHILD_GRACE_RECALL (800 * TICK_MS)

struct child_config {
    struct spawn_config start;
    struct slice input;      /* For its standard input; it need not read. */
    struct capture *capture; /* Begun. */
    bool output_whole;       /* More output than is kept ends it. */
    /* What it writes to SPAWN_PROGRESS_FD, if it has that; or NULL. */
    void (*heard)(void *arg, const uint8_t *bytes, size_t length);
    void *heard_arg;
    tick_ns timeout;         /* A longer run is ended; 0: never. */
    tick_ns grace;           /* From SIGTERM to SIGKILL; 0: CHILD_GRACE. */
    int cancel_fd;           /* An eventfd; readable: end it.  -1: none. */
    void (*more)(void *arg); /* There is more for who waits for it; or NULL. */
    void *more_arg;
};

enum child_cause {
    CHILD_EXITED = 0,  /* By itself: see code and signal. */
    CHILD_NOT_STARTED, /* See error; there was no process. */
    CHILD_TIMED_OUT,
    CHILD_CANCELLED,
    CHILD_TOO_LONG,  /* Its output was more than is kept. */
    CHILD_NO_MEMORY, /* We could not hold its output. */
    CHILD_LOST,      /* Somebody else reaped it, or SIGCHLD is ignored here. */
};

struct child_end {
    enum child_cause cause;
    int error;     /* errno of what kept it from starting. */
    int code;      /* Exit code; 0 when a signal ended it. */
    int signal;    /* Signal that ended it, or 0. */
    wall_ns began; /* 0: it was not started. */
    tick_ns wall;
    tick_ns user, system; /* Its own, and of those of its own that it reaped. */
    uint64_t memory;      /* Most resident bytes of one of them; 0: unknown. */
};

/**
 * Run a process to its end.
 *
 * The kernel counts our own size at the start as the process's: where that
 * hides what it used, `memory` is what its first process was seen with
 * meanwhile, and unknown if it was too short to be seen (20 ms).
 *
 * Time:    blocks until it ended: after timeout or cancellation at most grace
 *          plus two seconds (only a process that the kernel cannot end takes
 *          them; it is reaped when it can be).
 * Thread:  any number.
 */
void child_run(const struct child_config *config, struct child_end *end);

#endif
