/* Who counts on serves; who does not for some looks in a row is silent. */
#include "client/pool/pulse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
who_counts_on_is_new_at_each_look(void **state)
{
    (void)state;
    struct pulse p = { .quiet = 0 };

    for (uint32_t beats = 1; beats < 100; beats += 3)
        assert_int_equal(pulse_look(&p, beats), 1);
}

static void
looks_that_find_nothing_new_are_counted_in_a_row(void **state)
{
    (void)state;
    struct pulse p = { .quiet = 0 };

    assert_int_equal(pulse_look(&p, 7), 1);
    assert_int_equal(pulse_look(&p, 7), 2);
    assert_int_equal(pulse_look(&p, 7), 3);
    assert_int_equal(pulse_look(&p, 8), 1);
    assert_int_equal(pulse_look(&p, 8), 2);
}

static void
who_has_not_counted_yet_is_new_at_the_first_look(void **state)
{
    (void)state;
    struct pulse p = { .quiet = 0 };

    for (unsigned i = 1; i <= PULSE_SILENT; i++)
        assert_int_equal(pulse_look(&p, 0), i);
}

static void
a_count_that_wraps_is_new(void **state)
{
    (void)state;
    struct pulse p = { .quiet = 0 };

    assert_int_equal(pulse_look(&p, UINT32_MAX), 1);
    assert_int_equal(pulse_look(&p, 0), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_counts_on_is_new_at_each_look),
        cmocka_unit_test(looks_that_find_nothing_new_are_counted_in_a_row),
        cmocka_unit_test(who_has_not_counted_yet_is_new_at_the_first_look),
        cmocka_unit_test(a_count_that_wraps_is_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
