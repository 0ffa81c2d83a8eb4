#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "process/guard.h"
#include "process/spawn.h"

#define SOON (20 * TICK_S)
#define GRACE (300 * TICK_MS)

static char line[GUARD_LINE];
static const struct timespec pause_a_little = { .tv_nsec = 5 * TICK_MS };

/* ---- a process that dies as a worker does -------------------------------- */

/* What it tells us before it waits for its death. */
struct word {
    pid_t leader, guardian;
};

static pid_t
find_guardian(void)
{
    pid_t found = 0;

    for (pid_t pid = getpid(); pid < getpid() + 1000 && found == 0; pid++) {
        if (guard_is(pid)) found = pid;
    }
    return found;
}

static _Noreturn void
be_a_worker(const char *script, int tell)
{
    char *const argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
        (char *)(uintptr_t)script, NULL };
    const struct spawn_config config = { .argv = argv,
        .envp = environ,
        .folder = -1,
        .guarded = true,
        .grace = GRACE };
    struct spawned p;
    char ready;

    if (guard_begin(clock_now(), line)) _exit(1);
    if (spawn(&p, &config) != 0) _exit(2);
    (void)fcntl(p.out, F_SETFL, 0);
    if (read(p.out, &ready, 1) != 1) _exit(3);
    const struct word word = { p.member.pid, find_guardian() };
    if (write(tell, &word, sizeof word) != sizeof word) _exit(4);
    for (;;)
        (void)pause();
}

/* It does not outlive a test that fails. */
static pid_t
fork_mortal(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) (void)prctl(PR_SET_PDEATHSIG, (long)SIGKILL);
    return pid;
}

static pid_t
start_worker(const char *script, struct word *word)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t worker = fork_mortal();
    if (worker == 0) be_a_worker(script, ends[1]);
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], word, sizeof *word), sizeof *word);
    (void)close(ends[0]);
    return worker;
}

static void
kill_worker(pid_t worker)
{
    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
}

/* Orphans come to us (the test is a subreaper).  False: it is still there. */
static bool
ends(pid_t pid, tick_ns within)
{
    tick_ns until = clock_now() + within;

    while (clock_now() < until) {
        if (waitpid(pid, NULL, WNOHANG) == pid) return true;
        (void)nanosleep(&pause_a_little, NULL);
    }
    return false;
}

static bool
has_left(pid_t pid, pid_t session)
{
    tick_ns until = clock_now() + SOON;

    while (getsid(pid) == session && clock_now() < until) {
        (void)nanosleep(&pause_a_little, NULL);
    }
    return getsid(pid) != session;
}

/* All of a group, and that there were so many. */
static void
assert_group_ends(pid_t group, int count)
{
    while (count-- > 0) {
        pid_t pid = waitpid(-group, NULL, 0);
        assert_true(pid > 0);
    }
    assert_int_equal(waitpid(-group, NULL, 0), -1);
    assert_int_equal(kill(-group, 0), -1);
}

/* ---- the tests ----------------------------------------------------------- */

static void
what_runs_ends_with_a_worker_that_is_killed(void **state)
{
    struct word word;
    (void)state;

    pid_t worker = start_worker("sleep 1000 & sleep 1000 & echo; wait", &word);
    kill_worker(worker);
    assert_group_ends(word.leader, 3);
    assert_true(ends(word.guardian, SOON));
}

static void
who_ignores_term_is_killed_after_the_grace(void **state)
{
    struct word word;
    (void)state;

    pid_t worker =
        start_worker("trap '' TERM; echo; while :; do sleep 1000; done", &word);
    tick_ns began = clock_now();
    kill_worker(worker);
    assert_false(ends(word.leader, GRACE / 2));
    assert_true(ends(word.leader, SOON));
    assert_true(clock_now() - began >= GRACE);
    while (waitpid(-word.leader, NULL, 0) > 0) {}
    assert_true(ends(word.guardian, SOON));
}

static void
a_guardian_outlives_what_ends_the_others_of_the_group(void **state)
{
    struct word word;
    (void)state;

    pid_t worker = start_worker("echo; exec sleep 1000", &word);
    assert_int_equal(kill(word.guardian, SIGTERM), 0);
    assert_int_equal(kill(word.guardian, SIGHUP), 0);
    assert_true(has_left(word.guardian, getsid(worker)));
    kill_worker(worker);
    assert_group_ends(word.leader, 1);
    assert_true(ends(word.guardian, SOON));
}

