/**
 * hired.h - a master, a client, and workers in threads.       [layer: tests]
 *
 * Each test gets a master with the queue "work": two attempts, little backoff.
 */
#ifndef HIRED_H
#define HIRED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <stint.h>

enum { WAIT_MS = 60000 };

static struct stint_master *master;
static struct stint *client;
static struct stint_queue *queue;
static atomic_bool let_go; /* For handlers that hang until they are let go. */
static atomic_uint running;

/* A worker with a connection and a thread of its own. */
struct hand {
    struct stint *s;
    struct stint_worker *worker;
    pthread_t thread;
    int code; /* Of stint_worker_serve(). */
    char sentence[512];
};

static inline int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void
ok(int code)
{
    if (code != 0)
        print_error("%s: %s\n", stint_error_name(code), stint_error_message());
    assert_int_equal(code, 0);
}

/* ---- handlers ------------------------------------------------------------ */

static inline int
square(struct stint_call *call)
{
    struct stint_bytes payload = stint_call_payload(call);
    uint32_t n;

    if (payload.size != sizeof n)
        return stint_call_fail(call, "%zu bytes\nare no number", payload.size);
    memcpy(&n, payload.data, sizeof n);
    n *= n;
    return stint_call_result(call, &n, sizeof n);
}

static inline int
tell(struct stint_call *call)
{
    char text[128];
    int length = snprintf(text, sizeof text, "%s %u %d", stint_call_queue(call),
        stint_call_attempt(call),
        stint_call_task(call) > 0 && stint_call_fence(call) > 0);

    return stint_call_result(call, text, (size_t)length);
}

static inline int
refuse(struct stint_call *call)
{
    return stint_call_attempt(call) < 2 ? 7 : stint_call_fail(call, "no luck");
}

/* Sleeps as many milliseconds as its payload is long. */
static inline int
nap(struct stint_call *call)
{
    atomic_fetch_add(&running, 1);
    (void)usleep((unsigned)stint_call_payload(call).size * 1000);
    return 0;
}

static inline int
hang(struct stint_call *call)
{
    (void)call;
    atomic_fetch_add(&running, 1);
    while (!atomic_load(&let_go)) {
        (void)usleep(1000);
    }
    return 0;
}

static inline int
obey(struct stint_call *call)
{
    atomic_fetch_add(&running, 1);
    while (!stint_call_cancelled(call)) {
        (void)usleep(1000);
    }
    return -1;
}

static const struct stint_handler handlers[] = {
    { "square", square },
    { "tell", tell },
    { "refuse", refuse },
    { "nap", nap },
    { "hang", hang },
    { "obey", obey },
    { 0 },
};

/* ---- a worker in a thread ------------------------------------------------ */

static inline void *
serve(void *arg)
{
    struct hand *hand = arg;

    hand->code = stint_worker_serve(hand->worker);
    if (hand->code != 0)
        (void)snprintf(
            hand->sentence, sizeof hand->sentence, "%s", stint_error_message());
    return NULL;
}

static inline void
hire(struct hand *hand, struct stint_worker_options options)
{
    static const char *const queues[] = { "work", NULL };
    struct stint_options who = { .kind = STINT_WORKER, .name = "hand" };
    struct stint_trait *traits;

    *hand = (struct hand){ .code = 0 };
    if (options.queues == NULL) options.queues = queues;
    if (options.handlers == NULL && options.command == NULL
        && options.plugin == NULL && !options.allow_exec)
        options.handlers = handlers;
    ok(stint_worker_traits(&options, &traits));
    who.traits = traits;
    ok(stint_master_connect(master, &who, &hand->s));
    free(traits);
    ok(stint_worker_new(hand->s, &options, &hand->worker));
    assert_int_equal(pthread_create(&hand->thread, NULL, serve, hand), 0);
}

static inline struct stint_worker_counts
wait_for_end(struct hand *hand)
{
    assert_int_equal(pthread_join(hand->thread, NULL), 0);
    struct stint_worker_counts counts = stint_worker_counts(hand->worker);
    stint_worker_free(hand->worker);
    ok(stint_close(hand->s));
    return counts;
}

static inline struct stint_worker_counts
dismiss(struct hand *hand)
{
    stint_worker_drain(hand->worker);
    struct stint_worker_counts counts = wait_for_end(hand);
    assert_int_equal(hand->code, 0);
    return counts;
}

static inline void
wait_until_running(unsigned count)
{
    int64_t until = now_ms() + WAIT_MS;

    while (atomic_load(&running) < count && now_ms() < until) {
        (void)usleep(1000);
    }
    assert_true(atomic_load(&running) >= count);
}

/* ---- submitting ---------------------------------------------------------- */

static inline struct stint_future *
submit(const char *handler, const void *data, size_t size)
{
    const struct stint_put_options options = { .handler = handler };
    struct stint_future *future;

    ok(stint_queue_submit(queue, data, size, &options, &future));
    return future;
}

static inline struct stint_future *
submit_nap(size_t ms)
{
    static const char payload[10000];

    return submit("nap", payload, ms);
}

static inline void
expect_text(struct stint_future *future, const char *text)
{
    struct stint_bytes result;

    ok(stint_future_get(future, &result, WAIT_MS));
    assert_int_equal(result.size, strlen(text));
    assert_memory_equal(result.data, text, result.size);
    stint_future_free(future);
}

static inline void
expect_death(struct stint_future *future, unsigned attempts, const char *reason)
{
    assert_int_equal(stint_future_get(future, NULL, WAIT_MS), STINT_EDEAD);
    if (strstr(stint_error_message(), reason) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", reason, stint_error_message());
    assert_int_equal(stint_future_attempts(future), attempts);
    stint_future_free(future);
}

static inline struct stint_status
status(void)
{
    struct stint_status st;

    ok(stint_status(client, &st, WAIT_MS));
    return st;
}

/* ---- set-up -------------------------------------------------------------- */

static inline int
set_up(void **state)
{
    (void)state;
    const struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true };
    const struct stint_queue_options work = { .attempts_max = 2,
        .backoff_ms = 10 };

    atomic_store(&let_go, false);
    atomic_store(&running, 0);
    ok(stint_master_start(&options, &master));
    ok(stint_master_connect(master, NULL, &client));
    ok(stint_queue_open(client, "work", &work, &queue));
    return 0;
}

static inline int
tear_down(void **state)
{
    (void)state;
    atomic_store(&let_go, true);
    (void)usleep(20000); /* For those that were left behind to see it. */
    ok(stint_close(client));
    stint_master_stop(master);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
