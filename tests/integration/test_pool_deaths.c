/* Deaths in pools: of a worker at every point, of all of them, of those who
 * start them, of the program that has the pool; and functions that take too
 * long. */
#include "tests/integration/frozen.h"
#include "tests/integration/with_pool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- functions ----------------------------------------------------------- */

static void *
kill_soon(void *arg)
{
    const struct timespec t = { .tv_nsec = (long)(intptr_t)arg * 1000 };

    (void)nanosleep(&t, NULL);
    (void)kill(getpid(), SIGKILL);
    return NULL;
}

/* Returns at once, and its process is killed so many microseconds later: before
 * its result has left, while it is on its way, or after it was acknowledged. */
static int
die_later(struct stint_call *call)
{
    pthread_t thread;
    int64_t us;

    if (stint_call_int(call, &us) != 0) return -1;
    if (stint_call_attempt(call) == 1
        && pthread_create(&thread, NULL, kill_soon, (void *)(intptr_t)us)
               == 0) {
        (void)pthread_detach(thread);
    }
    return stint_call_return_int(call, us);
}

/* In what is in none of Python's tables, exit() is what ends a process, too. */
static int
leave(struct stint_call *call)
{
    if (stint_call_attempt(call) == 1) _exit(3);
    return stint_call_return_int(call, 1);
}

/* In as many attempts as it is told; not even a signal ends it then. */
static int
stop(struct stint_call *call)
{
    int64_t attempts;
    sigset_t all;

    if (stint_call_int(call, &attempts) != 0) return -1;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, NULL);
    if (stint_call_attempt(call) <= (uint64_t)attempts)
        (void)raise(SIGSTOP); /* Of this thread: it does not return first. */
    return stint_call_return_int(call, stint_call_attempt(call));
}

static int
become(struct stint_call *call)
{
    if (stint_call_attempt(call) == 1)
        (void)execlp("sleep", "sleep", "1000", (char *)NULL);
    return stint_call_return_int(call, stint_call_attempt(call));
}

static const struct stint_handler deadly[] = {
    { "die", die },
    { "stop", stop },
    { "become", become },
    { "die later", die_later },
    { "leave", leave },
    { "pid", pid_of },
    { "nap", nap },
    { "square", square },
    { 0 },
};

static struct stint_pool *
deadly_pool(unsigned processes, unsigned tries)
{
    return open_pool((struct stint_pool_options){
        .processes = processes, .tries = tries, .functions = deadly });
}

/* ---- a worker ------------------------------------------------------------ */

/* Python loses the task, and get() hangs. */
static void
a_task_whose_worker_dies_is_tried_again(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(2, 0);

    assert_int_equal(call_int(p, "die", 1), 2);
    assert_int_equal(call_int(p, "die", 2), 3);
    assert_int_equal(call_int(p, "leave", 0), 1);
    finish(p);
}

static void
a_task_that_kills_each_of_its_workers_is_worker_lost(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(2, 2);
    struct stint_failure failure;
    struct stint_async *a;
    int64_t n;

    OK(stint_pool_apply_async_int(p, "die", 100, NULL, &a));
    assert_int_equal(
        stint_async_get_int(a, &n, PATIENCE_MS), STINT_EWORKERLOST);
    OK(stint_async_failure(a, &failure));
    assert_int_equal(failure.code, STINT_EWORKERLOST);
    assert_int_equal(failure.attempt, 2);
    stint_async_free(a);
    assert_int_equal(call_int(p, "square", 3), 9);
    finish(p);
}

static void
one_try_means_one(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(1, 1);
    int64_t n;

    assert_int_equal(stint_pool_apply_int(p, "die", 1, &n), STINT_EWORKERLOST);
    assert_int_equal(call_int(p, "square", 3), 9);
    finish(p);
}

/* Marks each of its runs in a file, and dies as the first thing it does; or of
 * its own thread, when it has returned. */
static char marks[32];

static int
mark_run(void)
{
    int fd = open(marks, O_WRONLY | O_APPEND | O_CLOEXEC);
    ssize_t n = fd >= 0 ? write(fd, "x", 1) : -1;

    if (fd >= 0) (void)close(fd);
    return n == 1 ? 0 : -1;
}

