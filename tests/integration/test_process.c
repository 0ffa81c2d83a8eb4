/*
 * Process: a test for each row of what multiprocessing.Process does, and for
 * what is better here.
 */
#include "tests/integration/processes.h"

#include <fcntl.h>
#include <sys/resource.h>

/* ---- Process(target, name, args) ----------------------------------------- */

static int
add_up(void *arg)
{
    const int *numbers = arg;

    return numbers[0] + numbers[1];
}

static void
a_function_runs_with_its_argument(void **state)
{
    (void)state;
    int numbers[] = { 20, 22 };

    assert_int_equal(run_function(add_up, numbers), 42);
}

static int a_global = 1;

static int
change_global(void *arg)
{
    (void)arg;
    a_global += 10;
    return a_global;
}

static void
what_a_copy_changes_is_not_seen_here(void **state)
{
    (void)state;
    assert_int_equal(run_function(change_global, NULL), 11);
    assert_int_equal(a_global, 1);
}

static int
tell_name_of_child(void *arg)
{
    struct stint_process *child = start_function(end_at_once, arg);

    (void)snprintf(
        page->text, sizeof page->text, "%s", stint_process_name(child));
    int code = exitcode_of(child);
    stint_process_free(child);
    return code;
}

static void
names_are_process_1_and_process_1_1_for_its_children(void **state)
{
    (void)state;
    struct stint_process *one = start_function(tell_name_of_child, NULL);
    unsigned number = 0;
    char expected[64];

    assert_int_equal(sscanf(stint_process_name(one), "Process-%u", &number), 1);
    assert_int_equal(exitcode_of(one), 0);
    (void)snprintf(expected, sizeof expected, "Process-%u:1", number);
    assert_string_equal(page->text, expected);

    struct stint_process *two = start_function(end_at_once, NULL);
    (void)snprintf(expected, sizeof expected, "Process-%u", number + 1);
    assert_string_equal(stint_process_name(two), expected);
    stint_process_free(one);
    stint_process_free(two);
}

static void
a_name_may_be_given(void **state)
{
    (void)state;
    const struct stint_process_options options = { .target = end_at_once,
        .name = "bob" };
    struct stint_process *p;

    OK(stint_process_start(&options, &p));
    assert_string_equal(stint_process_name(p), "bob");
    assert_int_equal(exitcode_of(p), 0);
    stint_process_free(p);
}

static void
a_process_is_exactly_one_thing(void **state)
{
    (void)state;
    static const char *const argv[] = { "true", NULL };
    const struct stint_process_options none = { .name = "x" };
    const struct stint_process_options both = { .target = end_at_once,
        .argv = argv };
    const struct stint_process_options nowhere = { .handler = "square" };
    struct stint_process *p;

    assert_int_equal(stint_process_start(&none, &p), STINT_EINVAL);
    assert_null(p);
    assert_int_equal(stint_process_start(&both, &p), STINT_EINVAL);
    assert_int_equal(stint_process_start(&nowhere, &p), STINT_EINVAL);
    expect_message("on which master");
}

/* ---- what a copy has ----------------------------------------------------- */

static int
count_own_descriptors(void *arg)
{
    (void)arg;
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    char byte;

    if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY) return 99;
    if (read(STDIN_FILENO, &byte, 1) != 0) return 98;
    return (int)count_descriptors() - 3; /* "." and ".." and the folder. */
}

static void
it_has_three_streams_and_none_of_our_files(void **state)
{
    (void)state;
    int open_one = open("/dev/null", O_RDONLY);

    assert_true(open_one > STDERR_FILENO);
    assert_int_equal(run_function(count_own_descriptors, NULL), 3);
    (void)close(open_one);
}

static int
write_to_pipes(void *arg)
{
    const int *fds = arg;

    if (write(fds[0], "a", 1) != 1 || write(fds[1], "b", 1) != 1) return 1;
    return (int)count_descriptors() - 3;
}

