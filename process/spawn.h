/**
 * spawn.h - starting a process, and reaping what it leaves.    [layer: process]
 *
 * It leads a process group of its own, has its three standard streams (and, if
 * it is to tell of its progress, a fourth one) and no other file of ours,
 * default signals, and is waited for through its pidfd.  Should this process be
 * killed, its group is ended (guard.h).
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

#include "common/list.h"
#include "common/tick.h"

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
    bool progress;
    struct spawn_limits limits;
    tick_ns grace; /* From SIGTERM to SIGKILL, should we be killed. */
};

/* In the caller's memory, which stays where it is. */
struct spawned {
    struct list node; /* Of all that somebody waits for. */
    struct guard_row *guard;
    pid_t pid;
    int pidfd, in, out, err, progress; /* Ours to close; -1: there is none. */
};

/** Start it; our ends of its streams do not block.  Returns 0, or an errno and
 * nothing was started.  Any thread. */
int spawn(struct spawned *p, const struct spawn_config *config);

/** It was reaped, or is left behind. */
void spawn_forget(struct spawned *p);

/**
 * Reap one dead process that was adopted (the worker is a child subreaper).
 * True: there may be more.  Leaves running children alone, and those of the
 * program around us: what is in our own process group is not ours to reap.
 */
bool spawn_reap_orphan(void);

#endif
