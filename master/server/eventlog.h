/**
 * eventlog.h - the core's news as lines of the log.          [layer: server]
 *
 * So many a second at most: where thousands of tasks die a line says how many
 * were left out.
 */
#ifndef EVENTLOG_H
#define EVENTLOG_H

#include "common/tick.h"
#include "master/core/core.h"
#include "master/server/logger.h"

struct eventlog {
    tick_ns since; /* When this second began. */
    unsigned told; /* In it. */
    uint64_t missed;
};

/** Tell what happened since the last call; `now` by the clock of the host. */
void eventlog_tell(struct eventlog *e, struct core *core,
    const struct logger *logger, tick_ns now);

#endif