static void
it_keeps_the_descriptors_that_it_is_to_keep(void **state)
{
    (void)state;
    int one[2], two[2];
    char byte;

    assert_int_equal(pipe(one), 0);
    assert_int_equal(pipe(two), 0);
    int far = fcntl(two[1], F_DUPFD, 200);
    int fds[] = { far, one[1], -1 };
    const struct stint_process_options options = {
        .target = write_to_pipes, .arg = fds, .keep_fds = fds
    };
    struct stint_process *p;

    OK(stint_process_start(&options, &p));
    assert_int_equal(exitcode_of(p), 5);
    assert_int_equal(read(two[0], &byte, 1), 1);
    assert_int_equal(byte, 'a');
    assert_int_equal(read(one[0], &byte, 1), 1);
    assert_int_equal(byte, 'b');
    stint_process_free(p);
    for (int i = 0; i < 2; i++) {
        (void)close(one[i]);
        (void)close(two[i]);
    }
    (void)close(far);
}

static void
note_signal(int signal)
{
    atomic_store(&page->numbers[7], signal);
}

static int
tell_of_signals(void *arg)
{
    struct sigaction term, pipe_signal;
    sigset_t mask;

    (void)arg;
    (void)sigaction(SIGTERM, NULL, &term);
    (void)sigaction(SIGPIPE, NULL, &pipe_signal);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return (term.sa_handler == SIG_DFL)
           + 2 * (pipe_signal.sa_handler == SIG_IGN)
           + 4 * (sigismember(&mask, SIGUSR1) == 0);
}

static void
handlers_are_default_again_and_what_is_ignored_stays_ignored(void **state)
{
    (void)state;
    struct sigaction own = { .sa_handler = note_signal }, term, pipe_signal;
    struct sigaction ignored = { .sa_handler = SIG_IGN };
    sigset_t one, before;

    (void)sigaction(SIGTERM, &own, &term);
    (void)sigaction(SIGPIPE, &ignored, &pipe_signal);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, &one, &before);
    int code = run_function(tell_of_signals, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)sigaction(SIGTERM, &term, NULL);
    (void)sigaction(SIGPIPE, &pipe_signal, NULL);
    assert_int_equal(code, 7);
}

static int
print_a_line(void *arg)
{
    (void)arg;
    return printf("from the copy\n") < 0;
}

static void
standard_streams_are_flushed_once_on_both_sides(void **state)
{
    (void)state;
    char path[] = "/tmp/stint-test-XXXXXX", text[256];
    int file = mkstemp(path);

    assert_true(file >= 0);
    (void)fflush(stdout);
    int before = dup(STDOUT_FILENO);
    (void)dup2(file, STDOUT_FILENO);
    (void)printf("from us\n");
    int code = run_function(print_a_line, NULL);
    (void)fflush(stdout);
    (void)dup2(before, STDOUT_FILENO);
    (void)close(before);
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    (void)close(file);
    (void)unlink(path);
    assert_int_equal(code, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, "from us\nfrom the copy\n");
}

static void
run_at_exit(void)
{
    atomic_fetch_add(&page->numbers[6], 1);
}

static void
functions_of_atexit_do_not_run_in_a_copy(void **state)
{
    (void)state;
    assert_int_equal(atexit(run_at_exit), 0);
    assert_int_equal(run_function(end_at_once, NULL), 0);
    assert_int_equal(atomic_load(&page->numbers[6]), 0);
}

/* ---- join, is_alive ------------------------------------------------------ */

static void
join_with_a_timeout_tells_that_it_runs(void **state)
{
    (void)state;
    struct stint_process *p = start_function(sleep_long, NULL);

    assert_int_equal(stint_process_join(p, 0), STINT_ETIMEOUT);
    int64_t began = now_ms();
    assert_int_equal(stint_process_join(p, 60), STINT_ETIMEOUT);
    assert_true(now_ms() - began >= 60);
    assert_int_equal(stint_process_join(p, -2), STINT_EINVAL);
    assert_true(stint_process_is_alive(p));
    OK(stint_process_kill(p));
    OK(stint_process_join(p, STINT_FOREVER));
    OK(stint_process_join(p, 0));
    assert_false(stint_process_is_alive(p));
    stint_process_free(p);
}

static void *
join_it(void *arg)
{
    return stint_process_join(arg, LONG_MS) == 0 ? arg : NULL;
}

static void
any_number_of_threads_may_join_it(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    struct stint_process *p = start_function(sleep_long, NULL);
    void *told;

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, join_it, p), 0);
    }
    OK(stint_process_terminate(p));
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &told), 0);
        assert_ptr_equal(told, p);
    }
    assert_int_equal(exitcode_of(p), -SIGTERM);
    stint_process_free(p);
}

