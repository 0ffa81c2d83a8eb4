/* Pools of the workers that serve a queue of a master elsewhere: the same
 * calls.
 */
#include "tests/integration/with_pool.h"

static struct stint_master *master;
static struct stint *s; /* Of who has the pool. */
static struct stint_pool *pool;

/* A worker as anybody would start it. */
struct hand {
    pthread_t thread;
    struct stint *s;
    struct stint_worker *worker;
    int code; /* How it ended. */
};

static struct hand hand;

static void *
serve(void *arg)
{
    struct hand *h = arg;

    h->code = stint_worker_serve(h->worker);
    return NULL;
}

static void
start_hand(struct hand *h, const char *queue, const char *name)
{
    const char *const queues[] = { queue, NULL };
    const struct stint_options as = {
        .name = name, .kind = STINT_WORKER, .slots = 3
    };
    const struct stint_worker_options options = {
        .queues = queues, .slots = 3, .handlers = functions
    };

    OK(stint_master_connect(master, &as, &h->s));
    OK(stint_worker_new(h->s, &options, &h->worker));
    assert_int_equal(pthread_create(&h->thread, NULL, serve, h), 0);
}

static void
end_hand(struct hand *h)
{
    stint_worker_drain(h->worker);
    (void)pthread_join(h->thread, NULL);
    assert_int_equal(h->code, 0);
    stint_worker_free(h->worker);
    OK(stint_close(h->s));
}

static struct stint_pool *
pool_on(const char *queue)
{
    const struct stint_pool_options options = { .on = s, .queue = queue };
    struct stint_pool *p;

    OK(stint_pool_open(&options, &p));
    return p;
}

static int
set_up(void **state)
{
    const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true, .silence_ms = 1000
    };

    (void)state;
    OK(stint_master_start(&options, &master));
    OK(stint_master_connect(master, NULL, &s));
    start_hand(&hand, "default", "hand");
    pool = pool_on(NULL);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    finish(pool);
    end_hand(&hand);
    OK(stint_close(s));
    stint_master_stop(master);
    return 0;
}

/* ---- tests --------------------------------------------------------------- */

static void
a_pool_elsewhere_is_called_as_one_here(void **state)
{
    (void)state;
    enum { N = 500 };
    int64_t items[N], results[N];
    struct stint_failure failure;
    struct stint_async *a;

    for (int i = 0; i < N; i++)
        items[i] = i;
    assert_int_equal(call_int(pool, "square", 7), 49);
    OK(stint_pool_map_ints(pool, "square", items, N, NULL, results));
    for (int i = 0; i < N; i++)
        assert_int_equal(results[i], (int64_t)i * i);
    OK(stint_pool_apply_async_int(pool, "root", -9, NULL, &a));
    assert_int_equal(stint_async_get(a, NULL, NULL, PATIENCE_MS), STINT_EDEAD);
    OK(stint_async_failure(a, &failure));
    assert_string_equal(failure.text, "-9 has no root");
    assert_string_equal(failure.worker, "hand");
    stint_async_free(a);
}

static void
processes_are_the_slots_of_those_who_serve_us(void **state)
{
    (void)state;
    assert_int_equal(stint_pool_processes(pool), 3);
}

static void
a_pool_elsewhere_has_the_processes_that_are_there(void **state)
{
    (void)state;
    struct stint_pool_options options = { .on = s, .processes = 2 };
    struct stint_pool *p;

    assert_int_equal(stint_pool_open(&options, &p), STINT_EINVAL);
    options.processes = 0;
    options.functions = functions;
    assert_int_equal(stint_pool_open(&options, &p), STINT_EINVAL);
    assert_null(p);
}

static void
a_function_that_no_worker_has_fails_after_the_tries(void **state)
{
    (void)state;
    const struct stint_pool_options options = { .on = s, .tries = 1 };
    struct stint_pool *p;
    int64_t n;

    OK(stint_pool_open(&options, &p));
    assert_int_equal(stint_pool_apply_int(p, "cube", 1, &n), STINT_EDEAD);
    assert_non_null(strstr(stint_error_message(), "no handler \"cube\""));
    finish(p);
}

/* A worker that gets a task, and is not heard of again. */
static void
a_task_with_one_try_whose_worker_is_lost_is_given_to_nobody_else(void **state)
{
    (void)state;
    const struct stint_pool_options options = {
        .on = s, .queue = "fragile", .tries = 1
    };
    const struct stint_options as = {
        .name = "short-lived", .kind = STINT_WORKER, .slots = 1
    };
    struct stint_task *task;
    struct stint_async *a;
    struct stint_queue *q;
    struct stint_pool *p;
    struct stint *other;
    int64_t n;

    OK(stint_pool_open(&options, &p));
    OK(stint_pool_apply_async_int(p, "square", 1, NULL, &a));
    OK(stint_master_connect(master, &as, &other));
    OK(stint_queue_open(other, "fragile", NULL, &q));
    OK(stint_queue_take(q, NULL, &task, PATIENCE_MS));
    stint_abandon(other);
    assert_int_equal(
        stint_async_get_int(a, &n, PATIENCE_MS), STINT_EWORKERLOST);
    assert_non_null(strstr(stint_error_message(), "must not run twice"));
    stint_async_free(a);
    stint_task_free(task);
    finish(p);
}

