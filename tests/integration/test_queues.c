/* Queues, tasks, futures and errors through the public library, against a
 * master in this process: real sockets, real threads. */
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

enum { PATIENCE_MS = 5000 };

static struct stint_master *master;
static struct stint *s; /* Opened and closed by each test's set-up. */
static struct stint_queue *q;

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
check(int rc, const char *what, int line)
{
    if (rc == 0) return;
    fail_msg("line %d: %s: %s: %s", line, what, stint_error_name(rc),
        stint_error_message());
}
#define OK(call) check((call), #call, __LINE__)

static struct stint *
connect_as(const char *name)
{
    struct stint_options options = { .name = name };
    struct stint *other;

    OK(stint_master_connect(master, &options, &other));
    return other;
}

static struct stint_queue *
open_queue(struct stint *on, const char *name)
{
    struct stint_queue *opened;

    OK(stint_queue_open(on, name, NULL, &opened));
    return opened;
}

/* A queue that no other test used. */
static struct stint_queue *
fresh_queue(const struct stint_queue_options *options)
{
    static unsigned count;
    struct stint_queue *opened;
    char name[32];

    (void)snprintf(name, sizeof name, "fresh-%u", ++count);
    OK(stint_queue_open(s, name, options, &opened));
    return opened;
}

static void
put(struct stint_queue *on, const char *text)
{
    OK(stint_queue_put(on, text, strlen(text), PATIENCE_MS));
}

static void
expect(struct stint_bytes item, const char *text)
{
    assert_int_equal(item.size, strlen(text));
    assert_memory_equal(item.data, text, item.size);
}

static void
get(struct stint_queue *on, const char *text)
{
    struct stint_bytes item;

    OK(stint_queue_get(on, &item, PATIENCE_MS));
    expect(item, text);
}

static int64_t
qsize(struct stint_queue *on)
{
    int64_t size;

    OK(stint_queue_qsize(on, &size));
    return size;
}

static int
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

static int
stop_master(void **state)
{
    (void)state;
    stint_master_stop(master);
    return 0;
}

static int
set_up(void **state)
{
    (void)state;
    s = connect_as("test");
    q = fresh_queue(NULL);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    OK(stint_close(s));
    return 0;
}

/* ---- puts and gets ------------------------------------------------------- */

static void
what_is_put_is_got(void **state)
{
    (void)state;
    put(q, "7");
    get(q, "7");
}

static void
a_queue_gives_in_the_order_of_puts(void **state)
{
    (void)state;
    put(q, "a");
    put(q, "b");
    put(q, "c");
    get(q, "a");
    get(q, "b");
    get(q, "c");
}

static void
an_empty_payload_is_a_payload(void **state)
{
    struct stint_bytes item;

    (void)state;
    OK(stint_queue_put(q, NULL, 0, PATIENCE_MS));
    OK(stint_queue_get(q, &item, PATIENCE_MS));
    assert_int_equal(item.size, 0);
}

static void
a_large_payload_comes_whole(void **state)
{
    size_t size = 3 * 1024 * 1024 + 7;
    unsigned char *data = malloc(size);
    struct stint_bytes item;

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 31 + i / 257);
    OK(stint_queue_put(q, data, size, PATIENCE_MS));
    OK(stint_queue_get(q, &item, PATIENCE_MS));
    assert_int_equal(item.size, size);
    assert_memory_equal(item.data, data, size);
    free(data);
}

static void
a_payload_that_is_too_large_is_refused_with_the_bound(void **state)
{
    size_t size = 4 * 1024 * 1024 + 1;
    char *data = calloc(1, size);

    (void)state;
    assert_non_null(data);
    assert_int_equal(
        stint_queue_put(q, data, size, PATIENCE_MS), STINT_ETOOLARGE);
    assert_non_null(strstr(stint_error_message(), "4194304"));
    assert_int_equal(stint_queue_post(q, data, size, NULL), STINT_ETOOLARGE);
    assert_int_equal(qsize(q), 0);
    free(data);
}

static void
a_get_of_an_empty_queue_ends_at_its_timeout(void **state)
{
    struct stint_bytes item;
    int64_t from = now_ms();

    (void)state;
    assert_int_equal(stint_queue_get(q, &item, 150), STINT_EEMPTY);
    assert_in_range(now_ms() - from, 140, 150 + STINT_GRACE_MS);
    from = now_ms();
    assert_int_equal(stint_queue_get(q, &item, 0), STINT_EEMPTY);
    assert_int_equal(stint_queue_get_nowait(q, &item), STINT_EEMPTY);
    assert_in_range(now_ms() - from, 0, 100);
}

static void
a_negative_timeout_is_an_error(void **state)
{
    struct stint_bytes item;

    (void)state;
    assert_int_equal(stint_queue_get(q, &item, -2), STINT_EINVAL);
    assert_int_equal(stint_queue_put(q, "x", 1, -2), STINT_EINVAL);
    assert_int_equal(stint_flush(s, -7), STINT_EINVAL);
}

