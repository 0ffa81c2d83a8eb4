/*
 * Timer: a test for each row of threading.Timer, and for what is better here.
 */
#include "tests/integration/processes.h"

static atomic_uint runs;
static atomic_int order[8];
static _Atomic(struct stint_timer *) its_own;

static void
count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&runs, 1);
}

static struct stint_timer *
start(int64_t interval_ms, bool periodic, void (*run)(void *arg), void *arg)
{
    const struct stint_timer_options options = {
        .interval_ms = interval_ms, .periodic = periodic, .run = run, .arg = arg
    };
    struct stint_timer *t;

    OK(stint_timer_start(&options, &t));
    return t;
}

static void
await_runs(unsigned wanted)
{
    int64_t until = now_ms() + LONG_MS;

    while (atomic_load(&runs) < wanted && now_ms() < until) {
        nap_ms(1);
    }
    assert_true(atomic_load(&runs) >= wanted);
}

static void
timer_fires_once_after_its_interval(void **state)
{
    (void)state;
    int64_t began = now_ms();
    struct stint_timer *t = start(60, false, count, NULL);

    if (stint_timer_join(t, 0) == 0) assert_true(now_ms() - began >= 60);
    OK(stint_timer_join(t, LONG_MS));
    assert_true(now_ms() - began >= 60);
    assert_int_equal(stint_timer_runs(t), 1);
    nap_ms(100);
    assert_int_equal(atomic_load(&runs), 1);
    stint_timer_cancel(t); /* After it fired: harmless. */
    OK(stint_timer_join(t, 0));
    stint_timer_free(t);
}

static void
timer_that_was_cancelled_does_not_fire(void **state)
{
    (void)state;
    struct stint_timer *t = start(80, false, count, NULL);

    stint_timer_cancel(t);
    stint_timer_cancel(t);
    OK(stint_timer_join(t, 0));
    nap_ms(150);
    assert_int_equal(stint_timer_runs(t), 0);
    assert_int_equal(atomic_load(&runs), 0);
    stint_timer_free(t);
}

static void
timer_with_a_negative_interval_fires_at_once(void **state)
{
    (void)state;
    struct stint_timer *t = start(-5, false, count, NULL);

    OK(stint_timer_join(t, LONG_MS));
    assert_int_equal(atomic_load(&runs), 1);
    stint_timer_free(t);
}

static void
note_order(void *arg)
{
    unsigned place = atomic_fetch_add(&runs, 1);

    atomic_store(&order[place], *(int *)arg);
}

static void
many_share_a_thread_and_fire_in_the_order_of_their_deadlines(void **state)
{
    (void)state;
    enum { TIMERS = 5 };
    static int names[TIMERS] = { 1, 2, 3, 4, 5 };
    static const int64_t at_ms[TIMERS] = { 250, 50, 200, 100, 150 };
    static const int expected[TIMERS] = { 2, 4, 5, 3, 1 };
    struct stint_timer *timers[TIMERS];

    for (int i = 0; i < TIMERS; i++) {
        timers[i] = start(at_ms[i], false, note_order, &names[i]);
    }
    for (int i = 0; i < TIMERS; i++) {
        OK(stint_timer_join(timers[i], LONG_MS));
        stint_timer_free(timers[i]);
    }
    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(atomic_load(&order[i]), expected[i]);
    }
}

static void
a_later_one_does_not_hold_up_an_earlier_one(void **state)
{
    (void)state;
    struct stint_timer *late = start(3600 * 1000, false, count, NULL);
    struct stint_timer *soon = start(10, false, count, NULL);

    OK(stint_timer_join(soon, LONG_MS));
    assert_int_equal(stint_timer_runs(late), 0);
    stint_timer_free(soon);
    stint_timer_free(late);
}

static void
timer_that_is_periodic_fires_again_and_again(void **state)
{
    (void)state;
    int64_t began = now_ms();
    struct stint_timer *t = start(20, true, count, NULL);

    await_runs(5);
    assert_true(now_ms() - began >= 100);
    assert_int_equal(stint_timer_join(t, 0), STINT_ETIMEOUT);
    stint_timer_cancel(t);
    unsigned then = atomic_load(&runs);
    OK(stint_timer_join(t, 0));
    nap_ms(80);
    assert_int_equal(atomic_load(&runs), then);
    stint_timer_free(t);
}

static atomic_bool inside, overlapped;

static void
be_slow(void *arg)
{
    (void)arg;
    if (atomic_exchange(&inside, true)) atomic_store(&overlapped, true);
    nap_ms(atomic_fetch_add(&runs, 1) == 0 ? 120 : 1);
    atomic_store(&inside, false);
}

static void
a_slow_run_makes_the_next_one_late_and_no_burst(void **state)
{
    (void)state;
    int64_t began = now_ms();
    struct stint_timer *t = start(20, true, be_slow, NULL);

    await_runs(6);
    /* The slow one ends at 140 ms; five that were missed are one. */
    assert_true(now_ms() - began >= 200);
    assert_false(atomic_load(&overlapped));
    stint_timer_free(t);
}

static void
be_seen(void *arg)
{
    (void)arg;
    atomic_store(&inside, true);
    nap_ms(100);
    atomic_store(&inside, false);
}

static void
cancel_waits_for_a_run(void **state)
{
    (void)state;
    struct stint_timer *t = start(0, false, be_seen, NULL);

    while (!atomic_load(&inside)) {
        nap_ms(1);
    }
    stint_timer_cancel(t);
    assert_false(atomic_load(&inside));
    stint_timer_free(t);
}

