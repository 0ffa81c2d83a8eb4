/**
 * tally.h - clients that count together in a shared dict.       [tests/sim]
 *
 * Each adds to the sum of all and, in the same step, to its own.  So the sum is
 * that of its parts at any time, and each part is what its client was told: of
 * requests whose answer was lost with a session that the master had forgotten,
 * or with the client, nobody knows.
 */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

#include "tests/sim/ask.h"

/** Add, or make the dict. */
void tally_act(struct client *c);

/** An answer to one of its requests; NULL: there will be none. */
void tally_answered(const struct ask *ask, const struct msg *m);

/** The master was started again: all or nothing held in its crash, too. */
void tally_check_sum(const struct world *w);

/** At the end: nothing was lost, nothing was done twice (I6). */
void tally_check(const struct world *w);

#endif
