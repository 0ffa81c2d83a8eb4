/* Queues and errors through the public library, against a master in this
 * process: real sockets, real threads. */
#include "tests/integration/with_master.h"

/* ---- puts and gets ------------------------------------------------------- */

static void
get_gives_what_was_put(void **state)
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
get_from_an_empty_queue_is_empty_at_its_timeout(void **state)
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

/* A get of somebody else finds it at once. */
static void
put_returns_when_the_master_has_it(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));
    struct stint_bytes item;

    (void)state;
    for (int i = 0; i < 100; i++) {
        put(q, "x");
        OK(stint_queue_get_nowait(same, &item));
    }
    OK(stint_close(other));
}

static void
put_nowait_and_get_nowait_try_once(void **state)
{
    const struct stint_queue_options options = { .max_tasks = 1 };
    struct stint_queue *small = fresh_queue(&options);
    struct stint_bytes item;
    int64_t from = now_ms();

    (void)state;
    assert_int_equal(stint_queue_get_nowait(small, &item), STINT_EEMPTY);
    OK(stint_queue_put_nowait(small, "a", 1));
    assert_int_equal(stint_queue_put_nowait(small, "b", 1), STINT_EFULL);
    assert_int_equal(stint_queue_put(small, "b", 1, 0), STINT_EFULL);
    OK(stint_queue_get_nowait(small, &item));
    expect(item, "a");
    assert_int_equal(stint_queue_get(small, &item, 0), STINT_EEMPTY);
    assert_in_range(now_ms() - from, 0, 20000);
}

static void
put_and_get_refuse_a_negative_timeout(void **state)
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
queue_without_a_bound_is_never_full_and_a_negative_bound_is_refused(
    void **state)
{
    struct stint_queue_options options = { .max_tasks = 0 };
    struct stint_queue *wide = fresh_queue(&options), *none;

    (void)state;
    for (int i = 0; i < 3000; i++)
        OK(stint_queue_post(wide, "x", 1, NULL));
    OK(stint_flush(s, PATIENCE_MS));
    assert_int_equal(stint_queue_full(wide), 0);
    OK(stint_queue_put_nowait(wide, "x", 1));
    options.max_tasks = -1;
    assert_int_equal(
        stint_queue_open(s, "negative", &options, &none), STINT_EINVAL);
}

static void
qsize_empty_and_full_are_exact_at_the_master(void **state)
{
    const struct stint_queue_options options = { .max_tasks = 2 };
    struct stint *other = connect_as("other");
    struct stint_queue *mine = fresh_queue(&options);
    struct stint_queue *theirs = open_queue(other, stint_queue_name(mine));

    (void)state;
    for (int i = 0; i <= 2; i++) {
        assert_int_equal(qsize(theirs), i);
        assert_int_equal(stint_queue_empty(theirs), i == 0);
        assert_int_equal(stint_queue_full(theirs), i == 2);
        if (i < 2) put(mine, "x");
    }
    get(mine, "x");
    assert_int_equal(qsize(theirs), 1);
    assert_int_equal(stint_queue_full(theirs), 0);
    OK(stint_close(other));
}

static void
put_into_a_full_queue_is_full_at_its_timeout(void **state)
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

