/* multiprocessing.Pool and AsyncResult, call by call, with processes of the
 * pool's own.  What Python does otherwise is said where it is. */
#include "tests/integration/with_pool.h"

#include <sys/wait.h>

static struct stint_pool *pool; /* Of two, for the tests that change nothing. */

static int
open_shared(void **state)
{
    (void)state;
    pool = pool_of(2);
    return 0;
}

static int
finish_shared(void **state)
{
    (void)state;
    finish(pool);
    return 0;
}

/* ---- Pool() -------------------------------------------------------------- */

static void
a_pool_has_as_many_processes_as_processors(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(0);

    assert_int_equal(
        stint_pool_processes(p), (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    finish(p);
}

static void
a_pool_needs_functions_that_are_good(void **state)
{
    (void)state;
    static const struct stint_handler twice[] = { { "a", square },
        { "a", square }, { 0 } };
    struct stint_pool_options options = { .processes = 1 };
    struct stint_pool *p;

    assert_int_equal(stint_pool_open(NULL, &p), STINT_EINVAL);
    assert_null(p);
    options.functions = twice;
    assert_int_equal(stint_pool_open(&options, &p), STINT_EINVAL);
    options.functions = NULL;
    options.plugin = "/nowhere/lib.so";
    assert_int_equal(stint_pool_open(&options, &p), STINT_EPLUGIN);
    options.plugin = NULL;
    options.functions = functions;
    options.queue = "elsewhere";
    assert_int_equal(stint_pool_open(&options, &p), STINT_EINVAL);
}

static int initialized;

static int
initialize(void *arg)
{
    initialized = *(int *)arg;
    return 0;
}

static int
was_initialized(struct stint_call *call)
{
    return stint_call_return_int(call, initialized);
}

static int
refuse(void *arg)
{
    return arg == NULL ? 7 : 0;
}

static void
the_initializer_runs_first_in_each_process(void **state)
{
    (void)state;
    static const struct stint_handler own[] = { { "get", was_initialized },
        { 0 } };
    int number = 42;
    struct stint_pool *p =
        open_pool((struct stint_pool_options){ .processes = 2,
            .functions = own,
            .tasks_per_child = 1,
            .initializer = initialize,
            .initializer_arg = &number });

    for (int i = 0; i < 6; i++)
        assert_int_equal(call_int(p, "get", 0), 42);
    assert_int_equal(initialized, 0);
    finish(p);
}

/* Python starts processes for ever. */
static void
an_initializer_that_fails_three_times_fails_the_pool(void **state)
{
    (void)state;
    const struct stint_pool_options options = {
        .processes = 2, .functions = functions, .initializer = refuse
    };
    struct stint_pool *p;

    assert_int_equal(stint_pool_open(&options, &p), STINT_EDEAD);
    assert_null(p);
    assert_non_null(strstr(stint_error_message(), "initializer failed"));
    assert_non_null(strstr(stint_error_message(), "returned 7"));
}

/* ---- apply --------------------------------------------------------------- */

static void
apply_gives_the_result(void **state)
{
    (void)state;
    struct stint_bytes result;
    double r = 0;

    assert_int_equal(call_int(pool, "square", 7), 49);
    OK(stint_pool_apply_double(pool, "half", 5, &r));
    assert_true(r > 2.4 && r < 2.6);
    OK(stint_pool_apply(pool, "echo", "hello", 5, &result));
    assert_int_equal(result.size, 5);
    assert_memory_equal(result.data, "hello", 5);
    stint_bytes_free(&result);
    OK(stint_pool_apply(pool, "echo", NULL, 0, NULL));
}

static void
a_function_that_is_not_there_is_told_at_once(void **state)
{
    (void)state;
    int64_t n;
    char name[70];

    assert_int_equal(stint_pool_apply_int(pool, "cube", 1, &n), STINT_EINVAL);
    assert_non_null(strstr(stint_error_message(), "square"));
    (void)memset(name, 'x', sizeof name);
    name[69] = '\0';
    assert_int_equal(stint_pool_apply_int(pool, name, 1, &n), STINT_EINVAL);
    assert_int_equal(stint_pool_apply_int(pool, "", 1, &n), STINT_EINVAL);
}

static void
what_cannot_be_unpacked_is_an_error_for_who_packed_it(void **state)
{
    (void)state;
    int64_t n;

    assert_int_equal(
        stint_pool_apply(pool, "square", "seven", 5, NULL), STINT_EDEAD);
    assert_non_null(strstr(stint_error_message(), "integer"));
    assert_int_equal(stint_pool_apply_int(pool, "half", 1, &n), STINT_ETYPE);
}

static void
a_remote_error_has_text_host_worker_and_attempt(void **state)
{
    (void)state;
    struct stint_failure failure;
    struct stint_async *a;
    char host[256] = "";

    (void)gethostname(host, sizeof host - 1);
    OK(stint_pool_apply_async_int(pool, "root", -4, NULL, &a));
    assert_int_equal(stint_async_get(a, NULL, NULL, PATIENCE_MS), STINT_EDEAD);
    assert_string_equal(stint_error_message(), "-4 has no root");
    OK(stint_async_failure(a, &failure));
    assert_int_equal(failure.code, STINT_EDEAD);
    assert_string_equal(failure.text, "-4 has no root");
    assert_string_equal(failure.host, host);
    assert_non_null(strstr(failure.worker, "PoolWorker-"));
    assert_true(failure.attempt >= 1);
    assert_int_equal(failure.index, 0);
    stint_async_free(a);
}

/* ---- apply_async and its callbacks --------------------------------------- */

struct heard {
    pthread_mutex_t lock;
    pthread_t thread;
    unsigned calls, errors;
    int64_t order[64];
    int answer;
    bool other_thread;
    char text[128];
};

static struct heard *
new_heard(void)
{
    struct heard *h = calloc(1, sizeof *h);

    assert_non_null(h);
    (void)pthread_mutex_init(&h->lock, NULL);
    return h;
}

static void
note(struct heard *h)
{
    if (h->calls + h->errors > 0 && !pthread_equal(h->thread, pthread_self()))
        h->other_thread = true;
    h->thread = pthread_self();
}

static int
hear(void *arg, const struct stint_bytes *results, size_t count)
{
    struct heard *h = arg;
    int64_t n = -1;

    (void)pthread_mutex_lock(&h->lock);
    note(h);
    if (count > 0 && stint_unpack_int(results, &n) == 0 && h->calls < 64)
        h->order[h->calls] = n;
    h->calls++;
    int answer = h->answer;
    (void)pthread_mutex_unlock(&h->lock);
    return answer;
}

static void
hear_error(void *arg, const struct stint_failure *failure)
{
    struct heard *h = arg;

    (void)pthread_mutex_lock(&h->lock);
    note(h);
    h->errors++;
    (void)snprintf(h->text, sizeof h->text, "%s", failure->text);
    (void)pthread_mutex_unlock(&h->lock);
}

static unsigned
heard_so_far(struct heard *h)
{
    (void)pthread_mutex_lock(&h->lock);
    unsigned n = h->calls + h->errors;
    (void)pthread_mutex_unlock(&h->lock);
    return n;
}

static void
await_heard(struct heard *h, unsigned count)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (heard_so_far(h) < count && now_ms() < until)
        (void)usleep(1000);
    assert_int_equal(heard_so_far(h), count);
}

static void
exactly_one_of_the_callbacks_is_called_in_one_thread(void **state)
{
    (void)state;
    struct heard *h = new_heard();
    const struct stint_callbacks cb = { hear, hear_error, h };

    for (int i = 0; i < 10; i++) {
        OK(stint_pool_apply_async_int(
            pool, "root", i % 5 == 4 ? -1 : i, &cb, NULL));
    }
    await_heard(h, 10);
    assert_int_equal(h->calls, 8);
    assert_int_equal(h->errors, 2);
    assert_string_equal(h->text, "-1 has no root");
    assert_false(h->other_thread);
    assert_false(pthread_equal(h->thread, pthread_self()));
    free(h);
}

static void
callbacks_come_in_the_order_of_completion(void **state)
{
    (void)state;
    struct heard *h = new_heard();
    const struct stint_callbacks cb = { hear, hear_error, h };

    OK(stint_pool_apply_async_int(pool, "nap", 600, &cb, NULL));
    OK(stint_pool_apply_async_int(pool, "nap", 1, &cb, NULL));
    await_heard(h, 2);
    assert_int_equal(h->order[0], 1);
    assert_int_equal(h->order[1], 600);
    free(h);
}

/* Of Python up to 3.15 all later results would be lost. */
static void
a_callback_that_fails_is_its_results_error_and_hurts_no_other(void **state)
{
    (void)state;
    struct heard *h = new_heard();
    const struct stint_callbacks cb = { hear, hear_error, h };
    struct stint_async *a;

    h->answer = 3;
    OK(stint_pool_apply_async_int(pool, "square", 3, &cb, &a));
    assert_int_equal(stint_async_get(a, NULL, NULL, PATIENCE_MS), STINT_EDEAD);
    assert_string_equal(stint_error_message(), "the callback returned 3");
    assert_int_equal(stint_async_successful(a), 0);
    stint_async_free(a);
    assert_int_equal(heard_so_far(h), 1);
    assert_int_equal(call_int(pool, "square", 4), 16);
    free(h);
}

static int
wait_inside(void *arg, const struct stint_bytes *results, size_t count)
{
    int64_t n;

    (void)results;
    (void)count;
    *(int *)arg = stint_pool_apply_int(pool, "square", 2, &n);
    return 0;
}

static void
a_callback_that_waits_for_its_own_pool_is_told_so(void **state)
{
    (void)state;
    int code = 0;
    const struct stint_callbacks cb = { wait_inside, NULL, &code };
    struct stint_async *a;

    OK(stint_pool_apply_async_int(pool, "square", 3, &cb, &a));
    OK(stint_async_wait(a, PATIENCE_MS));
    assert_int_equal(code, STINT_EBUSY);
    stint_async_free(a);
}

/* ---- map ----------------------------------------------------------------- */

static void
map_keeps_the_order(void **state)
{
    (void)state;
    enum { N = 1000 };
    int64_t items[N], results[N];

    for (int i = 0; i < N; i++)
        items[i] = i;
    OK(stint_pool_map_ints(pool, "square", items, N, NULL, results));
    for (int i = 0; i < N; i++)
        assert_int_equal(results[i], (int64_t)i * i);
    struct stint_map_options one = { .chunk = 1 };
    OK(stint_pool_map_ints(pool, "square", items, N, &one, results));
    assert_int_equal(results[N - 1], (N - 1) * (N - 1));
}

static void
map_of_nothing_is_nothing_and_calls_no_callback(void **state)
{
    (void)state;
    struct heard *h = new_heard();
    const struct stint_callbacks cb = { hear, hear_error, h };
    struct stint_bytes *results;
    struct stint_async *a;
    size_t count = 9;

    OK(stint_pool_map(pool, "square", NULL, 0, NULL, &results));
    stint_results_free(results, 0);
    OK(stint_pool_map_async(pool, "square", NULL, 0, NULL, &cb, &a));
    assert_true(stint_async_ready(a));
    OK(stint_async_get(a, NULL, &count, 0));
    assert_int_equal(count, 0);
    assert_int_equal(heard_so_far(h), 0);
    stint_async_free(a);
    free(h);
}

/* The longest run of items that were in the same task. */
static size_t
chunk_of(struct stint_pool *p, size_t count, size_t chunk)
{
    struct stint_map_options options = { .chunk = chunk };
    int64_t *items = calloc(count, sizeof *items);
    size_t longest = 0, run = 0;

    assert_non_null(items);
    OK(stint_pool_map_ints(p, "task", items, count, &options, items));
    for (size_t i = 0; i < count; i++) {
        run = i > 0 && items[i] == items[i - 1] ? run + 1 : 1;
        if (run > longest) longest = run;
    }
    free(items);
    return longest;
}

static void
the_default_chunk_is_pythons(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(4);

    assert_int_equal(chunk_of(p, 10, 0), 1);
    assert_int_equal(chunk_of(p, 17, 0), 2);
    assert_int_equal(chunk_of(p, 100, 0), 7);
    assert_int_equal(chunk_of(p, 1000, 0), 63);
    assert_int_equal(chunk_of(p, 100, 30), 30);
    finish(p);
}

/* Python runs not even what follows in the same chunk, and tells the error that
 * came first. */
static void
an_error_in_a_map_stops_no_other_item_and_the_lowest_is_told(void **state)
{
    (void)state;
    enum { N = 40 };
    struct stint_bytes *items = numbers(N), *results;
    struct stint_map_options options = { .chunk = 8 };
    struct stint_failure failure;
    struct stint_async *a;

    for (int i = 37; i > 0; i -= 17) { /* 37, 20 and 3. */
        stint_bytes_free(&items[i]);
        OK(stint_pack_int(&items[i], -i));
    }
    assert_int_equal(stint_pool_map(pool, "root", items, N, &options, &results),
        STINT_EDEAD);
    assert_string_equal(stint_error_message(), "-3 has no root");
    for (int i = 0; i < N; i++) {
        assert_int_equal(results[i].data == NULL, i % 17 == 3);
        if (i == 36) assert_int_equal(number_in(&results[i]), 6);
    }
    stint_results_free(results, N);
    OK(stint_pool_map_async(pool, "root", items, N, &options, NULL, &a));
    assert_int_equal(stint_async_get(a, NULL, NULL, PATIENCE_MS), STINT_EDEAD);
    OK(stint_async_failure(a, &failure));
    assert_int_equal(failure.index, 3);
    stint_async_free(a);
    free_items(items, N);
}

static void
large_items_go_in_short_chunks(void **state)
{
    (void)state;
    enum { N = 12, SIZE = 3 << 20 };
    char *large = calloc(1, SIZE);
    struct stint_bytes items[N], *results;
    struct stint_map_options options = { .chunk = N };

    assert_non_null(large);
    for (int i = 0; i < N; i++)
        items[i] = (struct stint_bytes){ large, SIZE };
    OK(stint_pool_map(pool, "echo", items, N, &options, &results));
    for (int i = 0; i < N; i++)
        assert_int_equal(results[i].size, SIZE);
    stint_results_free(results, N);
    free(large);
}

/* Of Python's chunksize=0 nothing is run, and the results are None. */
static void
map_with_chunk_0_runs_every_item(void **state)
{
    (void)state;
    struct stint_map_options zero = { .chunk = 0 };
    int64_t items[5] = { 1, 2, 3, 4, 5 }, results[5] = { 0 };

    OK(stint_pool_map_ints(pool, "square", items, 5, &zero, results));
    for (int i = 0; i < 5; i++)
        assert_int_equal(results[i], items[i] * items[i]);
}

static void
map_async_is_a_result_of_the_whole_list(void **state)
{
    (void)state;
    enum { N = 10 };
    struct stint_bytes *items = numbers(N);
    const struct stint_bytes *results;
    struct heard *h = new_heard();
    const struct stint_callbacks cb = { hear, hear_error, h };
    struct stint_async *a;
    size_t count = 0;

    OK(stint_pool_map_async(pool, "square", items, N, NULL, &cb, &a));
    OK(stint_async_get(a, &results, &count, PATIENCE_MS));
    assert_int_equal(count, N);
    for (int i = 0; i < N; i++)
        assert_int_equal(number_in(&results[i]), (int64_t)i * i);
    await_heard(h, 1); /* Once, not for each item. */
    assert_int_equal(h->errors, 0);
    stint_async_free(a);
    free_items(items, N);
    free(h);
}

/* ---- starmap ------------------------------------------------------------- */

static void
starmap_takes_arrays_of_arguments(void **state)
{
    (void)state;
    enum { N = 5 };
    struct stint_bytes items[N], *results;
    struct stint_map_options options = { .starmap = true };
    struct stint_async *a;
    const struct stint_bytes *got;
    size_t count = 0;

    for (int64_t i = 0; i < N; i++) {
        int64_t pair[2] = { i, 10 * i };
        OK(stint_pack_ints(&items[i], pair, 2));
    }
    OK(stint_pool_map(pool, "add", items, N, &options, &results));
    for (int i = 0; i < N; i++)
        assert_int_equal(number_in(&results[i]), 11 * i);
    stint_results_free(results, N);
    OK(stint_pool_map_async(pool, "add", items, N, &options, NULL, &a));
    OK(stint_async_get(a, &got, &count, PATIENCE_MS));
    assert_int_equal(count, N);
    assert_int_equal(number_in(&got[4]), 44);
    stint_async_free(a);

    stint_bytes_free(&items[2]);
    OK(stint_pack_int(&items[2], 7));
    assert_int_equal(stint_pool_map(pool, "add", items, N, &options, &results),
        STINT_EINVAL);
    assert_null(results);
    assert_non_null(strstr(stint_error_message(), "item 2"));
    for (int i = 0; i < N; i++)
        stint_bytes_free(&items[i]);
}

/* ---- AsyncResult --------------------------------------------------------- */

static void
async_get_waits_as_long_as_it_is_told_and_can_be_repeated(void **state)
{
    (void)state;
    struct stint_async *a;
    int64_t n = 0;

    OK(stint_pool_apply_async_int(pool, "nap", 300, NULL, &a));
    assert_int_equal(stint_async_get_int(a, &n, 0), STINT_ETIMEOUT);
    assert_int_equal(stint_async_get_int(a, &n, 10), STINT_ETIMEOUT);
    assert_int_equal(stint_async_get_int(a, &n, -2), STINT_EINVAL);
    for (int i = 0; i < 2; i++) {
        OK(stint_async_get_int(a, &n, STINT_FOREVER));
        assert_int_equal(n, 300);
    }
    stint_async_free(a);
}

static void
async_wait_tells_whether_it_is_ready(void **state)
{
    (void)state;
    struct stint_failure failure;
    struct stint_async *a;

    OK(stint_pool_apply_async_int(pool, "nap", 200, NULL, &a));
    assert_int_equal(stint_async_wait(a, 1), STINT_ETIMEOUT);
    assert_false(stint_async_ready(a));
    assert_int_equal(stint_async_successful(a), STINT_ENOTREADY);
    assert_int_equal(stint_async_failure(a, &failure), STINT_ENOTREADY);
    OK(stint_async_wait(a, PATIENCE_MS));
    assert_true(stint_async_ready(a));
    assert_int_equal(stint_async_successful(a), 1);
    assert_int_equal(stint_async_failure(a, &failure), STINT_EINVAL);
    stint_async_free(a);
}

static void
a_result_that_was_freed_before_it_came_is_dropped(void **state)
{
    (void)state;
    struct stint_async *a;

    OK(stint_pool_apply_async_int(pool, "nap", 50, NULL, &a));
    stint_async_free(a);
    stint_async_free(NULL);
    assert_int_equal(call_int(pool, "square", 5), 25);
}

/* ---- close, terminate, join ---------------------------------------------- */

static void
close_takes_no_more_and_finishes_what_is_there(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(2);
    struct stint_async *a;
    int64_t n = 0;

    OK(stint_pool_apply_async_int(p, "nap", 200, NULL, &a));
    stint_pool_close(p);
    assert_int_equal(stint_pool_apply_int(p, "square", 1, &n), STINT_ESHUTDOWN);
    OK(stint_pool_join(p, PATIENCE_MS));
    assert_true(stint_async_ready(a));
    OK(stint_async_get_int(a, &n, 0));
    assert_int_equal(n, 200);
    stint_async_free(a);
    stint_pool_free(p);
}

/* Of Python a get without a timeout would hang. */
static void
terminate_ends_what_is_out_as_cancelled(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(2);
    struct stint_async *a[20];
    int64_t n, from = now_ms();

    for (int i = 0; i < 20; i++)
        OK(stint_pool_apply_async_int(p, "nap", 60000, NULL, &a[i]));
    stint_pool_terminate(p);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(
            stint_async_get_int(a[i], &n, STINT_FOREVER), STINT_ECANCELLED);
        stint_async_free(a[i]);
    }
    assert_int_equal(stint_pool_apply_int(p, "square", 1, &n), STINT_ESHUTDOWN);
    OK(stint_pool_join(p, PATIENCE_MS));
    assert_true(now_ms() - from < 20000);
    stint_pool_free(p);
}

