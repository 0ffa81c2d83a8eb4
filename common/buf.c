#include "common/buf.h"

#include <stdlib.h>

#include "common/check.h"

enum { BUF_FIRST = 256 };

void
buf_init(struct buf *b)
{
    *b = (struct buf){ .bytes = NULL };
}

void
buf_fini(struct buf *b)
{
    free(b->bytes);
    buf_init(b);
}

uint8_t *
buf_reserve(struct buf *b, size_t more)
{
    if (b->failed) return NULL;
    if (more <= b->capacity - b->length) return b->bytes + b->length;

    size_t want = b->capacity < BUF_FIRST ? BUF_FIRST : b->capacity;
    while (want - b->length < more) {
        if (want > SIZE_MAX / 2) {
            b->failed = true;
            return NULL;
        }
        want *= 2;
    }
    uint8_t *grown = realloc(b->bytes, want);
    if (grown == NULL) {
        b->failed = true;
        return NULL;
    }
    b->bytes = grown;
    b->capacity = want;
    return b->bytes + b->length;
}

void
buf_append(struct buf *b, const void *bytes, size_t length)
{
    if (length == 0) return;

    uint8_t *room = buf_reserve(b, length);
    if (room == NULL) return;
    memcpy(room, bytes, length);
    b->length += length;
}

void
buf_clear(struct buf *b)
{
    b->length = 0;
    b->failed = false;
}

void
buf_truncate(struct buf *b, size_t length)
{
    CHECK(length <= b->length);
    b->length = length;
}
