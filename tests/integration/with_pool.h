/**
 * with_pool.h - functions and calls that the tests of pools share.
 *                                                     [layer: tests]
 */
#ifndef WITH_POOL_H
#define WITH_POOL_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <stint_pool.h>

enum { PATIENCE_MS = 60000 };

static inline void
check(int rc, const char *what, int line)
{
    if (rc == 0) return;
    fail_msg("line %d: %s: %s: %s", line, what, stint_error_name(rc),
        stint_error_message());
}
#define OK(call) check((call), #call, __LINE__)

static inline int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- functions ----------------------------------------------------------- */

static inline int
square(struct stint_call *call)
{
    int64_t n;

    if (stint_call_int(call, &n) != 0) return -1;
    return stint_call_return_int(call, n * n);
}

static inline int
half(struct stint_call *call)
{
    double n;

    if (stint_call_double(call, &n) != 0) return -1;
    return stint_call_return_double(call, n / 2);
}

static inline int
add(struct stint_call *call)
{
    int64_t n[2];

    if (stint_call_ints(call, n, 2) != 0) return -1;
    return stint_call_return_int(call, n[0] + n[1]);
}

static inline int
echo(struct stint_call *call)
{
    struct stint_bytes b = stint_call_payload(call);

    return stint_call_result(call, b.data, b.size);
}

static inline int
pid_of(struct stint_call *call)
{
    return stint_call_return_int(call, getpid());
}

/* Those who are in the same chunk are of the same task. */
static inline int
task_of(struct stint_call *call)
{
    return stint_call_return_int(call, (int64_t)stint_call_task(call));
}

/* Fails for numbers below 0. */
static inline int
root(struct stint_call *call)
{
    int64_t n, r = 0;

    if (stint_call_int(call, &n) != 0) return -1;
    if (n < 0) return stint_call_fail(call, "%d has no root", (int)n);
    while ((r + 1) * (r + 1) <= n)
        r++;
    return stint_call_return_int(call, r);
}

static inline int
nap(struct stint_call *call)
{
    int64_t ms;

    if (stint_call_int(call, &ms) != 0) return -1;
    for (int64_t i = 0; i < ms; i++)
        (void)usleep(1000);
    return stint_call_return_int(call, ms);
}

/* Ends its process, in as many attempts as it is told. */
static inline int
die(struct stint_call *call)
{
    int64_t attempts;

    if (stint_call_int(call, &attempts) != 0) return -1;
    if (stint_call_attempt(call) <= (uint64_t)attempts) {
        (void)kill(getpid(), SIGKILL);
        (void)pause();
    }
    return stint_call_return_int(call, stint_call_attempt(call));
}

static const struct stint_handler functions[] = {
    { "square", square },
    { "half", half },
    { "add", add },
    { "echo", echo },
    { "pid", pid_of },
    { "task", task_of },
    { "root", root },
    { "nap", nap },
    { "die", die },
    { 0 },
};

/* ---- pools --------------------------------------------------------------- */

static inline struct stint_pool *
open_pool(struct stint_pool_options options)
{
    struct stint_pool *pool;

    if (options.functions == NULL) options.functions = functions;
    OK(stint_pool_open(&options, &pool));
    return pool;
}

static inline struct stint_pool *
pool_of(unsigned processes)
{
    return open_pool((struct stint_pool_options){ .processes = processes });
}

static inline void
finish(struct stint_pool *pool)
{
    stint_pool_close(pool);
    OK(stint_pool_join(pool, PATIENCE_MS));
    stint_pool_free(pool);
}

static inline int64_t
call_int(struct stint_pool *pool, const char *function, int64_t argument)
{
    int64_t result = -1;

    OK(stint_pool_apply_int(pool, function, argument, &result));
    return result;
}

/* 0, 1, … count - 1, each packed. */
static inline struct stint_bytes *
numbers(size_t count)
{
    struct stint_bytes *items = calloc(count + 1, sizeof *items);

    assert_non_null(items);
    for (size_t i = 0; i < count; i++)
        OK(stint_pack_int(&items[i], (int64_t)i));
    return items;
}

static inline void
free_items(struct stint_bytes *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        stint_bytes_free(&items[i]);
    free(items);
}

static inline int64_t
number_in(const struct stint_bytes *packed)
{
    int64_t n = -1;

    OK(stint_unpack_int(packed, &n));
    return n;
}

#endif
