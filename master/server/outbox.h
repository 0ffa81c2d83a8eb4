/**
 * outbox.h - frames on their way to libzmq.                  [layer: server]
 *
 * Sends without waiting and without copying.  What a slow peer's pipe does not
 * take yet stays here, a bounded number of frames for each connection and of
 * connections in all; beyond that the connection counts as lost, and its
 * session gets the rest when it comes back.  So nobody is held up by another.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/frame.h"
#include "common/list.h"

enum { OUTBOX_BUCKETS = 256, OUTBOX_FRAMES = 64, OUTBOX_CONNS = 4096 };

struct outbox {
    void *router; /* Borrowed. */
    void (*lost)(void *arg, uint64_t conn);
    void *arg;
    struct list waiting[OUTBOX_BUCKETS]; /* By the conn's last byte. */
    uint32_t conns;                      /* How many wait, in all buckets. */
};

/** Connections are told lost to `lost`, from inside outbox_send() and
 * outbox_retry(); it must not call back. */
void outbox_init(struct outbox *o, void *router,
    void (*lost)(void *arg, uint64_t conn), void *arg);

/** Drop what waits. */
void outbox_fini(struct outbox *o);

/** Send `frame` to `conn`, behind what waits for it already.  Takes `frame`. */
void outbox_send(struct outbox *o, uint64_t conn, struct frame *frame);

/** Try again what waits. */
void outbox_retry(struct outbox *o);

/** Whether outbox_retry() is worth calling, in a millisecond or two. */
bool outbox_waits(const struct outbox *o);

/* The peer's routing id and our number for it: libzmq's own ids are a zero and
 * a 32-bit number. */
enum { ROUTING_ID_BYTES = 5 };

/** The number of the connection; 0 when the peer chose the id itself. */
uint64_t outbox_conn(const uint8_t *routing_id, size_t length);

#endif
