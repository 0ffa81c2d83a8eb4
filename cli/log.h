/**
 * log.h - what a master says while it runs, on stderr.         [layer: cli]
 */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include "cli/setting.h"

/** As --log-format and -q say. */
void log_init(const struct run *run);

/** A line for people or a line of JSON; `level` as syslog's.  Fits
 * stint_master_options.log.  Thread: any. */
void log_line(void *arg, int level, const char *line);

#endif
