#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/agent/agent.h"

enum { SLOTS = 4 };

static struct agent
fresh(struct agent_config config)
{
    struct agent a;

    if (config.slots == 0) config.slots = SLOTS;
    agent_init(&a, &config, 0);
    return a;
}

static void
run_one(struct agent *a, tick_ns now, tick_ns run, size_t bytes)
{
    assert_true(agent_ask(a));
    agent_begin(a, bytes);
    agent_end(a, now, run);
}

static void
run_many(struct agent *a, unsigned count, tick_ns run)
{
    for (unsigned i = 0; i < count; i++) {
        run_one(a, 0, run, 64);
    }
}

static unsigned
tasks_asked(struct agent *a)
{
    struct agent_credit credit;

    (void)agent_credit(a, &credit);
    return credit.tasks;
}

static void
it_starts_with_one_task_for_each_slot(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });
    struct agent_credit credit;

    assert_true(agent_credit(&a, &credit));
    assert_int_equal(credit.tasks, SLOTS);
    assert_int_equal(credit.bytes, AGENT_BYTES_MIN);
    assert_false(agent_credit(&a, &credit));
}

static void
short_tasks_come_fifty_milliseconds_at_a_time(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });

    run_many(&a, 1000, TICK_MS);
    assert_int_equal(tasks_asked(&a), 49 * SLOTS);
}

static void
no_worker_holds_more_than_the_most(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });

    run_many(&a, 10000, 1);
    assert_int_equal(tasks_asked(&a), AGENT_HOLD_MAX - SLOTS);
    run_many(&a, 10000, 0);
    assert_int_equal(tasks_asked(&a), AGENT_HOLD_MAX - SLOTS);
}

static void
one_waits_for_each_slot_when_a_task_takes_long(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });

    run_many(&a, 100, 300 * TICK_MS);
    assert_int_equal(tasks_asked(&a), SLOTS);
    run_many(&a, 100, 20 * TICK_MS);
    assert_int_equal(tasks_asked(&a), SLOTS);
}

static void
only_free_slots_ask_when_a_task_takes_very_long(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });

    run_many(&a, 100, 5 * TICK_S);
    for (unsigned i = 0; i < SLOTS; i++) {
        agent_observe(&a, 0);
        assert_int_equal(tasks_asked(&a), SLOTS - i);
        assert_true(agent_ask(&a));
        agent_begin(&a, 1);
    }
    agent_observe(&a, 1);
    assert_int_equal(tasks_asked(&a), 0);
    agent_end(&a, 0, 5 * TICK_S);
    assert_int_equal(tasks_asked(&a), 1);
}

static void
a_short_first_task_does_not_draw_thousands(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });

    run_many(&a, 3, TICK_US);
    assert_int_equal(tasks_asked(&a), SLOTS + 3);
}

static void
a_task_that_does_not_end_gives_the_waiting_ones_away(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });

    run_many(&a, 10000, TICK_US);
    for (unsigned i = 0; i < SLOTS; i++) {
        assert_int_equal(agent_excess(&a, 4000), 0);
        assert_true(agent_ask(&a));
        agent_begin(&a, 1);
    }
    assert_int_equal(agent_excess(&a, 4000), 0);
    agent_observe(&a, 200 * TICK_MS);
    assert_int_equal(agent_excess(&a, 4000), 4000 - SLOTS);
    agent_observe(&a, 2 * TICK_S);
    assert_int_equal(agent_excess(&a, 4000), 4000);
    assert_int_equal(tasks_asked(&a), 0);
}

static void
it_grows_again_after_a_task_that_was_stuck(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });

    run_many(&a, 10000, TICK_US);
    run_one(&a, 0, 10 * TICK_S, 1);
    assert_int_equal(tasks_asked(&a), SLOTS);
    run_many(&a, 10000, TICK_US);
    assert_int_equal(tasks_asked(&a), AGENT_HOLD_MAX - SLOTS);
}

static void
prefetch_max_bounds_what_waits(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .prefetch_max = 3 });

    assert_int_equal(tasks_asked(&a), 3);
    run_many(&a, 1000, TICK_US);
    assert_int_equal(tasks_asked(&a), 3);
}

static void
a_small_change_is_not_worth_telling(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });
    struct agent_credit credit;
    unsigned told = 0;

    for (unsigned i = 0; i < 10000; i++) {
        run_one(&a, 0, TICK_US, 64);
        if (agent_credit(&a, &credit)) told += 1;
    }
    assert_int_equal(credit.tasks, AGENT_HOLD_MAX - SLOTS);
    assert_in_range(told, 10, 100);
}

