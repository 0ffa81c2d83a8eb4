/**
 * child.h - one process: start, feed, collect, end.           [layer: worker]
 *
 * A child leads a process group of its own, has pipes as its standard streams
 * and no other file of ours, default signals, and is waited for through its
 * pidfd.  When it has ended, or must end, its whole group goes with it.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/slice.h"
#include "common/tick.h"

#define CHILD_ERRORS_MAX 1024u

struct child_config {
    char *const *argv;  /* argv[0] is searched in PATH.  Borrowed. */
    char *const *envp;  /* Borrowed. */
    struct slice input; /* For its standard input; it need not read it. */
    size_t output_max;  /* More than so much ends it. */
    tick_ns timeout;    /* A longer run is ended; 0: never. */
    tick_ns grace;      /* From SIGTERM to SIGKILL. */
    int cancel_fd;      /* Readable: end it.  -1: nobody will. */
};

enum child_cause {
    CHILD_EXITED = 0,  /* By itself: see code and signal. */
    CHILD_NOT_STARTED, /* See error; there was no process. */
    CHILD_TIMED_OUT,
    CHILD_CANCELLED,
    CHILD_TOO_LONG,  /* Its output went over output_max. */
    CHILD_NO_MEMORY, /* We could not hold its output. */
    CHILD_LOST,      /* Somebody else reaped it, or SIGCHLD is ignored here. */
};

struct child_end {
    enum child_cause cause;
    int error;  /* errno of what kept it from starting. */
    int code;   /* Exit code; 0 when a signal ended it. */
    int signal; /* Signal that ended it, or 0. */
    size_t errors_length;
    uint8_t errors[CHILD_ERRORS_MAX]; /* The end of its standard error. */
};

/**
 * Run a process to its end and append its standard output to `output`.
 *
 * Time:    blocks until it ended: after timeout or cancellation at most grace
 *          plus two seconds (only a process that the kernel cannot end takes
 *          them; it is left behind).
 * Thread:  any number, which must block SIGPIPE.
 */
void child_run(const struct child_config *config, struct buf *output,
    struct child_end *end);

/**
 * Reap one dead process that was adopted (the worker is a child subreaper).
 * True: there may be more.  Leaves running children alone, and those of the
 * program around us: what is in our own process group is not ours to reap.
 */
bool child_reap_orphan(void);

#endif