static int
mark_and_die(struct stint_call *call)
{
    (void)call;
    if (mark_run() != 0) return -1;
    (void)raise(SIGKILL);
    return 0;
}

static int
mark_and_die_later(struct stint_call *call)
{
    pthread_t thread;
    int64_t us;

    if (mark_run() != 0 || stint_call_int(call, &us) != 0) return -1;
    if (pthread_create(&thread, NULL, kill_soon, (void *)(intptr_t)us) == 0)
        (void)pthread_detach(thread);
    return stint_call_return_int(call, us);
}

static const struct stint_handler marking[] = {
    { "die", mark_and_die },
    { "die later", mark_and_die_later },
    { 0 },
};

static void
open_marks(void)
{
    (void)snprintf(marks, sizeof marks, "/tmp/pool-runs-XXXXXX");
    int fd = mkstemp(marks);
    assert_true(fd >= 0);
    (void)close(fd);
}

static int64_t
close_marks(void)
{
    struct stat st;

    assert_int_equal(stat(marks, &st), 0);
    (void)unlink(marks);
    return st.st_size;
}

static void
with_one_try_nothing_runs_twice_however_soon_it_dies(void **state)
{
    (void)state;
    enum { N = 40 };
    struct stint_async *a[N];
    int64_t n;

    open_marks();
    struct stint_pool *p = open_pool((struct stint_pool_options){
        .processes = 3, .tries = 1, .functions = marking });
    for (int i = 0; i < N; i++)
        OK(stint_pool_apply_async_int(p, "die", 0, NULL, &a[i]));
    for (int i = 0; i < N; i++) {
        assert_int_equal(
            stint_async_get_int(a[i], &n, PATIENCE_MS), STINT_EWORKERLOST);
        stint_async_free(a[i]);
    }
    finish(p);
    assert_in_range(close_marks(), 1, N);
}

/* Whose result had no time to leave has run all the same. */
static void
with_one_try_nothing_runs_twice_whose_result_was_lost(void **state)
{
    (void)state;
    enum { N = 60 };
    struct stint_async *a[N];

    open_marks();
    struct stint_pool *p = open_pool((struct stint_pool_options){
        .processes = 3, .tries = 1, .functions = marking });
    for (int i = 0; i < N; i++) {
        OK(stint_pool_apply_async_int(
            p, "die later", (i % 20) * 50, NULL, &a[i]));
    }
    for (int i = 0; i < N; i++) {
        OK(stint_async_wait(a[i], PATIENCE_MS));
        stint_async_free(a[i]);
    }
    finish(p);
    assert_in_range(close_marks(), 1, N);
}

static void
with_three_tries_what_dies_at_once_runs_three_times(void **state)
{
    (void)state;
    enum { N = 10, TRIES = 3 };
    int64_t n;

    open_marks();
    struct stint_pool *p = open_pool((struct stint_pool_options){
        .processes = 2, .tries = TRIES, .functions = marking });
    for (int i = 0; i < N; i++) {
        assert_int_equal(
            stint_pool_apply_int(p, "die", 0, &n), STINT_EWORKERLOST);
    }
    finish(p);
    assert_in_range(close_marks(), 1, N * TRIES);
}

/* Those that the same worker had taken ahead, or had just done without having
 * said so, are nobody's fault. */
static void
only_the_task_that_its_worker_died_of_has_had_an_attempt(void **state)
{
    (void)state;
    enum { N = 400, EACH = 50 };
    struct stint_pool *p = deadly_pool(2, 1);
    struct stint_failure failure;
    struct stint_async *a[N];
    int64_t n;

    for (int i = 0; i < N; i++)
        OK(stint_pool_apply_async_int(p, "die", i % EACH == 0, NULL, &a[i]));
    for (int i = 0; i < N; i++) {
        bool deadly_one = i % EACH == 0;
        int rc = stint_async_get_int(a[i], &n, PATIENCE_MS);
        assert_int_equal(rc, deadly_one ? STINT_EWORKERLOST : 0);
        if (deadly_one) {
            OK(stint_async_failure(a[i], &failure));
            assert_int_equal(failure.attempt, 1);
        }
        stint_async_free(a[i]);
    }
    finish(p);
}

