#include "process/until.h"

#include <errno.h>
#include <limits.h>

#include "client/stint.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

int
until_check(int64_t timeout_ms)
{
    if (timeout_ms >= 0 || timeout_ms == STINT_FOREVER) return 0;
    return say(STINT_EINVAL,
        "a timeout is 0 or more milliseconds, or STINT_FOREVER, and not %lld",
        (long long)timeout_ms);
}

tick_ns
until_after(int64_t timeout_ms)
{
    if (timeout_ms < 0 || timeout_ms > TICK_NEVER / TICK_MS) return TICK_NEVER;
    return tick_after(clock_now(), timeout_ms * TICK_MS);
}

struct timespec
until_timespec(tick_ns deadline)
{
    return (struct timespec){ .tv_sec = deadline / TICK_S,
        .tv_nsec = deadline % TICK_S };
}

static int
milliseconds_to(tick_ns deadline)
{
    if (deadline == TICK_NEVER) return -1;
    tick_ns now = clock_now();
    if (deadline <= now) return 0;
    tick_ns ms = (deadline - now - 1) / TICK_MS + 1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

int
until_ready(struct pollfd *fds, nfds_t count, tick_ns deadline)
{
    for (;;) {
        int ms = milliseconds_to(deadline);
        int ready = poll(fds, count, ms);

        if (ready > 0) return ready;
        if (ready < 0 && errno != EINTR) return -errno;
        if (ms == 0) return 0;
    }
}

bool
until_readable(int fd, tick_ns deadline)
{
    struct pollfd wanted = { .fd = fd, .events = POLLIN };

    return until_ready(&wanted, 1, deadline) > 0;
}
