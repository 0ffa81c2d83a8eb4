/*
 * Parents of processes that are killed, at each point, and copies of a parent
 * that is connected to a master.
 */
#include "tests/integration/processes.h"

#include <sys/prctl.h>

/* ---- a parent ------------------------------------------------------------ */

/* Orphans come to us, as to a subreaper.  It is killed with us, should a test
 * fail. */
static pid_t
fork_parent(int (*what)(void))
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid != 0) return pid;
    (void)prctl(PR_SET_PDEATHSIG, (long)SIGKILL);
    int code = what();
    if (code != 0) _exit(code);
    atomic_store(&page->numbers[0], 1);
    while (atomic_load(&page->numbers[0]) != 0) {
        (void)pause();
    }
    _exit(0);
}

static void
kill_parent(pid_t parent)
{
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void
reap_all(void)
{
    int64_t until = now_ms() + LONG_MS;

    while (!has_no_children() && now_ms() < until) {
        (void)waitpid(-1, NULL, WNOHANG);
        nap_ms(2);
    }
    assert_true(has_no_children());
}

/* ---- daemons ------------------------------------------------------------- */

static int
have_grandchildren(void *arg)
{
    (void)arg;
    (void)signal(SIGTERM, SIG_IGN);
    pid_t pid = fork();
    if (pid != 0) atomic_store(&page->pids[1], pid);
    return sleep_long(NULL);
}

static int
start_three(void)
{
    static const char *const argv[] = { "sleep", "1000", NULL };
    struct stint_process_options options = {
        .target = have_grandchildren, .daemon = true, .grace_ms = 100
    };
    static struct stint_process *p[3]; /* So none is a leak at exit(). */

    if (stint_process_start(&options, &p[0]) != 0) return 1;
    options.target = NULL;
    options.argv = argv;
    if (stint_process_start(&options, &p[1]) != 0) return 2;
    atomic_store(&page->pids[2], stint_process_pid(p[1]));
    options.daemon = false;
    if (stint_process_start(&options, &p[2]) != 0) return 3;
    atomic_store(&page->pids[3], stint_process_pid(p[2]));
    return 0;
}

static void
daemons_end_with_a_parent_that_is_killed_and_others_go_on(void **state)
{
    (void)state;
    pid_t parent = fork_parent(start_three);

    await(&page->numbers[0]);
    pid_t function = await(&page->pids[0]);
    pid_t grandchild = await(&page->pids[1]);
    kill_parent(parent);
    assert_true(ends(function));
    assert_true(ends(grandchild));
    assert_true(ends(atomic_load(&page->pids[2])));
    assert_true(is_running(atomic_load(&page->pids[3])));
    assert_int_equal(kill(atomic_load(&page->pids[3]), SIGKILL), 0);
    reap_all();
}

static int
start_and_exit(void)
{
    int code = start_three();

    (void)await(&page->pids[1]);
    exit(code);
}

static void
daemons_end_with_a_parent_that_exits(void **state)
{
    (void)state;
    int status;
    pid_t parent = fork_parent(start_and_exit);

    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(status, 0);
    assert_true(ends(atomic_load(&page->pids[0])));
    assert_true(ends(atomic_load(&page->pids[1])));
    assert_true(ends(atomic_load(&page->pids[2])));
    assert_int_equal(kill(atomic_load(&page->pids[3]), SIGKILL), 0);
    reap_all();
}

static void *
start_in_thread(void *arg)
{
    const struct stint_process_options options = { .target = sleep_long,
        .daemon = true };
    struct stint_process *p;

    return stint_process_start(&options, &p) == 0 ? p : arg;
}

static int
start_in_a_thread_that_ends(void)
{
    pthread_t thread;
    void *p = NULL;

    if (pthread_create(&thread, NULL, start_in_thread, NULL) != 0) return 1;
    if (pthread_join(thread, &p) != 0 || p == NULL) return 2;
    (void)await(&page->pids[0]);
    nap_ms(100);
    return stint_process_is_alive(p) ? 0 : 3;
}

static void
a_daemon_outlives_the_thread_that_started_it_but_not_the_process(void **state)
{
    (void)state;
    pid_t parent = fork_parent(start_in_a_thread_that_ends);

    await(&page->numbers[0]);
    assert_true(is_running(atomic_load(&page->pids[0])));
    kill_parent(parent);
    assert_true(ends(atomic_load(&page->pids[0])));
    reap_all();
}

static int
start_again_and_again(void)
{
    const struct stint_process_options options = {
        .target = sleep_long, .daemon = true, .grace_ms = 10
    };
    struct stint_process *p;

    atomic_store(&page->numbers[1], 1);
    for (;;) {
        if (stint_process_start(&options, &p) != 0) return 1;
        stint_process_free(p);
        if (stint_process_start(&options, &p) != 0) return 2;
        if (stint_process_kill(p) != 0) return 3;
        stint_process_free(p);
    }
}

/* Whatever it is about: before the fork, in the copy's first moments, while it
 * waits for the end. */
static void
a_parent_that_is_killed_at_any_moment_leaves_no_daemon(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        atomic_store(&page->numbers[1], 0);
        pid_t parent = fork_parent(start_again_and_again);
        const struct timespec moment = { .tv_nsec = (long)(i * 173) * 1000 };

        await(&page->numbers[1]);
        (void)nanosleep(&moment, NULL);
        kill_parent(parent);
        reap_all(); /* A daemon that is left would never end. */
    }
}

