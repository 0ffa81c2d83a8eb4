/* A whole test: who sleeps over a task for an hour has lost it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stint_test.h>

static void
an_hour_later_the_task_is_somebody_elses(void **state)
{
    struct stint_task *sleeper, *other;
    struct stint_master *master;
    struct stint_queue *q;
    struct stint *s;

    (void)state;
    assert_int_equal(stint_test_start(NULL, &master), 0);
    assert_int_equal(stint_master_connect(master, NULL, &s), 0);
    assert_int_equal(stint_queue_open(s, "jobs", NULL, &q), 0);
    assert_int_equal(stint_queue_put(q, "7", 1, 1000), 0);

    assert_int_equal(stint_queue_take(q, NULL, &sleeper, 1000), 0);
    assert_int_equal(stint_test_move_clock(master, 3600 * 1000), 0);
    assert_int_equal(stint_queue_take(q, NULL, &other, 1000), 0);
    assert_int_equal(stint_task_attempt(other), 2);
    assert_int_equal(stint_task_done(sleeper, "49", 2), STINT_ESTALE);
    assert_int_equal(stint_task_done(other, "49", 2), 0);

    assert_int_equal(stint_close(s), 0);
    stint_master_stop(master);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_later_the_task_is_somebody_elses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
