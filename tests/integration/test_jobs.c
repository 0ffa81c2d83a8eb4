/* Jobs from end to end, with a real master and workers in threads. */
#include "tests/integration/with_job.h"

/* ---- from end to end ----------------------------------------------------- */

static void
ends_come_in_the_order_of_their_places(void **state)
{
    char text[16];

    (void)state;
    hire(3);
    open_job(NULL);
    put_numbers(500);
    close_job();
    for (unsigned i = 1; i <= 500; i++) {
        struct stint_end end = next_end();
        (void)snprintf(text, sizeof text, "%u", i);
        assert_int_equal(end.seq, i);
        assert_int_equal(end.code, 0);
        assert_int_equal(end.attempts, 1);
        assert_string_equal(end.worker, "crew");
        expect(end.value, text);
        expect(end.out, text);
        expect(end.err, "err");
        assert_int_equal(end.value_size, strlen(text));
        assert_int_equal(end.tries_count, 1);
        assert_int_equal(end.tries[0].wall_ns, 5);
    }
    expect_all_read();
    assert_int_equal(look().state, STINT_JOB_DONE);
    OK(stint_job_wait(job, 0));
}

static void
ends_come_as_they_happen(void **state)
{
    static bool seen[101];
    const struct stint_read_options options = { .order = STINT_BY_END };

    (void)state;
    hire(3);
    open_job(NULL);
    stint_job_read(job, &options);
    put_numbers(100);
    close_job();
    memset(seen, 0, sizeof seen);
    for (unsigned i = 1; i <= 100; i++) {
        struct stint_end end = next_end();
        assert_int_equal(end.number, i);
        assert_in_range(end.seq, 1, 100);
        assert_false(seen[end.seq]);
        seen[end.seq] = true;
    }
    expect_all_read();
}

static void
a_job_may_be_read_while_it_is_put(void **state)
{
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(NULL);
    assert_int_equal(stint_job_next(job, &end, 0), STINT_ETIMEOUT);
    for (unsigned i = 1; i <= 20; i++) {
        put_value("x");
        assert_int_equal(next_end().seq, i);
    }
    assert_int_equal(stint_job_next(job, &end, 50), STINT_ETIMEOUT);
    assert_int_equal(look().state, STINT_JOB_OPEN);
    close_job();
    expect_all_read();
}

struct putter {
    struct stint_job *job;
    unsigned count;
    int code;
};

static void *
put_all(void *arg)
{
    struct putter *p = arg;
    char text[16];

    for (unsigned i = 1; p->code == 0 && i <= p->count; i++) {
        int length = snprintf(text, sizeof text, "%u", i);
        p->code = stint_job_put(p->job, text, (size_t)length, STINT_FOREVER);
    }
    if (p->code == 0) p->code = stint_job_close_input(p->job, STINT_FOREVER);
    return NULL;
}

static void
ten_thousand_tasks_go_through_a_small_window(void **state)
{
    const struct stint_job_options options = { .window = 100 };
    const struct stint_read_options reading = { .drop = true };
    struct putter putter = { .count = MANY };
    pthread_t thread;
    char text[16];

    (void)state;
    hire(2);
    open_job(&options);
    stint_job_read(job, &reading);
    putter.job = job;
    assert_int_equal(pthread_create(&thread, NULL, put_all, &putter), 0);
    for (unsigned i = 1; i <= MANY; i++) {
        struct stint_end end = next_end();
        (void)snprintf(text, sizeof text, "%u", i);
        assert_int_equal(end.seq, i);
        expect(end.out, text);
        if (i % 500 == 0) assert_in_range(look().ready, 0, 100);
    }
    expect_all_read();
    (void)pthread_join(thread, NULL);
    OK(putter.code);
    assert_int_equal(look().done, MANY);
}

struct sharer {
    char name;
    unsigned count;
    int code;
};

