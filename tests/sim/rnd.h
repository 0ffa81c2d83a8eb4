/**
 * rnd.h - all the chance there is in a simulation, from its seed.  [tests/sim]
 */
#ifndef RND_H
#define RND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tick.h"

struct rnd {
    uint64_t state;
};

/** splitmix64. */
static inline uint64_t
rnd_next(struct rnd *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** 0 … n - 1; n > 0. */
static inline uint32_t
rnd_below(struct rnd *r, uint32_t n)
{
    return (uint32_t)(rnd_next(r) % n);
}

/** `low` … `high`. */
static inline uint32_t
rnd_between(struct rnd *r, uint32_t low, uint32_t high)
{
    return low + rnd_below(r, high - low + 1);
}

/** True in `permille` of a thousand draws. */
static inline bool
rnd_one_in(struct rnd *r, uint32_t permille)
{
    return rnd_below(r, 1000) < permille;
}

/** 1 ns … `max`. */
static inline tick_ns
rnd_time(struct rnd *r, tick_ns max)
{
    return 1 + (tick_ns)(rnd_next(r) % (uint64_t)max);
}

#endif