struct later {
    struct stint *on;
    const char *queue;
    int delay_ms;
};

static void *
put_later(void *arg)
{
    const struct later *later = arg;
    struct stint_queue *to = open_queue(later->on, later->queue);

    (void)usleep((useconds_t)later->delay_ms * 1000);
    put(to, "late");
    stint_queue_close(to);
    return NULL;
}

static void
a_waiting_get_is_woken_by_a_put_of_another_thread(void **state)
{
    struct later later = { s, stint_queue_name(q), 100 };
    pthread_t thread;
    int64_t from = now_ms();

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, put_later, &later), 0);
    get(q, "late");
    assert_in_range(now_ms() - from, 90, 1000);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
a_full_queue_refuses_or_waits(void **state)
{
    struct stint_queue_options options = { .max_tasks = 2 };
    struct stint_queue *small = fresh_queue(&options);
    int64_t from;

    (void)state;
    put(small, "a");
    assert_int_equal(stint_queue_full(small), 0);
    put(small, "b");
    assert_int_equal(stint_queue_full(small), 1);
    assert_int_equal(stint_queue_put_nowait(small, "c", 1), STINT_EFULL);
    from = now_ms();
    assert_int_equal(stint_queue_put(small, "c", 1, 150), STINT_EFULL);
    assert_in_range(now_ms() - from, 140, 150 + STINT_GRACE_MS);
    assert_int_equal(qsize(small), 2);
}

static void *
get_later(void *arg)
{
    const struct later *later = arg;
    struct stint_queue *from = open_queue(later->on, later->queue);

    (void)usleep((useconds_t)later->delay_ms * 1000);
    get(from, "a");
    stint_queue_close(from);
    return NULL;
}

static void
a_put_that_waits_goes_on_when_there_is_room(void **state)
{
    struct stint_queue_options options = { .max_tasks = 1 };
    struct stint_queue *small = fresh_queue(&options);
    struct later later = { s, stint_queue_name(small), 100 };
    pthread_t thread;

    (void)state;
    put(small, "a");
    assert_int_equal(pthread_create(&thread, NULL, get_later, &later), 0);
    put(small, "b");
    assert_int_equal(pthread_join(thread, NULL), 0);
    get(small, "b");
}

static void
a_lifo_gives_the_last_first(void **state)
{
    struct stint_queue_options options = { .kind = STINT_LIFO };
    struct stint_queue *lifo = fresh_queue(&options);

    (void)state;
    put(lifo, "a");
    put(lifo, "b");
    get(lifo, "b");
    get(lifo, "a");
}

static void
a_priority_queue_gives_the_smallest_first_and_equals_in_order(void **state)
{
    static const struct {
        const char *text;
        int priority;
    } rows[] = { { "c", 5 }, { "a", -3 }, { "d", 5 }, { "b", 0 } };
    struct stint_queue_options options = { .kind = STINT_PRIORITY };
    struct stint_queue *by = fresh_queue(&options);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stint_put_options o = { .priority = rows[i].priority };
        OK(stint_queue_put_with(by, rows[i].text, 1, &o, PATIENCE_MS));
    }
    get(by, "a");
    get(by, "b");
    get(by, "c");
    get(by, "d");
}

static void
a_delayed_task_comes_when_it_is_due(void **state)
{
    struct stint_put_options options = { .delay_ms = 200 };
    struct stint_bytes item;
    int64_t from = now_ms();

    (void)state;
    OK(stint_queue_put_with(q, "x", 1, &options, PATIENCE_MS));
    assert_int_equal(stint_queue_get_nowait(q, &item), STINT_EEMPTY);
    get(q, "x");
    assert_in_range(now_ms() - from, 190, 1000);
}

/* ---- batches ------------------------------------------------------------- */

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

static void
fill_items(struct stint_bytes *items, uint32_t *values)
{
    for (uint32_t i = 0; i < MANY; i++) {
        values[i] = i;
        items[i] = (struct stint_bytes){ &values[i], sizeof values[i] };
    }
}

static void
expect_many(struct stint_queue *from)
{
    static struct stint_bytes items[BATCH];
    uint32_t seen = 0;
    size_t count;

    while (seen < MANY) {
        OK(stint_queue_get_many(from, items, BATCH, &count, PATIENCE_MS));
        assert_true(count >= 1);
        for (size_t i = 0; i < count; i++, seen++) {
            assert_int_equal(items[i].size, sizeof seen);
            assert_memory_equal(items[i].data, &seen, sizeof seen);
        }
    }
    assert_int_equal(qsize(from), 0);
}