static void
what_is_leased_or_dead_leaves_room_in_a_queue(void **state)
{
    struct stint_queue_options options = { .max_tasks = 1, .max_bytes = 4 };
    struct stint_queue *small = fresh_queue(&options);
    struct stint_task *t = NULL;

    (void)state;
    put(small, "abc");
    assert_int_equal(stint_queue_full(small), 1);
    OK(stint_queue_take(small, NULL, &t, PATIENCE_MS));
    assert_int_equal(stint_queue_full(small), 0);
    OK(stint_task_fail(t, "no", STINT_FOREVER));
    assert_int_equal(stint_queue_full(small), 0);
    OK(stint_queue_put_nowait(small, "def", 3));
    assert_int_equal(stint_queue_full(small), 1);
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
put_that_waits_goes_on_when_there_is_room(void **state)
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

static void *
put_and_wait(void *arg)
{
    struct stint_queue *full = arg;

    OK(stint_queue_put(full, "b", 1, PATIENCE_MS));
    return NULL;
}

static void
a_post_is_not_held_up_by_a_put_that_waits_in_another_thread(void **state)
{
    struct stint_queue_options options = { .max_tasks = 1 };
    struct stint_queue *full = fresh_queue(&options);
    struct stint *other = connect_as("other");
    struct stint_queue *same = open_queue(other, stint_queue_name(q));
    struct stint_bytes item;
    pthread_t thread;

    (void)state;
    put(full, "a");
    assert_int_equal(pthread_create(&thread, NULL, put_and_wait, full), 0);
    (void)usleep(350 * 1000);
    OK(stint_queue_post(q, "x", 1, NULL));
    OK(stint_queue_get(same, &item, 100));
    get(full, "a");
    assert_int_equal(pthread_join(thread, NULL), 0);
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

/* Python's hangs for ever: the lease counts, not the caller. */
static void
join_ends_though_a_consumer_died_before_its_task_done(void **state)
{
    struct stint *other = connect_as("other");

    (void)state;
    put(q, "a");
    get(open_queue(other, stint_queue_name(q)), "a");
    stint_abandon(other);
    get(q, "a");
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
shutdown_refuses_puts_and_lets_gets_drain(void **state)
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
shutdown_immediate_empties_the_queue_and_counts_it_done(void **state)
{
    struct stint_bytes item;

    (void)state;
    put(q, "a");
    OK(stint_queue_shutdown(q, true));
    assert_int_equal(stint_queue_get(q, &item, PATIENCE_MS), STINT_ESHUTDOWN);
    OK(stint_queue_join(q, PATIENCE_MS));
}

struct waits {
    struct stint_queue *on;
    int (*call)(struct stint_queue *on);
    int code;
};

static int
wait_in_get(struct stint_queue *on)
{
    struct stint_bytes item;

    return stint_queue_get(on, &item, 4 * PATIENCE_MS);
}

static int
wait_in_put(struct stint_queue *on)
{
    return stint_queue_put(on, "x", 1, 4 * PATIENCE_MS);
}

static int
wait_in_join(struct stint_queue *on)
{
    return stint_queue_join(on, 4 * PATIENCE_MS);
}

static void *
wait_in_it(void *arg)
{
    struct waits *w = arg;

    w->code = w->call(w->on);
    return NULL;
}

static void
shutdown_wakes_all_who_wait(void **state)
{
    const struct stint_queue_options one = { .max_tasks = 1 };

    (void)state;
    for (int immediate = 0; immediate < 2; immediate++) {
        struct stint_queue *empty = fresh_queue(NULL),
                           *full = fresh_queue(&one);
        struct waits waits[] = { { empty, wait_in_get, 0 },
            { full, wait_in_put, 0 }, { full, wait_in_join, 7 } };
        pthread_t threads[3];
        int count = 2 + immediate; /* Only then there is nothing to join. */

        put(full, "x");
        for (int i = 0; i < count; i++) {
            assert_int_equal(
                pthread_create(&threads[i], NULL, wait_in_it, &waits[i]), 0);
        }
        (void)usleep(100000);
        int64_t from = now_ms();
        OK(stint_queue_shutdown(empty, immediate != 0));
        OK(stint_queue_shutdown(full, immediate != 0));
        for (int i = 0; i < count; i++)
            (void)pthread_join(threads[i], NULL);
        assert_in_range(now_ms() - from, 0, PATIENCE_MS);
        assert_int_equal(waits[0].code, STINT_ESHUTDOWN);
        assert_int_equal(waits[1].code, STINT_ESHUTDOWN);
        assert_int_equal(waits[2].code, immediate != 0 ? 0 : 7);
    }
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
connect_to_nobody_is_unreachable_at_its_timeout(void **state)
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
    assert_in_range(now_ms() - from, 290, 20000);
}

static void
connect_with_another_authkey_is_refused_at_once(void **state)
{
    struct stint_options options = { .master = stint_master_address(master),
        .authkey = "not the key of that master",
        .connect_timeout_ms = 60000 };
    struct stint *none;
    int64_t from = now_ms();

    (void)state;
    assert_int_equal(stint_connect(&options, &none), STINT_EAUTH);
    assert_in_range(now_ms() - from, 0, 30000);
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
    struct stint_options odd = { .name = "tes\033[31mt" };
    struct stint *none;

    (void)state;
    assert_int_equal(stint_connect(&bad, &none), STINT_EINVAL);
    assert_int_equal(stint_connect(&weak, &none), STINT_EINVAL);
    assert_int_equal(stint_connect(&both, &none), STINT_EINVAL);
    assert_int_equal(stint_connect(&missing, &none), STINT_EACCESS);
    assert_int_equal(stint_master_connect(master, &odd, &none), STINT_EINVAL);
    odd.name = "not \xff UTF-8";
    assert_int_equal(stint_master_connect(master, &odd, &none), STINT_EINVAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(get_gives_what_was_put),
        CONNECTED(a_queue_gives_in_the_order_of_puts),
        CONNECTED(an_empty_payload_is_a_payload),
        CONNECTED(a_large_payload_comes_whole),
        CONNECTED(a_payload_that_is_too_large_is_refused_with_the_bound),
        CONNECTED(get_from_an_empty_queue_is_empty_at_its_timeout),
        CONNECTED(put_returns_when_the_master_has_it),
        CONNECTED(put_nowait_and_get_nowait_try_once),
        CONNECTED(put_and_get_refuse_a_negative_timeout),
        CONNECTED(a_waiting_get_is_woken_by_a_put_of_another_thread),
        CONNECTED(
            queue_without_a_bound_is_never_full_and_a_negative_bound_is_refused),
        CONNECTED(qsize_empty_and_full_are_exact_at_the_master),
        CONNECTED(put_into_a_full_queue_is_full_at_its_timeout),
        CONNECTED(what_is_leased_or_dead_leaves_room_in_a_queue),
        CONNECTED(put_that_waits_goes_on_when_there_is_room),
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
        CONNECTED(a_post_is_not_held_up_by_a_put_that_waits_in_another_thread),
        CONNECTED(close_flushes_what_was_posted),
        CONNECTED(task_done_more_often_than_got_is_an_error),
        CONNECTED(join_waits_for_the_last_task_done),
        CONNECTED(join_ends_though_a_consumer_died_before_its_task_done),
        CONNECTED(the_next_get_acknowledges_the_last_one),
        CONNECTED(a_clean_close_acknowledges_a_plain_get),
        CONNECTED(a_consumer_that_dies_gives_its_item_back),
        CONNECTED(a_client_that_dies_while_it_waits_costs_nothing),
        CONNECTED(shutdown_refuses_puts_and_lets_gets_drain),
        CONNECTED(shutdown_immediate_empties_the_queue_and_counts_it_done),
        CONNECTED(shutdown_wakes_all_who_wait),
        CONNECTED(a_queue_with_other_options_exists_already),
        CONNECTED(a_queue_that_is_not_there_is_not_made_when_only_opened),
        CONNECTED(a_master_shows_queues_tasks_and_peers),
        CONNECTED(a_ping_comes_back),
        CONNECTED(an_interrupt_ends_a_waiting_call),
        CONNECTED(threads_share_a_connection),
        cmocka_unit_test(connect_to_nobody_is_unreachable_at_its_timeout),
        cmocka_unit_test(connect_with_another_authkey_is_refused_at_once),
        cmocka_unit_test(malformed_options_are_refused),
    };

    return cmocka_run_group_tests_name(
        "queues", tests, start_master, stop_master);
}
