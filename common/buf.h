/**
 * buf.h - bytes that grow at the end.                         [layer: common]
 *
 * An append that finds no memory sets `failed` and leaves the rest as it is;
 * later appends do nothing.  So a writer appends freely and asks once, at the
 * end.  Not thread-safe.
 */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

struct buf {
    uint8_t *bytes; /* Owned; may move with each append. */
    size_t length;
    size_t capacity;
    bool failed; /* An append found no memory: contents are not to be used. */
};

/** Make an empty buffer that owns nothing yet. */
void buf_init(struct buf *b);

/** Free what `b` owns and make it empty again. */
void buf_fini(struct buf *b);

/** Room for `more` bytes at the end; NULL (and `failed`) without memory. */
uint8_t *buf_reserve(struct buf *b, size_t more);

/** Append `length` bytes. */
void buf_append(struct buf *b, const void *bytes, size_t length);

/** Forget the contents, `failed` too; keep the memory. */
void buf_clear(struct buf *b);

/** Cut back to `length`, which is at most the present one. */
void buf_truncate(struct buf *b, size_t length);

#endif
