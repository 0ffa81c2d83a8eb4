/**
 * pulse.h - which process of a pool lives, but serves no more.  [layer: pool]
 *
 * One that was stopped, or is another program now, has not ended: nobody is
 * told of it.  But each that serves counts on, some times a second, as long as
 * its line to the master stands; the crew looks whether it has, once a second.
 * Looks are counted and not time: while we are stopped ourselves, or the host
 * sleeps, nobody is found silent.
 *
 * Pure; the crew's watcher owns it.
 */
#ifndef PULSE_H
#define PULSE_H

#include <stdint.h>

#include "common/tick.h"

#define PULSE_EVERY TICK_S

enum {
    PULSE_SILENT = 6, /* Looks: it was silent for 5 s at least. */
    PULSE_RIM = 40,   /* For who connects, or sends its last results. */
};

/* All zeros: of a process that has not been looked at yet. */
struct pulse {
    uint32_t beats;
    unsigned quiet; /* Looks in a row that found nothing new. */
};

/** Look: it has counted up to `beats`.  Returns for how many looks in a row
 * that is so; 1: it is new. */
unsigned pulse_look(struct pulse *p, uint32_t beats);

#endif
