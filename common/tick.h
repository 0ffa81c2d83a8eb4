/**
 * tick.h - points in time and lengths of time.                [layer: common]
 *
 * Both are nanoseconds in an int64_t.  A point is monotonic (it counts from an
 * arbitrary start and never runs backwards); only common/sys/clock.c makes one.
 * Wall-clock time is for people and records: `wall_ns`, from the Unix epoch.
 */
#ifndef TICK_H
#define TICK_H

#include <stdint.h>

typedef int64_t tick_ns;
typedef int64_t wall_ns;

#define TICK_US ((tick_ns)1000)
#define TICK_MS ((tick_ns)1000000)
#define TICK_S ((tick_ns)1000000000)
#define TICK_NEVER INT64_MAX

/** The point `length` (>= 0) after `now`; saturates at TICK_NEVER. */
static inline tick_ns
tick_after(tick_ns now, tick_ns length)
{
    return now > 0 && length > TICK_NEVER - now ? TICK_NEVER : now + length;
}

/** The earlier of two points. */
static inline tick_ns
tick_min(tick_ns a, tick_ns b)
{
    return a < b ? a : b;
}

#endif
