/**
 * hold.h - whether to wait a little before a sync.           [layer: server]
 *
 * A short task that is handed out at once ends soon after it was put.  It pays
 * to hold the put back until the end is there too: one sync for both instead of
 * two, one behind the other.  It is done when the disk is idle, for a quarter
 * of what a sync takes (0.4 ms at least, 5 ms at most), and only as long as it
 * turns out to pay.  Where nobody waits for syncs nothing is held.
 *
 * Pure; one thread.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>

#include "common/tick.h"

struct hold {
    tick_ns cost;    /* Of a synced commit, smoothed. */
    tick_ns begun;   /* When the one under way began; 0: none that counts. */
    tick_ns since;   /* When the holding began, */
    tick_ns length;  /* and how long it is at most; 0: nothing is held. */
    unsigned hope;   /* Sinks when it was in vain. */
    unsigned passed; /* Times it was not tried since, for want of hope. */
    bool gathered;   /* A commit has ended, and what came meanwhile waits. */
};

void hold_init(struct hold *h);

/** A commit begins, or has ended. */
void hold_commit_begins(struct hold *h, tick_ns now, bool sync);
void hold_commit_ended(struct hold *h, tick_ns now);

/** Whether to wait, the disk being idle.  `expects`: an end may still join. */
bool hold_waits(struct hold *h, tick_ns now, bool expects);

/** How long still; to be asked while it waits. */
tick_ns hold_left(const struct hold *h, tick_ns now);

#endif
