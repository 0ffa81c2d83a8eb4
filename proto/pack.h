/**
 * pack.h - writing msgpack nodes in their shortest form.      [layer: proto]
 *
 * Each writes at `p`, where the caller has made room, and returns where the
 * next one goes.  The bytes are those of msgpack-c's packer (a test holds one
 * against the other); that one asks for room for each tag and each number,
 * which costs more than writing them.
 */
#ifndef PACK_H
#define PACK_H

#include <stdint.h>
#include <string.h>

#include "common/slice.h"

/* The longest number; the longest head of bytes, of an array or of a map. */
enum { PACK_NUMBER_MAX = 9, PACK_HEAD_MAX = 5 };

static inline uint8_t *
pack_8(uint8_t *p, uint8_t tag, uint64_t value)
{
    p[0] = tag;
    p[1] = (uint8_t)value;
    return p + 2;
}

static inline uint8_t *
pack_16(uint8_t *p, uint8_t tag, uint64_t value)
{
    uint16_t big = __builtin_bswap16((uint16_t)value);

    p[0] = tag;
    memcpy(p + 1, &big, sizeof big);
    return p + 1 + sizeof big;
}

static inline uint8_t *
pack_32(uint8_t *p, uint8_t tag, uint64_t value)
{
    uint32_t big = __builtin_bswap32((uint32_t)value);

    p[0] = tag;
    memcpy(p + 1, &big, sizeof big);
    return p + 1 + sizeof big;
}

static inline uint8_t *
pack_64(uint8_t *p, uint8_t tag, uint64_t value)
{
    uint64_t big = __builtin_bswap64(value);

    p[0] = tag;
    memcpy(p + 1, &big, sizeof big);
    return p + 1 + sizeof big;
}

static inline uint8_t *
pack_uint(uint8_t *p, uint64_t value)
{
    if (value < 0x80) {
        *p = (uint8_t)value;
        return p + 1;
    }
    if (value <= UINT8_MAX) return pack_8(p, 0xcc, value);
    if (value <= UINT16_MAX) return pack_16(p, 0xcd, value);
    if (value <= UINT32_MAX) return pack_32(p, 0xce, value);
    return pack_64(p, 0xcf, value);
}

static inline uint8_t *
pack_sint(uint8_t *p, int64_t value)
{
    uint64_t bits = (uint64_t)value;

    if (value >= 0) return pack_uint(p, bits);
    if (value >= -32) {
        *p = (uint8_t)bits;
        return p + 1;
    }
    if (value >= INT8_MIN) return pack_8(p, 0xd0, bits);
    if (value >= INT16_MIN) return pack_16(p, 0xd1, bits);
    if (value >= INT32_MIN) return pack_32(p, 0xd2, bits);
    return pack_64(p, 0xd3, bits);
}

/** The bytes themselves, behind their head. */
static inline uint8_t *
pack_raw(uint8_t *p, struct slice s)
{
    if (s.length == 0) return p;
    memcpy(p, s.bytes, s.length);
    return p + s.length;
}

static inline uint8_t *
pack_str(uint8_t *p, struct slice s)
{
    if (s.length < 32) {
        *p++ = (uint8_t)(0xa0 | s.length);
    } else if (s.length <= UINT8_MAX) {
        p = pack_8(p, 0xd9, s.length);
    } else if (s.length <= UINT16_MAX) {
        p = pack_16(p, 0xda, s.length);
    } else {
        p = pack_32(p, 0xdb, s.length);
    }
    return pack_raw(p, s);
}

static inline uint8_t *
pack_bin(uint8_t *p, struct slice s)
{
    if (s.length <= UINT8_MAX) {
        p = pack_8(p, 0xc4, s.length);
    } else if (s.length <= UINT16_MAX) {
        p = pack_16(p, 0xc5, s.length);
    } else {
        p = pack_32(p, 0xc6, s.length);
    }
    return pack_raw(p, s);
}

/** Of fewer than 65,536 nodes. */
static inline uint8_t *
pack_array(uint8_t *p, uint32_t count)
{
    if (count >= 16) return pack_16(p, 0xdc, count);
    *p = (uint8_t)(0x90 | count);
    return p + 1;
}

#endif
