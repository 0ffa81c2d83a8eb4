/*
 * A worker against a real master over TCP, all in this process: handlers,
 * commands, plug-ins, timeouts, and the ways to leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <stint.h>

enum { WAIT_MS = 10000 };

static struct stint_master *master;
static struct stint *client;
static struct stint_queue *queue;
static atomic_bool let_go; /* For handlers that hang until they are let go. */
static atomic_uint running;

/* A worker with a connection and a thread of its own. */
struct hand {
    struct stint *s;
    struct stint_worker *worker;
    pthread_t thread;
    int code; /* Of stint_worker_serve(). */
    char sentence[512];
};

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
ok(int code)
{
    if (code != 0)
        print_error("%s: %s\n", stint_error_name(code), stint_error_message());
    assert_int_equal(code, 0);
}

/* ---- handlers ------------------------------------------------------------ */

static int
square(struct stint_call *call)
{
    struct stint_bytes payload = stint_call_payload(call);
    uint32_t n;

    if (payload.size != sizeof n)
        return stint_call_fail(call, "%zu bytes\nare no number", payload.size);
    memcpy(&n, payload.data, sizeof n);
    n *= n;
    return stint_call_result(call, &n, sizeof n);
}

static int
tell(struct stint_call *call)
{
    char text[128];
    int length = snprintf(text, sizeof text, "%s %u %d", stint_call_queue(call),
        stint_call_attempt(call),
        stint_call_task(call) > 0 && stint_call_fence(call) > 0);

    return stint_call_result(call, text, (size_t)length);
}

static int
refuse(struct stint_call *call)
{
    return stint_call_attempt(call) < 2 ? 7 : stint_call_fail(call, "no luck");
}

/* Sleeps as many milliseconds as its payload is long. */
static int
nap(struct stint_call *call)
{
    atomic_fetch_add(&running, 1);
    (void)usleep((unsigned)stint_call_payload(call).size * 1000);
    return 0;
}

static int
hang(struct stint_call *call)
{
    (void)call;
    atomic_fetch_add(&running, 1);
    while (!atomic_load(&let_go)) {
        (void)usleep(1000);
    }
    return 0;
}

static int
obey(struct stint_call *call)
{
    atomic_fetch_add(&running, 1);
    while (!stint_call_cancelled(call)) {
        (void)usleep(1000);
    }
    return -1;
}

static const struct stint_handler handlers[] = {
    { "square", square },
    { "tell", tell },
    { "refuse", refuse },
    { "nap", nap },
    { "hang", hang },
    { "obey", obey },
    { 0 },
};

/* ---- a worker in a thread ------------------------------------------------ */

static void *
serve(void *arg)
{
    struct hand *hand = arg;

    hand->code = stint_worker_serve(hand->worker);
    if (hand->code != 0)
        (void)snprintf(
            hand->sentence, sizeof hand->sentence, "%s", stint_error_message());
    return NULL;
}

static void
hire(struct hand *hand, struct stint_worker_options options)
{
    static const char *const queues[] = { "work", NULL };
    const struct stint_options who = { .kind = STINT_WORKER, .name = "hand" };

    *hand = (struct hand){ .code = 0 };
    if (options.queues == NULL) options.queues = queues;
    if (options.command == NULL && options.plugin == NULL)
        options.handlers = handlers;
    ok(stint_master_connect(master, &who, &hand->s));
    ok(stint_worker_new(hand->s, &options, &hand->worker));
    assert_int_equal(pthread_create(&hand->thread, NULL, serve, hand), 0);
}

static struct stint_worker_counts
wait_for_end(struct hand *hand)
{
    assert_int_equal(pthread_join(hand->thread, NULL), 0);
    struct stint_worker_counts counts = stint_worker_counts(hand->worker);
    stint_worker_free(hand->worker);
    ok(stint_close(hand->s));
    return counts;
}

static struct stint_worker_counts
dismiss(struct hand *hand)
{
    stint_worker_drain(hand->worker);
    struct stint_worker_counts counts = wait_for_end(hand);
    assert_int_equal(hand->code, 0);
    return counts;
}

static void
wait_until_running(unsigned count)
{
    int64_t until = now_ms() + WAIT_MS;

    while (atomic_load(&running) < count && now_ms() < until) {
        (void)usleep(1000);
    }
    assert_true(atomic_load(&running) >= count);
}