static void
many_are_put_and_got_in_order(void **state)
{
    static struct stint_bytes items[MANY];
    static uint32_t values[MANY];
    size_t accepted;

    (void)state;
    fill_items(items, values);
    OK(stint_queue_put_many(q, items, MANY, NULL, &accepted, PATIENCE_MS));
    assert_int_equal(accepted, MANY);
    expect_many(q);
}

static void
many_are_posted_and_got_in_order(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < MANY; i++)
        OK(stint_queue_post(q, &i, sizeof i, NULL));
    OK(stint_flush(s, PATIENCE_MS));
    assert_int_equal(qsize(q), MANY);
    expect_many(q);
}

static void
a_batch_that_finds_too_little_room_says_how_many_were_accepted(void **state)
{
    struct stint_queue_options options = { .max_tasks = 3 };
    struct stint_queue *small = fresh_queue(&options);
    struct stint_bytes items[5];
    size_t accepted;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        items[i] = (struct stint_bytes){ &"abcde"[i], 1 };
    assert_int_equal(
        stint_queue_put_many(small, items, 5, NULL, &accepted, 100),
        STINT_EFULL);
    assert_int_equal(accepted, 3);
    get(small, "a");
    get(small, "b");
    get(small, "c");
}

static void
posts_with_other_options_keep_their_options(void **state)
{
    struct stint_queue_options options = { .kind = STINT_PRIORITY };
    struct stint_put_options low = { .priority = 9, .handler = "h" };
    struct stint_put_options high = { .priority = 1 };
    struct stint_queue *by = fresh_queue(&options);
    struct stint_task *t;

    (void)state;
    OK(stint_queue_post(by, "low", 3, &low));
    OK(stint_queue_post(by, "high", 4, &high));
    OK(stint_queue_post(by, "low2", 4, &low));
    OK(stint_flush(s, PATIENCE_MS));
    get(by, "high");
    OK(stint_queue_take(by, NULL, &t, PATIENCE_MS));
    expect(stint_task_payload(t), "low");
    assert_string_equal(stint_task_handler(t), "h");
    OK(stint_task_done(t, NULL, 0));
    get(by, "low2");
}

static void
what_was_posted_arrives_while_the_program_does_something_else(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));

    (void)state;
    for (int i = 0; i < 100; i++)
        OK(stint_queue_post(q, "x", 1, NULL));
    (void)usleep(200 * 1000);
    assert_int_equal(qsize(same), 100);
    OK(stint_close(other));
}

static void
close_flushes_what_was_posted(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));

    (void)state;
    for (int i = 0; i < 5000; i++)
        OK(stint_queue_post(same, "x", 1, NULL));
    OK(stint_close(other));
    assert_int_equal(qsize(q), 5000);
}

/* ---- task_done and join -------------------------------------------------- */

static void
task_done_more_often_than_got_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(stint_queue_task_done(q), STINT_EINVAL);
    put(q, "a");
    put(q, "b");
    get(q, "a");
    get(q, "b");
    OK(stint_queue_task_done(q));
    OK(stint_queue_task_done(q));
    assert_int_equal(stint_queue_task_done(q), STINT_EINVAL);
    assert_non_null(strstr(stint_error_message(), "too many times"));
}

static void
join_waits_for_the_last_task_done(void **state)
{
    (void)state;
    put(q, "a");
    get(q, "a");
    assert_int_equal(stint_queue_join(q, 100), STINT_ETIMEOUT);
    OK(stint_queue_task_done(q));
    OK(stint_queue_join(q, PATIENCE_MS));
}

static void
the_next_get_acknowledges_the_last_one(void **state)
{
    struct stint_bytes item;

    (void)state;
    put(q, "a");
    get(q, "a");
    assert_int_equal(stint_queue_get(q, &item, 0), STINT_EEMPTY);
    OK(stint_queue_join(q, PATIENCE_MS));
}

static void
a_clean_close_acknowledges_a_plain_get(void **state)
{
    struct stint *other = connect_as("other");

    (void)state;
    put(q, "a");
    get(open_queue(other, stint_queue_name(q)), "a");
    OK(stint_close(other));
    OK(stint_queue_join(q, PATIENCE_MS));
    assert_int_equal(qsize(q), 0);
}

static void
a_consumer_that_dies_gives_its_item_back(void **state)
{
    struct stint *other = connect_as("other");

    (void)state;
    put(q, "a");
    put(q, "b");
    get(open_queue(other, stint_queue_name(q)), "a");
    stint_abandon(other);
    get(q, "b");
    get(q, "a");
}

static void
a_client_that_dies_while_it_waits_costs_nothing(void **state)
{
    struct stint *others[20];

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        struct stint_consumer *c;
        const char *names[] = { stint_queue_name(q), NULL };
        others[i] = connect_as("waits");
        OK(stint_consumer_open(others[i], names, NULL, &c));
    }
    for (size_t i = 0; i < 20; i++)
        stint_abandon(others[i]);
    for (uint32_t i = 0; i < 100; i++)
        OK(stint_queue_put(q, &i, sizeof i, PATIENCE_MS));
    for (int i = 0; i < 100; i++) {
        struct stint_bytes item;
        OK(stint_queue_get(q, &item, PATIENCE_MS));
    }
    OK(stint_queue_task_done(q));
}