/* Its silence alone would tell after a second each time. */
static void
a_death_is_known_long_before_it_is_silence(void **state)
{
    (void)state;
    enum { DEATHS = 10 };
    struct stint_pool *p = deadly_pool(1, 2 * DEATHS);
    int64_t began = now_ms();

    assert_int_equal(call_int(p, "die", DEATHS), DEATHS + 1);
    assert_true(now_ms() - began < DEATHS * 1000 / 2);
    finish(p);
}

static void
a_worker_that_dies_around_its_result_loses_none(void **state)
{
    (void)state;
    enum { N = 60 };
    struct stint_pool *p = deadly_pool(6, 20);
    struct stint_async *a[N];
    int64_t n;

    for (int i = 0; i < N; i++) {
        OK(stint_pool_apply_async_int(
            p, "die later", (i % 20) * 150, NULL, &a[i]));
    }
    for (int i = 0; i < N; i++) {
        OK(stint_async_get_int(a[i], &n, 3 * PATIENCE_MS));
        assert_int_equal(n, (i % 20) * 150);
        stint_async_free(a[i]);
    }
    finish(p);
}

/* Chunks that the same worker had taken ahead may be tried again, too. */
static void
a_death_in_a_map_costs_no_item(void **state)
{
    (void)state;
    enum { N = 100, TRIES = 20 };
    struct stint_pool *p = deadly_pool(3, TRIES);
    struct stint_map_options options = { .chunk = 4 };
    int64_t items[N], results[N];

    for (int i = 0; i < N; i++)
        items[i] = i == 50 ? 1 : 0;
    OK(stint_pool_map_ints(p, "die", items, N, &options, results));
    for (int i = 0; i < N; i++)
        assert_in_range(results[i], i == 50 ? 2 : 1, TRIES);
    finish(p);
}

/* ---- many of them -------------------------------------------------------- */

static void
all_workers_killed_are_replaced(void **state)
{
    (void)state;
    enum { N = 40 };
    struct stint_pool *p = deadly_pool(3, 10);
    struct stint_async *a[N];
    int64_t pids[60] = { 0 };
    struct stint_map_options one = { .chunk = 1 };

    OK(stint_pool_map_ints(p, "pid", pids, 60, &one, pids));
    for (int i = 0; i < N; i++)
        OK(stint_pool_apply_async_int(p, "nap", 20, NULL, &a[i]));
    for (int i = 0; i < 60; i++)
        (void)kill((pid_t)pids[i], SIGKILL);
    for (int i = 0; i < N; i++) {
        OK(stint_async_wait(a[i], PATIENCE_MS));
        assert_int_equal(stint_async_successful(a[i]), 1);
        stint_async_free(a[i]);
    }
    int64_t pid = call_int(p, "pid", 0);
    for (int i = 0; i < 60; i++)
        assert_int_not_equal(pid, pids[i]);
    finish(p);
}

static void
a_frozen_worker_is_no_more_than_one_that_died(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(2, 0);
    pid_t pid = (pid_t)call_int(p, "pid", 0);
    int64_t results[40], items[40] = { 0 };

    freeze(pid);
    OK(stint_pool_map_ints(p, "square", items, 40, NULL, results));
    (void)kill(pid, SIGCONT);
    finish(p);
}

static void
the_only_worker_frozen_is_replaced(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(1, 0);
    pid_t pid = (pid_t)call_int(p, "pid", 0);

    freeze(pid);
    assert_int_equal(call_int(p, "square", 3), 9);
    assert_int_not_equal(call_int(p, "pid", 0), pid);
    finish(p);
}

static void
a_task_that_freezes_its_worker_is_tried_again(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(1, 0);

    assert_int_equal(call_int(p, "stop", 1), 2);
    assert_int_equal(call_int(p, "become", 0), 2);
    finish(p);
}

static void
with_one_try_what_freezes_its_worker_is_lost(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(1, 1);
    int64_t n;

    assert_int_equal(stint_pool_apply_int(p, "stop", 9, &n), STINT_EWORKERLOST);
    assert_non_null(strstr(stint_error_message(), "no sign of life"));
    assert_int_equal(call_int(p, "square", 3), 9);
    finish(p);
}

