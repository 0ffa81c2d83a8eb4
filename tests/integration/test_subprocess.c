/*
 * subprocess: a test for each row of what subprocess.run and Popen do, and for
 * what is better here.
 */
#include "tests/integration/processes.h"

#include <fcntl.h>
#include <signal.h>

static struct stint_completed done;

static int
run_shell(const char *line, struct stint_run_options options)
{
    options.shell = line;
    return stint_run(&options, &done);
}

static void
expect_bytes(struct stint_bytes bytes, const char *text)
{
    if (bytes.size != strlen(text)
        || (bytes.size > 0 && memcmp(bytes.data, text, bytes.size) != 0)) {
        fail_msg("\"%.*s\" is not \"%s\"", (int)bytes.size,
            (const char *)bytes.data, text);
    }
}

/* Runs a line that writes its pid (and a child's) first. */
static pid_t
first_number(struct stint_bytes bytes)
{
    char text[64] = "";

    memcpy(text, bytes.data, bytes.size < 63 ? bytes.size : 63);
    return (pid_t)strtol(text, NULL, 10);
}

/* ---- run, call, check_output --------------------------------------------- */

static void
run_gives_the_code_and_both_streams_apart(void **state)
{
    (void)state;
    OK(run_shell(
        "echo out; echo err >&2; exit 3", (struct stint_run_options){ 0 }));
    assert_int_equal(done.returncode, 3);
    assert_false(done.timed_out);
    expect_bytes(done.out, "out\n");
    expect_bytes(done.err, "err\n");
    assert_true(done.usage.wall_ns > 0);
    stint_completed_free(&done);
    stint_completed_free(&done); /* Harmless. */
    stint_completed_free(NULL);
}

static void
run_gives_minus_n_for_a_signal(void **state)
{
    (void)state;
    OK(run_shell("kill -9 $$", (struct stint_run_options){ 0 }));
    assert_int_equal(done.returncode, -9);
    stint_completed_free(&done);
}

static void
run_takes_arguments_as_they_are(void **state)
{
    (void)state;
    static const char *const argv[] = { "printf", "%s|", "a b", "$HOME", "*",
        NULL };
    const struct stint_run_options options = { .argv = argv };

    OK(stint_run(&options, &done));
    expect_bytes(done.out, "a b|$HOME|*|");
    stint_completed_free(&done);
}

static void
run_feeds_the_input(void **state)
{
    (void)state;
    OK(run_shell("cat",
        (struct stint_run_options){ .input = "hello", .input_size = 5 }));
    expect_bytes(done.out, "hello");
    stint_completed_free(&done);
    OK(run_shell("cat", (struct stint_run_options){ .input = "" }));
    expect_bytes(done.out, "");
    stint_completed_free(&done);
    OK(run_shell("cat", (struct stint_run_options){ 0 })); /* /dev/null */
    expect_bytes(done.out, "");
    stint_completed_free(&done);
}

static void
input_that_nobody_reads_is_no_error(void **state)
{
    (void)state;
    static char large[1 << 20];

    OK(run_shell("exec <&-; exit 4", (struct stint_run_options){ .input = large,
                                         .input_size = sizeof large }));
    assert_int_equal(done.returncode, 4);
    stint_completed_free(&done);
}

static void
run_timeout_ends_it_and_keeps_the_output_so_far(void **state)
{
    (void)state;
    int64_t began = now_ms();

    assert_int_equal(run_shell("echo part; echo why >&2; exec sleep 1000",
                         (struct stint_run_options){ .timeout_ms = 300 }),
        STINT_ETIMEOUT);
    assert_true(now_ms() - began < LONG_MS);
    assert_true(done.timed_out);
    assert_int_equal(done.returncode, -SIGTERM);
    expect_bytes(done.out, "part\n");
    expect_bytes(done.err, "why\n");
    stint_completed_free(&done);
}

static void
run_timeout_ends_grandchildren_too(void **state)
{
    (void)state;
    assert_int_equal(run_shell("sleep 1000 & echo $!; wait",
                         (struct stint_run_options){ .timeout_ms = 300 }),
        STINT_ETIMEOUT);
    pid_t grandchild = first_number(done.out);
    assert_true(grandchild > 0);
    assert_true(ends(grandchild));
    stint_completed_free(&done);
}