/* ---- shutdown ------------------------------------------------------------ */

static void
a_queue_that_is_shut_drains_and_then_says_so(void **state)
{
    struct stint_bytes item;

    (void)state;
    put(q, "a");
    OK(stint_queue_shutdown(q, false));
    assert_int_equal(stint_queue_put(q, "b", 1, PATIENCE_MS), STINT_ESHUTDOWN);
    get(q, "a");
    assert_int_equal(stint_queue_get(q, &item, PATIENCE_MS), STINT_ESHUTDOWN);
}

static void
an_immediate_shutdown_empties_the_queue(void **state)
{
    struct stint_bytes item;

    (void)state;
    put(q, "a");
    OK(stint_queue_shutdown(q, true));
    assert_int_equal(stint_queue_get(q, &item, PATIENCE_MS), STINT_ESHUTDOWN);
    OK(stint_queue_join(q, PATIENCE_MS));
}

/* ---- leases -------------------------------------------------------------- */

static struct stint_task *
take(struct stint_queue *from, int64_t lease_ms, bool no_renew)
{
    struct stint_take_options options = { lease_ms, no_renew };
    struct stint_task *t;

    OK(stint_queue_take(from, &options, &t, PATIENCE_MS));
    return t;
}

static void
a_task_knows_what_it_is(void **state)
{
    struct stint_put_options options = { .handler = "square" };

    (void)state;
    OK(stint_queue_put_with(q, "7", 1, &options, PATIENCE_MS));
    struct stint_task *t = take(q, 5000, false);
    expect(stint_task_payload(t), "7");
    assert_string_equal(stint_task_handler(t), "square");
    assert_string_equal(stint_task_queue(t), stint_queue_name(q));
    assert_true(stint_task_id(t) > 0);
    assert_int_equal(stint_task_attempt(t), 1);
    assert_in_range(stint_task_remaining_ms(t), 3000, 5000);
    OK(stint_task_done(t, NULL, 0));
    OK(stint_queue_join(q, PATIENCE_MS));
}

static void
a_released_task_comes_again_and_uses_up_no_attempt(void **state)
{
    (void)state;
    put(q, "a");
    put(q, "b");
    struct stint_task *t = take(q, 0, false);
    OK(stint_task_release(t, 0));
    t = take(q, 0, false);
    expect(stint_task_payload(t), "a");
    OK(stint_task_done(t, NULL, 0));
    get(q, "b");
}

static void
a_freed_task_is_given_back(void **state)
{
    (void)state;
    put(q, "a");
    stint_task_free(take(q, 0, false));
    get(q, "a");
}

static void
a_failed_task_comes_again_until_its_attempts_are_used_up(void **state)
{
    struct stint_queue_options options = { .attempts_max = 2 };
    struct stint_queue *twice = fresh_queue(&options);
    struct stint_task *t;

    (void)state;
    put(twice, "a");
    OK(stint_task_fail(take(twice, 0, false), "first", 1));
    t = take(twice, 0, false);
    assert_int_equal(stint_task_attempt(t), 2);
    OK(stint_task_fail(t, "second", 1));
    assert_int_equal(stint_queue_take(twice, NULL, &t, 100), STINT_EEMPTY);
    OK(stint_queue_join(twice, PATIENCE_MS));
}

static void
a_lease_is_renewed_while_the_program_works(void **state)
{
    struct stint_task *t, *again;

    (void)state;
    put(q, "a");
    t = take(q, 300, false);
    assert_int_equal(stint_queue_take(q, NULL, &again, 1000), STINT_EEMPTY);
    assert_true(stint_task_remaining_ms(t) > 0);
    OK(stint_task_done(t, NULL, 0));
}

static void
a_lease_is_renewed_while_no_call_is_made(void **state)
{
    struct stint_task *t;

    (void)state;
    put(q, "a");
    t = take(q, 300, false);
    (void)usleep(1000 * 1000);
    OK(stint_task_done(t, NULL, 0));
}

static void
a_broken_lease_is_stale(void **state)
{
    struct stint_task *t;

    (void)state;
    put(q, "a");
    t = take(q, 100, true);
    (void)usleep(250 * 1000);
    assert_true(stint_task_remaining_ms(t) < 0);
    assert_int_equal(stint_task_renew(t, 0), STINT_ESTALE);
    assert_int_equal(stint_task_done(t, "late", 4), STINT_ESTALE);
}