static void
large_payloads_get_more_bytes(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });
    struct agent_credit credit;

    run_one(&a, 0, TICK_MS, (size_t)1 << 20);
    (void)agent_credit(&a, &credit);
    assert_int_equal(credit.bytes, AGENT_BYTES_MAX);
    for (unsigned i = 0; i < 100; i++) {
        run_one(&a, 0, TICK_MS, 64);
    }
    (void)agent_credit(&a, &credit);
    assert_int_equal(credit.bytes, AGENT_BYTES_MIN);
}

static void
no_more_than_tasks_max_begin(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .tasks_max = 3 });

    assert_int_equal(tasks_asked(&a), 3);
    assert_true(agent_ask(&a));
    agent_begin(&a, 1);
    assert_int_equal(tasks_asked(&a), 2);
    assert_true(agent_ask(&a));
    assert_true(agent_ask(&a));
    assert_false(agent_ask(&a));
    agent_leave(&a);
    assert_true(agent_ask(&a));
    agent_begin(&a, 1);
    assert_false(agent_is_over(&a, 0));
    agent_begin(&a, 1);
    assert_true(agent_is_over(&a, 0));
    assert_int_equal(tasks_asked(&a), 0);
}

static void
a_run_that_was_several_tasks_counts_as_so_many(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .tasks_max = 5 });

    run_one(&a, 0, 1, 64);
    agent_more(&a, 2);
    assert_int_equal(tasks_asked(&a), 2);
    run_one(&a, 0, 1, 64);
    agent_more(&a, 7);
    assert_true(agent_is_over(&a, 0));
    assert_false(agent_ask(&a));
    assert_int_equal(tasks_asked(&a), 0);
}

static void
nothing_waits_behind_what_takes_longer_than_ahead(void **state)
{
    (void)state;
    struct agent a =
        fresh((struct agent_config){ .slots = 1, .ahead = 20 * TICK_MS });

    assert_int_equal(tasks_asked(&a), 1);
    assert_true(agent_ask(&a));
    agent_begin(&a, 64);
    agent_observe(&a, TICK_MS);
    assert_int_equal(tasks_asked(&a), 0); /* It is not measured yet. */
    assert_int_equal(agent_excess(&a, 1), 1);
    agent_end(&a, 0, TICK_US);
    run_many(&a, 20, TICK_US);
    assert_true(tasks_asked(&a) > 10);
    assert_true(agent_ask(&a));
    agent_begin(&a, 64);
    agent_observe(&a, 20 * TICK_MS);
    assert_true(tasks_asked(&a) >= 1);
    agent_observe(&a, 21 * TICK_MS);
    assert_int_equal(tasks_asked(&a), 0);
    agent_end(&a, 0, 25 * TICK_MS);
    assert_int_equal(tasks_asked(&a), 1);
}

static void
it_is_over_when_idle_for_long_enough(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 10 });

    assert_int_equal(agent_next_deadline(&a), 10);
    assert_false(agent_is_over(&a, 9));
    assert_true(agent_is_over(&a, 10));
    assert_true(agent_ask(&a));
    agent_begin(&a, 1);
    assert_int_equal(agent_next_deadline(&a), TICK_NEVER);
    assert_false(agent_is_over(&a, 1000));
    agent_end(&a, 1000, 990);
    assert_false(agent_is_over(&a, 1009));
    assert_true(agent_is_over(&a, 1010));
}

static void
a_draining_worker_asks_for_nothing(void **state)
{
    (void)state;
    struct agent a = fresh((struct agent_config){ .idle = 0 });
    struct agent_credit credit;

    assert_false(agent_is_over(&a, TICK_NEVER - 1));
    (void)agent_credit(&a, &credit);
    agent_drain(&a);
    assert_true(agent_is_over(&a, 0));
    assert_false(agent_ask(&a));
    assert_true(agent_credit(&a, &credit));
    assert_int_equal(credit.tasks, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_with_one_task_for_each_slot),
        cmocka_unit_test(short_tasks_come_fifty_milliseconds_at_a_time),
        cmocka_unit_test(no_worker_holds_more_than_the_most),
        cmocka_unit_test(one_waits_for_each_slot_when_a_task_takes_long),
        cmocka_unit_test(only_free_slots_ask_when_a_task_takes_very_long),
        cmocka_unit_test(a_short_first_task_does_not_draw_thousands),
        cmocka_unit_test(a_task_that_does_not_end_gives_the_waiting_ones_away),
        cmocka_unit_test(it_grows_again_after_a_task_that_was_stuck),
        cmocka_unit_test(prefetch_max_bounds_what_waits),
        cmocka_unit_test(a_small_change_is_not_worth_telling),
        cmocka_unit_test(large_payloads_get_more_bytes),
        cmocka_unit_test(no_more_than_tasks_max_begin),
        cmocka_unit_test(a_run_that_was_several_tasks_counts_as_so_many),
        cmocka_unit_test(nothing_waits_behind_what_takes_longer_than_ahead),
        cmocka_unit_test(it_is_over_when_idle_for_long_enough),
        cmocka_unit_test(a_draining_worker_asks_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