static void *
put_some(void *arg)
{
    struct sharer *p = arg;
    char text[16];

    for (unsigned i = 1; p->code == 0 && i <= p->count; i++) {
        int length = snprintf(text, sizeof text, "%c%u", p->name, i);
        p->code = stint_job_put(job, text, (size_t)length, STINT_FOREVER);
    }
    return NULL;
}

static void
several_threads_put_to_one_handle_while_another_reads(void **state)
{
    const struct stint_job_options options = { .window = 50 };
    struct sharer sharers[2] = { { .name = 'a', .count = 500 },
        { .name = 'b', .count = 500 } };
    unsigned seen[2] = { 0, 0 };
    pthread_t threads[2];

    (void)state;
    hire(2);
    open_job(&options);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, put_some, &sharers[i]), 0);
    }
    for (unsigned i = 1; i <= 1000; i++) {
        struct stint_end end = next_end();
        const char *value = end.value.data;
        char number[16];
        assert_int_equal(end.seq, i);
        assert_in_range(end.value.size, 2, 4);
        (void)snprintf(
            number, sizeof number, "%.*s", (int)end.value.size - 1, value + 1);
        assert_int_equal(strtoul(number, NULL, 10), ++seen[*value - 'a']);
        if (i % 100 == 0) assert_in_range(look().tasks, i, 1000);
    }
    for (unsigned i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
        OK(sharers[i].code);
    }
    close_job();
    expect_all_read();
}

static void
a_full_window_is_told_in_time(void **state)
{
    const struct stint_job_options options = { .window = 2 };

    (void)state;
    open_job(&options);
    put_numbers(4); /* Two at the master, two on the way. */
    int64_t began = now_ms();
    assert_int_equal(stint_job_put(job, "x", 1, 100), STINT_EFULL);
    assert_int_equal(stint_job_close_input(job, 100), STINT_ETIMEOUT);
    assert_in_range(now_ms() - began, 200, 200 + 2 * STINT_GRACE_MS);
    hire(1);
    close_job();
    assert_int_equal(stint_job_put(job, "x", 1, 100), STINT_ESHUTDOWN);
    for (unsigned i = 1; i <= 4; i++)
        assert_int_equal(next_end().seq, i);
    expect_all_read();
}

static void
values_may_be_large_and_are_read_back_in_part(void **state)
{
    size_t size = 3 * 1024 * 1024;
    char *large = malloc(size);

    (void)state;
    assert_non_null(large);
    memset(large, 'x', size);
    hire(1);
    open_job(NULL);
    for (unsigned i = 0; i < 4; i++)
        OK(stint_job_put(job, large, size, PATIENCE_MS));
    close_job();
    for (unsigned i = 0; i < 4; i++) {
        struct stint_end end = next_end();
        assert_int_equal(end.value_size, size);
        assert_int_equal(end.value.size, 65536);
        assert_int_equal(end.out.size, size);
        assert_memory_equal(end.out.data, large, size);
        expect(end.err, "err");
    }
    expect_all_read();
    free(large);
}

/* ---- failures ------------------------------------------------------------ */

static void
what_failed_says_how_each_attempt_went(void **state)
{
    const struct stint_job_options options = { .attempts_max = 2 };

    (void)state;
    hire(1);
    open_job(&options);
    put_value("fail well");
    put_value("break once");
    close_job();
    struct stint_end end = next_end();
    assert_int_equal(end.code, STINT_EDEAD);
    assert_string_equal(end.reason, "exit code 3");
    assert_int_equal(end.attempts, 2);
    assert_int_equal(end.tries_count, 2);
    assert_int_equal(end.tries[0].attempt, 1);
    assert_int_equal(end.tries[1].attempt, 2);
    assert_int_equal(end.tries[1].code, 3);
    assert_string_equal(end.tries[1].reason, "exit code 3");
    expect(end.out, "fail well");
    expect(end.err, "err");
    end = next_end();
    assert_int_equal(end.code, 0);
    assert_int_equal(end.tries_count, 2);
    assert_int_equal(end.tries[0].code, 3);
    assert_int_equal(end.tries[1].code, 0);
    expect(end.out, "break once");
    expect_all_read();
}

