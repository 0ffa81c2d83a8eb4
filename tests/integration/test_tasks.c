/* Leased tasks, consumers and futures through the public library. */
#include "tests/integration/with_master.h"

/* ---- leases -------------------------------------------------------------- */

static struct stint_task *
take(struct stint_queue *from, int64_t lease_ms, bool no_renew)
{
    struct stint_take_options options = { lease_ms, no_renew };
    struct stint_task *t;

    OK(stint_queue_take(from, &options, &t, PATIENCE_MS));
    return t;
}

static void
a_task_knows_what_it_is(void **state)
{
    struct stint_put_options options = { .handler = "square" };

    (void)state;
    OK(stint_queue_put_with(q, "7", 1, &options, PATIENCE_MS));
    struct stint_task *t = take(q, 20000, false);
    expect(stint_task_payload(t), "7");
    assert_string_equal(stint_task_handler(t), "square");
    assert_string_equal(stint_task_queue(t), stint_queue_name(q));
    assert_true(stint_task_id(t) > 0);
    assert_int_equal(stint_task_attempt(t), 1);
    assert_in_range(stint_task_remaining_ms(t), 5000, 20000);
    OK(stint_task_done(t, NULL, 0));
    OK(stint_queue_join(q, PATIENCE_MS));
}

static void
a_released_task_comes_again_and_uses_up_no_attempt(void **state)
{
    (void)state;
    put(q, "a");
    put(q, "b");
    struct stint_task *t = take(q, 0, false);
    OK(stint_task_release(t, 0));
    t = take(q, 0, false);
    expect(stint_task_payload(t), "a");
    OK(stint_task_done(t, NULL, 0));
    get(q, "b");
}

static void
a_freed_task_is_given_back(void **state)
{
    (void)state;
    put(q, "a");
    stint_task_free(take(q, 0, false));
    get(q, "a");
}

static void
a_failed_task_comes_again_until_its_attempts_are_used_up(void **state)
{
    struct stint_queue_options options = { .attempts_max = 2 };
    struct stint_queue *twice = fresh_queue(&options);
    struct stint_task *t;

    (void)state;
    put(twice, "a");
    OK(stint_task_fail(take(twice, 0, false), "first", 1));
    t = take(twice, 0, false);
    assert_int_equal(stint_task_attempt(t), 2);
    OK(stint_task_fail(t, "second", 1));
    assert_int_equal(stint_queue_take(twice, NULL, &t, 100), STINT_EEMPTY);
    OK(stint_queue_join(twice, PATIENCE_MS));
}

static void
a_lease_is_renewed_while_the_program_works(void **state)
{
    struct stint_task *t, *again;

    (void)state;
    put(q, "a");
    t = take(q, 1000, false);
    assert_int_equal(stint_queue_take(q, NULL, &again, 2500), STINT_EEMPTY);
    assert_true(stint_task_remaining_ms(t) > 0);
    OK(stint_task_done(t, NULL, 0));
}

static void
a_lease_is_renewed_while_no_call_is_made(void **state)
{
    struct stint_task *t;

    (void)state;
    put(q, "a");
    t = take(q, 1000, false);
    (void)usleep(2500 * 1000);
    OK(stint_task_done(t, NULL, 0));
}

static void
a_broken_lease_is_stale(void **state)
{
    struct stint_task *t;

    (void)state;
    put(q, "a");
    t = take(q, 100, true);
    (void)usleep(250 * 1000);
    assert_true(stint_task_remaining_ms(t) < 0);
    assert_int_equal(stint_task_renew(t, 0), STINT_ESTALE);
    assert_int_equal(stint_task_done(t, "late", 4), STINT_ESTALE);
}

