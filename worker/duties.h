/**
 * duties.h - what the master asks of a worker between tasks.  [layer: worker]
 *
 * The thread that reads the connection only notes it; the coordinator does it.
 */
#ifndef WORKER_DUTIES_H
#define WORKER_DUTIES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/stint_job.h"
#include "common/tick.h"

#define DUTIES_RECALLS 1024u
#define DUTIES_SHOWS 256u
#define DUTIES_STRAYS 64u

struct stint_worker;

struct duties_recall {
    uint64_t task, fence;
};

struct duties_show {
    struct stint_show asked;
    tick_ns until; /* Then it is answered in any case. */
};

struct duties {
    pthread_mutex_t
        lock; /* Of what is new: held for moments, no other inside. */
    struct duties_recall new_recalls[DUTIES_RECALLS];
    struct duties_show new_shows[DUTIES_SHOWS];
    unsigned new_recall_count, new_show_count;

    /* The coordinator's. */
    struct duties_show shows[DUTIES_SHOWS];
    unsigned show_count;

    /* Recalls whose task nobody has begun yet; under the worker's lock. */
    struct duties_recall strays[DUTIES_STRAYS];
    unsigned stray_count;
};

void duties_init(struct duties *d);

void duties_fini(struct duties *d);

/** Have the connection call us; or no more. */
void duties_begin(struct stint_worker *w);
void duties_end(struct stint_worker *w);

/** Do what is there to do.  The coordinator's. */
void duties_do(struct stint_worker *w, tick_ns now);

/** When to call it again, if nobody wakes the coordinator; or TICK_NEVER. */
tick_ns duties_next(const struct duties *d);

/** Whether the task was recalled before it began; forgets it then.  Under the
 * worker's lock. */
bool duties_is_recalled(struct duties *d, uint64_t task, uint64_t fence);

#endif