/* ---- submitting ---------------------------------------------------------- */

static struct stint_future *
submit(const char *handler, const void *data, size_t size)
{
    const struct stint_put_options options = { .handler = handler };
    struct stint_future *future;

    ok(stint_queue_submit(queue, data, size, &options, &future));
    return future;
}

static struct stint_future *
submit_nap(size_t ms)
{
    static const char payload[10000];

    return submit("nap", payload, ms);
}

static void
expect_text(struct stint_future *future, const char *text)
{
    struct stint_bytes result;

    ok(stint_future_get(future, &result, WAIT_MS));
    assert_int_equal(result.size, strlen(text));
    assert_memory_equal(result.data, text, result.size);
    stint_future_free(future);
}

static void
expect_death(struct stint_future *future, unsigned attempts, const char *reason)
{
    assert_int_equal(stint_future_get(future, NULL, WAIT_MS), STINT_EDEAD);
    if (strstr(stint_error_message(), reason) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", reason, stint_error_message());
    assert_int_equal(stint_future_attempts(future), attempts);
    stint_future_free(future);
}

static struct stint_status
status(void)
{
    struct stint_status st;

    ok(stint_status(client, &st, WAIT_MS));
    return st;
}

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
a_worker_whose_every_slot_hangs_ends_itself(void **state)
{
    (void)state;
    struct hand hand;

    hire(&hand, (struct stint_worker_options){
                    .slots = 2, .task_timeout_ms = 50, .grace_ms = 200 });
    struct stint_future *a = submit("hang", NULL, 0);
    struct stint_future *b = submit("hang", NULL, 0);
    (void)wait_for_end(&hand);
    assert_int_equal(hand.code, STINT_ETIMEOUT);
    assert_non_null(strstr(hand.sentence, "every slot"));
    stint_future_free(a);
    stint_future_free(b);
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

/* ---- leaving ------------------------------------------------------------- */

static void
a_drained_worker_finishes_what_runs_and_gives_back_the_rest(void **state)
{
    (void)state;
    enum { TASKS = 10 };
    struct stint_future *futures[TASKS];
    struct hand hand;

    for (unsigned i = 0; i < TASKS; i++) {
        futures[i] = submit_nap(300);
    }
    hire(&hand, (struct stint_worker_options){ .slots = 2 });
    wait_until_running(2);
    struct stint_worker_counts counts = dismiss(&hand);
    assert_int_equal(counts.done, 2);
    assert_int_equal(counts.failed + counts.stale, 0);

    struct stint_status st = status();
    assert_int_equal(st.done, 2);
    assert_int_equal(st.ready, TASKS - 2);
    assert_int_equal(st.leased, 0);
    for (unsigned i = 0; i < TASKS; i++) {
        stint_future_free(futures[i]);
    }
}

static void
a_handler_that_is_stopped_may_leave_and_its_task_is_ready_again(void **state)
{
    (void)state;
    struct hand hand;
    struct stint_future *future = submit("obey", NULL, 0);

    hire(&hand, (struct stint_worker_options){ .slots = 1 });
    wait_until_running(1);
    stint_worker_stop(hand.worker);
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_int_equal(counts.released, 1);
    assert_int_equal(counts.failed, 0);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
}

static void
a_handler_that_hangs_is_left_behind_by_a_stop(void **state)
{
    (void)state;
    struct hand hand;
    struct stint_future *future = submit("hang", NULL, 0);
    int64_t before = now_ms();

    hire(&hand, (struct stint_worker_options){ .slots = 1 });
    wait_until_running(1);
    stint_worker_stop(hand.worker);
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_true(now_ms() - before < 3000);
    assert_int_equal(counts.released, 1);
    assert_int_equal(status().ready, 1);

    /* It comes back to a worker that only it still knows. */
    atomic_store(&let_go, true);
    (void)usleep(100000);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
}

static void
the_end_of_the_grace_stops(void **state)
{
    (void)state;
    static const char *const command[] = { "sleep", "100", NULL };
    struct hand hand;
    struct stint_future *future = submit(NULL, NULL, 0);
    int64_t before = now_ms();

    hire(&hand, (struct stint_worker_options){
                    .slots = 1, .command = command, .grace_ms = 300 });
    while (status().leased == 0) {
        (void)usleep(10000);
    }
    struct stint_worker_counts counts = dismiss(&hand);
    assert_true(now_ms() - before >= 300);
    assert_true(now_ms() - before < 3000);
    assert_int_equal(counts.released, 1);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
}

static void
a_worker_leaves_after_tasks_max(void **state)
{
    (void)state;
    struct hand hand;

    for (uint32_t i = 0; i < 100; i++) {
        ok(stint_queue_post(queue, &i, sizeof i, NULL));
    }
    ok(stint_flush(client, WAIT_MS));
    hire(&hand, (struct stint_worker_options){ .slots = 4, .tasks_max = 37 });
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_int_equal(counts.done, 37);
    struct stint_status st = status();
    assert_int_equal(st.done, 37);
    assert_int_equal(st.ready, 63);
}

static void
an_idle_worker_leaves(void **state)
{
    (void)state;
    struct hand hand;
    int64_t before = now_ms();

    hire(&hand, (struct stint_worker_options){ .slots = 2, .idle_ms = 300 });
    stint_future_free(submit_nap(400));
    (void)wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_in_range(now_ms() - before, 600, 3000);
    assert_int_equal(status().done, 1);
}

static void
a_worker_serves_once(void **state)
{
    (void)state;
    struct hand hand;

    hire(&hand, (struct stint_worker_options){ .slots = 1, .tasks_max = 1 });
    expect_text(submit("tell", NULL, 0), "work 1 1");
    assert_int_equal(pthread_join(hand.thread, NULL), 0);
    assert_int_equal(hand.code, 0);
    assert_int_equal(stint_worker_serve(hand.worker), STINT_ECLOSED);
    stint_worker_free(hand.worker);
    ok(stint_close(hand.s));
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
    assert_true(now_ms() - before < 3000);
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

static void
a_command_that_is_stopped_is_killed_and_given_back(void **state)
{
    (void)state;
    static const char *const command[] = { "sh", "-c",
        "trap '' TERM; while :; do sleep 1; done", NULL };
    struct hand hand;
    struct stint_future *future = submit(NULL, NULL, 0);

    hire(
        &hand, (struct stint_worker_options){ .slots = 1, .command = command });
    while (status().leased == 0) {
        (void)usleep(10000);
    }
    (void)usleep(100000);
    int64_t before = now_ms();
    stint_worker_stop(hand.worker);
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_true(now_ms() - before < 4000);
    assert_int_equal(counts.released, 1);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
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

/* ---- set-up -------------------------------------------------------------- */

static int
set_up(void **state)
{
    (void)state;
    const struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true };
    const struct stint_queue_options work = { .attempts_max = 2,
        .backoff_ms = 10 };

    atomic_store(&let_go, false);
    atomic_store(&running, 0);
    ok(stint_master_start(&options, &master));
    ok(stint_master_connect(master, NULL, &client));
    ok(stint_queue_open(client, "work", &work, &queue));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    atomic_store(&let_go, true);
    (void)usleep(20000); /* For those that were left behind to see it. */
    ok(stint_close(client));
    stint_master_stop(master);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(results_come_back_to_who_submitted),
        TEST(a_handler_knows_what_it_runs),
        TEST(a_failing_handler_is_tried_again_and_then_dead),
        TEST(a_handler_that_lasts_too_long_loses_its_task),
        TEST(a_worker_whose_every_slot_hangs_ends_itself),
        TEST(what_waits_behind_a_long_task_goes_to_another_worker),
        TEST(a_drained_worker_finishes_what_runs_and_gives_back_the_rest),
        TEST(a_handler_that_is_stopped_may_leave_and_its_task_is_ready_again),
        TEST(a_handler_that_hangs_is_left_behind_by_a_stop),
        TEST(the_end_of_the_grace_stops),
        TEST(a_worker_leaves_after_tasks_max),
        TEST(an_idle_worker_leaves),
        TEST(a_worker_serves_once),
        TEST(a_command_runs_for_each_task),
        TEST(a_command_that_fails_is_tried_again_and_then_dead),
        TEST(a_command_that_lasts_too_long_is_killed),
        TEST(a_large_output_is_whole_or_refused),
        TEST(a_result_the_master_does_not_take_is_a_failure),
        TEST(a_command_that_is_stopped_is_killed_and_given_back),
        TEST(a_plugin_is_called_by_name),
        TEST(bad_options_are_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
