/*
 * A worker against a real master over TCP, all in this process: handlers,
 * commands, plug-ins, timeouts.
 */
#include "tests/integration/hired.h"

/* ---- handlers: tests ----------------------------------------------------- */

static void
results_come_back_to_who_submitted(void **state)
{
    (void)state;
    enum { TASKS = 5000 };
    static struct stint_future *futures[TASKS];
    struct hand hand;

    hire(&hand, (struct stint_worker_options){ .slots = 3 });
    for (uint32_t i = 0; i < TASKS; i++) {
        futures[i] = submit(NULL, &i, sizeof i);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        struct stint_bytes result;
        uint32_t n;

        ok(stint_future_get(futures[i], &result, WAIT_MS));
        assert_int_equal(result.size, sizeof n);
        memcpy(&n, result.data, sizeof n);
        assert_int_equal(n, i * i);
        stint_future_free(futures[i]);
    }
    struct stint_worker_counts counts = dismiss(&hand);
    assert_int_equal(counts.done, TASKS);
    assert_int_equal(counts.failed + counts.stale, 0);
}

static void
a_handler_knows_what_it_runs(void **state)
{
    (void)state;
    struct hand hand;

    hire(&hand, (struct stint_worker_options){ .handler = "tell" });
    expect_text(submit(NULL, NULL, 0), "work 1 1");
    expect_text(submit("tell", "x", 1), "work 1 1");
    (void)dismiss(&hand);
}

static void
a_failing_handler_is_tried_again_and_then_dead(void **state)
{
    (void)state;
    struct hand hand;

    hire(&hand, (struct stint_worker_options){ .slots = 2 });
    expect_death(submit("refuse", NULL, 0), 2, "no luck");
    expect_death(submit("square", "abc", 3), 2, "3 bytes are no number");
    expect_death(submit("cube", NULL, 0), 2, "no handler \"cube\"");
    struct stint_worker_counts counts = dismiss(&hand);
    assert_int_equal(counts.failed, 6);
    assert_int_equal(counts.done, 0);
}

static void
a_handler_that_lasts_too_long_loses_its_task(void **state)
{
    (void)state;
    struct hand hand;
    int64_t before = now_ms();

    hire(&hand,
        (struct stint_worker_options){ .slots = 2, .task_timeout_ms = 100 });
    expect_death(submit_nap(1000), 2, "timed out after 100 ms");
    assert_true(now_ms() - before < 900);
    struct stint_worker_counts counts = dismiss(&hand);
    assert_int_equal(counts.failed, 2);
    assert_int_equal(counts.stale, 2);
    assert_int_equal(counts.done, 0);
}

static void
what_waits_behind_a_long_task_goes_to_another_worker(void **state)
{
    (void)state;
    enum { WARM = 2000, SHORT = 50 };
    struct stint_future *futures[SHORT];
    struct hand first, second;

    hire(&first, (struct stint_worker_options){ .slots = 1 });
    for (unsigned i = 0; i < WARM; i++) {
        uint32_t n = i;

        ok(stint_queue_post(queue, &n, sizeof n, NULL));
    }
    ok(stint_queue_join(queue, WAIT_MS));
    struct stint_future *last = submit_nap(3000);
    wait_until_running(1);
    for (uint32_t i = 0; i < SHORT; i++) {
        futures[i] = submit(NULL, &i, sizeof i);
    }
    (void)usleep(20000);
    hire(&second, (struct stint_worker_options){ .slots = 1 });
    assert_int_equal(stint_futures_wait(futures, SHORT, SHORT, 2000), SHORT);
    assert_false(stint_future_ready(last));
    for (unsigned i = 0; i < SHORT; i++) {
        stint_future_free(futures[i]);
    }
    ok(stint_future_get(last, NULL, WAIT_MS));
    stint_future_free(last);
    struct stint_worker_counts counts = dismiss(&second);
    assert_int_equal(counts.done, SHORT);
    (void)dismiss(&first);
}

/* ---- commands ------------------------------------------------------------ */

static void
a_command_runs_for_each_task(void **state)
{
    (void)state;
    static const char *const command[] = { "sh", "-c",
        "echo \"$1 $(cat) $STINT_QUEUE $STINT_ATTEMPT\"", "sh", "<{}>", NULL };
    struct stint_future *futures[20];
    struct hand hand;

    hire(
        &hand, (struct stint_worker_options){ .slots = 2, .command = command });
    for (unsigned i = 0; i < 20; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "task %u", i);

        futures[i] = submit(NULL, text, (size_t)length);
    }
    for (unsigned i = 0; i < 20; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "<task %u> task %u work 1\n", i, i);
        expect_text(futures[i], text);
    }
    assert_int_equal(dismiss(&hand).done, 20);
}

static void
a_command_that_fails_is_tried_again_and_then_dead(void **state)
{
    (void)state;
    static const char *const command[] = { "sh", "-c",
        "echo attempt $STINT_ATTEMPT >&2; exit 3", NULL };
    struct hand hand;

    hire(
        &hand, (struct stint_worker_options){ .slots = 1, .command = command });
    expect_death(submit(NULL, NULL, 0), 2, "exit 3: attempt 2");
    (void)dismiss(&hand);
}