static void
a_caller_may_renew_itself(void **state)
{
    struct stint_task *t;

    (void)state;
    put(q, "a");
    t = take(q, 1500, true);
    for (int i = 0; i < 8; i++) {
        (void)usleep(300 * 1000);
        OK(stint_task_renew(t, 0));
    }
    OK(stint_task_renew(t, 60000));
    assert_in_range(stint_task_remaining_ms(t), 30000, 60000);
    OK(stint_task_done(t, NULL, 0));
}

static void
a_result_that_is_too_large_leaves_the_task_with_the_caller(void **state)
{
    size_t size = 4 * 1024 * 1024 + 1;
    char *data = calloc(1, size);
    struct stint_task *t;

    (void)state;
    assert_non_null(data);
    put(q, "a");
    t = take(q, 0, false);
    assert_int_equal(stint_task_done(t, data, size), STINT_ETOOLARGE);
    assert_int_equal(stint_task_post_done(t, data, size), STINT_ETOOLARGE);
    OK(stint_task_done(t, NULL, 0));
    free(data);
}

static void
a_task_outlives_its_connection_as_a_closed_one(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_task *kept, *freed;

    (void)state;
    put(q, "a");
    put(q, "b");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));
    kept = take(same, 0, false);
    freed = take(same, 0, false);
    OK(stint_close(other));
    expect(stint_task_payload(kept), "a");
    assert_int_equal(stint_task_done(kept, NULL, 0), STINT_ECLOSED);
    stint_task_free(freed);
    get(q, "a");
    get(q, "b");
}

/* ---- consumers ----------------------------------------------------------- */

static void
a_consumer_keeps_its_credit_on_hand(void **state)
{
    const char *names[] = { stint_queue_name(q), NULL };
    struct stint_consumer_options options = { .credit_tasks = 8 };
    struct stint_consumer *c;
    struct stint_task *t;

    (void)state;
    for (int i = 0; i < 100; i++)
        put(q, "x");
    OK(stint_consumer_open(s, names, &options, &c));
    for (int i = 0; i < 100; i++) {
        OK(stint_consumer_next(c, &t, PATIENCE_MS));
        assert_in_range(stint_consumer_ready(c), 0, 8);
        assert_string_equal(stint_task_queue(t), names[0]);
        OK(stint_task_post_done(t, NULL, 0));
    }
    assert_int_equal(stint_consumer_next(c, &t, 50), STINT_EEMPTY);
    OK(stint_flush(s, PATIENCE_MS));
    OK(stint_queue_join(q, PATIENCE_MS));
    stint_consumer_close(c);
}

static void
a_closed_consumer_gives_back_what_is_on_hand(void **state)
{
    const char *names[] = { stint_queue_name(q), NULL };
    struct stint_consumer_options options = { .credit_tasks = 10 };
    struct stint_consumer *c;
    struct stint_task *t;

    (void)state;
    for (int i = 0; i < 10; i++)
        put(q, "x");
    OK(stint_consumer_open(s, names, &options, &c));
    OK(stint_consumer_next(c, &t, PATIENCE_MS));
    OK(stint_task_done(t, NULL, 0));
    stint_consumer_drain(c);
    assert_int_equal(stint_consumer_next(c, &t, 1000), STINT_ECLOSED);
    stint_consumer_close(c);
    for (int i = 0; i < 9; i++)
        get(q, "x");
    assert_int_equal(qsize(q), 0);
}

static void
a_consumer_takes_from_the_first_queue_with_tasks(void **state)
{
    struct stint_queue *second = fresh_queue(NULL);
    const char *names[] = { stint_queue_name(q), stint_queue_name(second),
        NULL };
    struct stint_consumer *c;
    struct stint_task *t;

    (void)state;
    put(second, "2");
    put(q, "1");
    OK(stint_consumer_open(s, names, NULL, &c));
    OK(stint_consumer_next(c, &t, PATIENCE_MS));
    expect(stint_task_payload(t), "1");
    OK(stint_task_done(t, NULL, 0));
    OK(stint_consumer_next(c, &t, PATIENCE_MS));
    expect(stint_task_payload(t), "2");
    OK(stint_task_done(t, NULL, 0));
    stint_consumer_close(c);
}

