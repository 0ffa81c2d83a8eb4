/**
 * loop.h - the master's turn.                                [layer: server]
 *
 * Receives what arrived (with one `now`), lets the core decide, gives what is
 * to survive to the committer, sends what may leave, sleeps until something is
 * due.  One thread, which owns core and ROUTER while it runs.
 *
 * After the disk has failed nothing leaves any more.  When the disk is slower
 * than the peers, it stops listening for a while.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tick.h"
#include "master/core/core.h"
#include "master/server/committer.h"
#include "master/server/deaths.h"
#include "master/server/door.h"
#include "master/server/eventlog.h"
#include "master/server/hold.h"
#include "master/server/logger.h"
#include "master/server/meters.h"
#include "master/server/outbox.h"
#include "master/server/timeline.h"
#include "master/server/vault.h"
#include "master/server/web.h"

struct loop;

/* What a test puts between the loop and the world (embed/); all of it is called
 * in the loop's thread.  A master that serves has none. */
struct loop_seam {
    /* A turn begins: may receive, send and move the time by itself. */
    void (*begin)(void *arg, struct loop *l);
    /* A frame (zmq_msg_t) came.  False: the core is not to have it. */
    bool (*arrived)(void *arg, struct loop *l, uint64_t conn,
        const uint8_t key[PROTO_KEY_BYTES], void *message);
    /* A frame is to leave.  False: it was taken. */
    bool (*leaves)(
        void *arg, struct loop *l, uint64_t conn, struct frame *frame);
    /* How long until begin() is to be called at the latest. */
    tick_ns (*left)(void *arg);
    void (*ended)(void *arg); /* The loop was left. */
    void (*free)(void *arg);  /* Its master is no more; from any thread. */
    void *arg;
    int fd; /* Readable when begin() is to be called. */
};

/* What it is put together from; all borrowed until loop_run() returns. */
struct loop_parts {
    void *router;
    struct door door; /* And whose core it is. */
    struct logger logger;
    struct timeline time;
    struct vault *vault;          /* NULL: nothing survives; */
    struct committer *committer;  /* then this is NULL too. */
    struct web *web;              /* NULL: no HTTP. */
    bool notify;                  /* Tell the service manager. */
    const struct loop_seam *seam; /* NULL: none. */
};

struct loop {
    void *router;
    struct core *core;
    struct door door;
    struct logger logger;
    struct timeline time;
    struct vault *vault;
    struct committer *committer;
    const struct loop_seam *seam;
    struct web *web;
    struct meters meters;
    struct eventlog events;
    struct hold hold;
    struct outbox outbox;
    struct deaths deaths;
    int router_fd;      /* Readable when the socket is to be asked. */
    int quit_fd;        /* An eventfd. */
    tick_ns listened;   /* When it last looked for frames. */
    tick_ns given;      /* When the committer got what it has. */
    tick_ns deaf_since; /* 0: it listens. */
    tick_ns beat_every; /* TICK_NEVER: nobody waits for it. */
    tick_ns beat_at;
    tick_ns complained;
    bool notifies;
    bool rested;    /* Since it last looked. */
    bool web_ready; /* Its descriptor said so. */
    bool full;      /* The disk, as the core knows. */
    bool closing;   /* It listens no more. */
};

/** Make a loop.  Returns 0, or STINT_ESYSTEM; a sentence is said. */
int loop_init(struct loop *l, const struct loop_parts *parts);

/** Give the eventfds back. */
void loop_fini(struct loop *l);

/**
 * Serve until loop_quit(), or until an admin asked the master to stop; what was
 * to be sent then is with libzmq, and what was to survive is committed, unless
 * the disk takes longer than some seconds.
 *
 * Returns 0, STINT_EDISK or another error of the store, or STINT_ESYSTEM; a
 * sentence is said.
 */
int loop_run(struct loop *l);

/** Make loop_run() return soon.  Any thread, signal-safe. */
void loop_quit(struct loop *l);

#endif