static void
a_command_that_lasts_too_long_is_killed(void **state)
{
    (void)state;
    static const char *const command[] = { "sleep", "100", NULL };
    struct hand hand;
    int64_t before = now_ms();

    hire(&hand, (struct stint_worker_options){
                    .slots = 1, .command = command, .task_timeout_ms = 100 });
    expect_death(submit(NULL, NULL, 0), 2, "timed out after 100 ms");
    assert_true(now_ms() - before < WAIT_MS);
    (void)dismiss(&hand);
}

static void
a_large_output_is_whole_or_refused(void **state)
{
    (void)state;
    static const char *const command[] = { "head", "-c", "{}", "/dev/zero",
        NULL };
    struct hand hand;
    struct stint_bytes result;

    hire(
        &hand, (struct stint_worker_options){ .slots = 1, .command = command });
    struct stint_future *fits = submit(NULL, "1048576", 7);
    struct stint_future *over = submit(NULL, "1048577", 7);
    ok(stint_future_get(fits, &result, WAIT_MS));
    assert_int_equal(result.size, 1048576);
    stint_future_free(fits);
    expect_death(over, 1, "more than 1048576 bytes of output");
    (void)dismiss(&hand);
}

static void
a_result_the_master_does_not_take_is_a_failure(void **state)
{
    (void)state;
    static const char *const command[] = { "head", "-c", "{}", "/dev/zero",
        NULL };
    struct hand hand;

    hire(&hand, (struct stint_worker_options){
                    .slots = 1, .command = command, .output_max = 1u << 30 });
    expect_death(
        submit(NULL, "33554432", 8), 1, "larger than the master takes");
    (void)dismiss(&hand);
}

/* ---- plug-ins and options ------------------------------------------------ */

static const char *
squares_path(void)
{
    static char path[512];
    const char *build = getenv("STINT_BUILD");

    (void)snprintf(path, sizeof path, "./%s/examples/libsquares.so",
        build != NULL ? build : "build/release");
    return path;
}

static void
a_plugin_is_called_by_name(void **state)
{
    (void)state;
    struct hand hand;

    hire(&hand,
        (struct stint_worker_options){ .slots = 2, .plugin = squares_path() });
    expect_text(submit(NULL, "12", 2), "144");
    expect_text(submit("square", "-3\n", 3), "9");
    expect_text(submit("echo", "what went in", 12), "what went in");
    expect_text(submit("echo", NULL, 0), "");
    expect_death(submit(NULL, "a dozen", 7), 2, "\"a dozen\" is not a number");
    (void)dismiss(&hand);
}

static int
no_more(struct stint_call *call)
{
    (void)call;
    return 0;
}

static void
bad_options_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char *const command[] = { "true", NULL };
    static const char *const nothing[] = { "no-such-program-here", NULL };
    static const struct stint_handler twice[] = { { "a", no_more },
        { "a", no_more }, { 0 } };
    static const struct stint_handler empty[] = { { 0 } };
    const struct {
        struct stint_worker_options options;
        int code;
        const char *says;
    } cases[] = {
        { { .slots = 1 }, STINT_EINVAL, "needs handlers" },
        { { .handlers = handlers, .command = command }, STINT_EINVAL, "both" },
        { { .handlers = handlers, .slots = 5000 }, STINT_EINVAL, "at most" },
        { { .handlers = handlers, .grace_ms = -1 }, STINT_EINVAL, "grace_ms" },
        { { .handlers = handlers, .handler = "cube" }, STINT_EINVAL,
            "there is: square, tell" },
        { { .handlers = twice }, STINT_EINVAL, "two handlers" },
        { { .handlers = empty }, STINT_EINVAL, "empty" },
        { { .command = nothing }, STINT_EINVAL, "in PATH" },
        { { .plugin = "./no-such.so" }, STINT_EPLUGIN, "no-such.so" },
        { { .plugin = "/etc/passwd" }, STINT_EPLUGIN, "/etc/passwd" },
        { { .plugin = "libm.so.6" }, STINT_EPLUGIN, "no table of handlers" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stint_worker *w;

        assert_int_equal(
            stint_worker_new(client, &cases[i].options, &w), cases[i].code);
        assert_null(w);
        if (strstr(stint_error_message(), cases[i].says) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", cases[i].says,
                stint_error_message());
    }
    stint_worker_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(results_come_back_to_who_submitted),
        TEST(a_handler_knows_what_it_runs),
        TEST(a_failing_handler_is_tried_again_and_then_dead),
        TEST(a_handler_that_lasts_too_long_loses_its_task),
        TEST(what_waits_behind_a_long_task_goes_to_another_worker),
        TEST(a_command_runs_for_each_task),
        TEST(a_command_that_fails_is_tried_again_and_then_dead),
        TEST(a_command_that_lasts_too_long_is_killed),
        TEST(a_large_output_is_whole_or_refused),
        TEST(a_result_the_master_does_not_take_is_a_failure),
        TEST(a_plugin_is_called_by_name),
        TEST(bad_options_are_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