static void
who_ignores_term_is_killed_after_the_grace(void **state)
{
    (void)state;
    int64_t began = now_ms();

    assert_int_equal(
        run_shell("trap '' TERM; echo ready; while :; do sleep 0.05; done",
            (struct stint_run_options){ .timeout_ms = 200, .grace_ms = 150 }),
        STINT_ETIMEOUT);
    assert_true(now_ms() - began >= 350);
    assert_int_equal(done.returncode, -SIGKILL);
    stint_completed_free(&done);
}

static void
who_ends_within_the_grace_may_say_goodbye(void **state)
{
    (void)state;
    assert_int_equal(run_shell("trap 'echo bye; exit 5' TERM; echo hi; "
                               "while :; do sleep 0.01; done",
                         (struct stint_run_options){
                             .timeout_ms = 300, .grace_ms = LONG_MS }),
        STINT_ETIMEOUT);
    assert_int_equal(done.returncode, 5);
    expect_bytes(done.out, "hi\nbye\n");
    stint_completed_free(&done);
}

static void
who_holds_the_streams_behind_our_back_is_not_waited_for(void **state)
{
    (void)state;
    int64_t began = now_ms();

    OK(run_shell(
        "setsid sleep 1000 & echo $!", (struct stint_run_options){ 0 }));
    assert_true(now_ms() - began < LONG_MS);
    pid_t escaped = first_number(done.out);
    stint_completed_free(&done);
    assert_true(escaped > 0);
    (void)kill(escaped, SIGKILL);
}

static void
a_missing_program_and_a_missing_cwd_are_told_apart(void **state)
{
    (void)state;
    static const char *const missing[] = { "/no/such/program", NULL };
    static const char *const there[] = { "true", NULL };
    const struct stint_run_options no_program = { .argv = missing };
    const struct stint_run_options no_cwd = { .argv = there,
        .cwd = "/no/such/directory" };

    assert_int_equal(stint_run(&no_program, &done), STINT_ENOPROGRAM);
    expect_message("no such program");
    expect_message("/no/such/program");
    assert_null(done.out.data);
    assert_int_equal(stint_run(&no_cwd, &done), STINT_ENOPROGRAM);
    expect_message("directory");
    expect_message("/no/such/directory");
}

static void
a_script_whose_interpreter_is_missing_says_so(void **state)
{
    (void)state;
    static const char text[] = "#!/no/such/interpreter\n";
    char path[] = "/tmp/stint-test-XXXXXX";
    int file = mkstemp(path);
    const char *argv[] = { path, NULL };
    const struct stint_run_options options = { .argv = argv };

    assert_true(file >= 0);
    assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(fchmod(file, 0700), 0);
    (void)close(file);
    int rc = stint_run(&options, &done);
    (void)unlink(path);
    assert_int_equal(rc, STINT_ENOPROGRAM);
    expect_message("first line");
}

static void
what_is_not_executable_is_refused_by_the_system(void **state)
{
    (void)state;
    static const char *const argv[] = { "/etc/passwd", NULL };
    const struct stint_run_options options = { .argv = argv };

    assert_int_equal(stint_run(&options, &done), STINT_ESYSTEM);
    expect_message("not executable");
}

static void
env_is_added_to_ours_or_is_all(void **state)
{
    (void)state;
    static const char *const env[] = { "STINT_TEST_ONE=1", "HOME=elsewhere",
        NULL };
    static const char *const none[] = { NULL };
    static const char *const argv[] = { "/usr/bin/env", NULL };
    struct stint_run_options options = { .argv = argv, .env = env };

    assert_int_equal(setenv("STINT_TEST_TWO", "2", 1), 0);
    OK(run_shell("echo $STINT_TEST_ONE $STINT_TEST_TWO $HOME",
        (struct stint_run_options){ .env = env }));
    expect_bytes(done.out, "1 2 elsewhere\n");
    stint_completed_free(&done);

    options.env_only = true;
    OK(stint_run(&options, &done));
    expect_bytes(done.out, "STINT_TEST_ONE=1\nHOME=elsewhere\n");
    stint_completed_free(&done);

    options.env = none;
    OK(stint_run(&options, &done));
    expect_bytes(done.out, ""); /* env={} is truly empty. */
    stint_completed_free(&done);

    options.env = NULL;
    OK(stint_run(&options, &done));
    expect_bytes(done.out, "");
    stint_completed_free(&done);
}