static void
the_failed_ones_are_read_alone(void **state)
{
    const struct stint_job_options options = { .attempts_max = 1 };
    const struct stint_read_options failed = { .failed_only = true,
        .bare = true };

    (void)state;
    hire(1);
    open_job(&options);
    put_numbers(10);
    put_value("fail 11");
    put_numbers(10);
    put_value("fail 22");
    close_job();
    stint_job_read(job, &failed);
    struct stint_end end = next_end();
    assert_int_equal(end.seq, 11);
    assert_int_equal(end.out.size, 0);
    assert_int_equal(next_end().seq, 22);
    expect_all_read();
}

static void
a_retry_lets_an_ended_job_go_on(void **state)
{
    const struct stint_job_options options = { .attempts_max = 1 };
    const struct stint_read_options reading = { .order = STINT_BY_END };
    struct stint_selection which = { .job = 0 };
    uint64_t count = 0;

    (void)state;
    hire(1);
    open_job(&options);
    stint_job_read(job, &reading);
    put_value("break once");
    close_job();
    assert_int_equal(next_end().code, STINT_EDEAD);
    expect_all_read();
    assert_int_equal(look().failed, 1);
    which.job = stint_job_number(job);
    OK(stint_retry(s, &which, &count));
    assert_int_equal(count, 1);
    struct stint_end end = next_end();
    assert_int_equal(end.code, 0);
    assert_int_equal(end.seq, 1);
    expect_all_read();
    assert_int_equal(look().failed, 0);
    assert_int_equal(look().done, 1);
}

static void
a_job_is_halted_after_so_many_failures(void **state)
{
    const struct stint_job_options options = {
        .attempts_max = 1, .halt = STINT_HALT_SOON, .halt_count = 2
    };
    int rc = 0;

    (void)state;
    hire(1);
    open_job(&options);
    put_value("fail 1");
    put_value("fail 2");
    assert_int_equal(next_end().code, STINT_EDEAD);
    assert_int_equal(next_end().code, STINT_EDEAD);
    for (unsigned i = 0; rc == 0 && i < 100000; i++)
        rc = stint_job_put(job, "x", 1, PATIENCE_MS);
    if (rc == 0) rc = stint_job_close_input(job, PATIENCE_MS);
    assert_int_equal(rc, STINT_ECANCELLED);
    assert_int_equal(stint_job_close_input(job, PATIENCE_MS), STINT_ECANCELLED);
    assert_int_equal(look().state, STINT_JOB_HALTED);
    OK(stint_job_wait(job, PATIENCE_MS));
}

static void
a_cancel_ends_what_runs_and_what_waits(void **state)
{
    struct stint_selection which = { .job = 0 };
    uint64_t count = 0;

    (void)state;
    hire(1);
    open_job(NULL);
    put_value("hang");
    put_numbers(9);
    close_job();
    until(is_busy);
    assert_int_equal(stint_job_wait(job, 50), STINT_ETIMEOUT);
    int64_t began = now_ms();
    which.job = stint_job_number(job);
    OK(stint_cancel(s, &which, &count));
    assert_int_equal(count, 10);
    for (unsigned i = 1; i <= 10; i++)
        assert_int_equal(next_end().code, STINT_ECANCELLED);
    expect_all_read();
    assert_int_equal(look().state, STINT_JOB_CANCELLED);
    assert_int_equal(look().cancelled, 10);
    while (is_busy()) {
        assert_in_range(now_ms() - began, 0, 1000);
        (void)usleep(1000);
    }
}

