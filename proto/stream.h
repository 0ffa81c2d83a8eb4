/**
 * stream.h - frames that outlive a broken connection.         [layer: proto]
 *
 * Each side of a session has one stream: it numbers the frames it sends from 1
 * and keeps each until the other side has acknowledged it; it takes the other
 * side's frames in order and ignores one that came before.  A connection that
 * breaks loses frames; on the next one both say how far they have seen and send
 * the rest again.  So each frame is acted upon exactly once in the life of a
 * session, whatever the connections do.
 *
 * Holds always: acked <= sent; every number in (acked, sent] is in `kept`, in
 * order; `next` is the first of them that this connection has not been given.
 * Frames that are not numbered (hello, welcome, refused, ping, pong) pass by.
 * Pure; not thread-safe.
 */
#ifndef STREAM_H
#define STREAM_H

#include "common/buf.h"
#include "common/frame.h"
#include "common/list.h"
#include "proto/codec.h"

struct stream {
    uint64_t sent;     /* Last number given to a frame of ours. */
    uint64_t acked;    /* The peer has seen ours up to here. */
    uint64_t seen;     /* We have seen the peer's up to here. */
    uint64_t told;     /* Last `seen` that a frame of ours told. */
    struct list kept;  /* Sealed frames (frame.node), oldest first. */
    struct list *next; /* First one to send on this connection, or &kept. */
    uint32_t kept_count;
    size_t kept_bytes;
    struct buf open;        /* Header room and messages of the next frame. */
    uint32_t open_messages; /* How many. */
    size_t expected;        /* Bytes that it may come to. */
    uint64_t gate;          /* For its owner: the gate of the open frame. */
};

/** An empty stream, before the first frame. */
void stream_init(struct stream *s);

/** Drop all that it owns. */
void stream_fini(struct stream *s);

/**
 * The buffer to which the messages of the next frame are appended; the caller
 * appends one whole message for each call.  Lends until the next call.
 */
struct buf *stream_message(struct stream *s);

/** Bytes of messages in the open frame. */
size_t stream_open_bytes(const struct stream *s);

/** Number and keep the open frame, if there is anything in it.
 * Returns 0, or STINT_ENOMEM: the stream is not to be used any more. */
int stream_seal(struct stream *s);

/** What stream_next() would give, without giving it. */
const struct frame *stream_peek(const struct stream *s);

/** The next sealed frame for this connection, or NULL.  Lends until it is
 * acknowledged; a caller that keeps it longer holds it (frame_hold). */
struct frame *stream_next(struct stream *s);

/**
 * Note the header of a frame from the peer.  Drops kept frames up to `ack`.
 *
 * Returns 1: act upon its messages; 0: it came before, ignore them;
 * STINT_EMALFORMED: a number out of order or an ack of what was never sent,
 * nothing changed.  Frames with number 0 are always 1.
 */
int stream_accept(struct stream *s, uint64_t number, uint64_t ack);

/** Whether frames were seen that no frame of ours has told yet. */
bool stream_owes_ack(const struct stream *s);

/** A new connection of the same session: drop up to `peer_seen`, give all the
 * rest to stream_next() again.
 * Returns 0, or STINT_EMALFORMED when peer_seen was never sent. */
int stream_resume(struct stream *s, uint64_t peer_seen);

/** A new session at the peer: renumber from 1 what is kept, forget what was
 * seen.  The open frame stays.  Returns 0 or STINT_ENOMEM. */
int stream_restart(struct stream *s);

/** Make an unnumbered frame of one message, or of none (`m` NULL: a bare
 * acknowledgement); NULL without memory.  The caller owns it.  It tells `seen`:
 * of a hello or a welcome that is what stream_resume() wants. */
struct frame *stream_bare(struct stream *s, const struct msg *m);

#endif