static void
two_pools_and_plain_tasks_share_the_workers(void **state)
{
    (void)state;
    const struct stint_put_options put = { .handler = "echo" };
    struct stint_pool *other = pool_on("default");
    struct stint_queue *q;
    struct stint_future *f;
    struct stint_bytes result;

    OK(stint_queue_open(s, "default", NULL, &q));
    OK(stint_queue_submit(q, "plain", 5, &put, &f));
    assert_int_equal(call_int(pool, "square", 3), 9);
    assert_int_equal(call_int(other, "square", 4), 16);
    OK(stint_future_get(f, &result, PATIENCE_MS));
    assert_int_equal(result.size, 5);
    stint_future_free(f);
    stint_queue_close(q);
    finish(other);
    assert_int_equal(call_int(pool, "square", 5), 25);
}

static int64_t
open_tasks(void)
{
    struct stint_status status;

    OK(stint_status(s, &status, PATIENCE_MS));
    return (int64_t)(status.ready + status.delayed + status.leased);
}

static void
terminate_ends_the_tasks_at_the_master_and_no_others(void **state)
{
    (void)state;
    enum { N = 3000 };
    struct stint_pool *p = pool_on("nobody");
    struct stint_pool *other = pool_on("nobody");
    struct stint_async *a[N], *kept;
    int64_t n;

    OK(stint_pool_apply_async_int(other, "square", 1, NULL, &kept));
    for (int i = 0; i < N; i++)
        OK(stint_pool_apply_async_int(p, "square", i, NULL, &a[i]));
    stint_pool_terminate(p);
    for (int i = 0; i < N; i++) {
        assert_int_equal(
            stint_async_get_int(a[i], &n, PATIENCE_MS), STINT_ECANCELLED);
        stint_async_free(a[i]);
    }
    OK(stint_pool_join(p, PATIENCE_MS));
    stint_pool_free(p);
    int64_t until = now_ms() + PATIENCE_MS;
    while (open_tasks() > 1 && now_ms() < until)
        (void)usleep(1000);
    assert_int_equal(open_tasks(), 1);
    assert_false(stint_async_ready(kept));

    struct hand late;
    start_hand(&late, "nobody", "late");
    OK(stint_async_get_int(kept, &n, PATIENCE_MS));
    stint_async_free(kept);
    finish(other);
    end_hand(&late);
}

static int
end_at_9(void *arg, struct stint_bytes *item)
{
    static struct stint_bytes packed;
    int64_t *n = arg;

    stint_bytes_free(&packed);
    if (*n == 9) return 0;
    if (stint_pack_int(&packed, (*n)++) != 0) return STINT_ENOMEM;
    *item = packed;
    return 1;
}

static void
a_worker_that_comes_late_does_what_waits(void **state)
{
    (void)state;
    struct stint_pool *p = pool_on("later");
    struct stint_bytes result;
    struct stint_imap *it;
    struct hand late;
    int64_t n = 0;

    OK(stint_pool_imap(p, "square", end_at_9, &n, NULL, &it));
    assert_int_equal(stint_imap_next(it, &result, NULL, 20), STINT_ETIMEOUT);
    start_hand(&late, "later", "late");
    for (int64_t i = 0; i < 9; i++) {
        OK(stint_imap_next(it, &result, NULL, PATIENCE_MS));
        assert_int_equal(number_in(&result), i * i);
    }
    assert_int_equal(
        stint_imap_next(it, &result, NULL, PATIENCE_MS), STINT_EEMPTY);
    stint_imap_free(it);
    finish(p);
    end_hand(&late);
}

static void
an_interrupted_connection_only_makes_a_pool_wait(void **state)
{
    (void)state;
    struct stint_async *a;
    int64_t n;

    OK(stint_pool_apply_async_int(pool, "nap", 50, NULL, &a));
    stint_interrupt(s);
    (void)usleep(120 * 1000);
    stint_resume(s);
    OK(stint_async_get_int(a, &n, PATIENCE_MS));
    assert_int_equal(n, 50);
    stint_async_free(a);
}

/* What serves the queue need not be a worker of ours. */
static void
what_is_no_result_of_a_function_is_told_so(void **state)
{
    (void)state;
    struct stint_pool *p = pool_on("strange");
    struct stint_task *task;
    struct stint_async *a;
    struct stint_queue *q;

    OK(stint_queue_open(s, "strange", NULL, &q));
    for (int i = 0; i < 3; i++) {
        static const char *const answers[] = { "hello", "", "\x91\x92\x00" };
        static const size_t sizes[] = { 5, 0, 3 };

        OK(stint_pool_apply_async_int(p, "square", 1, NULL, &a));
        OK(stint_queue_take(q, NULL, &task, PATIENCE_MS));
        assert_string_equal(stint_task_handler(task), "map:square");
        OK(stint_task_done(task, answers[i], sizes[i]));
        assert_int_equal(
            stint_async_get(a, NULL, NULL, PATIENCE_MS), STINT_EMALFORMED);
        stint_async_free(a);
    }
    stint_queue_close(q);
    finish(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_elsewhere_is_called_as_one_here),
        cmocka_unit_test(processes_are_the_slots_of_those_who_serve_us),
        cmocka_unit_test(a_pool_elsewhere_has_the_processes_that_are_there),
        cmocka_unit_test(a_function_that_no_worker_has_fails_after_the_tries),
        cmocka_unit_test(
            a_task_with_one_try_whose_worker_is_lost_is_given_to_nobody_else),
        cmocka_unit_test(two_pools_and_plain_tasks_share_the_workers),
        cmocka_unit_test(terminate_ends_the_tasks_at_the_master_and_no_others),
        cmocka_unit_test(a_worker_that_comes_late_does_what_waits),
        cmocka_unit_test(an_interrupted_connection_only_makes_a_pool_wait),
        cmocka_unit_test(what_is_no_result_of_a_function_is_told_so),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
