/**
 * totals.h - sums over all queues and sessions.                 [layer: core]
 */
#ifndef TOTALS_H
#define TOTALS_H

#include "master/core/inside.h"

/** O(queues + sessions). */
struct core_totals totals_sum(const struct core *core);

#endif
