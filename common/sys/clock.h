/**
 * clock.h - the only place that reads a clock.                  [layer: sys]
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "common/tick.h"

/** CLOCK_MONOTONIC, which no administrator can set back.  Any thread. */
tick_ns clock_now(void);

/** CLOCK_REALTIME, for records and people only. */
wall_ns clock_wall(void);

/** CLOCK_BOOTTIME: since the host was started, suspended or not. */
tick_ns clock_boottime(void);

#endif