static void
join_wants_a_close_before_and_may_be_called_again(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(1);
    struct stint_async *a;

    assert_int_equal(stint_pool_join(p, 0), STINT_EINVAL);
    OK(stint_pool_apply_async_int(p, "nap", 300, NULL, &a));
    stint_pool_close(p);
    assert_int_equal(stint_pool_join(p, 1), STINT_ETIMEOUT);
    OK(stint_pool_join(p, PATIENCE_MS));
    OK(stint_pool_join(p, 0));
    stint_async_free(a);
    stint_pool_free(p);
}

struct busy {
    pthread_t thread;
    struct stint_pool *pool;
    unsigned calls;
    int code;
};

static void *
be_busy(void *arg)
{
    struct busy *b = arg;
    struct stint_map_options one = { .chunk = 1 };

    while (b->code == 0) {
        int64_t items[50] = { 0 };
        b->code = b->calls++ % 2 == 0
                      ? stint_pool_apply_int(b->pool, "square", 2, items)
                      : stint_pool_map_ints(
                          b->pool, "square", items, 50, &one, items);
    }
    return NULL;
}

static void
end_while_others_call(void (*end)(struct stint_pool *p), int wanted)
{
    struct busy busy[4];
    struct stint_pool *p = pool_of(2);

    for (int i = 0; i < 4; i++) {
        busy[i] = (struct busy){ .pool = p };
        assert_int_equal(
            pthread_create(&busy[i].thread, NULL, be_busy, &busy[i]), 0);
    }
    (void)usleep(50 * 1000);
    end(p);
    OK(stint_pool_join(p, PATIENCE_MS));
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(busy[i].thread, NULL);
        if (busy[i].code != STINT_ESHUTDOWN)
            assert_int_equal(busy[i].code, wanted);
    }
    stint_pool_free(p);
}