static void
the_program_is_found_in_the_path_that_it_is_given(void **state)
{
    (void)state;
    static const char *const nowhere[] = { "PATH=/no/such", NULL };
    static const char *const twice[] = { "PATH=/no/such", "PATH=/usr/bin:/bin",
        NULL };
    static const char *const argv[] = { "env", NULL };
    struct stint_run_options options = { .argv = argv, .env = nowhere };

    assert_int_equal(stint_run(&options, &done), STINT_ENOPROGRAM);
    options.env = twice;
    options.env_only = true;
    OK(stint_run(&options, &done));
    expect_bytes(done.out, "PATH=/usr/bin:/bin\n");
    stint_completed_free(&done);
}

static void
what_is_no_variable_is_refused(void **state)
{
    (void)state;
    static const char *const env[] = { "NO_VALUE", NULL };

    assert_int_equal(
        run_shell("true", (struct stint_run_options){ .env = env }),
        STINT_EINVAL);
    assert_int_equal(
        run_shell(NULL, (struct stint_run_options){ 0 }), STINT_EINVAL);
    assert_int_equal(
        run_shell("true", (struct stint_run_options){ .timeout_ms = -7 }),
        STINT_EINVAL);
}

static void
none_of_our_files_is_open_in_it(void **state)
{
    (void)state;
    int one = open("/dev/null", O_RDONLY); /* Not even without CLOEXEC. */

    OK(run_shell("ls /proc/self/fd", (struct stint_run_options){ 0 }));
    expect_bytes(done.out, "0\n1\n2\n3\n"); /* 3 is the folder itself. */
    stint_completed_free(&done);
    (void)close(one);
}

static void
more_than_output_max_is_dropped_and_told(void **state)
{
    (void)state;
    OK(run_shell("head -c 3000000 /dev/zero; echo tail >&2",
        (struct stint_run_options){ .output_max = 1000 }));
    assert_int_equal(done.out.size, 1000);
    assert_true(done.out_cut);
    assert_false(done.err_cut);
    expect_bytes(done.err, "tail\n");
    stint_completed_free(&done);
}

static void
merge_puts_errors_where_they_belong_in_the_output(void **state)
{
    (void)state;
    OK(run_shell("echo 1; echo 2 >&2; echo 3",
        (struct stint_run_options){ .merge = true }));
    expect_bytes(done.out, "1\n2\n3\n");
    assert_int_equal(done.err.size, 0);
    stint_completed_free(&done);
}

static void
passed_output_goes_where_ours_goes(void **state)
{
    (void)state;
    int ends_of[2], before = dup(STDOUT_FILENO);
    char text[16] = "";

    assert_int_equal(pipe(ends_of), 0);
    (void)fflush(stdout);
    (void)dup2(ends_of[1], STDOUT_FILENO);
    int rc = run_shell(
        "echo ours", (struct stint_run_options){ .pass_output = true });
    (void)dup2(before, STDOUT_FILENO);
    (void)close(before);
    (void)close(ends_of[1]);
    OK(rc);
    assert_int_equal(read(ends_of[0], text, sizeof text), 5);
    assert_string_equal(text, "ours\n");
    assert_int_equal(done.out.size, 0);
    (void)close(ends_of[0]);
    stint_completed_free(&done);
}

static void
limits_hold(void **state)
{
    (void)state;
    OK(run_shell(
        "ulimit -n; ulimit -v", (struct stint_run_options){ .files_max = 50,
                                    .memory_max = 1024 * 1024 * 1024 }));
    expect_bytes(done.out, "50\n1048576\n");
    stint_completed_free(&done);
    OK(run_shell(
        "while :; do :; done", (struct stint_run_options){ .cpu_ms = 500 }));
    assert_int_equal(done.returncode, -SIGXCPU);
    assert_true(done.usage.user_ns + done.usage.system_ns > 500 * 1000000);
    stint_completed_free(&done);
}

