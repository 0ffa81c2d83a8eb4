/* Jobs, with a real master and workers in threads. */
#include "tests/integration/crew.h"

static struct stint_job *job;

static void
open_job(const struct stint_job_options *options)
{
    OK(stint_job_open(s, options, &job));
    assert_true(stint_job_number(job) > 0);
}

static void
put_value(const char *value)
{
    OK(stint_job_put(job, value, strlen(value), PATIENCE_MS));
}

/* The values "1" to "count". */
static void
put_numbers(unsigned count)
{
    char text[16];

    for (unsigned i = 1; i <= count; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        put_value(text);
    }
}

static void
close_job(void)
{
    OK(stint_job_close_input(job, PATIENCE_MS));
}

static struct stint_end
next_end(void)
{
    struct stint_end end;

    OK(stint_job_next(job, &end, PATIENCE_MS));
    return end;
}

static void
expect_all_read(void)
{
    struct stint_end end;

    assert_int_equal(stint_job_next(job, &end, PATIENCE_MS), STINT_EEMPTY);
}

static struct stint_job_row
look(void)
{
    struct stint_job_row row;

    OK(stint_job_look(job, &row, PATIENCE_MS));
    return row;
}

static bool
is_busy(void)
{
    return atomic_load(&crew[0].running) != 0;
}

static void
until(bool (*is)(void))
{
    int64_t end = now_ms() + PATIENCE_MS;

    while (!is()) {
        assert_true(now_ms() < end);
        (void)usleep(1000);
    }
}

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

/* ---- looking and changing ------------------------------------------------ */

struct found {
    unsigned count;
    struct stint_job_row row;
    char name[64], queue[64], command[64];
};

static int
see_job(void *arg, const struct stint_job_row *row)
{
    struct found *found = arg;

    found->count++;
    found->row = *row;
    (void)snprintf(found->name, sizeof found->name, "%s", row->name);
    (void)snprintf(found->queue, sizeof found->queue, "%s", row->queue);
    (void)snprintf(found->command, sizeof found->command, "%s", row->command);
    return 0;
}

static void
a_job_is_listed_with_what_it_is(void **state)
{
    const char *const argv[] = { "./simulate", "{}", NULL };
    const struct stint_job_options options = { .name = "test run",
        .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv },
        .running_max = 3,
        .priority = -2 };
    struct found found = { .count = 0 };

    (void)state;
    open_job(&options);
    put_numbers(2);
    close_job();
    OK(stint_list_jobs(s, stint_job_number(job), see_job, &found, PATIENCE_MS));
    assert_int_equal(found.count, 1);
    assert_int_equal(found.row.job, stint_job_number(job));
    assert_int_equal(found.row.state, STINT_JOB_RUNNING);
    assert_int_equal(found.row.program, STINT_PROGRAM_COMMAND);
    assert_int_equal(found.row.tasks, 2);
    assert_int_equal(found.row.ready, 2);
    assert_int_equal(found.row.running_max, 3);
    assert_int_equal(found.row.priority, -2);
    assert_string_equal(found.name, "test run");
    assert_string_equal(found.queue, "default");
    assert_string_equal(found.command, "./simulate {}");
    found.count = 0;
    OK(stint_list_jobs(s, 0, see_job, &found, PATIENCE_MS));
    assert_true(found.count > 1);
}

static void
what_a_job_runs_its_worker_hears(void **state)
{
    const char *const argv[] = { "sh", "-c", "", "{}", NULL };
    const char *const env[] = { "A=1", NULL };
    const struct stint_job_options options = { .name = "n",
        .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv, .env = env, .cwd = "/", .input = true },
        .timeout_ms = 1234 };
    struct stint_job_program *p;

    (void)state;
    open_job(&options);
    OK(stint_job_program_get(s, stint_job_number(job), &p, PATIENCE_MS));
    assert_int_equal(p->program, STINT_PROGRAM_COMMAND);
    assert_string_equal(p->name, "n");
    assert_string_equal(p->handler, "");
    assert_int_equal(p->timeout_ms, 1234);
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(p->command.argv[i], argv[i]);
    assert_null(p->command.argv[4]);
    assert_string_equal(p->command.env[0], "A=1");
    assert_null(p->command.env[1]);
    assert_null(p->command.outputs);
    assert_string_equal(p->command.cwd, "/");
    assert_true(p->command.input);
    assert_false(p->command.shell);
    assert_int_equal(p->files_count, 0);
    stint_job_program_free(p);
    assert_int_equal(
        stint_job_program_get(s, 999999, &p, PATIENCE_MS), STINT_ENOJOB);
    assert_null(p);
}

static int
see_task(void *arg, const struct stint_task_row *row)
{
    struct stint_task_row *copy = arg;

    *copy = *row;
    return 0;
}