static void
it_may_end_while_others_call(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        end_while_others_call(stint_pool_terminate, STINT_ECANCELLED);
        end_while_others_call(stint_pool_close, STINT_ESHUTDOWN);
    }
}

static int
terminate_inside(void *arg, const struct stint_bytes *results, size_t count)
{
    struct stint_pool *p = arg;

    (void)results;
    stint_pool_terminate(p);
    stint_pool_free(p); /* Which is more than a callback can do. */
    return stint_pool_join(p, 0) == STINT_EBUSY && count == 1 ? 0 : 1;
}

static void
a_callback_may_terminate_its_pool_but_not_join_it(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(1);
    const struct stint_callbacks cb = { terminate_inside, NULL, p };
    struct stint_async *first, *second;

    OK(stint_pool_apply_async_int(p, "nap", 20, &cb, &first));
    OK(stint_pool_apply_async_int(p, "nap", 60000, NULL, &second));
    OK(stint_async_get(first, NULL, NULL, PATIENCE_MS));
    assert_int_equal(
        stint_async_get(second, NULL, NULL, PATIENCE_MS), STINT_ECANCELLED);
    OK(stint_pool_join(p, PATIENCE_MS));
    stint_async_free(first);
    stint_async_free(second);
    stint_pool_free(p);
}