static int
join_the_parents_child(void *arg)
{
    struct stint_process *p = arg;
    int code;

    if (stint_process_join(p, 0) != STINT_EINVAL) return 1;
    if (stint_process_exitcode(p, &code) != STINT_EINVAL) return 2;
    if (stint_process_kill(p) != STINT_EINVAL) return 3;
    stint_process_free(p);
    return 0;
}

static void
a_copy_can_only_join_children_of_its_own(void **state)
{
    (void)state;
    struct stint_process *p = start_function(sleep_long, NULL);

    assert_int_equal(run_function(join_the_parents_child, p), 0);
    assert_true(stint_process_is_alive(p));
    OK(stint_process_kill(p));
    assert_int_equal(exitcode_of(p), -SIGKILL);
    stint_process_free(p);
}

/* ---- terminate, kill, interrupt ------------------------------------------ */

static void
terminate_kill_and_interrupt_are_their_signals(void **state)
{
    (void)state;
    static int (*const how[])(struct stint_process *) = {
        stint_process_terminate, stint_process_kill, stint_process_interrupt
    };
    static const int codes[] = { -SIGTERM, -SIGKILL, -SIGINT };

    for (size_t i = 0; i < 3; i++) {
        struct stint_process *p = start_function(sleep_long, NULL);

        OK(how[i](p));
        assert_int_equal(exitcode_of(p), codes[i]);
        OK(how[i](p)); /* After its end: harmless. */
        stint_process_free(p);
    }
}

static int
have_a_grandchild(void *arg)
{
    (void)arg;
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            (void)pause();
    }
    atomic_store(&page->pids[1], pid);
    return sleep_long(NULL);
}

static void
grandchildren_are_ended_too(void **state)
{
    (void)state;
    struct stint_process *p = start_function(have_a_grandchild, NULL);
    pid_t grandchild = await(&page->pids[1]);

    assert_true(is_running(grandchild));
    OK(stint_process_terminate(p));
    assert_int_equal(exitcode_of(p), -SIGTERM);
    assert_true(ends(grandchild));
    stint_process_free(p);
}

static int
leave_a_grandchild(void *arg)
{
    (void)arg;
    pid_t pid = fork();

    if (pid == 0) {
        (void)signal(SIGTERM, SIG_IGN);
        for (;;)
            (void)pause();
    }
    atomic_store(&page->pids[1], pid);
    return 3;
}

static void
what_it_leaves_in_its_group_ends_with_it(void **state)
{
    (void)state;
    assert_int_equal(run_function(leave_a_grandchild, NULL), 3);
    assert_true(ends(atomic_load(&page->pids[1])));
}

/* ---- exitcode ------------------------------------------------------------ */

static int
return_it(void *arg)
{
    return *(int *)arg;
}

static int
raise_it(void *arg)
{
    const struct rlimit no_core = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)signal(*(int *)arg, SIG_DFL);
    (void)raise(*(int *)arg);
    return 0;
}

static int
exit_with_it(void *arg)
{
    _exit(*(int *)arg);
}

static void
exitcode_is_not_there_while_it_runs(void **state)
{
    (void)state;
    struct stint_process *p = start_function(sleep_long, NULL);
    struct stint_usage usage;
    int code = 7;

    assert_int_equal(stint_process_exitcode(p, &code), STINT_ENOTREADY);
    assert_int_equal(stint_process_usage(p, &usage), STINT_ENOTREADY);
    assert_int_equal(code, 7);
    OK(stint_process_kill(p));
    OK(stint_process_join(p, LONG_MS));
    OK(stint_process_exitcode(p, &code));
    assert_int_equal(code, -9);
    stint_process_free(p);
}

static void
exitcode_is_modulo_256(void **state)
{
    (void)state;
    static const int given[] = { 0, 1, 255, 256, 257, -1 };
    static const int expected[] = { 0, 1, 255, 0, 1, 255 };

    for (size_t i = 0; i < 6; i++) {
        int code = given[i];

        assert_int_equal(run_function(return_it, &code), expected[i]);
        assert_int_equal(run_function(exit_with_it, &code), expected[i]);
    }
}

static void
exitcode_is_negative_for_a_signal(void **state)
{
    (void)state;
    static const int signals[] = { SIGTERM, SIGKILL, SIGSEGV, SIGABRT };

    for (size_t i = 0; i < 4; i++) {
        int signal = signals[i];

        assert_int_equal(run_function(raise_it, &signal), -signal);
    }
}

