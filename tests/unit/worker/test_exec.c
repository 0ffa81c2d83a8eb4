#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/child.h"
#include "process/family.h"
#include "worker/exec.h"

enum { OUTPUT_MAX = 1048576 };

static struct capture capture;
static struct buf *const output = &capture.kept[CAPTURE_OUT];
static size_t output_max = OUTPUT_MAX;
static struct child_end how;
static struct reason why;

static struct run_task
task_of(const char *payload)
{
    return (struct run_task){
        .payload = slice_of(payload),
        .id = 17,
        .fence = 99,
        .attempt = 2,
        .queue = "letters",
        .capture = &capture,
        .cancel_fd = -1,
    };
}

static enum run_end
run_task(const char *const argv[], const struct run_task *task)
{
    struct exec *e;

    why.text[0] = '\0';
    assert_int_equal(exec_new(argv, &e), 0);
    capture_begin(&capture, output_max, 65536);
    enum run_end end = exec_run(e, task, &how, &why);
    exec_free(e);
    return end;
}

/* Runs `script` with the payload as "$1" and as standard input. */
static enum run_end
run_shell(const char *script, const char *payload)
{
    const char *const argv[] = { "sh", "-c", script, "sh", "{}", NULL };
    const struct run_task task = task_of(payload);

    return run_task(argv, &task);
}

static void
assert_output(const char *text)
{
    assert_int_equal(output->length, strlen(text));
    assert_memory_equal(output->bytes, text, strlen(text));
}

static void
what_it_prints_is_the_result(void **state)
{
    (void)state;
    assert_int_equal(
        run_shell("echo \"<$1>\"; echo noise >&2", "a b"), RUN_DONE);
    assert_output("<a b>\n");
    assert_int_equal(run_shell("cat", "from stdin"), RUN_DONE);
    assert_output("from stdin");
    assert_int_equal(run_shell("cat", ""), RUN_DONE);
    assert_int_equal(output->length, 0);
}

/* Ours is the least that the kernel counts for it. */
static void
the_memory_of_a_small_command_is_its_own_or_not_known(void **state)
{
    enum { OURS = 24 << 20 };
    char *ours = malloc(OURS);

    (void)state;
    assert_non_null(ours);
    memset(ours, 1, OURS);
    assert_int_equal(run_shell("true", ""), RUN_DONE);
    assert_true(how.memory < OURS);
    assert_int_equal(run_shell("sleep 0.3", ""), RUN_DONE);
    assert_in_range(how.memory, 1, OURS - 1);
    assert_int_equal(ours[OURS - 1], 1);
    free(ours);
}

static void
every_hole_in_the_arguments_is_filled(void **state)
{
    (void)state;
    const char *const argv[] = { "printf", "%s|", "{}", "x{}y{}", "{", NULL };
    const struct run_task task = task_of("$HOME; 'q'");

    assert_int_equal(run_task(argv, &task), RUN_DONE);
    assert_output("$HOME; 'q'|x$HOME; 'q'y$HOME; 'q'|{|");
}

static void
it_is_told_what_it_runs(void **state)
{
    (void)state;
    assert_int_equal(setenv("STINT_TASK_ID", "an old one", 1), 0);
    assert_int_equal(
        run_shell("echo $STINT_TASK_ID $STINT_ATTEMPT $STINT_FENCE "
                  "$STINT_QUEUE; env | grep -c STINT_TASK_ID",
            ""),
        RUN_DONE);
    assert_output("17 2 99 letters\n1\n");
}

static void
an_exit_code_is_a_failure_with_the_last_line(void **state)
{
    (void)state;
    assert_int_equal(
        run_shell("echo first >&2; echo no luck >&2; exit 3", ""), RUN_FAILED);
    assert_string_equal(why.text, "exit 3: no luck");
    assert_int_equal(run_shell("exit 1", ""), RUN_FAILED);
    assert_string_equal(why.text, "exit 1");
    assert_int_equal(
        run_shell("printf 'bad \\377' >&2; exit 2", ""), RUN_FAILED);
    assert_string_equal(why.text, "exit 2: bad ?");
}

