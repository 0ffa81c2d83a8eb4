/* Whether to wait a little before a slow sync. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/server/hold.h"

enum { HELD = true, TAKEN = false };

static tick_ns now;

static void
sync_takes(struct hold *h, tick_ns length)
{
    hold_commit_begins(h, now, true);
    now += length;
    hold_commit_ended(h, now);
    assert_int_equal(hold_waits(h, now, false), TAKEN);
}

/* A hold that has seen syncs of this length. */
static struct hold
used_to(tick_ns length)
{
    struct hold h;

    now = TICK_S;
    hold_init(&h);
    for (int i = 0; i < 50; i++)
        sync_takes(&h, length);
    return h;
}

static void
a_fast_disk_waits_as_long_as_a_short_task_takes(void **state)
{
    (void)state;
    struct hold h = used_to(100 * TICK_US);

    assert_int_equal(hold_waits(&h, now, true), HELD);
    assert_int_equal(hold_left(&h, now), 400 * TICK_US);
}

static void
a_disk_that_hangs_is_not_waited_for_as_long(void **state)
{
    (void)state;
    struct hold h = used_to(10 * TICK_S);

    assert_int_equal(hold_waits(&h, now, true), HELD);
    assert_int_equal(hold_left(&h, now), 5 * TICK_MS);
}

static void
a_disk_that_nobody_has_seen_does_not_wait(void **state)
{
    (void)state;
    struct hold h;

    hold_init(&h);
    assert_int_equal(hold_waits(&h, TICK_S, true), TAKEN);
}

static void
a_slow_disk_waits_a_quarter_of_its_sync_for_an_end(void **state)
{
    (void)state;
    struct hold h = used_to(2 * TICK_MS);

    assert_int_equal(hold_waits(&h, now, true), HELD);
    assert_int_equal(hold_left(&h, now), 500 * TICK_US);
    assert_int_equal(hold_waits(&h, now + 499 * TICK_US, true), HELD);
    assert_int_equal(hold_left(&h, now + 499 * TICK_US), TICK_US);
    assert_int_equal(hold_waits(&h, now + 500 * TICK_US, true), TAKEN);
}

static void
an_end_that_came_is_taken_at_once(void **state)
{
    (void)state;
    struct hold h = used_to(2 * TICK_MS);

    assert_int_equal(hold_waits(&h, now, true), HELD);
    assert_int_equal(hold_waits(&h, now + 100 * TICK_US, false), TAKEN);
}

static void
what_nobody_will_end_soon_is_taken_at_once(void **state)
{
    (void)state;
    struct hold h = used_to(2 * TICK_MS);

    assert_int_equal(hold_waits(&h, now, false), TAKEN);
}

static void
what_gathered_while_the_disk_was_busy_is_taken_at_once(void **state)
{
    (void)state;
    struct hold h = used_to(2 * TICK_MS);

    hold_commit_begins(&h, now, true);
    now += 2 * TICK_MS;
    hold_commit_ended(&h, now);
    assert_int_equal(hold_waits(&h, now, true), TAKEN);
    assert_int_equal(hold_waits(&h, now, true), HELD);
}

static int
times_held(struct hold *h, int tries)
{
    int held = 0;

    for (int i = 0; i < tries; i++) {
        if (hold_waits(h, now, true) == HELD) {
            held++;
            now += TICK_MS;
            assert_int_equal(hold_waits(h, now, true), TAKEN);
        }
        sync_takes(h, 2 * TICK_MS);
    }
    return held;
}

static void
what_is_in_vain_is_tried_seldom(void **state)
{
    (void)state;
    struct hold h = used_to(2 * TICK_MS);

    assert_int_equal(times_held(&h, 4), 4);
    assert_int_equal(times_held(&h, 640), 10);
}

static void
one_success_gives_new_hope(void **state)
{
    (void)state;
    struct hold h = used_to(2 * TICK_MS);

    assert_int_equal(times_held(&h, 4), 4);
    while (hold_waits(&h, now, true) != HELD) {}
    assert_int_equal(hold_waits(&h, now, false), TAKEN);
    assert_int_equal(times_held(&h, 4), 4);
}

static void
where_nobody_waits_for_a_sync_nothing_is_held(void **state)
{
    (void)state;
    struct hold h;

    hold_init(&h);
    for (int i = 0; i < 100; i++) {
        hold_commit_begins(&h, now, false);
        now += TICK_S;
        hold_commit_ended(&h, now);
        assert_int_equal(hold_waits(&h, now, false), TAKEN);
    }
    assert_int_equal(hold_waits(&h, now, true), TAKEN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_disk_waits_as_long_as_a_short_task_takes),
        cmocka_unit_test(a_disk_that_hangs_is_not_waited_for_as_long),
        cmocka_unit_test(a_disk_that_nobody_has_seen_does_not_wait),
        cmocka_unit_test(a_slow_disk_waits_a_quarter_of_its_sync_for_an_end),
        cmocka_unit_test(an_end_that_came_is_taken_at_once),
        cmocka_unit_test(what_nobody_will_end_soon_is_taken_at_once),
        cmocka_unit_test(
            what_gathered_while_the_disk_was_busy_is_taken_at_once),
        cmocka_unit_test(what_is_in_vain_is_tried_seldom),
        cmocka_unit_test(one_success_gives_new_hope),
        cmocka_unit_test(where_nobody_waits_for_a_sync_nothing_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
