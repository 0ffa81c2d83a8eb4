/**
 * pipes.h - clients that talk through pipes.                    [tests/sim]
 *
 * Each message names the flow that it is of, and its number in it.  A flow is
 * what goes into one end, whoever holds that end; it comes out of the other one
 * without a gap and without a repetition, whoever holds that.
 */
#ifndef SIM_PIPES_H
#define SIM_PIPES_H

#include "tests/sim/ask.h"

/** Do something with a pipe. */
void pipes_act(struct client *c);

/** An answer came. */
void pipes_answered(const struct ask *ask, const struct msg *m);

/** All is well: close what is held. */
void pipes_heal(struct client *c);

/** It holds nothing, as far as it knows. */
bool pipes_are_free(const struct client *c);

/** At the end: no pipe is left. */
void pipes_check(struct world *w);

void pipes_fini(struct world *w);

#endif