static void
what_a_guardian_guards_outlives_the_guardian(void **state)
{
    (void)state;
    const struct stint_process_options options = { .target = sleep_long,
        .daemon = true };
    struct stint_process *p;
    pid_t guardian = 0, pid = 0;
    char path[64];

    OK(stint_process_start(&options, &p));
    (void)snprintf(
        path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    assert_non_null(children);
    while (guardian == 0 && fscanf(children, "%d", &pid) == 1) {
        if (pid != stint_process_pid(p)) guardian = pid;
    }
    (void)fclose(children);
    assert_true(guardian > 0);
    assert_int_equal(kill(guardian, SIGKILL), 0);
    assert_true(ends(guardian));
    assert_true(stint_process_is_alive(p));
    stint_process_free(p);
    reap_all();
}

/* ---- programs ------------------------------------------------------------ */

static int
talk_to_a_program(void)
{
    const struct stint_run_options options = { .shell = "cat; sleep 0.1" };
    struct stint_popen *p;

    return stint_popen(&options, &p) == 0 ? 0 : 1;
}

static void
a_program_sees_the_end_of_its_input_when_its_parent_is_killed(void **state)
{
    (void)state;
    pid_t parent = fork_parent(talk_to_a_program);

    await(&page->numbers[0]);
    kill_parent(parent);
    reap_all(); /* Each cat has ended. */
}

/* ---- a parent with connections ------------------------------------------- */

static struct stint_master *master;
static struct stint *connection;

static struct stint_options
address(void)
{
    return (struct stint_options){ .master = stint_master_address(master),
        .authkey = "a key of more than sixteen bytes" };
}

static int
put(struct stint *s, const char *text)
{
    struct stint_queue *q;
    int rc = stint_queue_open(s, "children", NULL, &q);

    if (rc == 0) rc = stint_queue_put(q, text, strlen(text), LONG_MS);
    return rc;
}

static int
connect_and_put(void *arg)
{
    const struct stint_options *to = arg;
    struct stint *own;
    int rc = stint_connect(to, &own);

    if (rc != 0) {
        (void)fprintf(stderr, "%s\n", stint_error_message());
        return 1;
    }
    rc = put(own, "from the child");
    return stint_close(own) == 0 && rc == 0 ? 0 : 2;
}

static void
a_copy_of_who_is_connected_connects_on_its_own_and_both_work(void **state)
{
    (void)state;
    struct stint_options to = address();
    struct stint_queue *q;
    struct stint_bytes item;

    OK(stint_connect(&to, &connection));
    OK(put(connection, "before"));
    struct stint_process *p = start_function(connect_and_put, &to);
    OK(put(connection, "meanwhile"));
    assert_int_equal(exitcode_of(p), 0);
    stint_process_free(p);
    OK(put(connection, "after"));
    OK(stint_queue_open(connection, "children", NULL, &q));
    for (int i = 0; i < 4; i++) {
        OK(stint_queue_get(q, &item, LONG_MS));
    }
    OK(stint_queue_task_done(q));
    OK(stint_close(connection));
}

static int
count_files_and_stay(void *arg)
{
    atomic_store(&page->numbers[2], (int)count_descriptors() - 3);
    return sleep_long(arg);
}

static unsigned
count_sockets_of(pid_t pid)
{
    char path[512], target[128];
    unsigned sockets = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        (void)snprintf(
            path, sizeof path, "/proc/%d/fd/%s", (int)pid, e->d_name);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n > 0 && strncmp(target, "socket:", 7) == 0) sockets += 1;
    }
    (void)closedir(dir);
    return sockets;
}

