/*
 * Commands of jobs on a worker, with a real master over TCP: what they are
 * given, and what comes back.
 */
#include <sys/stat.h>

#include "tests/integration/commands.h"

/* ---- what they are given ------------------------------------------------- */

static void
a_command_is_given_its_values_as_words(void **state)
{
    (void)state;
    const char *const argv[] = { "printf", "<%s>", "{}", "{2}x{1}", "{#}",
        NULL };

    open_command((struct stint_command){ .argv = argv });
    ok(stint_job_put(job, "a b\0$HOME", 9, WAIT_MS));
    ok(stint_job_put(job, "", 0, WAIT_MS));
    next();
    expect(end.out, "<a b><$HOME><$HOMExa b><1>");
    assert_int_equal(end.code, 0);
    next();
    expect(end.out, "<><x><2>");
    close_job();
}

static void
bytes_that_are_no_text_go_in_and_out(void **state)
{
    (void)state;
    const char *const argv[] = { "printf", "%s", "{}", NULL };
    char all[256];

    for (int i = 0; i < 255; i++) {
        all[i] = (char)(i + 1);
    }
    all[255] = '\0';
    open_command((struct stint_command){ .argv = argv });
    put(all);
    next();
    expect(end.out, all);
    close_job();
    const char *const read[] = { "cat", NULL };
    open_command((struct stint_command){ .argv = read, .input = true });
    ok(stint_job_put(job, "a\0b\xff", 4, WAIT_MS));
    next();
    assert_int_equal(end.out.size, 4);
    assert_memory_equal(end.out.data, "a\0b\xff", 4);
    close_job();
}

static void
an_argument_may_have_128_KiB_less_its_end(void **state)
{
    (void)state;
    enum { MOST = 131071 };
    const char *const argv[] = { "sh", "-c", "printf %s \"$1\" | wc -c", "sh",
        NULL };
    char *big = malloc(MOST + 1);

    assert_non_null(big);
    memset(big, 'x', MOST + 1);
    open_command((struct stint_command){ .argv = argv });
    ok(stint_job_put(job, big, MOST, WAIT_MS));
    ok(stint_job_put(job, big, MOST + 1, WAIT_MS));
    next();
    expect(end.out, "131071\n");
    next();
    assert_int_equal(end.code, STINT_EDEAD);
    expect_reason("Argument list too long");
    assert_int_equal(try_of(0)->cause, STINT_CAUSE_NOT_STARTED);
    assert_int_equal(try_of(0)->code, 126);
    close_job();
    free(big);
}

static void
a_shell_reads_only_what_is_asked_to_be_read(void **state)
{
    (void)state;
    const char *const argv[] = { "echo", "{}", "|", "tr a b; echo $0", NULL };

    open_command((struct stint_command){ .argv = argv });
    put("a;'a");
    next();
    expect(end.out, "a;'a | tr a b; echo $0\n");
    close_job();
    open_command((struct stint_command){ .argv = argv, .shell = true });
    put("a;'a");
    next();
    expect(end.out, "b;'b\n/bin/sh\n");
    close_job();
}

static void
its_environment_says_what_it_is(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c",
        "echo $STINT_JOB $STINT_SEQ $PARALLEL_SEQ $STINT_ATTEMPT $STINT_QUEUE "
        "$MINE $HOME; env | grep -c ^HOME=; env | grep -c ^STINT_TASK_ID=",
        NULL };
    const char *const env[] = { "MINE=a b", "HOME=/nowhere", "MINE=c",
        "STINT_TASK_ID=no", NULL };
    char text[128];

    open_command((struct stint_command){ .argv = argv, .env = env });
    put("x");
    put("y");
    next();
    next();
    (void)snprintf(text, sizeof text, "%llu 2 2 1 work c /nowhere\n1\n1\n",
        (unsigned long long)stint_job_number(job));
    expect(end.out, text);
    close_job();
}

static void
a_program_is_found_in_the_path_of_its_job(void **state)
{
    (void)state;
    char dir[] = "/tmp/stint-test-XXXXXX", path[64], variable[64];
    const char *const argv[] = { "only-here", "{}", NULL };
    const char *const env[] = { variable, NULL };

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/only-here", dir);
    (void)snprintf(variable, sizeof variable, "PATH=%s:/bin", dir);
    FILE *script = fopen(path, "w");
    assert_non_null(script);
    (void)fprintf(script, "echo found with \"$1\"\n"); /* Without "#!". */
    (void)fclose(script);
    assert_int_equal(chmod(path, 0700), 0);
    open_command((struct stint_command){ .argv = argv, .env = env });
    put("x");
    next();
    assert_string_equal(end.reason, "");
    expect(end.out, "found with x\n");
    close_job();
    open_command((struct stint_command){ .argv = argv });
    put("x");
    next();
    expect_reason("cannot start \"only-here\": No such file");
    assert_int_equal(try_of(0)->code, 127);
    close_job();
    (void)unlink(path);
    (void)rmdir(dir);
}

static void
it_runs_where_it_is_told_to_if_that_is_there(void **state)
{
    (void)state;
    const char *const argv[] = { "pwd", NULL };
    char here[512];

    assert_non_null(getcwd(here, sizeof here - 1));
    memcpy(here + strlen(here), "\n", 2);
    open_command((struct stint_command){ .argv = argv, .cwd = "/usr" });
    put("");
    next();
    close_job();
    expect(end.out, "/usr\n");
    open_command((struct stint_command){ .argv = argv, .cwd = "/no-such" });
    put("");
    next();
    expect(end.out, here);
    close_job();
    open_command((struct stint_command){
        .argv = argv, .cwd = "/no-such", .cwd_must = true });
    put("");
    next();
    assert_int_equal(end.code, STINT_EDEAD);
    expect_reason("cannot run in \"/no-such\"");
    close_job();
}