static void
a_long_complaint_is_kept_from_its_end(void **state)
{
    (void)state;
    assert_int_equal(
        run_shell("i=0; while [ $i -lt 3000 ]; do echo \"line $i\" >&2; "
                  "i=$((i+1)); done; exit 9",
            ""),
        RUN_FAILED);
    assert_string_equal(why.text, "exit 9: line 2999");
}

static void
a_signal_is_told(void **state)
{
    (void)state;
    assert_int_equal(run_shell("kill -SEGV $$", ""), RUN_FAILED);
    assert_string_equal(why.text, "killed by signal 11 SIGSEGV");
}

static void
a_payload_that_is_no_text_cannot_be_an_argument(void **state)
{
    (void)state;
    const char *const with[] = { "echo", "{}", NULL };
    const char *const without[] = { "cat", NULL };
    struct run_task task = task_of("");

    task.payload = (struct slice){ (const uint8_t *)"a\0b", 3 };
    assert_int_equal(run_task(with, &task), RUN_REFUSED);
    assert_non_null(strstr(why.text, "NUL"));
    assert_int_equal(run_task(without, &task), RUN_DONE);
    assert_int_equal(output->length, 3);
    assert_memory_equal(output->bytes, "a\0b", 3);
}

static void
a_payload_too_long_for_an_argument_is_refused(void **state)
{
    (void)state;
    const char *const argv[] = { "true", "{}", NULL };
    struct run_task task = task_of("");
    uint8_t *big = malloc(131072);

    assert_non_null(big);
    memset(big, 'x', 131072);
    task.payload = (struct slice){ big, 131072 };
    assert_int_equal(run_task(argv, &task), RUN_REFUSED);
    assert_string_equal(why.text,
        "a payload of 131072 bytes is too long for an argument: leave \"{}\" "
        "out and read standard input");
    task.payload.length = 131071;
    assert_int_equal(run_task(argv, &task), RUN_DONE);
    free(big);
}

static void
a_large_payload_goes_in_and_out(void **state)
{
    (void)state;
    const char *const argv[] = { "cat", NULL };
    struct run_task task = task_of("");
    uint8_t *big = malloc(OUTPUT_MAX);

    assert_non_null(big);
    for (size_t i = 0; i < OUTPUT_MAX; i++) {
        big[i] = (uint8_t)(i * 7 >> 3);
    }
    task.payload = (struct slice){ big, OUTPUT_MAX };
    assert_int_equal(run_task(argv, &task), RUN_DONE);
    assert_int_equal(output->length, OUTPUT_MAX);
    assert_memory_equal(output->bytes, big, OUTPUT_MAX);
    free(big);
}

static void
a_command_need_not_read_its_input(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c", "exec <&-; sleep 0.1; echo ok",
        NULL };
    struct run_task task = task_of("");
    uint8_t *big = calloc(1, OUTPUT_MAX);

    assert_non_null(big);
    task.payload = (struct slice){ big, OUTPUT_MAX };
    assert_int_equal(run_task(argv, &task), RUN_DONE);
    assert_output("ok\n");
    free(big);
}

static void
too_much_output_is_refused_and_not_cut(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c", "yes", NULL };
    const struct run_task task = task_of("");

    output_max = 1000;
    assert_int_equal(run_task(argv, &task), RUN_REFUSED);
    output_max = OUTPUT_MAX;
    assert_non_null(strstr(why.text, "more than 1000 bytes of output"));
    assert_int_equal(output->length, 1000);
    assert_true(capture.cut[CAPTURE_OUT]);
}

static void
a_run_that_lasts_too_long_is_ended(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c", "echo half >&2; sleep 100", NULL };
    struct run_task task = task_of("");
    tick_ns before = clock_now();

    task.timeout = 200 * TICK_MS;
    assert_int_equal(run_task(argv, &task), RUN_FAILED);
    assert_string_equal(why.text, "timed out after 200 ms: half");
    assert_true(clock_now() - before < 1500 * TICK_MS);
}

