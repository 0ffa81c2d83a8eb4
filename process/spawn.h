/**
 * spawn.h - starting a program.                               [layer: process]
 *
 * It leads a process group of its own (family.h), has its three standard
 * streams (and, if it is to tell of its progress, a fourth one) and no other
 * file of ours, and default signals.
 *
 * posix_spawn(), so that the start costs the same whatever our own size.  It
 * knows nothing of limits: where some are asked for, `sh` sets them and turns
 * into the command, which costs half a millisecond more.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/tick.h"
#include "process/family.h"

#define SPAWN_PROGRESS_FD 3

struct spawn_limits {
    uint64_t memory; /* Bytes of address space; 0: none. */
    uint64_t cpu_s;  /* Seconds of processor time; 0: none. */
    uint64_t files;  /* Descriptors; 0: ours. */
};

struct spawn_config {
    char *const *argv; /* argv[0] is searched in PATH.  Borrowed. */
    char *const *envp; /* Borrowed. */
    const char *path;  /* In this PATH; NULL: in ours. */
    int folder;        /* Where it runs; -1: where we are. */
    bool no_input;     /* Nothing to read. */
    bool our_output;   /* Its output and errors are ours, no pipes. */
    bool merge;        /* Its errors go where its output goes. */
    bool progress;
    struct spawn_limits limits;
    bool guarded;  /* It is ended when we die (guard.h), */
    tick_ns grace; /* with so long from SIGTERM to SIGKILL. */
};

/* In the caller's memory, which stays where it is. */
struct spawned {
    struct member member;
    int in, out, err, progress; /* Ours to close; -1: there is none. */
};

/** Start it; our ends of its streams do not block.  Returns 0, or an errno and
 * nothing was started.  Any thread. */
int spawn(struct spawned *p, const struct spawn_config *config);

#endif
