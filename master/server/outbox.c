#include "master/server/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include "common/base.h"

/* A connection whose pipe was full. */
struct backlog {
    struct list node; /* In its bucket. */
    uint64_t conn;
    uint32_t first, count;
    struct frame *frames[OUTBOX_FRAMES]; /* A ring; each held. */
};

enum sent { SENT, FULL, GONE };

/* So that no connection has the number 0. */
static const uint64_t CONN_BIT = (uint64_t)1 << 32;

uint64_t
outbox_conn(const uint8_t *id, size_t length)
{
    if (length != ROUTING_ID_BYTES || id[0] != 0) return 0;
    return CONN_BIT | (uint64_t)id[1] << 24 | (uint64_t)id[2] << 16
           | (uint64_t)id[3] << 8 | id[4];
}

static void
routing_id(uint64_t conn, uint8_t id[ROUTING_ID_BYTES])
{
    id[0] = 0;
    id[1] = (uint8_t)(conn >> 24);
    id[2] = (uint8_t)(conn >> 16);
    id[3] = (uint8_t)(conn >> 8);
    id[4] = (uint8_t)conn;
}

void
outbox_init(struct outbox *o, void *router,
    void (*lost)(void *arg, uint64_t conn), void *arg)
{
    o->router = router;
    o->lost = lost;
    o->arg = arg;
    o->conns = 0;
    for (size_t i = 0; i < OUTBOX_BUCKETS; i++) {
        list_init(&o->waiting[i]);
    }
}

static void
drop_backlog(struct outbox *o, struct backlog *b)
{
    for (; b->count > 0; b->count--) {
        frame_drop(b->frames[b->first]);
        b->first = (b->first + 1) % OUTBOX_FRAMES;
    }
    list_remove(&b->node);
    o->conns--;
    free(b);
}

void
outbox_fini(struct outbox *o)
{
    for (size_t i = 0; i < OUTBOX_BUCKETS; i++) {
        LIST_FOREACH (node, after, &o->waiting[i]) {
            drop_backlog(o, CONTAINER_OF(node, struct backlog, node));
        }
    }
}

/* libzmq lets go of the bytes in its I/O thread. */
static void
let_go(void *bytes, void *frame)
{
    (void)bytes;
    frame_drop(frame);
}

/* Consumes the frame only when SENT.  Behind a routing id that was accepted the
 * body cannot be refused. */
static enum sent
send_now(struct outbox *o, uint64_t conn, struct frame *frame)
{
    uint8_t id[ROUTING_ID_BYTES];
    zmq_msg_t body;

    if (zmq_msg_init_data(&body, frame->bytes, frame->length, let_go, frame)
        != 0) {
        return FULL; /* No memory just now. */
    }
    routing_id(conn, id);
    if (zmq_send(o->router, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        enum sent why = errno == EAGAIN || errno == EINTR ? FULL : GONE;
        (void)frame_hold(frame); /* Closing the message drops one. */
        (void)zmq_msg_close(&body);
        return why;
    }
    if (zmq_msg_send(&body, o->router, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&body);
    }
    return SENT;
}

static struct backlog *
find_backlog(struct outbox *o, uint64_t conn)
{
    if (o->conns == 0) return NULL;
    LIST_FOREACH (node, after, &o->waiting[conn % OUTBOX_BUCKETS]) {
        struct backlog *b = CONTAINER_OF(node, struct backlog, node);
        if (b->conn == conn) return b;
    }
    return NULL;
}

static struct backlog *
add_backlog(struct outbox *o, uint64_t conn)
{
    struct backlog *b = o->conns < OUTBOX_CONNS ? malloc(sizeof *b) : NULL;

    if (b == NULL) return NULL;
    b->conn = conn;
    b->first = b->count = 0;
    list_push(&o->waiting[conn % OUTBOX_BUCKETS], &b->node);
    o->conns++;
    return b;
}

/* Give up on a connection: it is behind by more than we keep, or gone. */
static void
lose(struct outbox *o, uint64_t conn, struct backlog *b)
{
    if (b != NULL) drop_backlog(o, b);
    o->lost(o->arg, conn);
}

/* Keep the frame for later; takes it. */
static void
keep(struct outbox *o, uint64_t conn, struct backlog *b, struct frame *frame)
{
    if (b == NULL) b = add_backlog(o, conn);
    if (b == NULL || b->count == OUTBOX_FRAMES) {
        frame_drop(frame);
        lose(o, conn, b);
        return;
    }
    b->frames[(b->first + b->count) % OUTBOX_FRAMES] = frame;
    b->count++;
}

void
outbox_send(struct outbox *o, uint64_t conn, struct frame *frame)
{
    struct backlog *b = find_backlog(o, conn);

    if (b != NULL) {
        keep(o, conn, b, frame);
        return;
    }
    switch (send_now(o, conn, frame)) {
    case SENT:
        return;
    case FULL:
        keep(o, conn, NULL, frame);
        return;
    case GONE:
        frame_drop(frame);
        lose(o, conn, NULL);
        return;
    }
}

static void
retry(struct outbox *o, struct backlog *b)
{
    while (b->count > 0) {
        enum sent sent = send_now(o, b->conn, b->frames[b->first]);
        if (sent == FULL) return;
        if (sent == GONE) {
            lose(o, b->conn, b);
            return;
        }
        b->first = (b->first + 1) % OUTBOX_FRAMES;
        b->count--;
    }
    drop_backlog(o, b);
}

void
outbox_retry(struct outbox *o)
{
    if (o->conns == 0) return;
    for (size_t i = 0; i < OUTBOX_BUCKETS; i++) {
        LIST_FOREACH (node, after, &o->waiting[i]) {
            retry(o, CONTAINER_OF(node, struct backlog, node));
        }
    }
}

bool
outbox_waits(const struct outbox *o)
{
    return o->conns > 0;
}