static void
one_that_ignores_the_request_is_killed_with_its_children(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c",
        "trap '' TERM; sleep 100 & echo $!; while :; do sleep 100; done",
        NULL };
    struct run_task task = task_of("");
    tick_ns before = clock_now();

    task.timeout = 100 * TICK_MS;
    assert_int_equal(run_task(argv, &task), RUN_FAILED);
    tick_ns took = clock_now() - before;
    assert_true(took > 2 * TICK_S && took < 4 * TICK_S);

    buf_append(output, "", 1);
    pid_t grandchild = (pid_t)strtol((char *)output->bytes, NULL, 10);
    assert_true(grandchild > 1);
    for (int i = 0; i < 100 && kill(grandchild, 0) == 0; i++) {
        while (family_reap_orphan()) {}
        (void)usleep(10000);
    }
    assert_int_equal(kill(grandchild, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void
what_it_leaves_running_does_not_hold_the_result(void **state)
{
    (void)state;
    tick_ns before = clock_now();

    assert_int_equal(run_shell("sleep 100 & echo done", ""), RUN_DONE);
    assert_output("done\n");
    assert_int_equal(run_shell("setsid sleep 3 & echo done", ""), RUN_DONE);
    assert_output("done\n");
    assert_true(clock_now() - before < 2 * TICK_S);
}

static void
adopted_processes_are_reaped_and_our_own_are_not(void **state)
{
    (void)state;
    pid_t own = fork();

    if (own == 0) _exit(5);
    assert_true(own > 0);
    assert_int_equal(run_shell("(setsid sleep 0.2 &) ; exit 0", ""), RUN_DONE);
    (void)usleep(500000);
    while (family_reap_orphan()) {}
    int status;
    assert_int_equal(waitpid(own, &status, 0), own);
    assert_int_equal(WEXITSTATUS(status), 5);
    while (family_reap_orphan()) {}
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void
a_cancelled_run_is_given_back(void **state)
{
    (void)state;
    const char *const argv[] = { "sleep", "100", NULL };
    struct run_task task = task_of("");
    tick_ns before = clock_now();

    task.cancel_fd = eventfd(1, EFD_CLOEXEC);
    assert_true(task.cancel_fd >= 0);
    assert_int_equal(run_task(argv, &task), RUN_GIVEN_BACK);
    assert_true(clock_now() - before < TICK_S);
    (void)close(task.cancel_fd);
}

static void
it_inherits_its_three_streams_and_nothing_else(void **state)
{
    (void)state;
    int open_fd =
        open("/dev/null", O_RDONLY); /* Deliberately without CLOEXEC. */

    assert_true(open_fd >= 0);
    assert_int_equal(
        run_shell("ls /proc/self/fd | tr '\\n' ' '", ""), RUN_DONE);
    assert_output("0 1 2 3 "); /* 3 is the directory that ls reads. */
    (void)close(open_fd);
}

/* The kernel's mask of signals in seven hexadecimal digits: 1 to 28; libc keeps
 * 32 and 33 for itself. */
static void
it_starts_with_default_signals_in_its_own_group(void **state)
{
    (void)state;
    assert_true(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    assert_int_equal(
        run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status | grep -o "
                  "'.......$'; [ $$ = $(ps -o pgid= -p $$) ] && echo leads",
            ""),
        RUN_DONE);
    assert_output("0000000\n0000000\nleads\n");
    assert_true(signal(SIGHUP, SIG_DFL) != SIG_ERR);
}

static void
it_works_where_the_standard_streams_are_closed(void **state)
{
    (void)state;
    pid_t pid = fork();

    if (pid == 0) {
        (void)close(0);
        (void)close(1);
        (void)close(2);
        const char *const argv[] = { "cat", NULL };
        const struct run_task task = task_of("through");
        struct exec *e;
        capture_begin(&capture, output_max, 0);
        bool fine = exec_new(argv, &e) == 0
                    && exec_run(e, &task, &how, &why) == RUN_DONE
                    && output->length == 7
                    && memcmp(output->bytes, "through", 7) == 0;
        _exit(fine ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int
count_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n += 1;
    }
    (void)closedir(dir);
    return n;
}

static void
two_hundred_runs_leave_nothing_behind(void **state)
{
    (void)state;
    int before = count_files();

    for (int i = 0; i < 200; i++) {
        assert_int_equal(run_shell("exit 0", "x"), RUN_DONE);
    }
    assert_int_equal(count_files(), before);
    while (family_reap_orphan()) {}
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
a_command_that_cannot_work_is_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *argv[3];
        const char *says;
    } cases[] = {
        { { NULL }, "empty" },
        { { "", NULL }, "empty" },
        { { "{}", NULL }, "chosen by the task" },
        { { "/bin/{}", NULL }, "chosen by the task" },
        { { "no-such-program-here", NULL }, "in PATH" },
        { { "/etc/passwd", NULL }, "executable" },
        { { "/tmp", NULL }, "executable" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exec *e;

        assert_int_equal(exec_new(cases[i].argv, &e), STINT_EINVAL);
        assert_null(e);
        assert_non_null(strstr(say_message(), cases[i].says));
    }
}

static void
a_program_that_vanished_is_a_failure(void **state)
{
    (void)state;
    char path[] = "/tmp/stint-test-XXXXXX";
    int fd = mkstemp(path);
    const char *const argv[] = { path, NULL };
    const struct run_task task = task_of("");
    struct exec *e;

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0700), 0);
    (void)close(fd);
    assert_int_equal(exec_new(argv, &e), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(exec_run(e, &task, &how, &why), RUN_FAILED);
    assert_non_null(strstr(why.text, "cannot start"));
    assert_non_null(strstr(why.text, "No such file"));
    exec_free(e);
}

static int
set_up(void **state)
{
    (void)state;
    sigset_t pipes;

    (void)sigemptyset(&pipes);
    (void)sigaddset(&pipes, SIGPIPE);
    (void)sigprocmask(SIG_BLOCK, &pipes, NULL);
    capture_init(&capture);
    return prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
}

static int
tear_down(void **state)
{
    (void)state;
    capture_fini(&capture);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_prints_is_the_result),
        cmocka_unit_test(the_memory_of_a_small_command_is_its_own_or_not_known),
        cmocka_unit_test(every_hole_in_the_arguments_is_filled),
        cmocka_unit_test(it_is_told_what_it_runs),
        cmocka_unit_test(an_exit_code_is_a_failure_with_the_last_line),
        cmocka_unit_test(a_long_complaint_is_kept_from_its_end),
        cmocka_unit_test(a_signal_is_told),
        cmocka_unit_test(a_payload_that_is_no_text_cannot_be_an_argument),
        cmocka_unit_test(a_payload_too_long_for_an_argument_is_refused),
        cmocka_unit_test(a_large_payload_goes_in_and_out),
        cmocka_unit_test(a_command_need_not_read_its_input),
        cmocka_unit_test(too_much_output_is_refused_and_not_cut),
        cmocka_unit_test(a_run_that_lasts_too_long_is_ended),
        cmocka_unit_test(
            one_that_ignores_the_request_is_killed_with_its_children),
        cmocka_unit_test(adopted_processes_are_reaped_and_our_own_are_not),
        cmocka_unit_test(two_hundred_runs_leave_nothing_behind),
        cmocka_unit_test(what_it_leaves_running_does_not_hold_the_result),
        cmocka_unit_test(a_cancelled_run_is_given_back),
        cmocka_unit_test(it_inherits_its_three_streams_and_nothing_else),
        cmocka_unit_test(it_starts_with_default_signals_in_its_own_group),
        cmocka_unit_test(it_works_where_the_standard_streams_are_closed),
        cmocka_unit_test(a_command_that_cannot_work_is_refused_at_once),
        cmocka_unit_test(a_program_that_vanished_is_a_failure),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