static int
burn(void *arg)
{
    const int64_t until = now_ms() + 100;
    volatile unsigned n = 0;
    const size_t size = (size_t)64 << 20;
    char *memory = malloc(size);

    (void)arg;
    if (memory == NULL) return 1;
    memset(memory, 1, size);
    while (now_ms() < until) {
        n = n + 1;
    }
    n = n + (unsigned)memory[n % size];
    free(memory);
    return 0;
}

static void
usage_is_told_when_it_has_ended(void **state)
{
    (void)state;
    struct stint_process *p = start_function(burn, NULL);
    struct stint_usage usage;

    assert_int_equal(exitcode_of(p), 0);
    OK(stint_process_usage(p, &usage));
    assert_true(usage.wall_ns >= 100 * 1000000);
    assert_true(usage.user_ns + usage.system_ns > 10 * 1000000);
    assert_true(usage.memory >= (uint64_t)64 << 20);
    stint_process_free(p);
}

/* ---- daemon -------------------------------------------------------------- */

static struct stint_process *
start_daemon(int (*target)(void *arg), int64_t grace_ms)
{
    const struct stint_process_options options = {
        .target = target, .daemon = true, .grace_ms = grace_ms
    };
    struct stint_process *p;

    OK(stint_process_start(&options, &p));
    assert_true(stint_process_daemon(p));
    return p;
}

static int
have_a_child(void *arg)
{
    static const char *const argv[] = { "true", NULL };
    const struct stint_process_options function = { .target = end_at_once };
    const struct stint_process_options program = { .argv = argv };
    struct stint_process *p;

    (void)arg;
    if (stint_process_start(&function, &p) != STINT_EINVAL) return 1;
    if (strstr(stint_error_message(), "not allowed to have children") == NULL) {
        return 2;
    }
    return stint_process_start(&program, &p) == STINT_EINVAL ? 0 : 3;
}

static void
a_daemon_may_not_have_children(void **state)
{
    (void)state;
    struct stint_process *p = start_daemon(have_a_child, 0);

    assert_int_equal(exitcode_of(p), 0);
    stint_process_free(p);
}

static void
a_daemon_is_ended_with_its_handle(void **state)
{
    (void)state;
    struct stint_process *p = start_daemon(sleep_long, 0);
    pid_t pid = stint_process_pid(p);

    await(&page->pids[0]);
    stint_process_free(p);
    assert_false(is_running(pid));
    assert_true(has_no_children());
}

static int
ignore_term(void *arg)
{
    (void)signal(SIGTERM, SIG_IGN);
    return sleep_long(arg);
}

static void
a_daemon_that_does_not_obey_is_killed_after_its_grace(void **state)
{
    (void)state;
    struct stint_process *p = start_daemon(ignore_term, 100);
    pid_t pid = stint_process_pid(p);

    await(&page->pids[0]);
    int64_t began = now_ms();
    stint_process_free(p);
    assert_true(now_ms() - began >= 100);
    assert_false(is_running(pid));
}

/* ---- sentinel, close ----------------------------------------------------- */

static void
the_sentinel_is_readable_when_it_has_ended(void **state)
{
    (void)state;
    struct stint_process *p = start_function(sleep_long, NULL);
    struct pollfd sentinel = { .fd = stint_process_sentinel(p),
        .events = POLLIN };

    assert_true(stint_process_pid(p) > 0);
    assert_int_equal(poll(&sentinel, 1, 0), 0);
    OK(stint_process_kill(p));
    assert_int_equal(poll(&sentinel, 1, LONG_MS), 1);
    assert_int_equal(exitcode_of(p), -9);
    assert_int_equal(poll(&sentinel, 1, 0), 1); /* And stays so. */
    stint_process_free(p);
}

static void
several_are_waited_for_at_once(void **state)
{
    (void)state;
    struct stint_process *all[3];

    for (size_t i = 0; i < 3; i++) {
        all[i] = start_function(sleep_long, NULL);
    }
    assert_int_equal(stint_processes_wait(all, 3, 20), STINT_ETIMEOUT);
    assert_int_equal(stint_processes_wait(all, 0, 20), STINT_EINVAL);
    OK(stint_process_kill(all[1]));
    assert_int_equal(stint_processes_wait(all, 3, LONG_MS), 1);
    assert_false(stint_process_is_alive(all[1]));
    assert_true(stint_process_is_alive(all[0]));
    OK(stint_process_kill(all[0]));
    OK(stint_process_kill(all[2]));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(exitcode_of(all[i]), -9);
        stint_process_free(all[i]);
    }
}

