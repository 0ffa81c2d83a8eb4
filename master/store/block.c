#include "master/store/block.h"

#include "master/store/crc.h"
#include "master/store/le.h"

static const uint32_t MAGIC = 0x6b636c62; /* "blck" */

enum { CHECKED = 8 }; /* The checksum covers the header from here on. */

/* Two blocks never have both in common, not even one cut off and its heir. */
static uint32_t
ops_seed(const struct block *b, uint32_t seed)
{
    uint8_t place[8];

    le_put32(place, b->segment);
    le_put32(place + 4, b->at);
    return crc_more(seed, place, sizeof place);
}

void
block_encode(
    uint8_t out[BLOCK_HEADER], struct block *b, struct slice ops, uint32_t seed)
{
    b->length = (uint32_t)ops.length;
    b->ops_crc = crc_more(ops_seed(b, seed), ops.bytes, ops.length);
    le_put32(out, MAGIC);
    le_put32(out + 8, b->ops_crc);
    le_put32(out + 12, b->flags);
    le_put64(out + 16, b->number);
    le_put64(out + 24, b->synced);
    le_put32(out + 32, b->length);
    le_put32(out + 36, b->needed);
    le_put32(out + 40, b->segment);
    le_put32(out + 44, b->at);
    le_put32(out + 4, crc_more(seed, out + CHECKED, BLOCK_HEADER - CHECKED));
}

bool
block_decode(const uint8_t in[BLOCK_HEADER], uint32_t seed, uint32_t segment,
    uint64_t at, struct block *out)
{
    if (le_get32(in) != MAGIC) return false;
    if (le_get32(in + 40) != segment || le_get32(in + 44) != at) return false;
    if (le_get32(in + 4)
        != crc_more(seed, in + CHECKED, BLOCK_HEADER - CHECKED)) {
        return false;
    }
    *out = (struct block){ .segment = segment,
        .at = (uint32_t)at,
        .ops_crc = le_get32(in + 8),
        .flags = le_get32(in + 12),
        .number = le_get64(in + 16),
        .synced = le_get64(in + 24),
        .length = le_get32(in + 32),
        .needed = le_get32(in + 36) };
    return true;
}

bool
block_owns(const struct block *b, const uint8_t *ops, uint32_t seed)
{
    return crc_more(ops_seed(b, seed), ops, b->length) == b->ops_crc;
}
