/**
 * errand.h - what one slot does for one task.                 [layer: worker]
 *
 * Which program it is, how long it may take, how it went, and what the master
 * is told of it.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include <stdbool.h>

#include "client/stint_job.h"
#include "process/child.h"
#include "worker/programs.h"
#include "worker/run.h"

enum errand_kind {
    ERRAND_NONE,    /* It cannot be run here. */
    ERRAND_FIXED,   /* By the worker's own command. */
    ERRAND_COMMAND, /* By that of its job. */
    ERRAND_HANDLER,
};

struct errand {
    enum errand_kind kind;
    enum run_end refusal;          /* Of ERRAND_NONE: how it ends, then. */
    const struct program *program; /* Of its job; or NULL. */
    uint64_t job, seq;
    tick_ns timeout;          /* 0: none. */
    struct stint_attempt how; /* How it went. */
};

struct slot;

/** Find out what to run, and make room for what comes of it.  May ask the
 * master for what a job runs. */
void errand_prepare(struct slot *slot, const struct stint_task *task);

/** Run it to its end; the slot's call holds the reason unless it is done.  The
 * task may be taken from the slot meanwhile if it is a handler's. */
enum run_end errand_run(struct slot *slot, const struct stint_task *task);

/** Tell the master; takes the task. */
int errand_report(struct slot *slot, struct stint_task *task, enum run_end how);

/** Give back what is large. */
void errand_finish(struct slot *slot);

#endif
