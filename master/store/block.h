/**
 * block.h - one batch of changes in a segment.                 [layer: store]
 *
 *     0  magic          4
 *     4  checksum       4   of bytes 8 … 47
 *     8  of the ops     4   their checksum
 *    12  flags          4
 *    16  number         8   1 is the first block of a store
 *    24  synced         8   all blocks up to this one were on the disk
 *    32  length         4   of the ops
 *    36  needed         4   segments below this one are needed no more
 *    40  segment        4   the one it stands in
 *    44  at             4   and where there
 *    48  ops, then zeros up to a multiple of 16
 *
 * All numbers little-endian; both checksums CRC-32C that begin with the one of
 * the store's id, so that a block says of itself that it stands where it was
 * written: what an older use of the same file left there is never one, and what
 * a user puts into a payload is never one either.  Pure.
 */
#ifndef BLOCK_H
#define BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

enum { BLOCK_HEADER = 48, BLOCK_ALIGN = 16 };

/* The most ops that a block can hold. */
static const uint32_t BLOCK_MAX = UINT32_MAX - 65536;

enum block_flag {
    BLOCK_CLOSED = 1, /* The store was closed here. */
    BLOCK_SEAL = 2    /* Not a block: the log goes on in the next segment, and
                         what `synced` says is there. */
};

struct block {
    uint32_t segment, at, length, needed, flags, ops_crc;
    uint64_t number, synced;
};

/** Bytes that a block of so many ops takes. */
static inline uint64_t
block_size(uint64_t length)
{
    return (BLOCK_HEADER + length + BLOCK_ALIGN - 1)
           & ~(uint64_t)(BLOCK_ALIGN - 1);
}

/** Write the header of `b`, whose `length` and `ops_crc` are set from `ops`. */
void block_encode(uint8_t out[BLOCK_HEADER], struct block *b, struct slice ops,
    uint32_t seed);

/** Whether there is a header of a block at this place; then *out is set. */
bool block_decode(const uint8_t in[BLOCK_HEADER], uint32_t seed,
    uint32_t segment, uint64_t at, struct block *out);

/** Whether these are the ops of the block; `length` of them. */
bool block_owns(const struct block *b, const uint8_t *ops, uint32_t seed);

#endif
