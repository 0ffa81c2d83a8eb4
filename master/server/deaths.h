/**
 * deaths.h - peers whose processes were seen to die.         [layer: server]
 *
 * Whoever started a worker on this host hears of its death from the system, at
 * once; without that it is known by its silence only.  What it said last may be
 * on its way still, so it is given a moment to come.
 *
 * Any thread tells; the loop's does all else.
 */
#ifndef DEATHS_H
#define DEATHS_H

#include <pthread.h>

#include "common/list.h"
#include "common/tick.h"
#include "master/core/core.h"

struct deaths {
    pthread_mutex_t lock;
    struct list told; /* In order, so the first one is due first. */
    int fd;           /* An eventfd: there are some new ones. */
};

/** 0, or STINT_ESYSTEM; a sentence is said, and there is nothing. */
int deaths_init(struct deaths *d);

void deaths_fini(struct deaths *d);

/** As master_worker_died(). */
int deaths_tell(struct deaths *d, const char *name, uint64_t task, bool late,
    const char *how);

/** Tell the core of those whose moment is over.  `now` is the core's. */
void deaths_turn(struct deaths *d, struct core *core, tick_ns now);

/** How long until deaths_turn() has something to do; TICK_NEVER. */
tick_ns deaths_left(const struct deaths *d);

#endif
