#include "process/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/clock.h"

enum { CLAIMED = -1, STAT_BYTES = 1024, STARTED = 22, ARG_START = 48 };

#define GLANCE (20 * TICK_MS)    /* How often it looks who is left. */
#define PATIENCE (2 * TICK_S)    /* For who does not die of SIGKILL. */
#define AGAIN_AFTER (2 * TICK_S) /* Not sooner, should it die each time. */

struct guard_row {
    atomic_int leader; /* 0: free. */
    tick_ns began, grace;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint users;
static tick_ns started;
static tick_ns per_clock_tick;
static bool is_missing;   /* It is said. */
static int guardian = -1; /* Its pidfd. */
static atomic_int guardian_pid;
static atomic_uint next_row;
/* Shared with it; from the first user to our end, as what not even SIGKILL ends
 * is left later than by the last user. */
static struct guard_row *rows;

/* ---- the guardian -------------------------------------------------------- */

/* It was forked from a program with threads: no memory is asked for, no lock
 * taken, and nothing can fail for want of anything, when memory is the very
 * reason of our death. */

/* False: there is no such file. */
static bool
read_stat(const char *path, char text[STAT_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) return false;
    ssize_t n = read(fd, text, STAT_BYTES - 1);
    (void)close(fd);
    if (n <= 0) return false;
    text[n] = '\0';
    return true;
}

/* As proc(5) numbers them; from the end of the name, which may hold all. */
static uint64_t
field_of(const char *stat, int number)
{
    const char *at = strrchr(stat, ')');

    for (int i = 2; at != NULL && i < number; i++) {
        at = strchr(at + 1, ' ');
    }
    return at != NULL ? strtoull(at + 1, NULL, 10) : 0;
}

/* "/proc/PID/stat" */
static void
path_of(pid_t pid, char path[32])
{
    char digits[12];
    int n = 0;

    for (; pid > 0; pid /= 10) {
        digits[n++] = (char)('0' + pid % 10);
    }
    memcpy(path, "/proc/", 6);
    path += 6;
    while (n > 0) {
        *path++ = digits[--n];
    }
    memcpy(path, "/stat", 6);
}

/* A leader that is gone left its number to nobody while its group lives. */
static bool
is_somebody_else(pid_t leader, tick_ns began)
{
    char path[32], stat[STAT_BYTES];

    path_of(leader, path);
    if (!read_stat(path, stat)) return false;
    return (tick_ns)field_of(stat, STARTED) * per_clock_tick > began;
}

/* Ask each to end.  Returns how many there are. */
static unsigned
ask_all(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < GUARD_ROWS; i++) {
        struct guard_row *row = &rows[i];
        pid_t leader = atomic_load(&row->leader);

        if (leader <= 0) continue;
        if (is_somebody_else(leader, row->began)
            || kill(-leader, SIGTERM) != 0) {
            atomic_store(&row->leader, 0);
            continue;
        }
        count += 1;
    }
    return count;
}

/* Who ended meanwhile is not looked at again: its number may be another's. */
static unsigned
press_all(tick_ns gone)
{
    tick_ns now = clock_now();
    unsigned count = 0;

    for (unsigned i = 0; i < GUARD_ROWS; i++) {
        struct guard_row *row = &rows[i];
        pid_t leader = atomic_load(&row->leader);
        bool due = now >= tick_after(gone, row->grace);

        if (leader <= 0) continue;
        if (kill(-leader, due ? SIGKILL : 0) != 0
            || now >= tick_after(gone, row->grace + PATIENCE)) {
            atomic_store(&row->leader, 0);
            continue;
        }
        count += 1;
    }
    return count;
}

/* Known to ps(1) and pkill(1) by another name than ours. */
static void
take_name(void)
{
    static const char name[] = "stint-guard";
    char stat[STAT_BYTES];

    (void)prctl(PR_SET_NAME, name);
    if (!read_stat("/proc/self/stat", stat)) return;
    char *from = (char *)(uintptr_t)field_of(stat, ARG_START);
    char *to = (char *)(uintptr_t)field_of(stat, ARG_START + 1);
    if (from == NULL || to <= from) return;
    size_t room = (size_t)(to - from);
    memset(from, 0, room);
    memcpy(from, name, room > sizeof name ? sizeof name - 1 : room - 1);
}

/* Its only file is the pidfd of the worker, as number 0. */
static _Noreturn void
guard(int worker)
{
    static const struct timespec glance = { .tv_nsec = GLANCE };
    struct pollfd gone = { .fd = STDIN_FILENO, .events = POLLIN };

    if (dup2(worker, STDIN_FILENO) < 0) _exit(1);
    closefrom(STDIN_FILENO + 1);
    (void)setsid();
    if (chdir("/") != 0) _exit(1);
    take_name();
    while (poll(&gone, 1, -1) <= 0) {}
    tick_ns now = clock_now();
    for (unsigned left = ask_all(); left > 0; left = press_all(now)) {
        (void)nanosleep(&glance, NULL);
    }
    _exit(0);
}

/* ---- its life, under the lock -------------------------------------------- */

/* With every signal blocked for good in the child: handlers are the program's,
 * and what a service manager sends to all of us is not for it. */