/* As the end of the with-block, which terminates. */
static void
pool_free_terminates(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(2);
    int64_t from = now_ms();

    for (int i = 0; i < 10; i++)
        OK(stint_pool_apply_async_int(p, "nap", 60000, NULL, NULL));
    stint_pool_free(p);
    stint_pool_free(NULL);
    assert_true(now_ms() - from < 20000);
}

/* ---- tasks_per_child ----------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static size_t
distinct(int64_t *numbers_, size_t count)
{
    size_t n = 0;

    qsort(numbers_, count, sizeof *numbers_, by_number);
    for (size_t i = 0; i < count; i++)
        n += i == 0 || numbers_[i] != numbers_[i - 1] ? 1 : 0;
    return n;
}

/* Python counts chunks: 2 processes for 12 items in chunks of 3. */
static void
tasks_per_child_counts_tasks_not_chunks(void **state)
{
    (void)state;
    struct stint_pool *p = open_pool(
        (struct stint_pool_options){ .processes = 1, .tasks_per_child = 2 });
    struct stint_map_options options = { .chunk = 3 };
    int64_t pids[12] = { 0 };

    OK(stint_pool_map_ints(p, "pid", pids, 12, &options, pids));
    assert_int_equal(distinct(pids, 12), 6);
    finish(p);
}

