#include "tests/unit/core/unit.h"

#include "master/core/retry.h"

static const struct retry_policy policy = {
    .attempts_max = 5,
    .delay_first = 100,
    .delay_max = 350,
};

static void
the_wait_doubles_up_to_its_bound(void **state)
{
    (void)state;
    assert_int_equal(retry_delay(&policy, 1, 0), 100);
    assert_int_equal(retry_delay(&policy, 2, 0), 200);
    assert_int_equal(retry_delay(&policy, 3, 0), 350);
    assert_int_equal(retry_delay(&policy, 4, 0), 350);
}

static void
the_last_attempt_is_the_last(void **state)
{
    (void)state;
    struct retry_policy once = policy;

    once.attempts_max = 1;
    assert_int_equal(retry_delay(&policy, 5, 0), RETRY_NEVER);
    assert_int_equal(retry_delay(&policy, UINT32_MAX, 0), RETRY_NEVER);
    assert_int_equal(retry_delay(&once, 1, 0), RETRY_NEVER);
}

static void
a_draw_takes_off_up_to_half(void **state)
{
    (void)state;
    uint64_t seed = 1;
    tick_ns least = 1000, most = 0;

    for (int i = 0; i < 10000; i++) {
        tick_ns wait = retry_delay(&policy, 2, unit_draw(&seed, UINT32_MAX));
        assert_true(wait >= 100 && wait <= 200);
        if (wait < least) least = wait;
        if (wait > most) most = wait;
    }
    assert_int_equal(least, 100);
    assert_int_equal(most, 200);
}

static void
nothing_overflows(void **state)
{
    (void)state;
    const struct retry_policy wide = {
        .attempts_max = UINT32_MAX,
        .delay_first = INT64_MAX / 3,
        .delay_max = INT64_MAX,
    };
    const struct retry_policy none = { .attempts_max = UINT32_MAX };

    assert_int_equal(retry_delay(&wide, 4000000000u, 0), INT64_MAX);
    assert_true(retry_delay(&wide, 4000000000u, UINT64_MAX) > 0);
    assert_int_equal(retry_delay(&none, 4000000000u, UINT64_MAX), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_doubles_up_to_its_bound),
        cmocka_unit_test(the_last_attempt_is_the_last),
        cmocka_unit_test(a_draw_takes_off_up_to_half),
        cmocka_unit_test(nothing_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