/* Its port could not be used again, and peers would not hear of its end. */
static void
a_copy_holds_no_socket_of_the_master_or_of_connections(void **state)
{
    (void)state;
    struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true };
    struct stint_options to = address();
    struct stint_master *second;
    char listen[128];

    OK(stint_connect(&to, &connection));
    OK(stint_master_start(&options, &second));
    (void)snprintf(listen, sizeof listen, "%s", stint_master_address(second));
    char *key = strchr(listen, '#');
    if (key != NULL) *key = '\0';
    struct stint_process *p = start_function(count_files_and_stay, NULL);
    pid_t pid = await(&page->pids[0]);
    assert_int_equal(atomic_load(&page->numbers[2]), 3);
    assert_true(count_sockets_of(getpid()) > 0);
    assert_int_equal(count_sockets_of(pid), 0);
    stint_master_stop(second);

    options.listen = listen; /* While the copy lives. */
    OK(stint_master_start(&options, &second));
    stint_master_stop(second);
    OK(stint_close(connection));
    OK(stint_process_kill(p));
    assert_int_equal(exitcode_of(p), -SIGKILL);
    stint_process_free(p);
}

static int
start_master(void **state)
{
    const struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .authkey = "a key of more than sixteen bytes",
        .memory = true };

    (void)state;
    OK(stint_master_start(&options, &master));
    return clear_page(state);
}

static int
stop_master(void **state)
{
    (void)state;
    stint_master_stop(master);
    return 0;
}

static int
become_subreaper(void **state)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1L) != 0) return -1;
    return share_page(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            daemons_end_with_a_parent_that_is_killed_and_others_go_on,
            clear_page),
        cmocka_unit_test_setup(
            daemons_end_with_a_parent_that_exits, clear_page),
        cmocka_unit_test_setup(
            a_daemon_outlives_the_thread_that_started_it_but_not_the_process,
            clear_page),
        cmocka_unit_test_setup(
            a_parent_that_is_killed_at_any_moment_leaves_no_daemon, clear_page),
        cmocka_unit_test_setup(
            what_a_guardian_guards_outlives_the_guardian, clear_page),
        cmocka_unit_test_setup(
            a_program_sees_the_end_of_its_input_when_its_parent_is_killed,
            clear_page),
        cmocka_unit_test_setup_teardown(
            a_copy_of_who_is_connected_connects_on_its_own_and_both_work,
            start_master, stop_master),
        cmocka_unit_test_setup_teardown(
            a_copy_holds_no_socket_of_the_master_or_of_connections,
            start_master, stop_master),
    };

    return cmocka_run_group_tests(tests, become_subreaper, NULL);
}
