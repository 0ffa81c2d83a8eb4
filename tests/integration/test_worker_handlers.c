/*
 * Handlers in jobs, with a real master over TCP; and a master that is another
 * one.
 */
#include "tests/integration/commands.h"

/* ---- handlers ------------------------------------------------------------ */

static int
say_place(struct stint_call *call)
{
    struct stint_bytes value = stint_call_payload(call);
    char text[128];
    int length = snprintf(text, sizeof text, "%llu %llu %.*s",
        (unsigned long long)stint_call_job(call),
        (unsigned long long)stint_call_seq(call), (int)value.size,
        (const char *)value.data);

    return stint_call_result(call, text, (size_t)length);
}

/* As if it were a text. */
static int
say_length(struct stint_call *call)
{
    char text[32];
    int length = snprintf(
        text, sizeof text, "%zu", strlen(stint_call_payload(call).data));

    return stint_call_result(call, text, (size_t)length);
}

/* Tells how far it is until it is let go or cancelled. */
static int
climb(struct stint_call *call)
{
    atomic_fetch_add(&running, 1);
    for (uint64_t i = 0; !atomic_load(&let_go); i++) {
        if (stint_call_cancelled(call)) return stint_call_fail(call, "told");
        stint_call_progress(call, i < 7 ? i : 7, 9, "metres");
        (void)usleep(1000);
    }
    return 0;
}

static const struct stint_handler ours[] = {
    { "first", refuse },
    { "place", say_place },
    { "length", say_length },
    { "climb", climb },
    { "hang", hang },
    { 0 },
};

static void
open_handler(const char *name, int64_t timeout_ms)
{
    open_job((struct stint_job_options){ .program = STINT_PROGRAM_HANDLER,
        .handler = name,
        .timeout_ms = timeout_ms });
}

/* ---- tests --------------------------------------------------------------- */

static void
a_job_names_its_handler(void **state)
{
    (void)state;
    char text[64];

    open_handler("place", 0);
    put("a");
    put("b");
    next();
    next();
    (void)snprintf(text, sizeof text, "%llu 2 b",
        (unsigned long long)stint_job_number(job));
    expect(end.out, text);
    assert_int_equal(end.err.size, 0);
    assert_int_equal(end.code, 0);
    assert_int_equal(try_of(0)->cause, STINT_CAUSE_ENDED);
    assert_true(try_of(0)->began_ns > 0);
    close_job();
}

static void
a_value_that_is_read_as_a_text_ends_where_it_ends(void **state)
{
    (void)state;
    open_handler("length", 0);
    put("123456789");
    put("12");
    put("");
    next();
    expect(end.out, "9");
    next();
    expect(end.out, "2");
    next();
    expect(end.out, "0");
    close_job();
}

static void
only_workers_that_have_it_run_it(void **state)
{
    (void)state;
    enum { TASKS = 50 };
    struct hand other;

    hire(&other,
        (struct stint_worker_options){ .slots = 2, .allow_exec = true });
    open_handler("place", 0);
    for (int i = 0; i < TASKS; i++) {
        put("x");
    }
    for (int i = 0; i < TASKS; i++) {
        next();
        assert_int_equal(end.code, 0);
        assert_int_equal(end.attempts, 1);
    }
    close_job();
    assert_int_equal(dismiss(&other).done, 0);
}

static void
a_worker_may_have_handlers_and_run_commands(void **state)
{
    (void)state;
    struct hand both;

    hire(&both, (struct stint_worker_options){
                    .slots = 1, .handlers = ours, .allow_exec = true });
    run_shell("echo command", "");
    expect(end.out, "command\n");
    close_job();
    assert_int_equal(dismiss(&both).done, 1);
}

static void
the_timeout_of_a_job_is_its_handlers_too(void **state)
{
    (void)state;

    open_handler("climb", 150);
    put("");
    next();
    assert_int_equal(end.code, STINT_EDEAD);
    expect_reason("timed out after 150 ms");
    assert_int_equal(try_of(0)->cause, STINT_CAUSE_TIMEOUT);
    assert_true(try_of(0)->wall_ns >= 150000000);
    close_job();
}

