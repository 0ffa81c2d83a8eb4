/**
 * writer.h - one message or record on its way into a buf.     [layer: proto]
 */
#ifndef WRITER_H
#define WRITER_H

#include "common/buf.h"
#include "proto/pack.h"

/* A shape that is being written: `at` has room for all heads and numbers that
 * may still come, so that only bytes and lists must ask for more. */
struct writer {
    struct buf *b;
    uint8_t *at;
    size_t room;
};

/** Begin at the end of `b`; false without memory. */
static inline bool
writer_open(struct writer *w, struct buf *b, size_t room)
{
    w->b = b;
    w->room = room;
    w->at = buf_reserve(b, w->room);
    return w->at != NULL;
}

/** All is written: it belongs to `b` from now on. */
static inline void
writer_close(struct writer *w)
{
    w->b->length = (size_t)(w->at - w->b->bytes);
}

/** Room for `more` bytes beside that of the heads; false without memory, and
 * `b` is as it was before. */
static inline bool
writer_more(struct writer *w, size_t more)
{
    size_t used = (size_t)(w->at - w->b->bytes) - w->b->length;
    uint8_t *start = buf_reserve(w->b, used + more + w->room);

    if (start == NULL) return false;
    w->at = start + used;
    return true;
}

static inline bool
writer_uint(struct writer *w, uint64_t value)
{
    w->at = pack_uint(w->at, value);
    return true;
}

static inline bool
writer_sint(struct writer *w, int64_t value)
{
    w->at = pack_sint(w->at, value);
    return true;
}

static inline bool
writer_str(struct writer *w, struct slice s)
{
    if (!writer_more(w, s.length)) return false;
    w->at = pack_str(w->at, s);
    return true;
}

static inline bool
writer_bin(struct writer *w, struct slice s)
{
    if (!writer_more(w, s.length)) return false;
    w->at = pack_bin(w->at, s);
    return true;
}

#endif
