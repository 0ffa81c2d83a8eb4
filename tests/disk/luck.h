/**
 * luck.h - all the chance there is in a fake disk, from its seed.      [tests]
 */
#ifndef LUCK_H
#define LUCK_H

#include <stdbool.h>
#include <stdint.h>

struct luck {
    uint64_t state;
};

/** splitmix64. */
static inline uint64_t
luck_next(struct luck *l)
{
    uint64_t z = l->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** 0 … n - 1; n > 0. */
static inline size_t
luck_below(struct luck *l, size_t n)
{
    return (size_t)(luck_next(l) % n);
}

/** True `chances` times out of `of`. */
static inline bool
luck_has(struct luck *l, size_t chances, size_t of)
{
    return luck_below(l, of) < chances;
}

#endif