static void
a_caller_may_renew_itself(void **state)
{
    struct stint_task *t;

    (void)state;
    put(q, "a");
    t = take(q, 300, true);
    for (int i = 0; i < 5; i++) {
        (void)usleep(100 * 1000);
        OK(stint_task_renew(t, 0));
    }
    OK(stint_task_renew(t, 60000));
    assert_in_range(stint_task_remaining_ms(t), 59000, 60000);
    OK(stint_task_done(t, NULL, 0));
}

static void
a_result_that_is_too_large_leaves_the_task_with_the_caller(void **state)
{
    size_t size = 4 * 1024 * 1024 + 1;
    char *data = calloc(1, size);
    struct stint_task *t;

    (void)state;
    assert_non_null(data);
    put(q, "a");
    t = take(q, 0, false);
    assert_int_equal(stint_task_done(t, data, size), STINT_ETOOLARGE);
    assert_int_equal(stint_task_post_done(t, data, size), STINT_ETOOLARGE);
    OK(stint_task_done(t, NULL, 0));
    free(data);
}

static void
a_task_outlives_its_connection_as_a_closed_one(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_task *kept, *freed;

    (void)state;
    put(q, "a");
    put(q, "b");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));
    kept = take(same, 0, false);
    freed = take(same, 0, false);
    OK(stint_close(other));
    expect(stint_task_payload(kept), "a");
    assert_int_equal(stint_task_done(kept, NULL, 0), STINT_ECLOSED);
    stint_task_free(freed);
    get(q, "a");
    get(q, "b");
}

/* ---- consumers ----------------------------------------------------------- */

static void
a_consumer_keeps_its_credit_on_hand(void **state)
{
    const char *names[] = { stint_queue_name(q), NULL };
    struct stint_consumer_options options = { .credit_tasks = 8 };
    struct stint_consumer *c;
    struct stint_task *t;

    (void)state;
    for (int i = 0; i < 100; i++)
        put(q, "x");
    OK(stint_consumer_open(s, names, &options, &c));
    for (int i = 0; i < 100; i++) {
        OK(stint_consumer_next(c, &t, PATIENCE_MS));
        assert_in_range(stint_consumer_ready(c), 0, 8);
        assert_string_equal(stint_task_queue(t), names[0]);
        OK(stint_task_post_done(t, NULL, 0));
    }
    assert_int_equal(stint_consumer_next(c, &t, 50), STINT_EEMPTY);
    OK(stint_flush(s, PATIENCE_MS));
    OK(stint_queue_join(q, PATIENCE_MS));
    stint_consumer_close(c);
}

static void
a_closed_consumer_gives_back_what_is_on_hand(void **state)
{
    const char *names[] = { stint_queue_name(q), NULL };
    struct stint_consumer_options options = { .credit_tasks = 10 };
    struct stint_consumer *c;
    struct stint_task *t;

    (void)state;
    for (int i = 0; i < 10; i++)
        put(q, "x");
    OK(stint_consumer_open(s, names, &options, &c));
    OK(stint_consumer_next(c, &t, PATIENCE_MS));
    OK(stint_task_done(t, NULL, 0));
    stint_consumer_drain(c);
    assert_int_equal(stint_consumer_next(c, &t, 1000), STINT_ECLOSED);
    stint_consumer_close(c);
    for (int i = 0; i < 9; i++)
        get(q, "x");
    assert_int_equal(qsize(q), 0);
}

static void
a_consumer_takes_from_the_first_queue_with_tasks(void **state)
{
    struct stint_queue *second = fresh_queue(NULL);
    const char *names[] = { stint_queue_name(q), stint_queue_name(second),
        NULL };
    struct stint_consumer *c;
    struct stint_task *t;

    (void)state;
    put(second, "2");
    put(q, "1");
    OK(stint_consumer_open(s, names, NULL, &c));
    OK(stint_consumer_next(c, &t, PATIENCE_MS));
    expect(stint_task_payload(t), "1");
    OK(stint_task_done(t, NULL, 0));
    OK(stint_consumer_next(c, &t, PATIENCE_MS));
    expect(stint_task_payload(t), "2");
    OK(stint_task_done(t, NULL, 0));
    stint_consumer_close(c);
}

/* ---- futures ------------------------------------------------------------- */

static struct stint_future *
submit(const char *text)
{
    struct stint_future *f;

    OK(stint_queue_submit(q, text, strlen(text), NULL, &f));
    return f;
}

static void
a_result_comes_to_its_future(void **state)
{
    struct stint_future *f = submit("6");
    struct stint *worker = connect_as("busy bee");
    struct stint_bytes result;

    (void)state;
    assert_false(stint_future_ready(f));
    assert_int_equal(stint_future_get(f, &result, 50), STINT_ETIMEOUT);
    struct stint_task *t =
        take(open_queue(worker, stint_queue_name(q)), 0, false);
    uint64_t id = stint_task_id(t);
    OK(stint_task_done(t, "36", 2));
    OK(stint_future_get(f, &result, PATIENCE_MS));
    expect(result, "36");
    OK(stint_future_get(f, &result, 0));
    expect(result, "36");
    assert_true(stint_future_task(f) == id);
    assert_int_equal(stint_future_attempts(f), 1);
    assert_string_equal(stint_future_worker(f), "busy bee");
    stint_future_free(f);
    OK(stint_close(worker));
}