/* Nobody is frozen who is only busy. */
static void
a_worker_that_runs_long_is_left_alone(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(1, 1);
    int64_t pid = call_int(p, "pid", 0);

    assert_int_equal(call_int(p, "nap", 8000), 8000);
    assert_int_equal(call_int(p, "pid", 0), pid);
    finish(p);
}

static bool
is_gone(pid_t pid)
{
    char path[64], state = 'Z';

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (f == NULL) return true;
    bool told = fscanf(f, "%*d (%*[^)]) %c", &state) == 1;
    (void)fclose(f);
    return !told || state == 'Z' || state == 'X';
}

/* Of this process. */
static pid_t
parent_of(pid_t pid)
{
    char path[64];
    int parent = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*d (%*[^)]) %*c %d", &parent), 1);
    (void)fclose(f);
    return parent;
}

static void
the_nursery_killed_fails_the_pool_and_nothing_hangs(void **state)
{
    (void)state;
    struct stint_pool *p = deadly_pool(2, 0);
    pid_t worker = (pid_t)call_int(p, "pid", 0);
    pid_t nursery = parent_of(worker);
    struct stint_async *a;
    int64_t n;

    assert_int_not_equal(nursery, getpid());
    OK(stint_pool_apply_async_int(p, "nap", 60000, NULL, &a));
    assert_int_equal(kill(nursery, SIGKILL), 0);
    assert_int_equal(
        stint_async_get_int(a, &n, PATIENCE_MS), STINT_EWORKERLOST);
    stint_async_free(a);
    assert_int_equal(
        stint_pool_apply_int(p, "square", 1, &n), STINT_EWORKERLOST);
    stint_pool_close(p);
    OK(stint_pool_join(p, PATIENCE_MS));
    stint_pool_free(p);
    int64_t until = now_ms() + PATIENCE_MS;
    while (!is_gone(worker) && now_ms() < until)
        (void)usleep(2000);
    assert_true(is_gone(worker));
}

/* ---- the program --------------------------------------------------------- */

_Noreturn static void
have_a_pool(int to)
{
    const struct stint_pool_options options = { .processes = 2,
        .functions = deadly };
    struct stint_pool *p;
    int64_t pid = 0;

    if (stint_pool_open(&options, &p) != 0) _exit(1);
    for (int i = 0; i < 2; i++) {
        if (stint_pool_apply_async_int(p, "nap", 60000, NULL, NULL) != 0
            && i == 0) {
            _exit(2);
        }
        if (i == 0 && stint_pool_apply_int(p, "pid", 0, &pid) != 0) _exit(3);
    }
    if (write(to, &pid, sizeof pid) != sizeof pid) _exit(4);
    for (;;)
        (void)pause();
}

static void
the_workers_of_a_program_that_is_killed_are_gone_within_3_s(void **state)
{
    (void)state;
    int line[2], status;
    int64_t pid = 0;

    assert_int_equal(pipe(line), 0);
    pid_t program = fork();
    assert_true(program >= 0);
    if (program == 0) have_a_pool(line[1]);
    assert_int_equal(read(line[0], &pid, sizeof pid), sizeof pid);
    pid_t nursery = parent_of((pid_t)pid);
    assert_false(is_gone((pid_t)pid));
    assert_int_equal(kill(program, SIGKILL), 0);
    assert_int_equal(waitpid(program, &status, 0), program);
    int64_t until = now_ms() + PATIENCE_MS;
    while ((!is_gone((pid_t)pid) || !is_gone(nursery)) && now_ms() < until)
        (void)usleep(2000);
    assert_true(is_gone((pid_t)pid));
    assert_true(is_gone(nursery));
    (void)close(line[0]);
    (void)close(line[1]);
}

/* ---- functions that take too long ---------------------------------------- */

