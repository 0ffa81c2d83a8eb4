/*
 * Process, the remote form: a worker runs it, the handle is the same.
 */
#include "tests/integration/hired.h"

#include <dirent.h>
#include <poll.h>

#include <stint_process.h>

static struct hand hand;

static void
start_worker(void)
{
    hire(&hand, (struct stint_worker_options){
                    .slots = 2, .allow_exec = true, .handlers = handlers });
}

static struct stint_process *
start(struct stint_process_options options)
{
    struct stint_process *p;

    options.on = client;
    options.queue = "work";
    ok(stint_process_start(&options, &p));
    return p;
}

static struct stint_process *
start_shell(const char *line)
{
    const char *const argv[] = { "sh", "-c", line, NULL };

    return start((struct stint_process_options){ .argv = argv });
}

static int
exitcode_of(struct stint_process *p)
{
    int code = 12345;

    ok(stint_process_join(p, WAIT_MS));
    ok(stint_process_exitcode(p, &code));
    return code;
}

static void
expect_output(struct stint_process *p, const char *text)
{
    struct stint_end end;

    stint_job_read(stint_process_job(p), NULL);
    ok(stint_job_next(stint_process_job(p), &end, WAIT_MS));
    assert_int_equal(end.out.size, strlen(text));
    assert_memory_equal(end.out.data, text, end.out.size);
}

static void
a_worker_runs_it_and_its_exitcode_comes_back(void **state)
{
    (void)state;
    struct stint_usage usage;

    start_worker();
    struct stint_process *p = start_shell("echo hello; exit 7");
    assert_int_equal(exitcode_of(p), 7);
    assert_false(stint_process_is_alive(p));
    assert_int_equal(stint_process_pid(p), 0);
    ok(stint_process_usage(p, &usage));
    assert_true(usage.wall_ns > 0);
    expect_output(p, "hello\n");
    stint_process_free(p);

    p = start_shell("true");
    assert_int_equal(exitcode_of(p), 0);
    stint_process_free(p);

    p = start_shell("kill -9 $$");
    assert_int_equal(exitcode_of(p), -9);
    stint_process_free(p);
    (void)dismiss(&hand);
}

static void
words_arrive_as_they_are(void **state)
{
    (void)state;
    const char *const braces[] = { "printf", "%s|", "{}", "a {1} b", "", NULL };
    const char *const plain[] = { "printf", "%s|", "a b", NULL };

    start_worker();
    struct stint_process *p =
        start((struct stint_process_options){ .argv = braces });
    assert_int_equal(exitcode_of(p), 0);
    expect_output(p, "{}|a {1} b||");
    stint_process_free(p);
    p = start((struct stint_process_options){ .argv = plain });
    assert_int_equal(exitcode_of(p), 0);
    expect_output(p, "a b|");
    stint_process_free(p);
    (void)dismiss(&hand);
}

static void
its_environment_and_its_directory_are_given(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c", "echo $ONE $PWD", NULL };
    const char *const env[] = { "ONE=1", NULL };

    start_worker();
    struct stint_process *p = start((struct stint_process_options){
        .argv = argv, .env = env, .cwd = "/tmp" });
    assert_int_equal(exitcode_of(p), 0);
    expect_output(p, "1 /tmp\n");
    stint_process_free(p);
    (void)dismiss(&hand);
}

static void
a_handler_runs_too(void **state)
{
    (void)state;
    uint32_t nine = 9;

    start_worker();
    struct stint_process *p = start((struct stint_process_options){
        .handler = "square", .payload = &nine, .payload_size = sizeof nine });
    assert_int_equal(exitcode_of(p), 0);
    stint_process_free(p);
    p = start((struct stint_process_options){
        .handler = "square", .payload = "no number", .payload_size = 9 });
    assert_int_equal(exitcode_of(p), 1);
    stint_process_free(p);
    (void)dismiss(&hand);
}

static unsigned
count_threads(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/task");

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count += 1;
    (void)closedir(dir);
    return count;
}

/* Nor anything that polls: the master is asked once. */
static void
a_sentinel_needs_no_thread(void **state)
{
    (void)state;
    struct stint_process *p = start_shell("exit 0");
    unsigned before = count_threads();
    struct pollfd sentinel = { .fd = stint_process_sentinel(p),
        .events = POLLIN };

    assert_int_equal(stint_process_sentinel(p), sentinel.fd);
    assert_int_equal(count_threads(), before);
    assert_int_equal(poll(&sentinel, 1, 20), 0);
    start_worker();
    assert_int_equal(poll(&sentinel, 1, WAIT_MS), 1);
    assert_int_equal(exitcode_of(p), 0);
    stint_process_free(p);
    (void)dismiss(&hand);
}

static void
a_sentinel_tells_when_its_connection_is_of_no_use_any_more(void **state)
{
    (void)state;
    const char *const argv[] = { "true", NULL };
    struct stint_process_options options = { .argv = argv, .queue = "work" };
    struct stint_process *p;

    ok(stint_master_connect(master, NULL, &options.on));
    ok(stint_process_start(&options, &p));
    struct pollfd sentinel = { .fd = stint_process_sentinel(p),
        .events = POLLIN };
    assert_int_equal(poll(&sentinel, 1, 20), 0);
    stint_abandon(options.on);
    assert_int_equal(poll(&sentinel, 1, WAIT_MS), 1);
    assert_int_equal(stint_process_join(p, 0), STINT_ECLOSED);
    stint_process_free(p);
}

