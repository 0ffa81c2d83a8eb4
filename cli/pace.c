#include "cli/pace.h"

#include <time.h>

int64_t
pace_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
pace_sleep_ms(int64_t ms)
{
    struct timespec left = { .tv_sec = ms / 1000,
        .tv_nsec = ms % 1000 * 1000000 };

    while (ms > 0 && nanosleep(&left, &left) != 0)
        continue;
}