/* ---- and all of it ------------------------------------------------------- */

static unsigned
count_in(const char *folder)
{
    char line[64];
    unsigned n = 0;

    (void)snprintf(line, sizeof line, "ls %s | wc -l", folder);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%u", &n), 1);
    (void)pclose(f);
    return n;
}

/* What the library's threads let go of a moment later counts as gone, and what
 * a sanitizer has of its own is no leak of each pool. */
static void
assert_no_more_in(const char *folder, unsigned before)
{
    enum { SANITIZERS = 4 };
    unsigned most = before + SANITIZERS;
    int64_t until = now_ms() + PATIENCE_MS;

    while (count_in(folder) > most && now_ms() < until)
        (void)usleep(10000);
    assert_in_range(count_in(folder), 0, most);
}

static void
twenty_pools_leave_nothing_behind(void **state)
{
    (void)state;
    char fds[32], threads[32];
    unsigned fds_before = 0, threads_before = 0;

    (void)snprintf(fds, sizeof fds, "/proc/%d/fd", (int)getpid());
    (void)snprintf(threads, sizeof threads, "/proc/%d/task", (int)getpid());
    for (int i = 0; i < 20; i++) {
        struct stint_pool *p = pool_of(2);
        assert_int_equal(call_int(p, "square", i), (int64_t)i * i);
        if (i % 2 == 0) {
            finish(p);
        } else {
            stint_pool_free(p);
        }
        if (i > 0) continue;
        fds_before = count_in(fds);
        threads_before = count_in(threads);
    }
    assert_no_more_in(fds, fds_before);
    assert_no_more_in(threads, threads_before);
    assert_true(waitpid(-1, NULL, WNOHANG) <= 0); /* No zombie is left. */
}