/* ---- futures ------------------------------------------------------------- */

static struct stint_future *
submit(const char *text)
{
    struct stint_future *f;

    OK(stint_queue_submit(q, text, strlen(text), NULL, &f));
    return f;
}

static void
a_result_comes_to_its_future(void **state)
{
    struct stint_future *f = submit("6");
    struct stint *worker = connect_as("busy bee");
    struct stint_bytes result;

    (void)state;
    assert_false(stint_future_ready(f));
    assert_int_equal(stint_future_get(f, &result, 50), STINT_ETIMEOUT);
    struct stint_task *t =
        take(open_queue(worker, stint_queue_name(q)), 0, false);
    uint64_t id = stint_task_id(t);
    OK(stint_task_done(t, "36", 2));
    OK(stint_future_get(f, &result, PATIENCE_MS));
    expect(result, "36");
    OK(stint_future_get(f, &result, 0));
    expect(result, "36");
    assert_true(stint_future_task(f) == id);
    assert_int_equal(stint_future_attempts(f), 1);
    assert_string_equal(stint_future_worker(f), "busy bee");
    stint_future_free(f);
    OK(stint_close(worker));
}

static void
a_large_result_comes_whole(void **state)
{
    static char big[100000];
    struct stint_future *f = submit("6");
    struct stint_bytes result;

    (void)state;
    memset(big, 'b', sizeof big);
    OK(stint_task_done(take(q, 0, false), big, sizeof big));
    OK(stint_future_get(f, &result, PATIENCE_MS));
    assert_int_equal(result.size, sizeof big);
    assert_memory_equal(result.data, big, sizeof big);
    stint_future_free(f);
}

static void
a_dead_task_tells_its_reason(void **state)
{
    struct stint_future *f = submit("6");

    (void)state;
    OK(stint_task_fail(take(q, 0, false), "no such number", STINT_FOREVER));
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_EDEAD);
    assert_non_null(strstr(stint_error_message(), "no such number"));
    stint_future_free(f);
}

static void
a_cancelled_task_is_not_run(void **state)
{
    struct stint_future *f = submit("6");
    struct stint_task *t;

    (void)state;
    OK(stint_future_cancel(f));
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_ECANCELLED);
    assert_int_equal(stint_queue_take(q, NULL, &t, 0), STINT_EEMPTY);
    assert_int_equal(stint_future_cancel(f), STINT_ENOTASK);
    stint_future_free(f);
}

static void
a_task_that_expires_tells_its_future(void **state)
{
    struct stint_put_options options = { .expires_ms = 50 };
    struct stint_future *f;

    (void)state;
    OK(stint_queue_submit(q, "x", 1, &options, &f));
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_EEXPIRED);
    stint_future_free(f);
}

static void
a_submit_that_is_refused_tells_its_future(void **state)
{
    (void)state;
    OK(stint_queue_shutdown(q, false));
    struct stint_future *f = submit("x");
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_ESHUTDOWN);
    stint_future_free(f);
    OK(stint_flush(s, PATIENCE_MS));
}

static void *
serve_many(void *arg)
{
    struct stint *worker = connect_as("serves");
    const char *names[] = { arg, NULL };
    struct stint_consumer_options options = { .credit_tasks = 64 };
    struct stint_consumer *c;

    OK(stint_consumer_open(worker, names, &options, &c));
    for (int i = 0; i < MANY; i++) {
        struct stint_task *t;
        OK(stint_consumer_next(c, &t, PATIENCE_MS));
        struct stint_bytes p = stint_task_payload(t);
        OK(stint_task_post_done(t, p.data, p.size));
    }
    OK(stint_close(worker));
    return NULL;
}