static void
a_recalled_task_that_nobody_has_begun_is_off_the_hands(void **state)
{
    const char *const queues[] = { "default", NULL };
    const struct stint_consumer_options credit = { .credit_tasks = 8 };
    struct stint_selection which = { .job = 0 };
    struct stint_consumer *consumer;
    struct stint_task *t;

    (void)state;
    struct stint *worker = connect_as("idle");
    OK(stint_consumer_open(worker, queues, &credit, &consumer));
    open_job(NULL);
    put_numbers(3);
    OK(stint_flush(s, PATIENCE_MS));
    for (int64_t end = now_ms() + PATIENCE_MS;
         stint_consumer_ready(consumer) < 3;) {
        assert_true(now_ms() < end);
        (void)usleep(1000);
    }
    which.job = stint_job_number(job);
    OK(stint_cancel(s, &which, NULL));
    for (int64_t end = now_ms() + PATIENCE_MS;
         stint_consumer_ready(consumer) > 0;) {
        assert_true(now_ms() < end);
        (void)usleep(1000);
    }
    assert_int_equal(stint_consumer_next(consumer, &t, 0), STINT_EEMPTY);
    OK(stint_close(worker));
}

/* ---- who comes back ------------------------------------------------------ */

static void
the_same_key_is_the_same_job(void **state)
{
    const struct stint_job_options options = { .key = "once" };
    struct stint_job_options other = options;
    struct stint_job *again, *third;
    uint64_t tasks = 9;

    (void)state;
    open_job(&options);
    assert_false(stint_job_existed(job, &tasks));
    assert_int_equal(tasks, 0);
    put_numbers(3);
    OK(stint_flush(s, PATIENCE_MS));
    OK(stint_job_open(s, &options, &again));
    assert_true(stint_job_existed(again, &tasks));
    assert_int_equal(tasks, 3);
    assert_int_equal(stint_job_number(again), stint_job_number(job));
    stint_job_free(again);
    other.program = STINT_PROGRAM_HANDLER;
    other.handler = "square";
    assert_int_equal(stint_job_open(s, &other, &third), STINT_EEXISTS);
    assert_null(third);
}

static void
one_client_leaves_and_another_one_reads_on(void **state)
{
    const struct stint_read_options rest = { .after = 5 };

    (void)state;
    hire(1);
    open_job(NULL);
    put_numbers(10);
    close_job();
    for (unsigned i = 1; i <= 5; i++)
        assert_int_equal(next_end().seq, i);
    uint64_t number = stint_job_number(job);
    OK(stint_close(s));
    stint_job_free(job);
    s = connect_as("another");
    OK(stint_job_find(s, number, &job));
    stint_job_read(job, &rest);
    for (unsigned i = 6; i <= 10; i++)
        assert_int_equal(next_end().seq, i);
    expect_all_read();
}

static void
the_last_job_is_found_without_its_number(void **state)
{
    struct stint_job *found;

    (void)state;
    open_job(NULL);
    OK(stint_job_find(s, 0, &found));
    assert_int_equal(stint_job_number(found), stint_job_number(job));
    stint_job_free(found);
    assert_int_equal(stint_job_find(s, 999999, &found), STINT_ENOJOB);
    assert_null(found);
}

static void
two_readers_see_the_same(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_job *theirs;
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(NULL);
    OK(stint_job_find(other, stint_job_number(job), &theirs));
    put_numbers(50);
    close_job();
    for (unsigned i = 1; i <= 50; i++) {
        assert_int_equal(next_end().seq, i);
        OK(stint_job_next(theirs, &end, PATIENCE_MS));
        assert_int_equal(end.seq, i);
    }
    expect_all_read();
    assert_int_equal(stint_job_next(theirs, &end, PATIENCE_MS), STINT_EEMPTY);
    stint_job_free(theirs);
    OK(stint_close(other));
}

static void
a_job_may_be_put_to_by_who_found_it(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_job *theirs;

    (void)state;
    hire(1);
    open_job(NULL);
    put_value("ours");
    OK(stint_flush(s, PATIENCE_MS));
    OK(stint_job_find(other, stint_job_number(job), &theirs));
    OK(stint_job_put(theirs, "theirs", 6, PATIENCE_MS));
    OK(stint_job_close_input(theirs, PATIENCE_MS));
    expect(next_end().value, "ours");
    expect(next_end().value, "theirs");
    expect_all_read();
    stint_job_free(theirs);
    OK(stint_close(other));
}