static void
a_large_result_comes_whole(void **state)
{
    static char big[100000];
    struct stint_future *f = submit("6");
    struct stint_bytes result;

    (void)state;
    memset(big, 'b', sizeof big);
    OK(stint_task_done(take(q, 0, false), big, sizeof big));
    OK(stint_future_get(f, &result, PATIENCE_MS));
    assert_int_equal(result.size, sizeof big);
    assert_memory_equal(result.data, big, sizeof big);
    stint_future_free(f);
}

static void
a_dead_task_tells_its_reason(void **state)
{
    struct stint_future *f = submit("6");

    (void)state;
    OK(stint_task_fail(take(q, 0, false), "no such number", STINT_FOREVER));
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_EDEAD);
    assert_non_null(strstr(stint_error_message(), "no such number"));
    stint_future_free(f);
}

static void
a_cancelled_task_is_not_run(void **state)
{
    struct stint_future *f = submit("6");
    struct stint_task *t;

    (void)state;
    OK(stint_future_cancel(f));
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_ECANCELLED);
    assert_int_equal(stint_queue_take(q, NULL, &t, 0), STINT_EEMPTY);
    assert_int_equal(stint_future_cancel(f), STINT_ENOTASK);
    stint_future_free(f);
}

static void
a_task_that_expires_tells_its_future(void **state)
{
    struct stint_put_options options = { .expires_ms = 50 };
    struct stint_future *f;

    (void)state;
    OK(stint_queue_submit(q, "x", 1, &options, &f));
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_EEXPIRED);
    stint_future_free(f);
}

static void
a_submit_that_is_refused_tells_its_future(void **state)
{
    (void)state;
    OK(stint_queue_shutdown(q, false));
    struct stint_future *f = submit("x");
    assert_int_equal(stint_future_get(f, NULL, PATIENCE_MS), STINT_ESHUTDOWN);
    stint_future_free(f);
    OK(stint_flush(s, PATIENCE_MS));
}

static void *
serve_many(void *arg)
{
    struct stint *worker = connect_as("serves");
    const char *names[] = { arg, NULL };
    struct stint_consumer_options options = { .credit_tasks = 64 };
    struct stint_consumer *c;

    OK(stint_consumer_open(worker, names, &options, &c));
    for (int i = 0; i < MANY; i++) {
        struct stint_task *t;
        OK(stint_consumer_next(c, &t, PATIENCE_MS));
        struct stint_bytes p = stint_task_payload(t);
        OK(stint_task_post_done(t, p.data, p.size));
    }
    OK(stint_close(worker));
    return NULL;
}

static void
many_futures_are_waited_for(void **state)
{
    static struct stint_future *futures[MANY];
    char *name = strdup(stint_queue_name(q));
    pthread_t thread;

    (void)state;
    assert_non_null(name);
    assert_int_equal(pthread_create(&thread, NULL, serve_many, name), 0);
    for (uint32_t i = 0; i < MANY; i++)
        OK(stint_queue_submit(q, &i, sizeof i, NULL, &futures[i]));
    assert_true(stint_futures_wait(futures, MANY, 1, PATIENCE_MS) >= 1);
    assert_int_equal(stint_futures_wait(futures, MANY, MANY, 30000), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        struct stint_bytes result;
        OK(stint_future_get(futures[i], &result, 0));
        assert_int_equal(result.size, sizeof i);
        assert_memory_equal(result.data, &i, sizeof i);
        stint_future_free(futures[i]);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    free(name);
}

static void
a_future_that_is_freed_early_harms_nobody(void **state)
{
    (void)state;
    stint_future_free(submit("a"));
    struct stint_future *f = submit("b");
    OK(stint_task_done(take(q, 0, false), "ra", 2));
    OK(stint_task_done(take(q, 0, false), "rb", 2));
    OK(stint_future_get(f, NULL, PATIENCE_MS));
    stint_future_free(f);
}

static void
a_future_outlives_its_connection_as_a_closed_one(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));
    struct stint_future *f;

    (void)state;
    OK(stint_queue_submit(same, "x", 1, NULL, &f));
    OK(stint_close(other));
    assert_int_equal(stint_future_get(f, NULL, 1000), STINT_ECLOSED);
    assert_true(stint_future_ready(f));
    assert_int_equal(stint_future_cancel(f), STINT_ECLOSED);
    stint_future_free(f);
}

/* ---- opening and looking ------------------------------------------------- */

