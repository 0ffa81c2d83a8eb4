/**
 * serve.h - starting a master, for `master` and `local`.       [layer: cli]
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include <stint.h>

#include "cli/setting.h"

/**
 * Start a master as the settings say, declare its queues, tell --ready-fd.
 * Returns the exit status, having said why; *out is NULL then.
 */
int serve_start(const struct run *run, struct stint_master **out);

/** Say on stderr that it is there and what to type next. */
void serve_greet(const struct run *run, const struct stint_master *master);

#endif
