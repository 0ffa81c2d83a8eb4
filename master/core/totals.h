/**
 * totals.h - sums over all queues and sessions.                 [layer: core]
 */
#ifndef TOTALS_H
#define TOTALS_H

#include "master/core/inside.h"

/** O(queues + sessions). */
struct core_totals totals_sum(const struct core *core);

/** The same, summed up once a turn however often it is asked for: who asks
 * again and again must not hold the others up.  Lends until the turn ends. */
const struct core_totals *totals_look(struct core *core);

#endif