static struct stint_task_row
look_at(uint64_t number)
{
    const struct stint_task_filter filter = { .job = number };
    struct stint_task_row row = { .task = 0 };

    OK(stint_list_tasks(s, &filter, see_task, &row, PATIENCE_MS));
    return row;
}

static void
a_task_tells_its_job_its_place_and_its_progress(void **state)
{
    struct stint_queue *workers = open_queue(s, "default");
    struct stint_task *t;

    (void)state;
    open_job(NULL);
    put_value("x");
    OK(stint_queue_take(workers, NULL, &t, PATIENCE_MS));
    assert_int_equal(stint_task_job(t), stint_job_number(job));
    assert_int_equal(stint_task_seq(t), 1);
    OK(stint_task_post_progress(t, 3, 7, "three"));
    OK(stint_ping(s, NULL, PATIENCE_MS));
    struct stint_task_row row = look_at(stint_job_number(job));
    assert_int_equal(row.task, stint_task_id(t));
    assert_int_equal(row.job, stint_job_number(job));
    assert_int_equal(row.seq, 1);
    assert_int_equal(row.progress_done, 3);
    assert_int_equal(row.progress_total, 7);
    OK(stint_task_done(t, NULL, 0));
    stint_queue_close(workers);
}

static int
see_reason(void *arg, const struct stint_because *why)
{
    unsigned *code = arg;

    assert_true(strlen(why->text) > 0);
    *code = why->code;
    return 1;
}

static void
that_nobody_serves_the_queue_explains_why_a_task_waits(void **state)
{
    unsigned code = 99;

    (void)state;
    open_job(NULL);
    put_value("x");
    OK(stint_flush(s, PATIENCE_MS));
    assert_int_equal(stint_explain(s, 0, stint_job_number(job), see_reason,
                         &code, PATIENCE_MS),
        1);
    assert_int_equal(code, 6);
}

static void
a_paused_job_hands_nothing_out(void **state)
{
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(NULL);
    OK(stint_pause(s, NULL, stint_job_number(job), false));
    assert_true(look().paused);
    put_value("x");
    assert_int_equal(stint_job_next(job, &end, 100), STINT_ETIMEOUT);
    OK(stint_pause(s, NULL, stint_job_number(job), true));
    assert_int_equal(next_end().seq, 1);
}

static void
a_job_may_be_changed_and_forgotten(void **state)
{
    const unsigned running_max = 1;
    const int priority = 9;
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(NULL);
    uint64_t number = stint_job_number(job);
    OK(stint_job_change(s, number, &running_max, &priority));
    assert_int_equal(look().running_max, 1);
    assert_int_equal(look().priority, 9);
    assert_int_equal(stint_job_change(s, number, NULL, NULL), STINT_EINVAL);
    put_value("x");
    assert_int_equal(stint_job_forget(s, number), STINT_EBUSY);
    close_job();
    OK(stint_job_wait(job, PATIENCE_MS));
    OK(stint_job_forget(s, number));
    assert_int_equal(stint_job_next(job, &end, PATIENCE_MS), STINT_ENOJOB);
    struct stint_job_row row;
    assert_int_equal(stint_job_look(job, &row, PATIENCE_MS), STINT_ENOJOB);
}

static void
tasks_go_to_workers_that_have_what_they_need(void **state)
{
    const struct stint_trait has[] = { { "zone", "b", 0 }, { "gpus", NULL, 1 },
        { NULL, NULL, 0 } };
    const struct stint_trait lacks[] = { { "zone", "a", 0 },
        { NULL, NULL, 0 } };
    struct stint_job_options options = { .needs = lacks };
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(&options);
    put_value("x");
    assert_int_equal(stint_job_next(job, &end, 100), STINT_ETIMEOUT);
    stint_job_free(job);
    options.needs = has;
    open_job(&options);
    put_value("x");
    assert_int_equal(next_end().code, 0);
}

static void
options_out_of_their_bounds_are_refused_here(void **state)
{
    const struct stint_job_options wrong[] = {
        { .program = STINT_PROGRAM_COMMAND },
        { .program = STINT_PROGRAM_HANDLER },
        { .timeout_ms = -1 },
        { .halt_percent = 101 },
        { .queue = "" },
        { .durability = "none" },
    };
    const struct stint_selection range = { .first = 3, .last = 2 };
    struct stint_job *none;

    (void)state;
    open_job(NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(stint_job_open(s, &wrong[i], &none), STINT_EINVAL);
        assert_null(none);
    }
    assert_int_equal(stint_cancel(s, &range, NULL), STINT_EINVAL);
    assert_int_equal(stint_pause(s, NULL, 0, false), STINT_EINVAL);
    assert_int_equal(stint_pause(s, "default", 1, false), STINT_EINVAL);
    assert_int_equal(stint_job_put(job, "x", 1, -2), STINT_EINVAL);
}

