/*
 * A connection that breaks changes nothing: what is put and taken through a
 * proxy that cuts it again and again arrives, all of it, and once.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/integration/through_proxy.h"

/* Each line is cut after about so many bytes: as often on a slow machine, or
 * under a sanitizer, as on a fast one. */
#define CUT_AFTER "150000"
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_SLOW /* Twenty times. */
#endif
#endif
#ifdef IS_SLOW
enum { TASKS = 20000, CUTS_MIN = 2 };
#else
enum { TASKS = 100000, CUTS_MIN = 10 };
#endif
enum { TAKERS = 2, BATCH = 64, PATIENCE_MS = 120000 };

static struct through through;
static atomic_uchar seen[TASKS];
static atomic_uint taken;
static atomic_uint broken; /* Calls that failed in a thread. */

static void
complain(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, stint_error_message());
    atomic_fetch_add(&broken, 1);
}

static void
see(struct stint_bytes item)
{
    uint32_t number;

    if (item.size != sizeof number) {
        complain("an item that nobody put");
        return;
    }
    memcpy(&number, item.data, sizeof number);
    if (number < TASKS) atomic_fetch_add(&seen[number], 1);
    atomic_fetch_add(&taken, 1);
}

static void
check_all_seen_once(void)
{
    unsigned missing = 0, twice = 0;

    for (size_t i = 0; i < TASKS; i++) {
        unsigned times = atomic_load(&seen[i]);
        missing += times == 0;
        twice += times > 1;
    }
    assert_int_equal(atomic_load(&broken), 0);
    assert_int_equal(missing, 0);
    assert_int_equal(twice, 0);
}

static void
check_status(uint64_t done)
{
    struct stint *s;
    struct stint_status status;

    assert_int_equal(stint_master_connect(through.master, NULL, &s), 0);
    assert_int_equal(stint_status(s, &status, 5000), 0);
    assert_int_equal(status.accepted, done);
    assert_int_equal(status.done, done);
    assert_int_equal(status.ready + status.leased + status.delayed, 0);
    assert_int_equal(stint_close(s), 0);
}

/* Nothing came in time; or the line was down just then, which is no loss. */
static bool
is_nothing_yet(int code)
{
    return code == STINT_EEMPTY || code == STINT_EUNREACHABLE
           || code == STINT_ETIMEOUT;
}

/* ---- puts and gets ------------------------------------------------------- */

static void *
getter(void *arg)
{
    struct stint_bytes items[BATCH];
    struct stint_queue *q = NULL;
    struct stint *s = through_connect(arg);
    size_t count;

    if (s == NULL || stint_queue_open(s, "numbers", NULL, &q) != 0) {
        complain("open");
        return NULL;
    }
    while (atomic_load(&taken) < TASKS) {
        int code = stint_queue_get_many(q, items, BATCH, &count, 500);
        if (is_nothing_yet(code)) continue;
        if (code != 0) {
            complain("get");
            break;
        }
        for (size_t i = 0; i < count; i++)
            see(items[i]);
    }
    stint_queue_close(q);
    if (stint_close(s) != 0) complain("close");
    return NULL;
}

static void
post_all(struct stint *s)
{
    struct stint_queue *q;

    assert_int_equal(stint_queue_open(s, "numbers", NULL, &q), 0);
    for (uint32_t i = 0; i < TASKS; i++)
        assert_int_equal(stint_queue_post(q, &i, sizeof i, NULL), 0);
    assert_int_equal(stint_flush(s, PATIENCE_MS), 0);
}

static void
a_hundred_thousand_puts_and_gets_pass_a_cutting_proxy(void **state)
{
    pthread_t threads[TAKERS];

    (void)state;
    through_begin(&through, "7", CUT_AFTER, "0");
    struct stint *s = through_connect(&through);
    assert_non_null(s);
    for (int i = 0; i < TAKERS; i++)
        pthread_create(&threads[i], NULL, getter, &through);
    post_all(s);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stint_close(s), 0);
    check_all_seen_once();
    check_status(TASKS);
    assert_true(through_end(&through) >= CUTS_MIN);
}

/* ---- tasks and results --------------------------------------------------- */

static atomic_bool is_over;

static void *
worker(void *arg)
{
    static const char *const queues[] = { "numbers", NULL };
    struct stint_consumer_options options = { .credit_tasks = 1024 };
    struct stint_consumer *c = NULL;
    struct stint_task *t;
    struct stint *s = through_connect(arg);

    if (s == NULL || stint_consumer_open(s, queues, &options, &c) != 0) {
        complain("consumer");
        return NULL;
    }
    while (!atomic_load(&is_over)) {
        int code = stint_consumer_next(c, &t, 200);
        if (is_nothing_yet(code)) continue;
        if (code != 0) {
            complain("next");
            break;
        }
        struct stint_bytes payload = stint_task_payload(t);
        see(payload);
        if (stint_task_post_done(t, payload.data, payload.size) != 0)
            complain("done");
    }
    stint_consumer_close(c);
    if (stint_close(s) != 0) complain("close");
    return NULL;
}

static void
check_result(struct stint_future *f, uint32_t number)
{
    struct stint_bytes result;

    if (stint_future_get(f, &result, PATIENCE_MS) != 0)
        fail_msg("task %u: %s", number, stint_error_message());
    assert_int_equal(result.size, sizeof number);
    assert_memory_equal(result.data, &number, sizeof number);
    assert_int_equal(stint_future_attempts(f), 1);
    stint_future_free(f);
}

static void
submit_all(struct stint *s, uint32_t count)
{
    struct stint_future **futures = calloc(count, sizeof(*futures));
    struct stint_queue *q;

    assert_non_null(futures);
    assert_int_equal(stint_queue_open(s, "numbers", NULL, &q), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(
            stint_queue_submit(q, &i, sizeof i, NULL, &futures[i]), 0);
    for (uint32_t i = 0; i < count; i++)
        check_result(futures[i], i);
    free(futures);
}

static void
run_submit(const char *cut_after, const char *stall_every_ms, uint32_t count)
{
    pthread_t threads[TAKERS];

    for (size_t i = 0; i < TASKS; i++)
        atomic_store(&seen[i], 0);
    atomic_store(&is_over, false);
    atomic_store(&broken, 0);
    through_begin(&through, "11", cut_after, stall_every_ms);
    struct stint *s = through_connect(&through);
    assert_non_null(s);
    for (int i = 0; i < TAKERS; i++)
        pthread_create(&threads[i], NULL, worker, &through);
    submit_all(s, count);
    atomic_store(&is_over, true);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stint_close(s), 0);
    assert_int_equal(atomic_load(&broken), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(atomic_load(&seen[i]), 1);
    check_status(count);
}

static void
each_submitted_task_runs_once_and_its_result_comes_once(void **state)
{
    (void)state;
    run_submit(CUT_AFTER, "0", TASKS);
    assert_true(through_end(&through) >= CUTS_MIN);
}

static void
a_connection_that_carries_nothing_for_a_while_loses_nothing(void **state)
{
    (void)state;
    run_submit("0", "150", TASKS / 5);
    assert_int_equal(through_end(&through), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_puts_and_gets_pass_a_cutting_proxy),
        cmocka_unit_test(
            each_submitted_task_runs_once_and_its_result_comes_once),
        cmocka_unit_test(
            a_connection_that_carries_nothing_for_a_while_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
