/**
 * meters.h - what the loop counts of itself.                 [layer: server]
 *
 * Written by the loop, read in its thread.
 */
#ifndef METERS_H
#define METERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/histogram.h"

struct meters {
    struct histogram turns;   /* How long whoever arrived meanwhile waited. */
    struct histogram commits; /* From giving a batch to hearing of it. */
    uint64_t ignored;         /* Frames of peers that chose their own id. */
    bool stopping;            /* No new work is taken in. */
};

#endif