static void *
run_some(void *arg)
{
    struct stint_completed own;
    struct stint_run_options options = {
        .shell = "cat", .input = "x", .input_size = 1
    };

    for (int i = 0; i < 20; i++) {
        int rc = stint_run(&options, &own);
        bool good = rc == 0 && own.out.size == 1 && own.returncode == 0;

        stint_completed_free(&own);
        if (!good) return NULL;
    }
    return arg;
}

static void
threads_run_programs_side_by_side(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    unsigned before = count_descriptors();
    void *told;

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_some, &done), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &told), 0);
        assert_non_null(told);
    }
    assert_int_equal(count_descriptors(), before);
    assert_true(has_no_children());
}

/* ---- Popen --------------------------------------------------------------- */

static struct stint_popen *
open_shell(const char *line)
{
    const struct stint_run_options options = { .shell = line,
        .output_max = 64 << 20 };
    struct stint_popen *p;

    OK(stint_popen(&options, &p));
    return p;
}

static void
communicate_writes_reads_and_waits(void **state)
{
    (void)state;
    struct stint_popen *p = open_shell("cat; echo err >&2; exit 2");

    OK(stint_popen_communicate(p, "in", 2, LONG_MS, &done));
    assert_int_equal(done.returncode, 2);
    expect_bytes(done.out, "in");
    expect_bytes(done.err, "err\n");
    /* Later calls return the same. */
    OK(stint_popen_communicate(p, NULL, 0, 0, &done));
    assert_int_equal(done.returncode, 2);
    expect_bytes(done.out, "in");
    stint_popen_free(p);
}

static void
communicate_timeout_ends_nothing_and_loses_nothing(void **state)
{
    (void)state;
    struct stint_popen *p =
        open_shell("echo one; read line; sleep 0.3; echo \"$line\"");

    assert_int_equal(
        stint_popen_communicate(p, "two\n", 4, 100, &done), STINT_ETIMEOUT);
    assert_true(done.timed_out);
    assert_int_equal(
        stint_popen_communicate(p, NULL, 0, 0, &done), STINT_ETIMEOUT);
    OK(stint_popen_communicate(p, NULL, 0, LONG_MS, &done));
    assert_false(done.timed_out);
    expect_bytes(done.out, "one\ntwo\n");
    stint_popen_free(p);
}

static void
timeouts_hold_while_output_comes_without_end(void **state)
{
    (void)state;
    struct stint_popen *p = open_shell("cat /dev/zero & exec cat /dev/zero");
    int64_t began = now_ms();
    int code;

    assert_int_equal(
        stint_popen_communicate(p, NULL, 0, 100, &done), STINT_ETIMEOUT);
    assert_true(done.out.size > 0);
    assert_int_equal(stint_popen_wait(p, &code, 100), STINT_ETIMEOUT);
    assert_int_equal(stint_popen_poll(p, &code), STINT_ENOTREADY);
    assert_true(now_ms() - began < LONG_MS);
    stint_popen_free(p);
}

static void
fill(uint8_t *bytes, size_t size)
{
    uint32_t random = 12345;

    for (size_t i = 0; i < size; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(random >> 24);
    }
}

static void
ten_megabytes_go_both_ways_with_timeouts_between(void **state)
{
    (void)state;
    enum { SIZE = 10 << 20 };
    uint8_t *input = malloc(SIZE);
    struct stint_popen *p = open_shell("tee /dev/stderr");
    int rc = STINT_ETIMEOUT, calls = 0;

    assert_non_null(input);
    fill(input, SIZE);
    rc = stint_popen_communicate(p, input, SIZE, 1, &done);
    for (; rc == STINT_ETIMEOUT && calls < 100000; calls++) {
        rc = stint_popen_communicate(p, NULL, 0, 1, &done);
    }
    OK(rc);
    assert_int_equal(done.out.size, SIZE);
    assert_int_equal(done.err.size, SIZE);
    assert_memory_equal(done.out.data, input, SIZE);
    assert_memory_equal(done.err.data, input, SIZE);
    stint_popen_free(p);
    free(input);
}

