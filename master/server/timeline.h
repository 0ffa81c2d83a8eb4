/**
 * timeline.h - the master's own time.                        [layer: server]
 *
 * Goes on where the master before left it: leases and delays that were stored
 * are points of this time.  Between two masters it advances as the host's
 * CLOCK_BOOTTIME does, or, when the host was started anew or is another one, as
 * its wall clock; never back.  While a master runs it advances as
 * CLOCK_MONOTONIC, whatever the wall clock does.
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tick.h"
#include "master/core/core.h"

struct timeline {
    tick_ns shift; /* From CLOCK_MONOTONIC. */
    tick_ns own;   /* The same, as it was begun with: tests move `shift`. */
    bool stands;   /* For tests: it is `shift`, and stays so. */
    uint8_t boot[16];
};

/** Begin with the host's time. */
void timeline_init(struct timeline *t);

/** Go on from what the store says of the last master. */
void timeline_resume(struct timeline *t, const struct core_clock *last);

/** What a core is told as `now`.  Any thread. */
tick_ns timeline_now(const struct timeline *t);

/** What is to be stored of now; where tests moved the time, the world's moved
 * with it. */
struct core_clock timeline_clock(const struct timeline *t);

#endif
