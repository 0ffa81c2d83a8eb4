#include "common/row.h"

#include <string.h>

#include "common/stint_error.h"

enum { DELETED = 0x80, VARINT_MAX = 10, LENGTH_BYTES = 4 };

static uint8_t *
write_key(uint8_t *p, uint8_t tag, uint64_t id)
{
    *p++ = tag;
    for (; id >= 0x80; id >>= 7)
        *p++ = (uint8_t)(id | 0x80);
    *p++ = (uint8_t)id;
    return p;
}

static void
write_length(uint8_t *p, size_t length)
{
    for (int i = 0; i < LENGTH_BYTES; i++)
        p[i] = (uint8_t)(length >> (8 * i));
}

size_t
row_begin(struct buf *b, unsigned kind, uint64_t id)
{
    uint8_t *p = buf_reserve(b, 1 + VARINT_MAX + LENGTH_BYTES);

    if (p == NULL) return 0;
    uint8_t *end = write_key(p, (uint8_t)kind, id) + LENGTH_BYTES;
    b->length += (size_t)(end - p);
    return b->length;
}

void
row_end(struct buf *b, size_t begun)
{
    if (b->failed) return;
    write_length(b->bytes + begun - LENGTH_BYTES, b->length - begun);
}

void
row_put(struct buf *b, unsigned kind, uint64_t id, struct slice value)
{
    size_t begun = row_begin(b, kind, id);

    buf_append(b, value.bytes, value.length);
    row_end(b, begun);
}

void
row_delete(struct buf *b, unsigned kind, uint64_t id)
{
    uint8_t *p = buf_reserve(b, 1 + VARINT_MAX);

    if (p == NULL) return;
    b->length += (size_t)(write_key(p, (uint8_t)(kind | DELETED), id) - p);
}

static bool
read_varint(struct slice *s, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && s->length > 0; shift += 7) {
        uint8_t byte = *s->bytes;
        s->bytes++;
        s->length--;
        if (shift == 63 && byte > 1) return false;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool
read_value(struct slice *s, struct slice *value)
{
    uint32_t length = 0;

    if (s->length < LENGTH_BYTES) return false;
    for (int i = 0; i < LENGTH_BYTES; i++)
        length |= (uint32_t)s->bytes[i] << (8 * i);
    s->bytes += LENGTH_BYTES;
    s->length -= LENGTH_BYTES;
    if (length > s->length) return false;
    *value = (struct slice){ s->bytes, length };
    s->bytes += length;
    s->length -= length;
    return true;
}

int
row_next(struct slice *ops, struct row *row)
{
    struct slice s = *ops;

    if (s.length == 0) return 0;
    *row = (struct row){ .kind = *s.bytes & 0x7fU,
        .deleted = (*s.bytes & DELETED) != 0 };
    s.bytes++;
    s.length--;
    if (row->kind == 0 || row->kind >= ROW_KINDS) return STINT_EMALFORMED;
    if (!read_varint(&s, &row->id)) return STINT_EMALFORMED;
    if (!row->deleted && !read_value(&s, &row->value)) return STINT_EMALFORMED;
    *ops = s;
    return 1;
}
