/**
 * sync.h - locks, semaphores, conditions, events, barriers.     [layer: core]
 *
 * A request that has to wait is a struct wait (wait.h): in the line of its
 * object, or in the line of its lock when a condition notified it or its time
 * was over.  First come, first served.
 */
#ifndef SYNC_H
#define SYNC_H

#include "master/core/inside.h"

/* The numbers are those of sync.verb. */
enum sync_verb {
    SYNC_ACQUIRE = 1,
    SYNC_RELEASE = 2,
    SYNC_WAIT = 3,
    SYNC_NOTIFY = 4,
    SYNC_SET = 5,
    SYNC_CLEAR = 6,
    SYNC_RESET = 7,
    SYNC_ABORT = 8,
    SYNC_LOOK = 9,
    SYNC_ACTED = 10,
};

/** A wait is not satisfied: with STINT_ETIMEOUT its time is over, of a
 * condition the next one may begin; else it ends with `code`. */
void sync_give_up(struct core *core, struct wait *w, int code);

/** The session is dead, or leaves: all that it holds goes back.  It waits for
 * nothing any more. */
void sync_give_back(struct core *core, tick_ns now, struct session *s);

#endif
