/**
 * schedule_rig.h - a master with a store, and a clock that can be set. [tests]
 */
#ifndef SCHEDULE_RIG_H
#define SCHEDULE_RIG_H

#include "master/core/life.h"
#include "tests/unit/core/kept.h"

/* The world's time when rig->now was 0. */
static int64_t schedule_zero;

/* Noon of the first of June 2026, a Monday. */
#define SCHEDULE_NOON (INT64_C(1780315200) * TICK_S)

static inline int64_t
schedule_time(const struct rig *rig)
{
    return schedule_zero + rig->now;
}

static inline void
schedule_tell_time(struct rig *rig)
{
    const struct core_clock clock = { .tick = rig->now,
        .wall = (uint64_t)schedule_time(rig) };

    core_clock_set(rig->core, &clock);
}

static inline void
schedule_turn(struct rig *rig)
{
    schedule_tell_time(rig);
    kept_settle(rig);
}

static inline void
schedule_set_clock(struct rig *rig, int64_t wall)
{
    schedule_zero = wall - rig->now;
}

/* Time goes on as the master sees it: it wakes when it wanted to. */
static inline void
schedule_pass(struct rig *rig, tick_ns length)
{
    tick_ns until = rig->now + length;

    schedule_turn(rig);
    while (rig->now < until) {
        tick_ns next = core_next_deadline(rig->core);
        assert_true(next > rig->now);
        rig->now = tick_min(next, until);
        schedule_turn(rig);
    }
}

static inline int
schedule_set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    rig->config.silence = rig->config.session_ttl = TICK_NEVER / 4;
    rig->config.grace = TICK_NEVER / 4;
    kept_begin(rig, NULL, 0);
    schedule_set_clock(rig, SCHEDULE_NOON);
    schedule_turn(rig);
    *state = rig;
    return 0;
}

static inline struct rig_peer *
schedule_peer(struct rig *rig, const char *key, unsigned role)
{
    struct rig_peer *p = rig_peer(rig, key, role);

    schedule_turn(rig);
    rig_forget_inbox(p);
    return p;
}

/* The request number; `set` without a name and a queue is "s" into "q". */
static inline uint64_t
schedule_ask(struct rig_peer *p, struct msg_schedule_set set)
{
    struct msg m = { .type = MSG_schedule_set, .as.schedule_set = set };

    if (set.schedule.length == 0) m.as.schedule_set.schedule = slice_of("s");
    if (set.queue.length == 0) m.as.schedule_set.queue = slice_of("q");
    uint64_t request = rig_say(p, m);
    schedule_turn(p->rig);
    return request;
}

static inline int64_t
schedule_try(struct rig_peer *p, struct msg_schedule_set set)
{
    return rig_code(p, schedule_ask(p, set));
}

static inline void
schedule_make(struct rig_peer *p, struct msg_schedule_set set)
{
    assert_int_equal(schedule_try(p, set), 0);
}

static inline int64_t
schedule_drop(struct rig_peer *p, const char *name)
{
    uint64_t request =
        rig_say(p, (struct msg){ .type = MSG_schedule_remove,
                       .as.schedule_remove.schedule = slice_of(name) });

    schedule_turn(p->rig);
    return rig_code(p, request);
}

/* The one of this name, which must be there. */
static inline const struct schedule *
schedule_of(const struct rig *rig, const char *name)
{
    const struct schedule *s = schedule_find(rig->core, slice_of(name));

    assert_non_null(s);
    return s;
}

static inline uint64_t
schedule_puts(const struct rig *rig, const char *name)
{
    return schedule_of(rig, name)->put;
}

/* The master dies and starts again after `gap`, in which the clock may be set.
 */
static inline void
schedule_restart(struct rig *rig, tick_ns gap)
{
    rig->now += gap;
    kept_restart(rig);
    schedule_tell_time(rig);
    for (unsigned i = 0; i < rig->peers_count; i++)
        rig_hello(rig->peers[i], PROTO_VERSION);
    schedule_turn(rig);
}

#endif
