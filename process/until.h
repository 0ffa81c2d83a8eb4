/**
 * until.h - timeouts become deadlines, and their waits.     [layer: process]
 */
#ifndef UNTIL_H
#define UNTIL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/tick.h"

/** 0, or STINT_EINVAL: a negative timeout other than STINT_FOREVER. */
int until_check(int64_t timeout_ms) __attribute__((warn_unused_result));

/** The point in time `timeout_ms` from now; TICK_NEVER for STINT_FOREVER. */
tick_ns until_after(int64_t timeout_ms);

/** The same as the system's condition variables want it. */
struct timespec until_timespec(tick_ns deadline);

/** poll(2) until a deadline, whatever signals come.  Returns how many are
 * ready; 0: the deadline; negative: an errno. */
int until_ready(struct pollfd *fds, nfds_t count, tick_ns deadline);

/** Whether `fd` became readable. */
bool until_readable(int fd, tick_ns deadline);

#endif
