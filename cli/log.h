/**
 * log.h - what a master says while it runs, on stderr.         [layer: cli]
 *
 * One line an event: "event key=value key=\"a value\" …: a sentence".  As JSON
 * the event, each key and the sentence ("message"; without one the event once
 * more) are fields.  Where stderr is the journal's (systemd says so in
 * $JOURNAL_STREAM), each line begins with its priority, "<4>", and has no time,
 * which the journal knows.
 */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include "cli/setting.h"

/** As --log-format, --log-level and -q say. */
void log_init(const struct run *run);

/** Whether stderr is for machines: nothing else is to be said there. */
bool log_is_json(void);

/** Write one line, if it is loud enough; `level` as syslog's.  Fits
 * stint_master_options.log.  Thread: any. */
void log_line(void *arg, int level, const char *line);

#endif