struct pieces {
    struct stint_popen *p;
    const uint8_t *bytes;
    size_t size;
    int64_t error;
};

static void *
write_pieces(void *arg)
{
    struct pieces *w = arg;
    size_t at = 0;

    while (at < w->size) {
        size_t some = w->size - at < 70001 ? w->size - at : 70001;
        int64_t n = stint_popen_write(w->p, w->bytes + at, some, LONG_MS);

        if (n <= 0) {
            w->error = n;
            return NULL;
        }
        at += (size_t)n;
    }
    stint_popen_close_input(w->p);
    return NULL;
}

static void
ten_megabytes_go_through_in_pieces_by_two_threads(void **state)
{
    (void)state;
    enum { SIZE = 10 << 20 };
    uint8_t *input = malloc(SIZE), *output = malloc(SIZE + 1);
    struct stint_popen *p = open_shell("cat");
    struct pieces writer = { p, input, SIZE, 0 };
    pthread_t thread;
    size_t size = 0;
    int64_t n = 1;
    int code = -1;

    assert_non_null(input);
    assert_non_null(output);
    fill(input, SIZE);
    assert_int_equal(pthread_create(&thread, NULL, write_pieces, &writer), 0);
    while (n > 0 && size <= SIZE) {
        n = stint_popen_read(p, 1, output + size, SIZE + 1 - size, LONG_MS);
        if (n > 0) size += (size_t)n;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(writer.error, 0);
    assert_int_equal(n, 0);
    assert_int_equal(size, SIZE);
    assert_memory_equal(input, output, SIZE);
    OK(stint_popen_wait(p, &code, LONG_MS));
    assert_int_equal(code, 0);
    stint_popen_free(p);
    free(input);
    free(output);
}

static void
a_conversation_goes_back_and_forth(void **state)
{
    (void)state;
    struct stint_popen *p =
        open_shell("while read n; do echo $((n * n)); done; exit 6");
    char answer[16];
    int code;

    for (int n = 1; n <= 20; n++) {
        char question[16], expected[16];
        int length = snprintf(question, sizeof question, "%d\n", n);
        int64_t size = snprintf(expected, sizeof expected, "%d\n", n * n);

        assert_int_equal(
            stint_popen_write(p, question, (size_t)length, LONG_MS), length);
        assert_int_equal(
            stint_popen_read(p, 1, answer, sizeof answer, LONG_MS), size);
        assert_memory_equal(answer, expected, (size_t)size);
    }
    stint_popen_close_input(p);
    stint_popen_close_input(p);
    OK(stint_popen_wait(p, &code, LONG_MS));
    assert_int_equal(code, 6);
    assert_int_equal(stint_popen_read(p, 1, answer, 1, LONG_MS), 0);
    assert_int_equal(stint_popen_write(p, "1\n", 2, 0), STINT_EINVAL);
    stint_popen_free(p);
}

static void
reads_and_writes_have_timeouts_and_ends(void **state)
{
    (void)state;
    static char large[1 << 20];
    struct stint_popen *p = open_shell("sleep 1000");
    char byte;

    assert_int_equal(stint_popen_read(p, 1, &byte, 1, 0), STINT_ETIMEOUT);
    assert_int_equal(stint_popen_read(p, 2, &byte, 1, 30), STINT_ETIMEOUT);
    assert_int_equal(stint_popen_read(p, 3, &byte, 1, 30), STINT_EINVAL);
    int64_t written = stint_popen_write(p, large, sizeof large, 50);
    assert_true(written > 0 && written < (int64_t)sizeof large);
    assert_int_equal(stint_popen_write(p, large, 1, 0), STINT_ETIMEOUT);
    OK(stint_popen_signal(p, SIGKILL));
    assert_int_equal(stint_popen_read(p, 1, &byte, 1, LONG_MS), 0);
    assert_int_equal(stint_popen_write(p, large, 1, LONG_MS), STINT_EEOF);
    stint_popen_free(p);
}

static void *
kill_soon(void *arg)
{
    nap_ms(50);
    return stint_popen_signal(arg, SIGKILL) == 0 ? arg : NULL;
}

static void
who_waits_in_a_read_or_write_hears_of_the_end(void **state)
{
    (void)state;
    static char large[1 << 20];
    pthread_t thread;
    char byte;

    for (int i = 0; i < 2; i++) {
        struct stint_popen *p = open_shell("sleep 1000 & wait");

        assert_int_equal(pthread_create(&thread, NULL, kill_soon, p), 0);
        if (i == 0) {
            assert_int_equal(stint_popen_read(p, 1, &byte, 1, LONG_MS), 0);
        } else {
            int64_t n = stint_popen_write(p, large, sizeof large, LONG_MS);
            assert_true(n > 0 && n < (int64_t)sizeof large);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        stint_popen_free(p);
    }
}

static void
popen_wait_reads_full_pipes_meanwhile(void **state)
{
    (void)state;
    struct stint_popen *p =
        open_shell("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2");
    int code = -1;

    OK(stint_popen_wait(p, &code, LONG_MS));
    assert_int_equal(code, 0);
    OK(stint_popen_communicate(p, NULL, 0, 0, &done));
    assert_int_equal(done.out.size, 1000000);
    assert_int_equal(done.err.size, 1000000);
    stint_popen_free(p);
}

static void
what_wait_has_read_comes_first_in_pieces(void **state)
{
    (void)state;
    struct stint_popen *p = open_shell("printf 123456789; read x; printf abc");
    char text[16];
    int code;

    assert_int_equal(stint_popen_wait(p, &code, 200), STINT_ETIMEOUT);
    assert_int_equal(stint_popen_read(p, 1, text, 4, LONG_MS), 4);
    assert_memory_equal(text, "1234", 4);
    OK(stint_popen_communicate(p, "\n", 1, LONG_MS, &done));
    expect_bytes(done.out, "56789abc");
    stint_popen_free(p);
}

static void
popen_poll_tells_the_code_or_that_it_runs(void **state)
{
    (void)state;
    struct stint_popen *p = open_shell("read x; exit 300");
    int code = 77;

    assert_int_equal(stint_popen_poll(p, &code), STINT_ENOTREADY);
    assert_int_equal(stint_popen_wait(p, &code, 20), STINT_ETIMEOUT);
    assert_int_equal(stint_popen_wait(p, &code, -5), STINT_EINVAL);
    assert_int_equal(code, 77);
    stint_popen_close_input(p);
    OK(stint_popen_wait(p, &code, STINT_FOREVER));
    assert_int_equal(code, 300 % 256);
    OK(stint_popen_poll(p, &code));
    stint_popen_free(p);
}

static void
popen_signals_go_to_the_group_and_nowhere_after_the_end(void **state)
{
    (void)state;
    struct stint_popen *p = open_shell("sleep 1000 & echo $!; wait");
    char text[32] = "";
    int code;

    assert_true(stint_popen_read(p, 1, text, 31, LONG_MS) > 0);
    pid_t grandchild = (pid_t)strtol(text, NULL, 10);
    assert_true(is_running(grandchild));
    OK(stint_popen_signal(p, SIGTERM));
    OK(stint_popen_wait(p, &code, LONG_MS));
    assert_int_equal(code, -SIGTERM);
    assert_true(ends(grandchild));
    OK(stint_popen_signal(p, SIGTERM));
    assert_int_equal(stint_popen_signal(p, 0), STINT_EINVAL);
    stint_popen_free(p);
}

static void
popen_free_ends_it_and_its_group(void **state)
{
    (void)state;
    struct stint_popen *p = open_shell("sleep 1000 & echo $!; wait");
    char text[32] = "";
    unsigned before = count_descriptors();

    assert_true(stint_popen_read(p, 1, text, 31, LONG_MS) > 0);
    pid_t pid = stint_popen_pid(p), grandchild = (pid_t)strtol(text, NULL, 10);
    stint_popen_free(p);
    assert_false(is_running(pid));
    assert_true(ends(grandchild));
    assert_true(has_no_children());
    assert_int_equal(count_descriptors(), before - 4);
    stint_popen_free(NULL);
}

static void
input_that_is_not_written_yet_is_not_lost_and_not_doubled(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    uint8_t *input = malloc(SIZE);
    struct stint_popen *p = open_shell("sleep 0.2; cat");

    assert_non_null(input);
    fill(input, SIZE);
    assert_int_equal(
        stint_popen_communicate(p, input, SIZE, 20, &done), STINT_ETIMEOUT);
    assert_int_equal(
        stint_popen_communicate(p, "x", 1, 20, &done), STINT_EINVAL);
    expect_message("go on with input NULL");
    OK(stint_popen_communicate(p, NULL, 0, LONG_MS, &done));
    assert_int_equal(done.out.size, SIZE);
    assert_memory_equal(done.out.data, input, SIZE);
    stint_popen_free(p);
    free(input);
}

static void
no_sigpipe_reaches_the_program_around_us(void **state)
{
    (void)state;
    struct sigaction plain = { .sa_handler = SIG_DFL }, before;
    struct stint_popen *p = open_shell("exec <&-; echo closed; sleep 1000");
    char text[16];

    (void)sigaction(SIGPIPE, &plain, &before);
    assert_int_equal(stint_popen_read(p, 1, text, 16, LONG_MS), 7);
    assert_int_equal(stint_popen_write(p, "x", 1, LONG_MS), STINT_EEOF);
    (void)sigaction(SIGPIPE, &before, NULL);
    stint_popen_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_gives_the_code_and_both_streams_apart),
        cmocka_unit_test(run_gives_minus_n_for_a_signal),
        cmocka_unit_test(run_takes_arguments_as_they_are),
        cmocka_unit_test(run_feeds_the_input),
        cmocka_unit_test(input_that_nobody_reads_is_no_error),
        cmocka_unit_test(run_timeout_ends_it_and_keeps_the_output_so_far),
        cmocka_unit_test(run_timeout_ends_grandchildren_too),
        cmocka_unit_test(who_ignores_term_is_killed_after_the_grace),
        cmocka_unit_test(who_ends_within_the_grace_may_say_goodbye),
        cmocka_unit_test(
            who_holds_the_streams_behind_our_back_is_not_waited_for),
        cmocka_unit_test(a_missing_program_and_a_missing_cwd_are_told_apart),
        cmocka_unit_test(a_script_whose_interpreter_is_missing_says_so),
        cmocka_unit_test(what_is_not_executable_is_refused_by_the_system),
        cmocka_unit_test(env_is_added_to_ours_or_is_all),
        cmocka_unit_test(the_program_is_found_in_the_path_that_it_is_given),
        cmocka_unit_test(what_is_no_variable_is_refused),
        cmocka_unit_test(none_of_our_files_is_open_in_it),
        cmocka_unit_test(more_than_output_max_is_dropped_and_told),
        cmocka_unit_test(merge_puts_errors_where_they_belong_in_the_output),
        cmocka_unit_test(passed_output_goes_where_ours_goes),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(threads_run_programs_side_by_side),
        cmocka_unit_test(communicate_writes_reads_and_waits),
        cmocka_unit_test(communicate_timeout_ends_nothing_and_loses_nothing),
        cmocka_unit_test(timeouts_hold_while_output_comes_without_end),
        cmocka_unit_test(ten_megabytes_go_both_ways_with_timeouts_between),
        cmocka_unit_test(ten_megabytes_go_through_in_pieces_by_two_threads),
        cmocka_unit_test(a_conversation_goes_back_and_forth),
        cmocka_unit_test(reads_and_writes_have_timeouts_and_ends),
        cmocka_unit_test(who_waits_in_a_read_or_write_hears_of_the_end),
        cmocka_unit_test(popen_wait_reads_full_pipes_meanwhile),
        cmocka_unit_test(what_wait_has_read_comes_first_in_pieces),
        cmocka_unit_test(popen_poll_tells_the_code_or_that_it_runs),
        cmocka_unit_test(
            popen_signals_go_to_the_group_and_nowhere_after_the_end),
        cmocka_unit_test(popen_free_ends_it_and_its_group),
        cmocka_unit_test(
            input_that_is_not_written_yet_is_not_lost_and_not_doubled),
        cmocka_unit_test(no_sigpipe_reaches_the_program_around_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
