/**
 * suit.h - what workers have, what jobs need, what is paused.   [tests/sim]
 */
#ifndef SUIT_H
#define SUIT_H

#include "tests/sim/client.h"

/** Traits of a worker; of a healthy one: all that any job may need.  Lends for
 * ever. */
struct proto_list suit_traits(struct rnd *r, bool all);

/** Needs of a job.  Lends for ever. */
struct proto_list suit_needs(struct rnd *r);

/** A queue is paused, or goes on. */
void suit_pause(struct world *w);

/** What is still paused goes on. */
void suit_heal(struct world *w);

/** No session holds what does not suit it, nor more than it has. */
void suit_check(const struct world *w);

#endif
