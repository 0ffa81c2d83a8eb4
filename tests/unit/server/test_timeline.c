/* The master's own time, from one master to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/sys/clock.h"
#include "master/server/timeline.h"

static const tick_ns NEAR = TICK_S;

static void
assert_near(tick_ns is, tick_ns should_be)
{
    assert_in_range(is, should_be, should_be + NEAR);
}

static void
the_first_master_counts_as_the_host_does(void **state)
{
    struct timeline t;
    const struct core_clock none = { .tick = 0 };

    (void)state;
    timeline_init(&t);
    timeline_resume(&t, &none);
    const tick_ns before = clock_now();
    assert_near(timeline_now(&t), before);
}

static void
on_the_same_host_the_time_between_has_passed(void **state)
{
    struct timeline t;

    (void)state;
    timeline_init(&t);
    struct core_clock last = timeline_clock(&t);
    last.tick = 5000 * TICK_S;
    last.boottime -= (uint64_t)(10 * TICK_S);
    last.wall += (uint64_t)(3600 * TICK_S); /* It was set back since. */
    timeline_resume(&t, &last);
    assert_near(timeline_now(&t), 5010 * TICK_S);
}

static void
after_a_start_of_the_host_the_wall_clock_says_how_long(void **state)
{
    struct timeline t;

    (void)state;
    timeline_init(&t);
    struct core_clock last = timeline_clock(&t);
    last.boot[0] ^= 1;
    last.tick = 5000 * TICK_S;
    last.boottime += (uint64_t)(1000 * TICK_S);
    last.wall -= (uint64_t)(20 * TICK_S);
    timeline_resume(&t, &last);
    assert_near(timeline_now(&t), 5020 * TICK_S);
}

static void
it_never_goes_back(void **state)
{
    struct timeline t;

    (void)state;
    timeline_init(&t);
    struct core_clock last = timeline_clock(&t);
    last.boot[0] ^= 1;
    last.tick = 5000 * TICK_S;
    last.wall += (uint64_t)(365 * 86400 * TICK_S);
    timeline_resume(&t, &last);
    assert_near(timeline_now(&t), 5000 * TICK_S);
}

static void
what_is_stored_is_taken_up_by_the_next_one(void **state)
{
    struct timeline t, next;

    (void)state;
    timeline_init(&t);
    t.shift = 77 * TICK_S;
    const struct core_clock c = timeline_clock(&t);
    timeline_init(&next);
    timeline_resume(&next, &c);
    assert_near(timeline_now(&next), c.tick);
    assert_near(timeline_now(&next), timeline_now(&t) - NEAR / 2);
}

static void
where_a_test_moved_the_time_the_worlds_moved_with_it(void **state)
{
    const struct core_clock last = { .tick = 5000 * TICK_S, .wall = 1 };
    struct timeline t;

    (void)state;
    timeline_init(&t);
    timeline_resume(&t, &last);
    wall_ns real = clock_wall();
    assert_near((tick_ns)timeline_clock(&t).wall, real);
    t.shift += 3600 * TICK_S;
    assert_near((tick_ns)timeline_clock(&t).wall, real + 3600 * TICK_S);
    t.shift = timeline_now(&t) + 60 * TICK_S;
    t.stands = true; /* And holds it. */
    assert_near((tick_ns)timeline_clock(&t).wall, real + 3660 * TICK_S);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_master_counts_as_the_host_does),
        cmocka_unit_test(on_the_same_host_the_time_between_has_passed),
        cmocka_unit_test(
            after_a_start_of_the_host_the_wall_clock_says_how_long),
        cmocka_unit_test(it_never_goes_back),
        cmocka_unit_test(what_is_stored_is_taken_up_by_the_next_one),
        cmocka_unit_test(where_a_test_moved_the_time_the_worlds_moved_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