static pid_t
fork_blocked(int worker)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = _Fork();
    if (pid == 0) guard(worker);
    int error = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

/* Returns 0 or an errno. */
static int
start(tick_ns now)
{
    started = now;
    if (rows == NULL) return ENOMEM;
    int self = pidfd_open(getpid(), 0);
    if (self < 0) return errno;
    pid_t pid = fork_blocked(self);
    int error = pid < 0 ? errno : 0;
    (void)close(self);
    if (error != 0) return error;
    guardian = pidfd_open(pid, 0);
    if (guardian >= 0) {
        atomic_store(&guardian_pid, pid);
        return 0;
    }
    error = errno;
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return error;
}

/* Nobody's child where SIGCHLD is ignored: then there is nothing to reap. */
static void
reap(void)
{
    siginfo_t info;

    while (waitid(P_PIDFD, (id_t)guardian, &info, WEXITED) != 0
           && errno == EINTR) {}
    atomic_store(&guardian_pid, 0);
    (void)close(guardian);
    guardian = -1;
}

static bool
is_dead(void)
{
    struct pollfd dead = { .fd = guardian, .events = POLLIN };

    return poll(&dead, 1, 0) > 0;
}

/* True: it could not be started, which is said the first time. */
static bool
start_or_say(tick_ns now, char line[GUARD_LINE], bool *news)
{
    int error = start(now);

    *news = error != 0 && !is_missing;
    is_missing = error != 0;
    if (*news) {
        (void)snprintf(line, GUARD_LINE,
            "no guardian can be started: %s; should this process be killed "
            "(SIGKILL), what it started runs on",
            strerrordesc_np(error));
    }
    return is_missing;
}

static struct guard_row *
map_rows(void)
{
    void *shared = mmap(NULL, GUARD_ROWS * sizeof(struct guard_row),
        PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return shared != MAP_FAILED ? shared : NULL;
}

bool
guard_begin(tick_ns now, char line[GUARD_LINE])
{
    bool news = false;

    (void)pthread_mutex_lock(&lock);
    if (atomic_fetch_add(&users, 1) == 0) {
        long rate = sysconf(_SC_CLK_TCK);

        per_clock_tick = TICK_S / (rate > 0 ? rate : 100);
        if (rows == NULL) rows = map_rows();
        is_missing = false;
        (void)start_or_say(now, line, &news);
    }
    (void)pthread_mutex_unlock(&lock);
    return news;
}

void
guard_end(void)
{
    (void)pthread_mutex_lock(&lock);
    if (atomic_fetch_sub(&users, 1) == 1 && guardian >= 0) {
        (void)pidfd_send_signal(guardian, SIGKILL, NULL, 0);
        reap();
    }
    (void)pthread_mutex_unlock(&lock);
}

bool
guard_look(tick_ns now, char line[GUARD_LINE])
{
    bool news = false;

    (void)pthread_mutex_lock(&lock);
    bool died = guardian >= 0 && is_dead();
    if (died) reap();
    if (atomic_load(&users) > 0 && guardian < 0 && now - started >= AGAIN_AFTER
        && !start_or_say(now, line, &news)) {
        (void)snprintf(line, GUARD_LINE,
            "the guardian, which ends what we started should we be killed, was "
            "gone: there is another one");
        news = true;
    }
    (void)pthread_mutex_unlock(&lock);
    return news;
}

bool
guard_is_there(void)
{
    (void)pthread_mutex_lock(&lock);
    bool there = guardian >= 0 && !is_dead();
    (void)pthread_mutex_unlock(&lock);
    return there;
}

void
guard_forking(void)
{
    (void)pthread_mutex_lock(&lock);
}

void
guard_forked(bool is_copy)
{
    if (is_copy) {
        atomic_store(&users, 0);
        guardian = -1;
        atomic_store(&guardian_pid, 0);
        if (rows != NULL) (void)munmap(rows, GUARD_ROWS * sizeof *rows);
        rows = NULL;
    }
    (void)pthread_mutex_unlock(&lock);
}

/* ---- what runs ----------------------------------------------------------- */

struct guard_row *
guard_claim(tick_ns grace)
{
    unsigned from = atomic_fetch_add(&next_row, 1);

    if (atomic_load(&users) == 0 || rows == NULL) return NULL;
    for (unsigned i = 0; i < GUARD_ROWS; i++) {
        struct guard_row *row = &rows[(from + i) % GUARD_ROWS];
        int none = 0;

        if (!atomic_compare_exchange_strong(&row->leader, &none, CLAIMED)) {
            continue;
        }
        row->grace = grace;
        return row;
    }
    return NULL;
}

void
guard_lead(struct guard_row *row, pid_t leader, tick_ns began)
{
    if (row == NULL) return;
    row->began = began;
    atomic_store(&row->leader, leader);
}

struct guard_row *
guard_enter(pid_t leader, tick_ns began, tick_ns grace)
{
    struct guard_row *row = guard_claim(grace);

    guard_lead(row, leader, began);
    return row;
}

void
guard_leave(struct guard_row *row)
{
    if (row != NULL) atomic_store(&row->leader, 0);
}

bool
guard_is(pid_t pid)
{
    return pid == atomic_load(&guardian_pid);
}
