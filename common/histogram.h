/**
 * histogram.h - how long things took, in fixed buckets.       [layer: common]
 *
 * Nothing is allocated, nothing can fail, one observation is a search in a
 * small table: fit for a hot path.  Not thread-safe.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#include "common/tick.h"

enum { HISTOGRAM_BOUNDS = 23 };

struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* The last: beyond all bounds. */
    tick_ns sum;                           /* Of all of them; saturating. */
};

/** The longest time that the bucket `i` < HISTOGRAM_BOUNDS takes. */
tick_ns histogram_bound(unsigned i);

/** Count one that took `length`; a negative one took none. */
void histogram_add(struct histogram *h, tick_ns length);

/** How many there were. */
uint64_t histogram_count(const struct histogram *h);

#endif
