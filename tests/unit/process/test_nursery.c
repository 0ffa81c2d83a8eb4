/*
 * The process that makes processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "process/nursery.h"

#define SOON (20 * TICK_S)

enum { SLEEP = 100, IGNORE_TERM = 200, GRANDCHILD = 300, COUNT_FILES = 400 };

struct page {
    atomic_int pids[8];
    atomic_int threads;
};

static struct page *page;
static struct nursery *nursery;

static unsigned
count_files(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");

    while (dir != NULL && readdir(dir) != NULL) {
        count += 1;
    }
    if (dir != NULL) (void)closedir(dir);
    return count;
}

static int
live(void *arg, unsigned number)
{
    struct page *p = arg;

    atomic_store(&p->pids[0], getpid());
    if (number == COUNT_FILES) return (int)count_files() - 3;
    if (number == IGNORE_TERM) (void)signal(SIGTERM, SIG_IGN);
    if (number == GRANDCHILD) {
        pid_t pid = fork();

        if (pid != 0) atomic_store(&p->pids[1], pid);
    }
    while (number >= SLEEP) {
        (void)pause();
    }
    return (int)number;
}

static tick_ns
soon(void)
{
    return clock_now() + SOON;
}

static pid_t
spawn_one(unsigned number)
{
    pid_t pid = 0;

    atomic_store(&page->pids[0], 0);
    assert_int_equal(nursery_spawn(nursery, number, soon(), &pid), 0);
    assert_true(pid > 0);
    return pid;
}

static void
expect_exit(pid_t pid, unsigned number, int code)
{
    struct nursery_exit end;

    assert_int_equal(nursery_next_exit(nursery, &end, soon()), 0);
    assert_int_equal(end.pid, pid);
    assert_int_equal(end.number, number);
    assert_int_equal(end.code, code);
}

static pid_t
await(atomic_int *pid)
{
    static const struct timespec a_little = { .tv_nsec = TICK_MS };
    tick_ns until = soon();

    while (atomic_load(pid) == 0 && clock_now() < until) {
        (void)nanosleep(&a_little, NULL);
    }
    assert_true(atomic_load(pid) > 0);
    return atomic_load(pid);
}

/* We are a subreaper, so orphans come to us. */
static bool
ends(pid_t pid)
{
    static const struct timespec a_little = { .tv_nsec = 2 * TICK_MS };
    tick_ns until = soon();

    while (kill(pid, 0) == 0 && clock_now() < until) {
        (void)waitpid(pid, NULL, WNOHANG);
        (void)nanosleep(&a_little, NULL);
    }
    return kill(pid, 0) != 0;
}

/* ---- what it does -------------------------------------------------------- */

static void
it_forks_and_tells_how_each_ended(void **state)
{
    (void)state;
    pid_t one = spawn_one(7);
    expect_exit(one, 7, 7);
    pid_t two = spawn_one(SLEEP);
    assert_int_not_equal(getpgid(two), getpgrp());
    assert_int_equal(getpgid(two), two);
    nursery_kill(nursery, two, SIGTERM);
    expect_exit(two, SLEEP, -SIGTERM);
}

static void
one_order_ends_all_of_them(void **state)
{
    (void)state;
    enum { COUNT = 3 };
    struct nursery_exit end;

    for (unsigned i = 0; i < COUNT; i++)
        (void)spawn_one(SLEEP + i);
    nursery_kill(nursery, 0, SIGKILL);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(nursery_next_exit(nursery, &end, soon()), 0);
        assert_int_equal(end.code, -SIGKILL);
    }
}

static void
its_descriptor_is_readable_when_one_has_ended(void **state)
{
    (void)state;
    struct pollfd fd = { .fd = nursery_fd(nursery), .events = POLLIN };
    struct nursery_exit end;

    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(nursery_next_exit(nursery, &end, 0), STINT_ETIMEOUT);
    pid_t pid = spawn_one(3);
    assert_int_equal(poll(&fd, 1, 20000), 1);
    expect_exit(pid, 3, 3);
    assert_int_equal(poll(&fd, 1, 0), 0);
}

static void
what_it_forks_has_none_of_our_files(void **state)
{
    (void)state;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    pid_t pid = spawn_one(COUNT_FILES);
    expect_exit(pid, COUNT_FILES, 3);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void
a_group_ends_with_its_leader(void **state)
{
    (void)state;
    pid_t pid = spawn_one(GRANDCHILD);
    pid_t grandchild = await(&page->pids[1]);

    nursery_kill(nursery, pid, SIGKILL);
    expect_exit(pid, GRANDCHILD, -SIGKILL);
    assert_true(ends(grandchild));
}

static void
who_has_ended_is_not_signalled(void **state)
{
    (void)state;
    pid_t pid = spawn_one(1);

    expect_exit(pid, 1, 1);
    nursery_kill(nursery, pid, SIGKILL);
    nursery_kill(nursery, getpid(), SIGKILL); /* Nor is who is no child. */
    pid = spawn_one(2);
    expect_exit(pid, 2, 2);
}

static void
many_ends_wait_to_be_told(void **state)
{
    (void)state;
    enum { MANY = 500 };
    unsigned codes = 0;
    struct nursery_exit end;

    for (unsigned i = 0; i < MANY; i++) {
        (void)spawn_one(i % 50);
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(nursery_next_exit(nursery, &end, soon()), 0);
        assert_int_equal(end.code, (int)end.number);
        codes += (unsigned)end.code;
    }
    assert_int_equal(codes, MANY / 50 * (49 * 50 / 2));
}

static void *
spawn_some(void *arg)
{
    for (unsigned i = 0; i < 50; i++) {
        pid_t pid;

        if (nursery_spawn(nursery, i % 10, soon(), &pid) != 0) return NULL;
    }
    return arg;
}

static void
threads_spawn_one_after_the_other(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct nursery_exit end;
    void *told;

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, spawn_some, page), 0);
    }
    for (int i = 0; i < THREADS * 50; i++) {
        assert_int_equal(nursery_next_exit(nursery, &end, soon()), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &told), 0);
        assert_non_null(told);
    }
}

