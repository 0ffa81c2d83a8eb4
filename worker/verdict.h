/**
 * verdict.h - what a command's end means for its task.        [layer: worker]
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "process/child.h"
#include "worker/agent/reason.h"
#include "worker/run.h"

/** Judge how `program` ended; `why` is set unless it is done. */
enum run_end verdict(const char *program, const struct child_config *config,
    const struct child_end *end, struct reason *why);

#endif
