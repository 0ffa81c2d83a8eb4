/**
 * metrics.h - how long tasks wait and run.                      [layer: core]
 *
 * What the queues count is with the queues; this is what only the core's own
 * time can tell.  Fixed room, nothing that can fail: it is on the way of every
 * task.
 */
#ifndef METRICS_H
#define METRICS_H

#include "common/histogram.h"
#include "common/tick.h"

struct task;

struct metrics {
    struct histogram waits; /* From the put to the first hand-out. */
    struct histogram runs;  /* From the hand-out to the end that counted. */
};

/** `t` is handed out. */
void metrics_granted(struct metrics *m, tick_ns now, const struct task *t);

/** `t`, which `start` of the master handed out, is done. */
void metrics_done(
    struct metrics *m, tick_ns now, const struct task *t, uint64_t start);

#endif
