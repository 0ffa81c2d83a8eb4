/**
 * work.h - a worker's options and its run, for `worker` and `local`. [cli]
 */
#ifndef CLI_WORK_H
#define CLI_WORK_H

#include <stint.h>

#include "cli/setting.h"

enum { WORK_NAME = 128, WORK_SLOTS_MAX = 1024 };

/** --name, or "host-pid" written into `room`. */
const char *work_name(const struct run *run, char room[WORK_NAME]);

/** How many tasks side by side. */
unsigned work_slots(const struct run *run);

/**
 * Serve until it is told to stop: the first INT or TERM drains, the second
 * stops.  Says a line when it is ready and a summary at its end, on stderr.
 * stop_begin() has been called.
 */
int work_serve(const struct run *run, struct stint *s, const char *address);

#endif
