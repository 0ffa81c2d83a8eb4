/**
 * program.h - what stint_run() and stint_popen() share.      [layer: process]
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "client/stint_process.h"
#include "process/launch.h"

/** Most bytes of each stream that are kept. */
size_t program_output_max(const struct stint_run_options *options);

/** From TERM to KILL. */
tick_ns program_grace(const struct stint_run_options *options);

/** Check the options and make the program ready, as launch_prepare(). */
int program_prepare(struct launch *l, const struct stint_run_options *options)
    __attribute__((warn_unused_result));

#endif
