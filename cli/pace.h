/**
 * pace.h - time that passes, whatever the wall clock says.       [layer: cli]
 */
#ifndef CLI_PACE_H
#define CLI_PACE_H

#include <stdint.h>

/** Milliseconds since some moment, never backwards: for deadlines. */
int64_t pace_now_ms(void);

/** Sleep for so long, also over signals; 0 or less: not at all. */
void pace_sleep_ms(int64_t ms);

#endif
