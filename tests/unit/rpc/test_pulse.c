#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/rpc/pulse.h"

#define SILENCE (3 * TICK_S)
#define EVERY (SILENCE / 4)

static void
a_master_that_was_not_asked_is_not_gone(void **state)
{
    struct pulse p;

    (void)state;
    pulse_start(&p, TICK_S);
    assert_true(pulse_gone_at(&p, SILENCE, EVERY, 0) == TICK_NEVER);
}

static void
a_master_that_was_asked_and_is_silent_is_gone(void **state)
{
    struct pulse p;

    (void)state;
    pulse_start(&p, TICK_S);
    pulse_ask(&p, TICK_S + EVERY);
    assert_true(pulse_gone_at(&p, SILENCE, EVERY, 0) == TICK_S + SILENCE);
    pulse_hear(&p, 2 * TICK_S);
    assert_true(pulse_gone_at(&p, SILENCE, EVERY, 0) == TICK_NEVER);
}

/* A megabyte takes eight seconds at 1 Mbit/s, and the ping is behind it. */
static void
a_master_behind_a_slow_link_is_not_gone(void **state)
{
    struct pulse p;

    (void)state;
    pulse_start(&p, TICK_S);
    pulse_ask(&p, TICK_S + EVERY);
    tick_ns at = pulse_gone_at(&p, SILENCE, EVERY, 1 << 20);
    assert_true(at > TICK_S + SILENCE + 79 * TICK_S / 10);
    assert_true(at <= TICK_S + SILENCE + 8 * TICK_S);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_master_that_was_not_asked_is_not_gone),
        cmocka_unit_test(a_master_that_was_asked_and_is_silent_is_gone),
        cmocka_unit_test(a_master_behind_a_slow_link_is_not_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
