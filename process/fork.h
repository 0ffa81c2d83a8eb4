/**
 * fork.h - a copy of this process runs a function.           [layer: process]
 *
 * The copy has one thread, that of the caller, and goes on in it.  It leads a
 * process group of its own; of our files it keeps standard output, standard
 * error and those it is to keep, so that no socket of ours stays open because a
 * copy has it; its standard input is /dev/null.  Handlers of signals are
 * default again, what is ignored stays ignored, nothing is blocked.  It ends by
 * _exit(), with its standard streams flushed.
 *
 * Source: multiprocessing.Process, start method fork.
 */
#ifndef FORK_H
#define FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/tick.h"

struct guard_row;

struct fork_config {
    int (*run)(void *arg); /* Returns the exit code, modulo 256. */
    void *arg;
    const int *keep; /* Descriptors that stay open. */
    size_t keep_count;
    struct guard_row *guard; /* Claimed; or NULL. */
};

/** Returns the pid of the copy, or -1 and errno. */
pid_t fork_run(const struct fork_config *config);

#endif