struct caller {
    pthread_t thread;
    int64_t first, sum;
};

static void *
call_many(void *arg)
{
    struct caller *c = arg;

    for (int64_t i = 0; i < 100; i++) {
        int64_t n = 0;
        if (stint_pool_apply_int(pool, "square", c->first + i, &n) == 0)
            c->sum += n - (c->first + i) * (c->first + i);
        else
            c->sum += 1;
    }
    return NULL;
}

static void
threads_share_a_pool(void **state)
{
    (void)state;
    struct caller callers[8] = { 0 };

    for (int i = 0; i < 8; i++) {
        callers[i].first = i * 1000;
        assert_int_equal(
            pthread_create(&callers[i].thread, NULL, call_many, &callers[i]),
            0);
    }
    for (int i = 0; i < 8; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].sum, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apply_gives_the_result),
        cmocka_unit_test(a_function_that_is_not_there_is_told_at_once),
        cmocka_unit_test(what_cannot_be_unpacked_is_an_error_for_who_packed_it),
        cmocka_unit_test(a_remote_error_has_text_host_worker_and_attempt),
        cmocka_unit_test(exactly_one_of_the_callbacks_is_called_in_one_thread),
        cmocka_unit_test(callbacks_come_in_the_order_of_completion),
        cmocka_unit_test(
            a_callback_that_fails_is_its_results_error_and_hurts_no_other),
        cmocka_unit_test(a_callback_that_waits_for_its_own_pool_is_told_so),
        cmocka_unit_test(map_keeps_the_order),
        cmocka_unit_test(map_of_nothing_is_nothing_and_calls_no_callback),
        cmocka_unit_test(
            an_error_in_a_map_stops_no_other_item_and_the_lowest_is_told),
        cmocka_unit_test(large_items_go_in_short_chunks),
        cmocka_unit_test(map_with_chunk_0_runs_every_item),
        cmocka_unit_test(map_async_is_a_result_of_the_whole_list),
        cmocka_unit_test(starmap_takes_arrays_of_arguments),
        cmocka_unit_test(
            async_get_waits_as_long_as_it_is_told_and_can_be_repeated),
        cmocka_unit_test(async_wait_tells_whether_it_is_ready),
        cmocka_unit_test(a_result_that_was_freed_before_it_came_is_dropped),
        cmocka_unit_test(threads_share_a_pool),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(a_pool_has_as_many_processes_as_processors),
        cmocka_unit_test(a_pool_needs_functions_that_are_good),
        cmocka_unit_test(the_initializer_runs_first_in_each_process),
        cmocka_unit_test(an_initializer_that_fails_three_times_fails_the_pool),
        cmocka_unit_test(the_default_chunk_is_pythons),
        cmocka_unit_test(close_takes_no_more_and_finishes_what_is_there),
        cmocka_unit_test(terminate_ends_what_is_out_as_cancelled),
        cmocka_unit_test(join_wants_a_close_before_and_may_be_called_again),
        cmocka_unit_test(it_may_end_while_others_call),
        cmocka_unit_test(a_callback_may_terminate_its_pool_but_not_join_it),
        cmocka_unit_test(pool_free_terminates),
        cmocka_unit_test(tasks_per_child_counts_tasks_not_chunks),
        cmocka_unit_test(twenty_pools_leave_nothing_behind),
    };
    int failed = cmocka_run_group_tests(alone, NULL, NULL);

    return failed + cmocka_run_group_tests(tests, open_shared, finish_shared);
}