static void
what_is_read_with_drop_is_gone_afterwards(void **state)
{
    const struct stint_job_options options = { .attempts_max = 1 };
    const struct stint_read_options drop = { .drop = true };
    const struct stint_read_options all = { .order = STINT_BY_END };

    (void)state;
    hire(1);
    open_job(&options);
    put_numbers(3);
    put_value("fail");
    put_numbers(3);
    close_job();
    stint_job_read(job, &drop);
    for (unsigned i = 1; i <= 7; i++)
        assert_int_equal(next_end().seq, i);
    expect_all_read();
    OK(stint_flush(s, PATIENCE_MS));
    stint_job_read(job, &all);
    assert_int_equal(next_end().seq, 4);
    expect_all_read();
    assert_int_equal(look().done, 6);
}

static void
the_connection_may_be_closed_before_the_job(void **state)
{
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(NULL);
    put_numbers(100);
    uint64_t number = stint_job_number(job);
    OK(stint_close(s));
    assert_int_equal(stint_job_put(job, "x", 1, 0), STINT_ECLOSED);
    assert_int_equal(stint_job_next(job, &end, 0), STINT_ECLOSED);
    assert_int_equal(stint_job_close_input(job, 0), STINT_ECLOSED);
    stint_job_read(job, NULL);
    stint_job_free(job);
    s = connect_as("another");
    OK(stint_job_find(s, number, &job));
    OK(stint_job_wait(job, PATIENCE_MS)); /* Who leaves has closed it. */
    assert_int_equal(look().tasks, 100);
}

static void
an_interrupt_ends_the_wait_for_an_end(void **state)
{
    struct stint_end end;

    (void)state;
    open_job(NULL);
    stint_interrupt(s);
    assert_int_equal(
        stint_job_next(job, &end, STINT_FOREVER), STINT_ECANCELLED);
    assert_int_equal(stint_job_wait(job, STINT_FOREVER), STINT_ECANCELLED);
    stint_resume(s);
    hire(1);
    put_value("x");
    assert_int_equal(next_end().seq, 1);
}

static void
an_interrupt_ends_the_wait_for_room(void **state)
{
    const struct stint_job_options options = { .window = 1 };

    (void)state;
    open_job(&options);
    put_numbers(2);
    stint_interrupt(s);
    assert_int_equal(
        stint_job_put(job, "3", 1, STINT_FOREVER), STINT_ECANCELLED);
    assert_int_equal(
        stint_job_close_input(job, STINT_FOREVER), STINT_ECANCELLED);
    stint_resume(s);
    hire(1);
    put_value("3");
    close_job();
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(next_end().seq, i);
    expect_all_read();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ends_come_in_the_order_of_their_places),
        TEST(ends_come_as_they_happen),
        TEST(a_job_may_be_read_while_it_is_put),
        TEST(ten_thousand_tasks_go_through_a_small_window),
        TEST(several_threads_put_to_one_handle_while_another_reads),
        TEST(a_full_window_is_told_in_time),
        TEST(values_may_be_large_and_are_read_back_in_part),
        TEST(what_failed_says_how_each_attempt_went),
        TEST(the_failed_ones_are_read_alone),
        TEST(a_retry_lets_an_ended_job_go_on),
        TEST(a_job_is_halted_after_so_many_failures),
        TEST(a_cancel_ends_what_runs_and_what_waits),
        TEST(a_recalled_task_that_nobody_has_begun_is_off_the_hands),
        TEST(the_same_key_is_the_same_job),
        TEST(one_client_leaves_and_another_one_reads_on),
        TEST(the_last_job_is_found_without_its_number),
        TEST(two_readers_see_the_same),
        TEST(a_job_may_be_put_to_by_who_found_it),
        TEST(what_is_read_with_drop_is_gone_afterwards),
        TEST(the_connection_may_be_closed_before_the_job),
        TEST(an_interrupt_ends_the_wait_for_an_end),
        TEST(an_interrupt_ends_the_wait_for_room),
    };

    return cmocka_run_group_tests_name(
        "jobs", tests, start_master, stop_master);
}
