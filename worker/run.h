/**
 * run.h - one attempt: what is run, and how it ends.          [layer: worker]
 */
#ifndef RUN_H
#define RUN_H

#include "common/slice.h"
#include "common/tick.h"

enum run_end {
    RUN_DONE,       /* There is a result. */
    RUN_FAILED,     /* Try again, as the queue says. */
    RUN_REFUSED,    /* It would fail again: dead at once. */
    RUN_GIVEN_BACK, /* Stopped before it could end: ready again at once. */
    RUN_NOT_NOW,    /* This host lacks something just now: ready again soon. */
};

struct capture;
struct progress;

/* A task for a command.  All borrowed. */
struct run_task {
    struct slice payload;
    uint64_t id, fence;
    uint64_t job, seq; /* 0: of none. */
    unsigned attempt;
    const char *queue;
    tick_ns timeout;           /* 0: none. */
    int cancel_fd;             /* As child_config's. */
    struct capture *capture;   /* Begun. */
    struct progress *progress; /* Begun; or NULL: it has no way to tell. */
    void (*more)(void *arg);   /* There is more in `capture`; or NULL. */
    void *more_arg;
};

#endif
