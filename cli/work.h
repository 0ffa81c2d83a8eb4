/**
 * work.h - a worker's options and its run, for `worker` and `local`. [cli]
 */
#ifndef CLI_WORK_H
#define CLI_WORK_H

#include <stint.h>

#include "cli/setting.h"

enum { WORK_NAME = 128, WORK_SLOTS_MAX = 1024 };

/** --name, or "host-pid" written into `room`. */
const char *work_name(const struct run *run, char room[WORK_NAME]);

/** How many tasks side by side. */
unsigned work_slots(const struct run *run);

/* What a worker runs and has, before it is connected. */
struct work {
    const struct run *run;
    struct stint_worker_options options; /* Lent by the run. */
    unsigned slots;                      /* That they get. */
    struct stint_trait *traits;          /* For stint_options.traits; owned. */
};

/** Read the options; `allow_exec` whatever they say of it, if set.  EXIT_FINE,
 * or it is said what is wrong; work_end() afterwards in any case. */
int work_begin(const struct run *run, bool allow_exec, struct work *work);

void work_end(struct work *work);

/**
 * Serve until it is told to stop: the first INT or TERM drains, the second
 * stops.  Says a line when it is ready and a summary at its end, on stderr.
 * stop_begin() has been called.
 */
int work_serve(const struct work *work, struct stint *s, const char *address);

#endif
