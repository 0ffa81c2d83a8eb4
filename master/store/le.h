/**
 * le.h - numbers as bytes, the least first.                    [layer: store]
 */
#ifndef LE_H
#define LE_H

#include <stdint.h>

static inline void
le_put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static inline void
le_put64(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static inline uint32_t
le_get32(const uint8_t *from)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++)
        value |= (uint32_t)from[i] << (8 * i);
    return value;
}

static inline uint64_t
le_get64(const uint8_t *from)
{
    return le_get32(from) | (uint64_t)le_get32(from + 4) << 32;
}

#endif
