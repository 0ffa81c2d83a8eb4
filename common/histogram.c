#include "common/histogram.h"

/* From a tenth of a millisecond to two hours. */
static const tick_ns bounds[HISTOGRAM_BOUNDS] = {
    100 * TICK_US,
    250 * TICK_US,
    500 * TICK_US,
    1 * TICK_MS,
    2500 * TICK_US,
    5 * TICK_MS,
    10 * TICK_MS,
    25 * TICK_MS,
    50 * TICK_MS,
    100 * TICK_MS,
    250 * TICK_MS,
    500 * TICK_MS,
    1 * TICK_S,
    2500 * TICK_MS,
    5 * TICK_S,
    10 * TICK_S,
    30 * TICK_S,
    60 * TICK_S,
    300 * TICK_S,
    600 * TICK_S,
    1800 * TICK_S,
    3600 * TICK_S,
    7200 * TICK_S,
};

tick_ns
histogram_bound(unsigned i)
{
    return bounds[i];
}

/* The first bucket whose bound is not below `length`. */
static unsigned
bucket_of(tick_ns length)
{
    unsigned low = 0, high = HISTOGRAM_BOUNDS;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (bounds[middle] < length) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void
histogram_add(struct histogram *h, tick_ns length)
{
    if (length < 0) length = 0;
    h->counts[bucket_of(length)] += 1;
    h->sum = tick_after(h->sum, length);
}

uint64_t
histogram_count(const struct histogram *h)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        count += h->counts[i];
    }
    return count;
}
