/**
 * because.h - a list of reasons that is being written.          [layer: core]
 */
#ifndef BECAUSE_H
#define BECAUSE_H

#include <stdint.h>

#include "common/buf.h"

/* The numbers are those of record `because`. */
enum because_code {
    BECAUSE_RUNS = 0,
    BECAUSE_ENDED = 1,
    BECAUSE_PAUSED = 2,
    BECAUSE_BEFORE = 3,
    BECAUSE_DELAYED = 4,
    BECAUSE_RETRY = 5,
    BECAUSE_UNSERVED = 6,
    BECAUSE_UNSUITED = 7,
    BECAUSE_FULL = 8,
    BECAUSE_USED = 9,
    BECAUSE_BOUND = 10,
    BECAUSE_DRAINING = 11,
    BECAUSE_NO_EXEC = 12,
    BECAUSE_SOON = 13,
    BECAUSE_TAKEN = 14,
};

struct because {
    struct buf rows; /* Records `because`; the caller's to free. */
    uint32_t count;
};

void because_init(struct because *b);

/** Add a reason, as printf() does it. */
__attribute__((format(printf, 3, 4))) void because(
    struct because *b, enum because_code code, const char *format, ...);

#endif