/* ---- deaths -------------------------------------------------------------- */

static void
a_nursery_that_is_killed_takes_all_along_and_is_told(void **state)
{
    (void)state;
    struct nursery_exit end;
    pid_t ignored;
    pid_t pid = spawn_one(IGNORE_TERM);

    assert_int_equal(kill(nursery_pid(nursery), SIGKILL), 0);
    assert_true(ends(pid));
    assert_int_equal(nursery_next_exit(nursery, &end, soon()), STINT_ECLOSED);
    assert_int_equal(
        nursery_spawn(nursery, 1, soon(), &ignored), STINT_ECLOSED);
    nursery_kill(nursery, pid, SIGKILL);
}

static void
a_nursery_that_is_stopped_answers_in_time_or_not(void **state)
{
    (void)state;
    struct nursery_exit end;
    pid_t pid;

    assert_int_equal(kill(nursery_pid(nursery), SIGSTOP), 0);
    assert_int_equal(
        nursery_spawn(nursery, SLEEP, clock_now() + 50 * TICK_MS, &pid),
        STINT_ETIMEOUT);
    assert_int_equal(pid, 0);
    assert_int_equal(kill(nursery_pid(nursery), SIGCONT), 0);
    /* What came too late is killed, and told. */
    pid = spawn_one(4);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(nursery_next_exit(nursery, &end, soon()), 0);
        if (end.number == SLEEP) {
            assert_int_equal(end.code, -SIGKILL);
        } else {
            assert_int_equal(end.pid, pid);
        }
    }
}

static void
closing_ends_all(void **state)
{
    (void)state;
    pid_t one = spawn_one(SLEEP), two = spawn_one(IGNORE_TERM);
    pid_t keeper = nursery_pid(nursery);

    nursery_close(nursery);
    nursery = NULL;
    assert_int_equal(kill(keeper, 0), -1);
    assert_int_equal(kill(one, 0), -1);
    assert_int_equal(kill(two, 0), -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    nursery_close(NULL);
}

/* A parent with two of them, killed; and a copy of it holds what it held. */
static _Noreturn void
be_a_parent(void)
{
    const struct nursery_options options = {
        .run = live, .arg = page, .grace = 100 * TICK_MS
    };
    pid_t pid;

    if (nursery_open(&options, &nursery) != 0) _exit(1);
    atomic_store(&page->pids[3], nursery_pid(nursery));
    if (nursery_spawn(nursery, GRANDCHILD, soon(), &pid) != 0) _exit(2);
    (void)await(&page->pids[1]);
    atomic_store(&page->pids[4], pid);
    if (nursery_spawn(nursery, IGNORE_TERM, soon(), &pid) != 0) _exit(3);
    pid_t copy = fork();
    if (copy == 0) {
        for (;;)
            (void)pause();
    }
    atomic_store(&page->pids[6], copy);
    atomic_store(&page->pids[5], pid);
    for (;;)
        (void)pause();
}

static void
a_parent_that_is_killed_takes_all_along(void **state)
{
    (void)state;
    pid_t parent = fork();

    if (parent == 0) be_a_parent();
    pid_t last = await(&page->pids[5]);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_true(ends(last));
    assert_true(ends(atomic_load(&page->pids[4])));
    assert_true(ends(atomic_load(&page->pids[1]))); /* The grandchild. */
    assert_true(ends(atomic_load(&page->pids[3]))); /* The nursery. */
    assert_int_equal(kill(atomic_load(&page->pids[6]), SIGKILL), 0);
    assert_true(ends(atomic_load(&page->pids[6])));
}

/* ---- around each --------------------------------------------------------- */

static int
open_one(void **state)
{
    const struct nursery_options options = {
        .run = live, .arg = page, .grace = 100 * TICK_MS
    };

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        atomic_store(&page->pids[i], 0);
    }
    return nursery_open(&options, &nursery);
}

static int
close_it(void **state)
{
    (void)state;
    nursery_close(nursery);
    nursery = NULL;
    return 0;
}

static int
share_page(void **state)
{
    (void)state;
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return -1;
    return prctl(PR_SET_CHILD_SUBREAPER, 1L);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            it_forks_and_tells_how_each_ended, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            one_order_ends_all_of_them, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            its_descriptor_is_readable_when_one_has_ended, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            what_it_forks_has_none_of_our_files, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            a_group_ends_with_its_leader, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            who_has_ended_is_not_signalled, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            many_ends_wait_to_be_told, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            threads_spawn_one_after_the_other, open_one, close_it),
        cmocka_unit_test_setup_teardown(
            a_nursery_that_is_killed_takes_all_along_and_is_told, open_one,
            close_it),
        cmocka_unit_test_setup_teardown(
            a_nursery_that_is_stopped_answers_in_time_or_not, open_one,
            close_it),
        cmocka_unit_test_setup_teardown(closing_ends_all, open_one, close_it),
        cmocka_unit_test(a_parent_that_is_killed_takes_all_along),
    };

    return cmocka_run_group_tests(tests, share_page, NULL);
}