static void
many_futures_are_waited_for(void **state)
{
    static struct stint_future *futures[MANY];
    char *name = strdup(stint_queue_name(q));
    pthread_t thread;

    (void)state;
    assert_non_null(name);
    assert_int_equal(pthread_create(&thread, NULL, serve_many, name), 0);
    for (uint32_t i = 0; i < MANY; i++)
        OK(stint_queue_submit(q, &i, sizeof i, NULL, &futures[i]));
    assert_true(stint_futures_wait(futures, MANY, 1, PATIENCE_MS) >= 1);
    assert_int_equal(stint_futures_wait(futures, MANY, MANY, 30000), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        struct stint_bytes result;
        OK(stint_future_get(futures[i], &result, 0));
        assert_int_equal(result.size, sizeof i);
        assert_memory_equal(result.data, &i, sizeof i);
        stint_future_free(futures[i]);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    free(name);
}

static void
a_future_that_is_freed_early_harms_nobody(void **state)
{
    (void)state;
    stint_future_free(submit("a"));
    struct stint_future *f = submit("b");
    OK(stint_task_done(take(q, 0, false), "ra", 2));
    OK(stint_task_done(take(q, 0, false), "rb", 2));
    OK(stint_future_get(f, NULL, PATIENCE_MS));
    stint_future_free(f);
}

static void
a_future_outlives_its_connection_as_a_closed_one(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));
    struct stint_future *f;

    (void)state;
    OK(stint_queue_submit(same, "x", 1, NULL, &f));
    OK(stint_close(other));
    assert_int_equal(stint_future_get(f, NULL, 1000), STINT_ECLOSED);
    assert_true(stint_future_ready(f));
    assert_int_equal(stint_future_cancel(f), STINT_ECLOSED);
    stint_future_free(f);
}

static void
futures_of_several_connections_are_refused(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_queue *there = open_queue(other, stint_queue_name(q));
    struct stint_future *futures[2] = { NULL, NULL };

    (void)state;
    OK(stint_queue_submit(q, "a", 1, NULL, &futures[0]));
    OK(stint_queue_submit(there, "b", 1, NULL, &futures[1]));
    assert_int_equal(stint_futures_wait(futures, 2, 1, 0), STINT_EINVAL);
    stint_future_free(futures[0]);
    stint_future_free(futures[1]);
    OK(stint_close(other));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_task_knows_what_it_is),
        CONNECTED(a_released_task_comes_again_and_uses_up_no_attempt),
        CONNECTED(a_freed_task_is_given_back),
        CONNECTED(a_failed_task_comes_again_until_its_attempts_are_used_up),
        CONNECTED(a_lease_is_renewed_while_the_program_works),
        CONNECTED(a_lease_is_renewed_while_no_call_is_made),
        CONNECTED(a_broken_lease_is_stale),
        CONNECTED(a_caller_may_renew_itself),
        CONNECTED(a_result_that_is_too_large_leaves_the_task_with_the_caller),
        CONNECTED(a_task_outlives_its_connection_as_a_closed_one),
        CONNECTED(a_consumer_keeps_its_credit_on_hand),
        CONNECTED(a_closed_consumer_gives_back_what_is_on_hand),
        CONNECTED(a_consumer_takes_from_the_first_queue_with_tasks),
        CONNECTED(a_result_comes_to_its_future),
        CONNECTED(a_large_result_comes_whole),
        CONNECTED(a_dead_task_tells_its_reason),
        CONNECTED(a_cancelled_task_is_not_run),
        CONNECTED(a_task_that_expires_tells_its_future),
        CONNECTED(a_submit_that_is_refused_tells_its_future),
        CONNECTED(many_futures_are_waited_for),
        CONNECTED(a_future_that_is_freed_early_harms_nobody),
        CONNECTED(futures_of_several_connections_are_refused),
        CONNECTED(a_future_outlives_its_connection_as_a_closed_one),
    };

    return cmocka_run_group_tests_name(
        "tasks", tests, start_master, stop_master);
}
