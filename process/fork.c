#include "process/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "process/family.h"
#include "process/guard.h"
#include "process/reaper.h"
#include "process/timer.h"

/* ---- what both have ------------------------------------------------------ */

static void
forking(void)
{
    guard_forking();
    family_forking();
    reaper_forking();
    timer_forking();
}

static void
forked(bool is_copy)
{
    timer_forked(is_copy);
    reaper_forked(is_copy);
    family_forked(is_copy);
    guard_forked(is_copy);
}

/* ---- in the copy --------------------------------------------------------- */

/* The least one that is kept, from `from` on; INT_MAX: none. */
static int
next_kept(const struct fork_config *config, int from)
{
    int least = INT_MAX;

    for (size_t i = 0; i < config->keep_count; i++) {
        int fd = config->keep[i];

        if (fd >= from && fd < least) least = fd;
    }
    return least;
}

static void
close_between(int first, int end)
{
    if (first >= end) return;
    if (close_range((unsigned)first, (unsigned)end - 1, 0) == 0) return;
    for (int fd = first; fd < end; fd++) {
        (void)close(fd); /* On systems without close_range(2). */
    }
}

static void
close_others(const struct fork_config *config)
{
    int from = STDERR_FILENO + 1;

    for (;;) {
        int kept = next_kept(config, from);

        if (kept == INT_MAX) break;
        close_between(from, kept);
        from = kept + 1;
    }
    closefrom(from);
}

static void
open_nothing_to_read(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        (void)close(STDIN_FILENO);
    } else if (fd != STDIN_FILENO) {
        (void)dup2(fd, STDIN_FILENO);
        (void)close(fd);
    }
    __fpurge(stdin);
    clearerr(stdin);
}

/* A handler of ours would act on behalf of a loop that is not there. */
static void
reset_signals(void)
{
    struct sigaction plain = { .sa_handler = SIG_DFL }, now;

    for (int s = 1; s <= SIGRTMAX; s++) {
        if (sigaction(s, NULL, &now) != 0) continue;
        bool is_own =
            (now.sa_flags & SA_SIGINFO) != 0
            || (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
        if (is_own) (void)sigaction(s, &plain, NULL);
    }
}

/* What other threads of ours had in these buffers is theirs to write. */
static void
purge_output(void)
{
    __fpurge(stdout);
    __fpurge(stderr);
}

static _Noreturn void
be_a_copy(const struct fork_config *config, pid_t parent)
{
    sigset_t none;

    (void)setpgid(0, 0);
    if (config->guard != NULL) {
        guard_lead(config->guard, getpid(), clock_boottime());
        if (getppid() != parent) _exit(1); /* The guardian has overlooked us. */
    }
    forked(true);
    close_others(config);
    open_nothing_to_read();
    purge_output();
    reset_signals();
    (void)sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    int code = config->run(config->arg);
    (void)fflush(stdout);
    (void)fflush(stderr);
    _exit(code & 0xff);
}

/* ---- and in the original ------------------------------------------------- */

pid_t
fork_run(const struct fork_config *config)
{
    sigset_t all, before;
    pid_t parent = getpid();

    (void)fflush(stdout);
    (void)fflush(stderr);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    forking();
    pid_t pid = fork();
    if (pid == 0) be_a_copy(config, parent);
    int error = errno;
    forked(false);
    /* Here too, as it may be signalled before it runs; who is second fails. */
    if (pid > 0) (void)setpgid(pid, pid);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}
