#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/histogram.h"

static void
bounds_rise(void **state)
{
    (void)state;
    for (unsigned i = 1; i < HISTOGRAM_BOUNDS; i++) {
        assert_true(histogram_bound(i) > histogram_bound(i - 1));
    }
}

static void
each_bound_is_in_its_own_bucket_and_what_is_longer_in_the_next(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
        struct histogram h = { .sum = 0 };
        histogram_add(&h, histogram_bound(i));
        assert_int_equal(h.counts[i], 1);
        histogram_add(&h, histogram_bound(i) + 1);
        assert_int_equal(h.counts[i], 1);
        assert_int_equal(h.counts[i + 1], 1);
        assert_int_equal(histogram_count(&h), 2);
    }
}

static void
nothing_is_too_short_or_too_long(void **state)
{
    struct histogram h = { .sum = 0 };

    (void)state;
    histogram_add(&h, 0);
    histogram_add(&h, -1);
    histogram_add(&h, INT64_MIN);
    assert_int_equal(h.counts[0], 3);
    assert_int_equal(h.sum, 0);
    histogram_add(&h, INT64_MAX);
    histogram_add(&h, INT64_MAX);
    assert_int_equal(h.counts[HISTOGRAM_BOUNDS], 2);
    assert_int_equal(h.sum, INT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_rise),
        cmocka_unit_test(
            each_bound_is_in_its_own_bucket_and_what_is_longer_in_the_next),
        cmocka_unit_test(nothing_is_too_short_or_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