static int
see_task(void *arg, const struct stint_task_row *row)
{
    struct stint_task_row *seen = arg;

    *seen = *row;
    return 0;
}

static void
its_progress_is_seen_and_its_cancelling_told(void **state)
{
    (void)state;
    struct stint_selection which = { 0 };
    struct stint_task_row row = { .progress_done = 0 };
    struct stint_task_filter filter = { .limit = 1 };
    int64_t until = now_ms() + WAIT_MS;

    open_handler("climb", 0);
    put("");
    filter.job = which.job = stint_job_number(job);
    while (row.progress_done < 7 && now_ms() < until) {
        ok(stint_list_tasks(client, &filter, see_task, &row, WAIT_MS));
        (void)usleep(10000);
    }
    assert_int_equal(row.progress_done, 7);
    assert_int_equal(row.progress_total, 9);
    ok(stint_cancel(client, &which, NULL));
    next();
    assert_int_equal(end.code, STINT_ECANCELLED);
    struct stint_worker_counts counts = dismiss(&hand);
    assert_int_equal(counts.stale, 1);
    assert_int_equal(counts.done + counts.failed + counts.released, 0);
    hire(&hand, (struct stint_worker_options){ .slots = 1, .handlers = ours });
    close_job();
}

/* ---- a master that is another one ---------------------------------------- */

static char address[64];

static void
start_master_again(void)
{
    const struct stint_master_options options = { .listen = address,
        .authkey = "a key of more than sixteen bytes",
        .memory = true };

    ok(stint_master_start(&options, &master));
    (void)snprintf(address, sizeof address, "%s", stint_master_address(master));
    ok(stint_master_connect(master, NULL, &client));
}

static void
expect_from_job_1(const char *const argv[], const char *text)
{
    struct stint_job_options options = { .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv } };

    ok(stint_job_open(client, &options, &job));
    assert_int_equal(stint_job_number(job), 1);
    put("");
    next();
    expect(end.out, text);
    close_job();
    ok(stint_close(client));
}

/* Both masters live in memory and count their jobs from 1. */
static void
what_another_master_calls_job_1_is_another_job(void **state)
{
    (void)state;
    const char *const one[] = { "echo", "one", NULL };
    const char *const two[] = { "echo", "two", NULL };
    const struct stint_worker_options options = { .slots = 1,
        .allow_exec = true };
    struct stint_options who = { .authkey = "a key of more than sixteen bytes",
        .kind = STINT_WORKER };
    struct hand lasting = { .code = 0 };
    struct stint_trait *traits;

    (void)snprintf(address, sizeof address, "tcp://127.0.0.1:0");
    start_master_again();
    ok(stint_worker_traits(&options, &traits));
    who.master = address;
    who.traits = traits;
    ok(stint_connect(&who, &lasting.s));
    free(traits);
    ok(stint_worker_new(lasting.s, &options, &lasting.worker));
    assert_int_equal(pthread_create(&lasting.thread, NULL, serve, &lasting), 0);
    expect_from_job_1(one, "one \n");
    stint_master_stop(master);
    start_master_again();
    expect_from_job_1(two, "two \n");
    (void)dismiss(&lasting);
    stint_master_stop(master);
}

static int
set_up_handlers(void **state)
{
    int rc = set_up(state);

    hire(&hand, (struct stint_worker_options){ .slots = 1, .handlers = ours });
    return rc;
}

#define HANDLERS(name) \
    cmocka_unit_test_setup_teardown(name, set_up_handlers, tear_down_commands)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HANDLERS(a_job_names_its_handler),
        HANDLERS(a_value_that_is_read_as_a_text_ends_where_it_ends),
        HANDLERS(only_workers_that_have_it_run_it),
        HANDLERS(a_worker_may_have_handlers_and_run_commands),
        HANDLERS(the_timeout_of_a_job_is_its_handlers_too),
        HANDLERS(its_progress_is_seen_and_its_cancelling_told),
        cmocka_unit_test(what_another_master_calls_job_1_is_another_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