static void
it_is_alive_before_it_begins_and_until_it_ends(void **state)
{
    (void)state;
    struct stint_process *p = start_shell("exit 3");
    struct pollfd sentinel = { .fd = stint_process_sentinel(p),
        .events = POLLIN };
    int code;

    assert_true(sentinel.fd >= 0);
    assert_true(stint_process_is_alive(p));
    assert_int_equal(stint_process_join(p, 50), STINT_ETIMEOUT);
    assert_int_equal(stint_process_exitcode(p, &code), STINT_ENOTREADY);
    assert_int_equal(stint_processes_wait(&p, 1, 50), STINT_ETIMEOUT);
    assert_int_equal(poll(&sentinel, 1, 0), 0);
    start_worker();
    assert_int_equal(stint_processes_wait(&p, 1, WAIT_MS), 1);
    assert_int_equal(poll(&sentinel, 1, 0), 1);
    assert_int_equal(exitcode_of(p), 3);
    stint_process_free(p);
    (void)dismiss(&hand);
}

static void
terminate_ends_it_on_its_worker(void **state)
{
    (void)state;
    struct stint_process_options options = { .grace_ms = 100 };
    const char *const argv[] = { "sh", "-c", "sleep 1000", NULL };

    options.argv = argv;
    start_worker();
    struct stint_process *p = start(options);
    while (true) {
        struct stint_job_row row;

        ok(stint_job_look(stint_process_job(p), &row, WAIT_MS));
        if (row.running > 0) break;
        (void)usleep(5000);
    }
    ok(stint_process_terminate(p));
    ok(stint_process_join(p, WAIT_MS));
    assert_false(stint_process_is_alive(p));
    int code = 0;
    int rc = stint_process_exitcode(p, &code);
    assert_true(
        (rc == 0 && code == -SIGTERM) || (rc == STINT_ECANCELLED && code == 1));
    ok(stint_process_kill(p)); /* After its end: harmless. */
    stint_process_free(p);
    (void)dismiss(&hand);
}

static void
one_that_is_cancelled_before_it_began_says_so(void **state)
{
    (void)state;
    struct stint_process *p = start_shell("true");
    int code = 0;

    ok(stint_process_kill(p));
    ok(stint_process_join(p, WAIT_MS));
    assert_int_equal(stint_process_exitcode(p, &code), STINT_ECANCELLED);
    assert_int_equal(code, 1);
    stint_process_free(p);
}

static void
what_cannot_be_started_there_says_why(void **state)
{
    (void)state;
    const char *const argv[] = { "no-such-program", NULL };
    const char *const there[] = { "true", NULL };
    int code = 0;

    start_worker();
    struct stint_process *p =
        start((struct stint_process_options){ .argv = argv });
    ok(stint_process_join(p, WAIT_MS));
    assert_int_equal(stint_process_exitcode(p, &code), STINT_EDEAD);
    assert_int_equal(code, 1);
    assert_non_null(strstr(stint_error_message(), "no-such-program"));
    stint_process_free(p);

    p = start((struct stint_process_options){
        .argv = there, .cwd = "/no/such/directory" });
    ok(stint_process_join(p, WAIT_MS));
    assert_int_equal(stint_process_exitcode(p, &code), STINT_EDEAD);
    assert_non_null(strstr(stint_error_message(), "/no/such/directory"));
    stint_process_free(p);
    (void)dismiss(&hand);
}

static void
one_that_is_freed_goes_on(void **state)
{
    (void)state;
    struct stint_process *p = start_shell("exit 0");
    uint64_t number = stint_job_number(stint_process_job(p));
    struct stint_job *job;

    (void)stint_process_sentinel(p);
    stint_process_free(p);
    start_worker();
    ok(stint_job_find(client, number, &job));
    ok(stint_job_wait(job, WAIT_MS));
    stint_job_free(job);
    (void)dismiss(&hand);
}

static int
main_of_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void
a_function_or_a_daemon_cannot_run_elsewhere(void **state)
{
    (void)state;
    const char *const argv[] = { "true", NULL };
    const struct stint_process_options function = { .on = client,
        .target = main_of_nothing };
    const struct stint_process_options daemon = {
        .on = client, .argv = argv, .daemon = true
    };
    struct stint_process *p;

    assert_int_equal(stint_process_start(&function, &p), STINT_EINVAL);
    assert_int_equal(stint_process_start(&daemon, &p), STINT_EINVAL);
    assert_null(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_worker_runs_it_and_its_exitcode_comes_back),
        TEST(words_arrive_as_they_are),
        TEST(its_environment_and_its_directory_are_given),
        TEST(a_handler_runs_too),
        TEST(it_is_alive_before_it_begins_and_until_it_ends),
        TEST(a_sentinel_needs_no_thread),
        TEST(a_sentinel_tells_when_its_connection_is_of_no_use_any_more),
        TEST(terminate_ends_it_on_its_worker),
        TEST(one_that_is_cancelled_before_it_began_says_so),
        TEST(what_cannot_be_started_there_says_why),
        TEST(one_that_is_freed_goes_on),
        TEST(a_function_or_a_daemon_cannot_run_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
