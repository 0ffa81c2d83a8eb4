#include "master/server/timeline.h"

#include <string.h>

#include "common/sys/clock.h"
#include "common/sys/host.h"

void
timeline_init(struct timeline *t)
{
    *t = (struct timeline){ .shift = 0 };
    host_boot(t->boot);
}

/* How long nobody counted. */
static tick_ns
gap(const struct timeline *t, const struct core_clock *last)
{
    static const uint8_t unknown[sizeof t->boot];
    int64_t now = clock_wall();
    uint64_t then = last->wall;

    if (memcmp(t->boot, unknown, sizeof unknown) != 0
        && memcmp(t->boot, last->boot, sizeof t->boot) == 0) {
        now = clock_boottime();
        then = last->boottime;
    }
    return then < (uint64_t)now ? now - (int64_t)then : 0;
}

void
timeline_resume(struct timeline *t, const struct core_clock *last)
{
    if (last->tick == 0 && last->wall == 0) return; /* The first master. */
    t->shift = t->own = tick_after(last->tick, gap(t, last)) - clock_now();
}

tick_ns
timeline_now(const struct timeline *t)
{
    return t->stands ? t->shift : clock_now() + t->shift;
}

struct core_clock
timeline_clock(const struct timeline *t)
{
    tick_ns tick = timeline_now(t), moved = tick - (clock_now() + t->own);
    struct core_clock c = { .tick = tick,
        .wall = (uint64_t)tick_after(clock_wall(), moved > 0 ? moved : 0),
        .boottime = (uint64_t)clock_boottime() };

    memcpy(c.boot, t->boot, sizeof c.boot);
    return c;
}