static void
it_goes_without_a_trace_with_the_last_that_needs_it(void **state)
{
    (void)state;
    assert_false(guard_begin(clock_now(), line));
    assert_false(guard_begin(clock_now(), line));
    pid_t guardian = find_guardian();
    assert_true(guardian > 0);
    guard_end();
    assert_int_equal(kill(guardian, 0), 0);
    guard_end();
    assert_int_equal(kill(guardian, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_false(guard_is(guardian));
}

static void
when_it_is_killed_there_is_another_one_and_it_is_said(void **state)
{
    (void)state;
    tick_ns now = clock_now();

    assert_false(guard_begin(now, line));
    pid_t first = find_guardian();
    assert_false(guard_look(now, line));
    assert_int_equal(kill(first, SIGKILL), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)first, &info, WEXITED | WNOWAIT), 0);
    assert_false(guard_look(now, line)); /* Not one after the other. */
    assert_true(guard_look(now + 60 * TICK_S, line));
    assert_non_null(strstr(line, "there is another one"));
    assert_int_not_equal(find_guardian(), first);
    assert_true(find_guardian() > 0);
    assert_false(guard_look(now + 120 * TICK_S, line));
    guard_end();
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
who_has_the_number_of_a_group_that_ended_is_left_alone(void **state)
{
    int ready[2];
    char byte;
    (void)state;

    pid_t other = fork_mortal();
    if (other == 0) {
        (void)setpgid(0, 0);
        for (;;)
            (void)pause();
    }
    (void)setpgid(other, other);
    assert_int_equal(pipe(ready), 0);
    pid_t worker = fork_mortal();
    if (worker == 0) {
        (void)guard_begin(clock_now(), line);
        /* What had this number was there long before. */
        (void)guard_enter(other, clock_boottime() - 3600 * TICK_S, 0);
        (void)!write(ready[1], "x", 1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill_worker(worker);
    /* Its guardian comes to us, and has done what it does. */
    pid_t guardian = waitpid(-1, NULL, 0);
    assert_true(guardian > 0 && guardian != other);
    assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void
what_has_ended_is_not_ended_again(void **state)
{
    (void)state;
    assert_false(guard_begin(clock_now(), line));
    struct guard_row *one = guard_enter(77, 0, 0);
    struct guard_row *two = guard_enter(77, 0, 0);
    assert_non_null(one);
    assert_ptr_not_equal(one, two);
    guard_leave(one);
    guard_leave(two);
    guard_leave(NULL);
    guard_end();
}

/* Of what not even SIGKILL has ended. */
static void
a_group_may_end_after_the_last_that_needed_a_guardian(void **state)
{
    (void)state;
    assert_false(guard_begin(clock_now(), line));
    struct guard_row *row = guard_enter(1000, 0, 0);
    assert_non_null(row);
    guard_end();
    assert_null(guard_enter(1000, 0, 0));
    guard_leave(row);
}

static void
more_groups_than_there_is_room_for_are_not_guarded(void **state)
{
    (void)state;
    assert_null(guard_enter(77, 0, 0)); /* Nobody has begun. */
    assert_false(guard_begin(clock_now(), line));
    struct guard_row *first = guard_enter(1000, 0, 0), *row = first;
    for (unsigned i = 1; i < GUARD_ROWS; i++) {
        row = guard_enter(1000, 0, 0);
        assert_non_null(row);
    }
    assert_null(guard_enter(1000, 0, 0));
    guard_leave(row);
    assert_ptr_equal(guard_enter(1000, 0, 0), row);
    guard_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_ends_with_a_worker_that_is_killed),
        cmocka_unit_test(who_ignores_term_is_killed_after_the_grace),
        cmocka_unit_test(a_guardian_outlives_what_ends_the_others_of_the_group),
        cmocka_unit_test(it_goes_without_a_trace_with_the_last_that_needs_it),
        cmocka_unit_test(when_it_is_killed_there_is_another_one_and_it_is_said),
        cmocka_unit_test(
            who_has_the_number_of_a_group_that_ended_is_left_alone),
        cmocka_unit_test(what_has_ended_is_not_ended_again),
        cmocka_unit_test(a_group_may_end_after_the_last_that_needed_a_guardian),
        cmocka_unit_test(more_groups_than_there_is_room_for_are_not_guarded),
    };

    if (prctl(PR_SET_CHILD_SUBREAPER, 1L) != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
