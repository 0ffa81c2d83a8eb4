/**
 * frame.h - one sealed message of the wire, counted.          [layer: common]
 *
 * A frame does not change after it was made and may be held by several owners
 * in several threads (the session that must be able to resend it, the I/O
 * thread that is sending it); the last to let go frees it.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"

struct frame {
    struct list node;   /* For the one stream that keeps it. */
    uint64_t number;    /* In its stream; 0: not numbered, not kept. */
    uint64_t gate;      /* For its owner: what must have happened before it
                           leaves; 0: nothing. */
    atomic_uint owners; /* How many hold it. */
    size_t length;
    uint8_t *bytes; /* Owned. */
};

/** Take `bytes` (from malloc) into a new frame with one owner; NULL: no memory,
 * and `bytes` stay the caller's. */
struct frame *frame_new(uint8_t *bytes, size_t length, uint64_t number);

/** One more owner. */
struct frame *frame_hold(struct frame *f);

/** One owner less; the last one frees it.  NULL is fine.  Any thread. */
void frame_drop(struct frame *f);

#endif
