/**
 * syncs.h - a lock, a semaphore, a condition and a barrier.     [tests/sim]
 */
#ifndef SYNCS_H
#define SYNCS_H

#include "tests/sim/ask.h"

/** Do something with one of them. */
void syncs_act(struct client *c);

/** An answer came. */
void syncs_answered(const struct ask *ask, const struct msg *m);

/** After a turn of the master. */
void syncs_turn(struct world *w);

/** All is well: let go of what is held. */
void syncs_heal(struct client *c);

/** It holds nothing, as far as it knows. */
bool syncs_are_free(const struct client *c);

/** At the end: nobody holds anything or waits, no permit is lost, and in a
 * world without faults no wake-up and nobody at a barrier. */
void syncs_check(struct world *w);

void syncs_fini(struct world *w);

#endif