/* ---- what a task writes -------------------------------------------------- */

struct shower {
    struct stint *s;
    pthread_mutex_t lock;
    struct stint_show show;
    bool asked;
};

static void
note_show(void *arg, const struct stint_show *show)
{
    struct shower *shower = arg;

    (void)pthread_mutex_lock(&shower->lock);
    shower->show = *show;
    shower->asked = true;
    (void)pthread_mutex_unlock(&shower->lock);
}

static bool
take_show(struct shower *shower, struct stint_show *show)
{
    (void)pthread_mutex_lock(&shower->lock);
    bool asked = shower->asked;
    shower->asked = false;
    *show = shower->show;
    (void)pthread_mutex_unlock(&shower->lock);
    return asked;
}

struct glancer {
    uint64_t task;
    struct stint_glance glance;
    int code;
};

static void *
glance_at(void *arg)
{
    struct glancer *g = arg;

    g->code = stint_task_glance(s, g->task, &g->glance, PATIENCE_MS);
    return NULL;
}

static void
what_runs_is_looked_at(void **state)
{
    struct stint *worker = connect_as("shows");
    struct stint_queue *workers = open_queue(worker, "default");
    struct shower shower = { .s = worker, .lock = PTHREAD_MUTEX_INITIALIZER };
    const struct stint_duties duties = { .show = note_show, .arg = &shower };
    const struct stint_attempt how = { .code = 0 };
    struct stint_bytes out = { "one\n", 4 }, err = { "two\n", 4 };
    struct glancer g = { .code = 0 };
    struct stint_show show;
    struct stint_task *t;
    pthread_t thread;

    (void)state;
    stint_duties(worker, &duties);
    open_job(NULL);
    put_value("x");
    OK(stint_queue_take(workers, NULL, &t, PATIENCE_MS));
    g.task = stint_task_id(t);
    assert_int_equal(pthread_create(&thread, NULL, glance_at, &g), 0);
    for (int64_t end = now_ms() + PATIENCE_MS; !take_show(&shower, &show);) {
        assert_true(now_ms() < end);
        OK(stint_ping(worker, NULL, PATIENCE_MS));
    }
    assert_int_equal(show.task, g.task);
    assert_int_equal(show.attempt, 1);
    assert_int_equal(show.out_from, 0);
    OK(stint_show_post(worker, &show, out, err, false));
    (void)pthread_join(thread, NULL);
    OK(g.code);
    expect(g.glance.out, "one\n");
    expect(g.glance.err, "two\n");
    assert_int_equal(g.glance.out_from, 4);
    assert_int_equal(g.glance.attempt, 1);
    assert_int_equal(g.glance.state, STINT_LEASED);
    assert_string_equal(g.glance.worker, "shows");
    out = (struct stint_bytes){ "one\nmore\n", 9 };
    OK(stint_task_post_done_with(t, &how, out, err));
    OK(stint_flush(worker, PATIENCE_MS));
    OK(stint_task_glance(s, g.task, &g.glance, PATIENCE_MS));
    assert_int_equal(g.glance.state, STINT_DONE);
    expect(g.glance.out, "more\n");
    assert_int_equal(g.glance.err.size, 0);
    stint_glance_free(&g.glance);
    OK(stint_close(worker));
}

/* ---- set-up -------------------------------------------------------------- */

static int
connect_for_jobs(void **state)
{
    (void)state;
    job = NULL;
    s = connect_as("test");
    return 0;
}

/* What a test left open must not meet the next one's workers. */
static int
clean_up(void **state)
{
    struct stint_selection all = { .queue = NULL };

    (void)state;
    if (job != NULL) {
        all.job = stint_job_number(job);
        (void)!stint_cancel(s, &all, NULL);
    }
    dismiss();
    stint_job_free(job);
    OK(stint_close(s));
    return 0;
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, connect_for_jobs, clean_up)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ends_come_in_the_order_of_their_places),
        TEST(ends_come_as_they_happen),
        TEST(a_job_may_be_read_while_it_is_put),
        TEST(ten_thousand_tasks_go_through_a_small_window),
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
        TEST(a_job_is_listed_with_what_it_is),
        TEST(what_a_job_runs_its_worker_hears),
        TEST(a_task_tells_its_job_its_place_and_its_progress),
        TEST(that_nobody_serves_the_queue_explains_why_a_task_waits),
        TEST(a_paused_job_hands_nothing_out),
        TEST(a_job_may_be_changed_and_forgotten),
        TEST(tasks_go_to_workers_that_have_what_they_need),
        TEST(options_out_of_their_bounds_are_refused_here),
        TEST(what_runs_is_looked_at),
    };

    return cmocka_run_group_tests_name(
        "jobs", tests, start_master, stop_master);
}