static void
a_queue_with_other_options_exists_already(void **state)
{
    struct stint_queue_options options = { .kind = STINT_LIFO };
    struct stint_queue *again;

    (void)state;
    assert_int_equal(stint_queue_open(s, stint_queue_name(q), &options, &again),
        STINT_EEXISTS);
    assert_null(again);
}

static void
a_queue_that_is_not_there_is_not_made_when_only_opened(void **state)
{
    struct stint_queue_options options = { .only_open = true };
    struct stint_queue *none;

    (void)state;
    assert_int_equal(stint_queue_open(s, "nobody made this", &options, &none),
        STINT_ENOQUEUE);
    assert_int_equal(stint_queue_open(s, "", NULL, &none), STINT_EINVAL);
}

static int
count_row(void *arg, const struct stint_queue_row *row)
{
    if (strcmp(row->name, stint_queue_name(q)) == 0) {
        assert_int_equal(row->ready, 2);
        ++*(int *)arg;
    }
    return 0;
}

static int
count_task(void *arg, const struct stint_task_row *row)
{
    assert_string_equal(row->queue, stint_queue_name(q));
    assert_int_equal(row->head.size, 1);
    ++*(int *)arg;
    return 0;
}

static int
find_self(void *arg, const struct stint_peer_row *row)
{
    if (strcmp(row->name, "test") == 0 && row->pid == getpid()) {
        ++*(int *)arg;
    }
    return 0;
}

static void
a_master_shows_queues_tasks_and_peers(void **state)
{
    struct stint_task_filter filter = { .queue = stint_queue_name(q) };
    struct stint_status status;
    int rows = 0, tasks = 0, peers = 0;

    (void)state;
    put(q, "a");
    put(q, "b");
    OK(stint_status(s, &status, PATIENCE_MS));
    assert_true(status.queues >= 1 && status.ready >= 2);
    OK(stint_list_queues(s, NULL, count_row, &rows, PATIENCE_MS));
    assert_int_equal(rows, 1);
    OK(stint_list_tasks(s, &filter, count_task, &tasks, PATIENCE_MS));
    assert_int_equal(tasks, 2);
    OK(stint_list_peers(s, find_self, &peers, PATIENCE_MS));
    assert_true(peers >= 1);
}

static void
a_ping_comes_back(void **state)
{
    int64_t us = -1;

    (void)state;
    OK(stint_ping(s, &us, PATIENCE_MS));
    assert_in_range(us, 1, 1000000);
}

static void *
interrupt_soon(void *arg)
{
    (void)usleep(100 * 1000);
    stint_interrupt(arg);
    return NULL;
}

static void
an_interrupt_ends_a_waiting_call(void **state)
{
    struct stint_bytes item;
    pthread_t thread;
    int64_t from = now_ms();

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, s), 0);
    assert_int_equal(
        stint_queue_get(q, &item, STINT_FOREVER), STINT_ECANCELLED);
    assert_in_range(now_ms() - from, 90, 1000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    stint_resume(s);
    put(q, "a");
    get(q, "a");
}

static void *
echo_some(void *arg)
{
    struct stint_queue *mine = open_queue(s, arg);

    for (int i = 0; i < 300; i++) {
        struct stint_bytes item;
        OK(stint_queue_put(mine, "x", 1, PATIENCE_MS));
        OK(stint_queue_get(mine, &item, PATIENCE_MS));
    }
    stint_queue_close(mine);
    return NULL;
}

static void
threads_share_a_connection(void **state)
{
    pthread_t threads[4];
    char *name = strdup(stint_queue_name(q));

    (void)state;
    assert_non_null(name);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, echo_some, name), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    OK(stint_queue_join(q, PATIENCE_MS));
    free(name);
}

/* ---- connecting ---------------------------------------------------------- */

static void
nobody_at_the_address_is_unreachable_at_the_deadline(void **state)
{
    struct stint_options options = { .master = "tcp://127.0.0.1:1",
        .authkey = "stay-away-from-here-please",
        .connect_timeout_ms = 300 };
    struct stint *none;

    (void)state;
    /* The slow hash of an authkey comes before. */
    int64_t from = now_ms();
    assert_int_equal(stint_connect(&options, &none), STINT_EUNREACHABLE);
    assert_null(none);
    assert_non_null(strstr(stint_error_message(), "tcp://127.0.0.1:1"));
    assert_in_range(now_ms() - from, 290, 5000);
}

static void
another_authkey_is_refused_at_once(void **state)
{
    struct stint_options options = { .master = stint_master_address(master),
        .authkey = "not the key of that master",
        .connect_timeout_ms = 15000 };
    struct stint *none;
    int64_t from = now_ms();

    (void)state;
    assert_int_equal(stint_connect(&options, &none), STINT_EAUTH);
    assert_in_range(now_ms() - from, 0, 5000);
}

