/**
 * logger.h - one line for each thing worth knowing.          [layer: server]
 *
 * Lines are "event key=value key=value …" without a line end; what they are
 * written to is the caller's of stint_master_start().
 */
#ifndef LOGGER_H
#define LOGGER_H

#include <syslog.h> /* LOG_ERR, LOG_INFO, … */

struct logger {
    void (*write)(void *arg, int level, const char *line); /* NULL: silent. */
    void *arg;
};

/** Format and write one line; truncated at 1,023 bytes.  Any thread, if
 * `write` is so. */
void logger_say(const struct logger *l, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