static void
a_handle_may_be_freed_while_it_runs_and_no_zombie_stays(void **state)
{
    (void)state;
    struct stint_process *p = start_function(sleep_long, NULL);
    pid_t pid = stint_process_pid(p);

    await(&page->pids[0]);
    stint_process_free(p);
    assert_true(is_running(pid));
    assert_int_equal(kill(pid, SIGKILL), 0);
    int64_t until = now_ms() + LONG_MS;
    while (!has_no_children() && now_ms() < until) {
        nap_ms(2);
    }
    assert_true(has_no_children());
    stint_process_free(NULL);
}

static int
start_and_leave_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        stint_process_free(start_function(end_at_once, NULL));
    }
    int64_t until = now_ms() + LONG_MS;
    while (!has_no_children() && now_ms() < until) {
        nap_ms(2);
    }
    return has_no_children() ? 0 : 1;
}

static void
a_copy_has_a_reaper_of_its_own(void **state)
{
    (void)state;
    struct stint_process *busy = start_function(sleep_long, NULL);
    pid_t pid = stint_process_pid(busy);

    stint_process_free(busy); /* Ours has something to do. */
    assert_int_equal(run_function(start_and_leave_some, NULL), 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_true(ends(pid));
}

static void
other_peoples_children_are_not_touched(void **state)
{
    (void)state;
    int status = 0;
    pid_t own = fork();

    if (own == 0) _exit(5);
    assert_int_equal(run_function(end_at_once, NULL), 0);
    stint_process_free(start_function(end_at_once, NULL));
    assert_int_equal(waitpid(own, &status, 0), own);
    assert_int_equal(WEXITSTATUS(status), 5);
}

static void
an_end_that_somebody_else_took_is_told_as_lost(void **state)
{
    (void)state;
    struct stint_process *p = start_function(end_at_once, NULL);
    int code = 0;

    assert_int_equal(
        waitpid(stint_process_pid(p), NULL, 0), stint_process_pid(p));
    OK(stint_process_join(p, LONG_MS));
    assert_int_equal(stint_process_exitcode(p, &code), STINT_ESYSTEM);
    expect_message("SIGCHLD");
    stint_process_free(p);
}

/* ---- programs ------------------------------------------------------------ */

static void
a_program_runs_with_its_environment_in_its_directory(void **state)
{
    (void)state;
    static const char *const argv[] = { "sh", "-c",
        "[ \"$PWD\" = /tmp ] && exit $CODE", NULL };
    static const char *const env[] = { "CODE=9", NULL };
    const struct stint_process_options options = {
        .argv = argv, .env = env, .cwd = "/tmp"
    };
    struct stint_process *p;

    OK(stint_process_start(&options, &p));
    assert_int_equal(exitcode_of(p), 9);
    stint_process_free(p);
}

static void
a_missing_program_and_a_missing_directory_are_told_apart(void **state)
{
    (void)state;
    static const char *const missing[] = { "no-such-program", NULL };
    static const char *const there[] = { "true", NULL };
    const struct stint_process_options no_program = { .argv = missing };
    const struct stint_process_options no_cwd = { .argv = there,
        .cwd = "/no/such/directory" };
    struct stint_process *p;

    assert_int_equal(stint_process_start(&no_program, &p), STINT_ENOPROGRAM);
    expect_message("no-such-program");
    assert_int_equal(stint_process_start(&no_cwd, &p), STINT_ENOPROGRAM);
    expect_message("/no/such/directory");
    assert_null(p);
}

static void
a_program_that_is_a_daemon_is_ended_with_its_handle(void **state)
{
    (void)state;
    static const char *const argv[] = { "sleep", "1000", NULL };
    const struct stint_process_options options = { .argv = argv,
        .daemon = true };
    struct stint_process *p;

    OK(stint_process_start(&options, &p));
    pid_t pid = stint_process_pid(p);
    stint_process_free(p);
    assert_false(is_running(pid));
    assert_true(has_no_children());
}

/* ---- many ---------------------------------------------------------------- */

static void
a_thousand_leave_no_zombie_and_no_descriptor(void **state)
{
    (void)state;
    enum { ROUNDS = 20, SIDE_BY_SIDE = 50 };
    static const char *const argv[] = { "true", NULL };
    const struct stint_process_options program = { .argv = argv };
    const struct stint_process_options function = { .target = end_at_once };
    struct stint_process *all[SIDE_BY_SIDE];
    unsigned before = count_descriptors();

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SIDE_BY_SIDE; i++) {
            OK(stint_process_start(
                i % 10 == 0 ? &program : &function, &all[i]));
        }
        for (int i = 0; i < SIDE_BY_SIDE; i++) {
            assert_int_equal(exitcode_of(all[i]), 0);
            stint_process_free(all[i]);
        }
    }
    assert_int_equal(count_descriptors(), before);
    assert_true(has_no_children());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_function_runs_with_its_argument, clear_page),
        cmocka_unit_test_setup(
            what_a_copy_changes_is_not_seen_here, clear_page),
        cmocka_unit_test_setup(
            names_are_process_1_and_process_1_1_for_its_children, clear_page),
        cmocka_unit_test_setup(a_name_may_be_given, clear_page),
        cmocka_unit_test_setup(a_process_is_exactly_one_thing, clear_page),
        cmocka_unit_test_setup(
            it_has_three_streams_and_none_of_our_files, clear_page),
        cmocka_unit_test_setup(
            it_keeps_the_descriptors_that_it_is_to_keep, clear_page),
        cmocka_unit_test_setup(
            handlers_are_default_again_and_what_is_ignored_stays_ignored,
            clear_page),
        cmocka_unit_test_setup(
            standard_streams_are_flushed_once_on_both_sides, clear_page),
        cmocka_unit_test_setup(
            functions_of_atexit_do_not_run_in_a_copy, clear_page),
        cmocka_unit_test_setup(
            join_with_a_timeout_tells_that_it_runs, clear_page),
        cmocka_unit_test_setup(any_number_of_threads_may_join_it, clear_page),
        cmocka_unit_test_setup(
            a_copy_can_only_join_children_of_its_own, clear_page),
        cmocka_unit_test_setup(
            terminate_kill_and_interrupt_are_their_signals, clear_page),
        cmocka_unit_test_setup(grandchildren_are_ended_too, clear_page),
        cmocka_unit_test_setup(
            what_it_leaves_in_its_group_ends_with_it, clear_page),
        cmocka_unit_test_setup(exitcode_is_not_there_while_it_runs, clear_page),
        cmocka_unit_test_setup(exitcode_is_modulo_256, clear_page),
        cmocka_unit_test_setup(exitcode_is_negative_for_a_signal, clear_page),
        cmocka_unit_test_setup(usage_is_told_when_it_has_ended, clear_page),
        cmocka_unit_test_setup(a_daemon_may_not_have_children, clear_page),
        cmocka_unit_test_setup(a_daemon_is_ended_with_its_handle, clear_page),
        cmocka_unit_test_setup(
            a_daemon_that_does_not_obey_is_killed_after_its_grace, clear_page),
        cmocka_unit_test_setup(
            the_sentinel_is_readable_when_it_has_ended, clear_page),
        cmocka_unit_test_setup(several_are_waited_for_at_once, clear_page),
        cmocka_unit_test_setup(
            a_handle_may_be_freed_while_it_runs_and_no_zombie_stays,
            clear_page),
        cmocka_unit_test_setup(a_copy_has_a_reaper_of_its_own, clear_page),
        cmocka_unit_test_setup(
            other_peoples_children_are_not_touched, clear_page),
        cmocka_unit_test_setup(
            an_end_that_somebody_else_took_is_told_as_lost, clear_page),
        cmocka_unit_test_setup(
            a_program_runs_with_its_environment_in_its_directory, clear_page),
        cmocka_unit_test_setup(
            a_missing_program_and_a_missing_directory_are_told_apart,
            clear_page),
        cmocka_unit_test_setup(
            a_program_that_is_a_daemon_is_ended_with_its_handle, clear_page),
        cmocka_unit_test_setup(
            a_thousand_leave_no_zombie_and_no_descriptor, clear_page),
    };

    return cmocka_run_group_tests(tests, share_page, NULL);
}