static void
cancel_itself(void *arg)
{
    (void)arg;
    if (atomic_fetch_add(&runs, 1) == 2) {
        stint_timer_cancel(atomic_load(&its_own));
        atomic_store(
            &order[0], stint_timer_join(atomic_load(&its_own), LONG_MS));
        atomic_store(&inside, false);
    }
}

static void
it_may_be_cancelled_from_within(void **state)
{
    (void)state;
    atomic_store(&inside, true);
    atomic_store(&its_own, start(10, true, cancel_itself, NULL));
    OK(stint_timer_join(atomic_load(&its_own), LONG_MS));
    assert_int_equal(atomic_load(&runs), 3);
    assert_false(atomic_load(&inside));
    assert_int_equal(atomic_load(&order[0]), STINT_EINVAL);
    stint_timer_free(atomic_load(&its_own));
}

static void
free_itself(void *arg)
{
    (void)arg;
    stint_timer_free(atomic_load(&its_own));
    atomic_fetch_add(&runs, 1);
}

static void
it_may_be_freed_from_within(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 5; i++) {
        atomic_store(&its_own, start(20, true, free_itself, NULL));
        await_runs(i);
    }
    nap_ms(60);
    assert_int_equal(atomic_load(&runs), 5);
    stint_timer_free(NULL);
}

static void
start_another(void *arg)
{
    if (atomic_fetch_add(&runs, 1) < 4) {
        struct stint_timer *old = atomic_load(&its_own);

        atomic_store(&its_own, start(1, false, start_another, arg));
        stint_timer_free(old);
    }
}

static void
one_may_start_the_next(void **state)
{
    (void)state;
    atomic_store(&its_own, start(50, false, start_another, NULL));
    await_runs(5);
    nap_ms(5);
    stint_timer_free(atomic_load(&its_own));
}

static void
it_needs_a_function_and_a_period(void **state)
{
    (void)state;
    const struct stint_timer_options nothing = { .interval_ms = 5 };
    const struct stint_timer_options spin = { .periodic = true, .run = count };
    struct stint_timer *t;

    assert_int_equal(stint_timer_start(&nothing, &t), STINT_EINVAL);
    assert_null(t);
    assert_int_equal(stint_timer_start(&spin, &t), STINT_EINVAL);
    t = start(INT64_MAX, true, count, NULL);
    assert_int_equal(stint_timer_join(t, -3), STINT_EINVAL);
    stint_timer_free(t);
}

/* ---- in a copy of the process -------------------------------------------- */

static int
use_timers_in_a_copy(void *arg)
{
    struct stint_timer *inherited = arg;
    struct stint_timer *own = start(20, false, count, NULL);

    if (stint_timer_join(inherited, LONG_MS) != 0) return 1;
    stint_timer_free(inherited);
    if (stint_timer_join(own, LONG_MS) != 0) return 2;
    stint_timer_free(own);
    return atomic_load(&runs) == 1 ? 0 : 3;
}

static void
a_copy_has_timers_of_its_own_only(void **state)
{
    (void)state;
    struct stint_timer *t = start(200, false, count, NULL);

    assert_int_equal(run_function(use_timers_in_a_copy, t), 0);
    OK(stint_timer_join(t, LONG_MS));
    assert_int_equal(atomic_load(&runs), 1);
    stint_timer_free(t);
}

static void *
start_and_cancel(void *arg)
{
    for (int i = 0; i < 200; i++) {
        struct stint_timer *t =
            start(i % 3, i % 2 == 1 && i % 3 > 0, count, arg);

        if (i % 5 == 0) stint_timer_cancel(t);
        stint_timer_free(t);
    }
    return NULL;
}

static void
threads_start_and_cancel_side_by_side(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, start_and_cancel, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static int
clear(void **state)
{
    atomic_store(&runs, 0);
    atomic_store(&inside, false);
    atomic_store(&overlapped, false);
    return clear_page(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(timer_fires_once_after_its_interval, clear),
        cmocka_unit_test_setup(timer_that_was_cancelled_does_not_fire, clear),
        cmocka_unit_test_setup(
            timer_with_a_negative_interval_fires_at_once, clear),
        cmocka_unit_test_setup(
            many_share_a_thread_and_fire_in_the_order_of_their_deadlines,
            clear),
        cmocka_unit_test_setup(
            a_later_one_does_not_hold_up_an_earlier_one, clear),
        cmocka_unit_test_setup(
            timer_that_is_periodic_fires_again_and_again, clear),
        cmocka_unit_test_setup(
            a_slow_run_makes_the_next_one_late_and_no_burst, clear),
        cmocka_unit_test_setup(cancel_waits_for_a_run, clear),
        cmocka_unit_test_setup(it_may_be_cancelled_from_within, clear),
        cmocka_unit_test_setup(it_may_be_freed_from_within, clear),
        cmocka_unit_test_setup(one_may_start_the_next, clear),
        cmocka_unit_test_setup(it_needs_a_function_and_a_period, clear),
        cmocka_unit_test_setup(a_copy_has_timers_of_its_own_only, clear),
        cmocka_unit_test_setup(threads_start_and_cancel_side_by_side, clear),
    };

    return cmocka_run_group_tests(tests, share_page, NULL);
}
