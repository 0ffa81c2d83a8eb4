#include "master/store/format.h"

#include <inttypes.h>
#include <string.h>

#include "common/stint_error.h"
#include "master/store/crc.h"

static const char segment_magic[8] = { 'S', 'T', 'I', 'N', 'T', 'L', 'O', 'G' };
static const char block_magic[4] = { 'B', 'L', 'O', 'K' };

enum { CLOSES = 1, SEALS = 2 };

void
format_name(char out[FORMAT_NAME], uint64_t segment)
{
    (void)snprintf(out, FORMAT_NAME, "%016" PRIx64 ".log", segment);
}

bool
format_is_name(const char *name, uint64_t *segment)
{
    char same[FORMAT_NAME];

    *segment = strtoull(name, NULL, 16);
    format_name(same, *segment);
    return *segment != 0 && strcmp(name, same) == 0;
}

static uint8_t *
write_number(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *p++ = (uint8_t)(value >> (8 * i));
    return p;
}

static uint64_t
read_number(const uint8_t **p, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)(*p)[i] << (8 * i);
    *p += bytes;
    return value;
}

/* magic 8, version 8, number 8, first 8, before 8, id 16, 0 4, crc 4 */
void
format_write_segment(
    uint8_t out[FORMAT_SEGMENT_HEADER], const struct format_segment *s)
{
    uint8_t *p = out;

    memset(out, 0, FORMAT_SEGMENT_HEADER);
    memcpy(p, segment_magic, sizeof segment_magic);
    p = write_number(p + sizeof segment_magic, s->version, 8);
    p = write_number(p, s->number, 8);
    p = write_number(p, s->first, 8);
    p = write_number(p, s->before, 8);
    memcpy(p, s->id, sizeof s->id);
    p = out + (FORMAT_SEGMENT_HEADER - 4);
    write_number(p, crc_more(0, out, FORMAT_SEGMENT_HEADER - 4), 4);
}

int
format_read_segment(
    const uint8_t bytes[FORMAT_SEGMENT_HEADER], struct format_segment *s)
{
    const uint8_t *p = bytes + (FORMAT_SEGMENT_HEADER - 4);
    uint32_t crc = (uint32_t)read_number(&p, 4);

    if (memcmp(bytes, segment_magic, sizeof segment_magic) != 0
        || crc != crc_more(0, bytes, FORMAT_SEGMENT_HEADER - 4)) {
        return STINT_EDAMAGED;
    }
    p = bytes + sizeof segment_magic;
    uint64_t version = read_number(&p, 8);
    s->version = (uint32_t)version;
    s->number = read_number(&p, 8);
    s->first = read_number(&p, 8);
    s->before = read_number(&p, 8);
    memcpy(s->id, p, sizeof s->id);
    return version == FORMAT_VERSION ? 0 : STINT_EFORMAT;
}

static uint32_t
crc_of_place(struct format_place place)
{
    uint8_t bytes[FORMAT_ID_BYTES + 16];
    uint8_t *p = bytes + FORMAT_ID_BYTES;

    memcpy(bytes, place.id, FORMAT_ID_BYTES);
    p = write_number(p, place.segment, 8);
    write_number(p, place.at, 8);
    return crc_more(0, bytes, sizeof bytes);
}

/* magic 4, flags 4, number 8, length 8, first 8, synced 8, crc 4, rows 4 */
void
format_write_block(uint8_t out[FORMAT_BLOCK_HEADER], struct format_place place,
    struct format_block *b, struct slice rows)
{
    uint8_t *p = out;

    memcpy(p, block_magic, sizeof block_magic);
    p = write_number(p + sizeof block_magic,
        (b->closes ? CLOSES : 0U) | (b->seals ? SEALS : 0U), 4);
    p = write_number(p, b->number, 8);
    p = write_number(p, b->length, 8);
    p = write_number(p, b->first, 8);
    p = write_number(p, b->synced, 8);
    b->header_crc = crc_more(crc_of_place(place), out, (size_t)(p - out));
    b->rows_crc = crc_more(b->header_crc, rows.bytes, rows.length);
    p = write_number(p, b->header_crc, 4);
    write_number(p, b->rows_crc, 4);
}

bool
format_read_block(const uint8_t bytes[FORMAT_BLOCK_HEADER],
    struct format_place place, struct format_block *b)
{
    const uint8_t *p = bytes + sizeof block_magic;

    if (memcmp(bytes, block_magic, sizeof block_magic) != 0) return false;
    uint64_t flags = read_number(&p, 4);
    b->closes = (flags & CLOSES) != 0;
    b->seals = (flags & SEALS) != 0;
    b->number = read_number(&p, 8);
    b->length = read_number(&p, 8);
    b->first = read_number(&p, 8);
    b->synced = read_number(&p, 8);
    uint32_t crc = crc_more(crc_of_place(place), bytes, (size_t)(p - bytes));
    b->header_crc = (uint32_t)read_number(&p, 4);
    b->rows_crc = (uint32_t)read_number(&p, 4);
    return crc == b->header_crc;
}

bool
format_check_rows(const struct format_block *b, struct slice rows)
{
    return crc_more(b->header_crc, rows.bytes, rows.length) == b->rows_crc;
}