static void
a_task_that_takes_too_long_fails_and_its_worker_is_replaced(void **state)
{
    (void)state;
    struct stint_pool *p = open_pool((struct stint_pool_options){
        .processes = 1, .functions = deadly, .task_timeout_ms = 300 });
    int64_t before = call_int(p, "pid", 0), n;

    assert_int_equal(stint_pool_apply_int(p, "nap", 60000, &n), STINT_EDEAD);
    assert_non_null(strstr(stint_error_message(), "timed out"));
    assert_int_not_equal(call_int(p, "pid", 0), before);
    finish(p);
}

static void
a_task_that_stops_its_process_beyond_its_limit_fails_for_good(void **state)
{
    (void)state;
    struct stint_pool *p = open_pool((struct stint_pool_options){
        .processes = 1, .functions = deadly, .task_timeout_ms = 1000 });
    struct stint_failure failure;
    struct stint_async *a;
    int64_t n;

    OK(stint_pool_apply_async_int(p, "stop", 9, NULL, &a));
    assert_int_equal(stint_async_get_int(a, &n, PATIENCE_MS), STINT_EDEAD);
    OK(stint_async_failure(a, &failure));
    assert_int_equal(failure.attempt, 1);
    assert_non_null(strstr(failure.text, "timed out after 1 s"));
    stint_async_free(a);
    assert_int_equal(call_int(p, "square", 3), 9);
    finish(p);
}

static int
only_in_the_first(void *arg)
{
    const char *mark = arg;

    /* The file is made by the first, and from then on it fails. */
    return access(mark, F_OK) == 0 ? 1 : 0;
}

static void
an_initializer_that_fails_later_fails_the_pool_and_nothing_hangs(void **state)
{
    (void)state;
    char mark[] = "/tmp/pool-mark-XXXXXX";
    int fd = mkstemp(mark);
    int64_t n;

    assert_true(fd >= 0);
    (void)close(fd);
    (void)unlink(mark);
    struct stint_pool *p =
        open_pool((struct stint_pool_options){ .processes = 1,
            .functions = deadly,
            .initializer = only_in_the_first,
            .initializer_arg = mark });
    assert_int_equal(call_int(p, "square", 2), 4);
    FILE *f = fopen(mark, "w");
    assert_non_null(f);
    (void)fclose(f);
    assert_int_equal(stint_pool_apply_int(p, "die", 9, &n), STINT_EDEAD);
    assert_non_null(strstr(stint_error_message(), "initializer failed"));
    assert_int_equal(stint_pool_apply_int(p, "square", 1, &n), STINT_EDEAD);
    (void)unlink(mark);
    stint_pool_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_workers_of_a_program_that_is_killed_are_gone_within_3_s),
        cmocka_unit_test(a_task_whose_worker_dies_is_tried_again),
        cmocka_unit_test(a_task_that_kills_each_of_its_workers_is_worker_lost),
        cmocka_unit_test(one_try_means_one),
        cmocka_unit_test(with_one_try_nothing_runs_twice_however_soon_it_dies),
        cmocka_unit_test(with_one_try_nothing_runs_twice_whose_result_was_lost),
        cmocka_unit_test(with_three_tries_what_dies_at_once_runs_three_times),
        cmocka_unit_test(
            only_the_task_that_its_worker_died_of_has_had_an_attempt),
        cmocka_unit_test(a_death_is_known_long_before_it_is_silence),
        cmocka_unit_test(a_worker_that_dies_around_its_result_loses_none),
        cmocka_unit_test(a_death_in_a_map_costs_no_item),
        cmocka_unit_test(all_workers_killed_are_replaced),
        cmocka_unit_test(a_frozen_worker_is_no_more_than_one_that_died),
        cmocka_unit_test(the_only_worker_frozen_is_replaced),
        cmocka_unit_test(a_task_that_freezes_its_worker_is_tried_again),
        cmocka_unit_test(with_one_try_what_freezes_its_worker_is_lost),
        cmocka_unit_test(a_worker_that_runs_long_is_left_alone),
        cmocka_unit_test(the_nursery_killed_fails_the_pool_and_nothing_hangs),
        cmocka_unit_test(
            a_task_that_takes_too_long_fails_and_its_worker_is_replaced),
        cmocka_unit_test(
            a_task_that_stops_its_process_beyond_its_limit_fails_for_good),
        cmocka_unit_test(
            an_initializer_that_fails_later_fails_the_pool_and_nothing_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
