/**
 * format.h - the bytes of a segment.                           [layer: store]
 *
 *     segment   header (64 bytes), blocks one behind the other, rest
 *     block     header (48 bytes), rows (common/row.h), zeros up to 8 bytes
 *
 * All numbers are little-endian.  Checksums are CRC-32C; those of a block begin
 * with where it stands: the id of the store, the number of the segment, the
 * offset.  So what is left of the last use of a file is no block, and what a
 * user puts into a payload is none either.  The rest of a segment is zeros or
 * such leavings.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

enum {
    FORMAT_VERSION = 1,
    FORMAT_ID_BYTES = 16,
    FORMAT_SEGMENT_HEADER = 64,
    FORMAT_BLOCK_HEADER = 48,
    FORMAT_ALIGN = 8,
    FORMAT_NAME = 32,
};

struct format_segment {
    uint32_t version;
    uint64_t number; /* From 1, rising by one. */
    uint64_t first;  /* The oldest that was needed when it was made. */
    uint64_t before; /* The last block before it, which was on the disk. */
    uint8_t id[FORMAT_ID_BYTES]; /* Of the store. */
};

struct format_block {
    bool closes;     /* The store was closed in order here. */
    bool seals;      /* No block: the log goes on in the next segment, and up to
                        `synced` it is on the disk there. */
    uint64_t number; /* Rising by one, over all segments. */
    uint64_t length; /* Of the rows. */
    uint64_t first;  /* The oldest segment that is needed. */
    uint64_t synced; /* Blocks up to this were on the disk before it. */
    uint32_t header_crc, rows_crc;
};

/* Where a block stands. */
struct format_place {
    const uint8_t *id; /* Of the store; borrowed. */
    uint64_t segment, at;
};

/** Bytes that a block of `length` bytes of rows takes. */
static inline uint64_t
format_block_bytes(uint64_t length)
{
    uint64_t bytes = FORMAT_BLOCK_HEADER + length;

    return (bytes + FORMAT_ALIGN - 1) / FORMAT_ALIGN * FORMAT_ALIGN;
}

void format_write_segment(
    uint8_t out[FORMAT_SEGMENT_HEADER], const struct format_segment *s);

/** Returns 0, STINT_EDAMAGED (it is none), or STINT_EFORMAT (of a version that
 * is not known). */
int format_read_segment(
    const uint8_t bytes[FORMAT_SEGMENT_HEADER], struct format_segment *s);

/** "0000000000000007.log" */
void format_name(char out[FORMAT_NAME], uint64_t segment);

/** Whether it is such a name; then *segment is set. */
bool format_is_name(const char *name, uint64_t *segment);

/** Write the header of a block; works out the checksums of `b` from the rest
 * and `rows`. */
void format_write_block(uint8_t out[FORMAT_BLOCK_HEADER],
    struct format_place place, struct format_block *b, struct slice rows);

/** Whether these bytes are the header of a block at that place. */
bool format_read_block(const uint8_t bytes[FORMAT_BLOCK_HEADER],
    struct format_place place, struct format_block *b);

/** Whether these are its rows. */
bool format_check_rows(const struct format_block *b, struct slice rows);

#endif
