#include "common/sys/clock.h"

#include <time.h>

static int64_t
read_clock(clockid_t which)
{
    struct timespec t;

    (void)clock_gettime(which, &t);
    return (int64_t)t.tv_sec * TICK_S + t.tv_nsec;
}

tick_ns
clock_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

wall_ns
clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

tick_ns
clock_boottime(void)
{
    return read_clock(CLOCK_BOOTTIME);
}