static void
malformed_options_are_refused(void **state)
{
    struct stint_options bad = { .master = "http://x",
        .authkey = "long-enough-to-be-good" };
    struct stint_options weak = { .master = "tcp://127.0.0.1:1",
        .authkey = "abc" };
    struct stint_options both = { .authkey = "long-enough-to-be-good",
        .access_file = "/nowhere" };
    struct stint_options missing = { .access_file = "/nowhere/at/all" };
    struct stint *none;

    (void)state;
    assert_int_equal(stint_connect(&bad, &none), STINT_EINVAL);
    assert_int_equal(stint_connect(&weak, &none), STINT_EINVAL);
    assert_int_equal(stint_connect(&both, &none), STINT_EINVAL);
    assert_int_equal(stint_connect(&missing, &none), STINT_EACCESS);
}

#define CONNECTED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(what_is_put_is_got),
        CONNECTED(a_queue_gives_in_the_order_of_puts),
        CONNECTED(an_empty_payload_is_a_payload),
        CONNECTED(a_large_payload_comes_whole),
        CONNECTED(a_payload_that_is_too_large_is_refused_with_the_bound),
        CONNECTED(a_get_of_an_empty_queue_ends_at_its_timeout),
        CONNECTED(a_negative_timeout_is_an_error),
        CONNECTED(a_waiting_get_is_woken_by_a_put_of_another_thread),
        CONNECTED(a_full_queue_refuses_or_waits),
        CONNECTED(a_put_that_waits_goes_on_when_there_is_room),
        CONNECTED(a_lifo_gives_the_last_first),
        CONNECTED(
            a_priority_queue_gives_the_smallest_first_and_equals_in_order),
        CONNECTED(a_delayed_task_comes_when_it_is_due),
        CONNECTED(many_are_put_and_got_in_order),
        CONNECTED(many_are_posted_and_got_in_order),
        CONNECTED(
            a_batch_that_finds_too_little_room_says_how_many_were_accepted),
        CONNECTED(posts_with_other_options_keep_their_options),
        CONNECTED(
            what_was_posted_arrives_while_the_program_does_something_else),
        CONNECTED(close_flushes_what_was_posted),
        CONNECTED(task_done_more_often_than_got_is_an_error),
        CONNECTED(join_waits_for_the_last_task_done),
        CONNECTED(the_next_get_acknowledges_the_last_one),
        CONNECTED(a_clean_close_acknowledges_a_plain_get),
        CONNECTED(a_consumer_that_dies_gives_its_item_back),
        CONNECTED(a_client_that_dies_while_it_waits_costs_nothing),
        CONNECTED(a_queue_that_is_shut_drains_and_then_says_so),
        CONNECTED(an_immediate_shutdown_empties_the_queue),
        CONNECTED(a_task_knows_what_it_is),
        CONNECTED(a_released_task_comes_again_and_uses_up_no_attempt),
        CONNECTED(a_freed_task_is_given_back),
        CONNECTED(a_failed_task_comes_again_until_its_attempts_are_used_up),
        CONNECTED(a_lease_is_renewed_while_the_program_works),
        CONNECTED(a_lease_is_renewed_while_no_call_is_made),
        CONNECTED(a_broken_lease_is_stale),
        CONNECTED(a_caller_may_renew_itself),
        CONNECTED(a_result_that_is_too_large_leaves_the_task_with_the_caller),
        CONNECTED(a_task_outlives_its_connection_as_a_closed_one),
        CONNECTED(a_consumer_keeps_its_credit_on_hand),
        CONNECTED(a_closed_consumer_gives_back_what_is_on_hand),
        CONNECTED(a_consumer_takes_from_the_first_queue_with_tasks),
        CONNECTED(a_result_comes_to_its_future),
        CONNECTED(a_large_result_comes_whole),
        CONNECTED(a_dead_task_tells_its_reason),
        CONNECTED(a_cancelled_task_is_not_run),
        CONNECTED(a_task_that_expires_tells_its_future),
        CONNECTED(a_submit_that_is_refused_tells_its_future),
        CONNECTED(many_futures_are_waited_for),
        CONNECTED(a_future_that_is_freed_early_harms_nobody),
        CONNECTED(a_future_outlives_its_connection_as_a_closed_one),
        CONNECTED(a_queue_with_other_options_exists_already),
        CONNECTED(a_queue_that_is_not_there_is_not_made_when_only_opened),
        CONNECTED(a_master_shows_queues_tasks_and_peers),
        CONNECTED(a_ping_comes_back),
        CONNECTED(an_interrupt_ends_a_waiting_call),
        CONNECTED(threads_share_a_connection),
        cmocka_unit_test(nobody_at_the_address_is_unreachable_at_the_deadline),
        cmocka_unit_test(another_authkey_is_refused_at_once),
        cmocka_unit_test(malformed_options_are_refused),
    };

    return cmocka_run_group_tests_name(
        "queues", tests, start_master, stop_master);
}
