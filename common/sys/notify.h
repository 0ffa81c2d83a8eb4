/**
 * notify.h - a word to the service manager.                     [layer: sys]
 *
 * The protocol of sd_notify(3): lines "READY=1", "STATUS=…" as a datagram to
 * the socket that $NOTIFY_SOCKET names.  Without one nothing happens.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "common/tick.h"

/** Tell it, printf-like; several lines may be told at once.  What cannot be
 * told is let be: nobody could do anything about it.  Any thread. */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** How often "WATCHDOG=1" is awaited at least ($WATCHDOG_USEC, when it is meant
 * for this process); TICK_NEVER if it is not. */
tick_ns notify_watchdog(void);

#endif
