/**
 * loop.h - the master's turn.                                [layer: server]
 *
 * Receives what arrived (with one `now`), lets the core decide, sends what it
 * has to say, sleeps until something is due.  One thread, which owns core and
 * ROUTER while it runs.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tick.h"
#include "master/core/core.h"
#include "master/server/door.h"
#include "master/server/logger.h"
#include "master/server/outbox.h"

struct loop {
    void *router;      /* Borrowed until loop_run() returns. */
    struct core *core; /* As well. */
    struct door door;
    struct logger logger;
    struct outbox outbox;
    int router_fd;    /* Readable when the socket is to be asked. */
    int quit_fd;      /* An eventfd. */
    tick_ns listened; /* When it last looked for frames. */
    tick_ns complained;
    uint64_t ignored; /* Frames of peers that chose their own routing id. */
};

/**
 * Make a loop.  `door` says whose core it is.
 * Returns 0, or STINT_ESYSTEM; a sentence is said.
 */
int loop_init(struct loop *l, void *router, const struct door *door,
    const struct logger *logger);

/** Give the eventfd back. */
void loop_fini(struct loop *l);

/**
 * Serve until loop_quit(), or until an admin asked the master to stop; what was
 * to be sent then is with libzmq.
 * Returns 0, or STINT_ESYSTEM; a sentence is said.
 */
int loop_run(struct loop *l);

/** Make loop_run() return soon.  Any thread, signal-safe. */
void loop_quit(struct loop *l);

#endif
