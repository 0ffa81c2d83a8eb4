/**
 * moment.h - a point in time as people type it.                [layer: cli]
 */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/** "2026-12-01T03:00:00Z", "2026-12-01 03:00+01:00"; without a zone it is UTC.
 * In milliseconds since 1970, after that.  False for anything else. */
bool moment_read(const char *text, int64_t *unix_ms);

#endif
