/**
 * processes.h - what the tests of processes share.            [layer: tests]
 *
 * Processes tell of themselves in a page that they share with the test, as a
 * copy's own memory is not seen here.
 */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <stint_process.h>

enum { LONG_MS = 60000 }; /* For what should come at once. */

struct page {
    atomic_int pids[8];
    atomic_int numbers[8];
    char text[1024];
};

static struct page *page; /* Zeroed before each test. */

static inline int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void
nap_ms(unsigned ms)
{
    const struct timespec t = { .tv_sec = ms / 1000,
        .tv_nsec = (long)(ms % 1000) * 1000000 };

    (void)nanosleep(&t, NULL);
}

static inline void
check(int rc, const char *what, int line)
{
    if (rc == 0) return;
    fail_msg("line %d: %s: %s: %s", line, what, stint_error_name(rc),
        stint_error_message());
}
#define OK(call) check((call), #call, __LINE__)

static inline void
expect_message(const char *part)
{
    if (strstr(stint_error_message(), part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, stint_error_message());
}

/* ---- other processes ----------------------------------------------------- */

/* Neither gone nor a zombie. */
static inline bool
is_running(pid_t pid)
{
    char path[64], state = 'X';

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *stat = fopen(path, "re");
    if (stat == NULL) return false;
    if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
    (void)fclose(stat);
    return state != 'Z' && state != 'X';
}

static inline bool
ends(pid_t pid)
{
    int64_t until = now_ms() + LONG_MS;

    while (is_running(pid) && now_ms() < until) {
        nap_ms(2);
    }
    return !is_running(pid);
}

/* The number that somebody writes there, once it is not 0. */
static inline int
await(atomic_int *number)
{
    int64_t until = now_ms() + LONG_MS;

    while (atomic_load(number) == 0 && now_ms() < until) {
        nap_ms(1);
    }
    assert_int_not_equal(atomic_load(number), 0);
    return atomic_load(number);
}

static inline bool
has_no_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0
           && errno == ECHILD;
}

static inline unsigned
count_descriptors(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count += 1;
    }
    (void)closedir(dir);
    return count;
}

/* ---- what copies do ------------------------------------------------------ */

static inline int
end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

static inline int
sleep_long(void *arg)
{
    (void)arg;
    atomic_store(&page->pids[0], getpid());
    while (atomic_load(&page->pids[0]) != 0) {
        (void)pause();
    }
    return 0;
}

/* ---- starting ------------------------------------------------------------ */

static inline struct stint_process *
start_function(int (*target)(void *arg), void *arg)
{
    const struct stint_process_options options = { .target = target,
        .arg = arg };
    struct stint_process *p;

    OK(stint_process_start(&options, &p));
    return p;
}

static inline int
exitcode_of(struct stint_process *p)
{
    int code = 12345;

    OK(stint_process_join(p, LONG_MS));
    OK(stint_process_exitcode(p, &code));
    return code;
}

static inline int
run_function(int (*target)(void *arg), void *arg)
{
    struct stint_process *p = start_function(target, arg);
    int code = exitcode_of(p);

    stint_process_free(p);
    return code;
}

/* ---- around each test ---------------------------------------------------- */

static inline int
share_page(void **state)
{
    (void)state;
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : 0;
}

static inline int
clear_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        atomic_store(&page->pids[i], 0);
        atomic_store(&page->numbers[i], 0);
    }
    memset(page->text, 0, sizeof page->text);
    return 0;
}

#endif
