/**
 * with_master.h - what the tests through the public library share: a master in
 * this process, a connection and a queue for each test. [layer: tests]
 */
#ifndef WITH_MASTER_H
#define WITH_MASTER_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <stint.h>

/* TSan looks up a suppression for each byte that libzmq made: four thousand
 * tasks in one message are more than a second of silence for it. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
enum { MANY = 1000, BATCH = 100 };
#else
enum { MANY = 10000, BATCH = 4096 };
#endif
#else
enum { MANY = 10000, BATCH = 4096 };
#endif

enum { PATIENCE_MS = 60000 };

static struct stint_master *master;
static struct stint *s; /* Opened and closed by each test's set-up. */
static struct stint_queue *q;

static inline int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void
check(int rc, const char *what, int line)
{
    if (rc == 0) return;
    fail_msg("line %d: %s: %s: %s", line, what, stint_error_name(rc),
        stint_error_message());
}
#define OK(call) check((call), #call, __LINE__)

static inline struct stint *
connect_as(const char *name)
{
    struct stint_options options = { .name = name };
    struct stint *other;

    OK(stint_master_connect(master, &options, &other));
    return other;
}

static inline struct stint_queue *
open_queue(struct stint *on, const char *name)
{
    struct stint_queue *opened;

    OK(stint_queue_open(on, name, NULL, &opened));
    return opened;
}

/* A name that no other test uses, lent until the next one. */
static inline const char *
fresh(void)
{
    static char name[32];
    static unsigned count;

    (void)snprintf(name, sizeof name, "object-%u", ++count);
    return name;
}

/* A queue that no other test used. */
static inline struct stint_queue *
fresh_queue(const struct stint_queue_options *options)
{
    static unsigned count;
    struct stint_queue *opened;
    char name[32];

    (void)snprintf(name, sizeof name, "fresh-%u", ++count);
    OK(stint_queue_open(s, name, options, &opened));
    return opened;
}

static inline void
put(struct stint_queue *on, const char *text)
{
    OK(stint_queue_put(on, text, strlen(text), PATIENCE_MS));
}

static inline void
expect(struct stint_bytes item, const char *text)
{
    assert_int_equal(item.size, strlen(text));
    assert_memory_equal(item.data, text, item.size);
}

static inline void
get(struct stint_queue *on, const char *text)
{
    struct stint_bytes item;

    OK(stint_queue_get(on, &item, PATIENCE_MS));
    expect(item, text);
}

static inline int64_t
qsize(struct stint_queue *on)
{
    int64_t size;

    OK(stint_queue_qsize(on, &size));
    return size;
}

static inline int
start_master(void **state)
{
    struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true,
        .silence_ms = 1000,
        .payload_max = 4 * 1024 * 1024 };

    (void)state;
    OK(stint_master_start(&options, &master));
    return 0;
}

static inline int
stop_master(void **state)
{
    (void)state;
    stint_master_stop(master);
    return 0;
}

static inline int
set_up(void **state)
{
    (void)state;
    s = connect_as("test");
    q = fresh_queue(NULL);
    return 0;
}

static inline int
tear_down(void **state)
{
    (void)state;
    OK(stint_close(s));
    return 0;
}

#define CONNECTED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