static void
a_folder_of_its_own_is_removed_whatever_is_done_to_it(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c",
        "pwd; mkdir -p a/b c; touch a/b/f; ln -s /etc c/link; chmod 500 a/b; "
        "chmod 0 a c; chmod 500 .",
        NULL };
    char path[512];

    open_command((struct stint_command){ .argv = argv, .own_folder = true });
    put("");
    next();
    assert_int_equal(end.code, 0);
    assert_true(end.out.size > 1 && end.out.size < sizeof path);
    memcpy(path, end.out.data, end.out.size);
    path[end.out.size - 1] = '\0';
    assert_non_null(strstr(path, "stint-"));
    assert_int_equal(access(path, F_OK), -1);
    close_job();
}

/* ---- what comes back ----------------------------------------------------- */

static void
streams_and_exit_code_come_back_apart(void **state)
{
    (void)state;
    run_shell("echo out $1; echo err $1 >&2; exit 3", "v");
    assert_int_equal(end.code, STINT_EDEAD);
    expect(end.out, "out v\n");
    expect(end.err, "err v\n");
    expect(end.value, "v");
    expect_reason("exit 3: err v");
    assert_int_equal(try_of(0)->cause, STINT_CAUSE_ENDED);
    assert_int_equal(try_of(0)->code, 3);
    assert_int_equal(try_of(0)->signal, 0);
    assert_true(try_of(0)->began_ns > 0);
    close_job();
}

static void
every_attempt_is_recorded(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c", "exit $STINT_ATTEMPT", NULL };

    open_job((struct stint_job_options){ .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv },
        .attempts_max = 3,
        .backoff_ms = 1 });
    put("");
    next();
    assert_int_equal(end.attempts, 3);
    assert_int_equal(end.tries_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(try_of(i)->attempt, i + 1);
        assert_int_equal(try_of(i)->code, i + 1);
        assert_true(try_of(i)->wall_ns > 0);
    }
    close_job();
}

static void
ten_megabytes_are_cut_and_marked(void **state)
{
    (void)state;
    run_shell("head -c 10000000 /dev/zero; echo last >&2", "");
    assert_int_equal(end.code, 0);
    assert_int_equal(end.out.size, 1048576);
    expect(end.err, "last\n");
    assert_true(try_of(0)->out_cut);
    assert_false(try_of(0)->err_cut);
    close_job();
    const char *const argv[] = { "sh", "-c",
        "seq 1000; seq 1000 >&2; echo the end >&2; exit 1", NULL };
    open_command((struct stint_command){ .argv = argv, .output_max = 5 });
    put("");
    next();
    expect(end.out, "1\n2\n3");
    expect(end.err, "1\n2\n3");
    expect_reason("exit 1: the end");
    assert_true(try_of(0)->out_cut && try_of(0)->err_cut);
    close_job();
}

/* The master takes 16 MiB at most. */
static void
what_is_more_than_the_master_takes_is_cut(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c",
        "head -c 16000000 /dev/zero; head -c 16000000 /dev/zero >&2", NULL };
    const struct stint_job_options more = { .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv, .output_max = (16 << 20) + 1 } };
    struct stint_job *none;

    assert_int_equal(stint_job_open(client, &more, &none), STINT_ETOOLARGE);
    assert_non_null(strstr(stint_error_message(), "--payload-max"));
    open_command(
        (struct stint_command){ .argv = argv, .output_max = 16 << 20 });
    put("");
    next();
    assert_int_equal(end.code, 0);
    assert_in_range(end.out.size + end.err.size, 15 << 20, 16 << 20);
    assert_true(try_of(0)->out_cut && try_of(0)->err_cut);
    close_job();
}

static void
time_and_memory_are_those_of_the_command(void **state)
{
    (void)state;
    run_shell("x=$(head -c 80000000 /dev/zero | tr '\\0' x); i=0; "
              "while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 0.5",
        "");
    assert_int_equal(end.code, 0);
    assert_in_range(try_of(0)->memory, 80000000, 800000000);
    assert_true(try_of(0)->user_ns > 10000000);
    assert_true(try_of(0)->wall_ns > 200000000);
    assert_true(try_of(0)->wall_ns
                > try_of(0)->user_ns / 4); /* Of several processes. */
    close_job();
}

static void
a_signal_is_told(void **state)
{
    (void)state;
    run_shell("kill -SEGV $$", "");
    assert_int_equal(try_of(0)->signal, SIGSEGV);
    assert_int_equal(try_of(0)->code, 0);
    expect_reason("killed by signal 11 SIGSEGV");
    close_job();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        COMMANDS(a_command_is_given_its_values_as_words),
        COMMANDS(bytes_that_are_no_text_go_in_and_out),
        COMMANDS(an_argument_may_have_128_KiB_less_its_end),
        COMMANDS(a_shell_reads_only_what_is_asked_to_be_read),
        COMMANDS(its_environment_says_what_it_is),
        COMMANDS(a_program_is_found_in_the_path_of_its_job),
        COMMANDS(it_runs_where_it_is_told_to_if_that_is_there),
        COMMANDS(a_folder_of_its_own_is_removed_whatever_is_done_to_it),
        COMMANDS(streams_and_exit_code_come_back_apart),
        COMMANDS(every_attempt_is_recorded),
        COMMANDS(ten_megabytes_are_cut_and_marked),
        COMMANDS(what_is_more_than_the_master_takes_is_cut),
        COMMANDS(time_and_memory_are_those_of_the_command),
        COMMANDS(a_signal_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
