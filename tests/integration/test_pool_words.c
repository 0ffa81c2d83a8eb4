/* What a pool's functions print, and what the pool says: of a death, of results
 * that nobody wants, of those beside one that failed. */
#include "tests/integration/with_pool.h"

/* ---- what functions print ------------------------------------------------ */

static int
speak(struct stint_call *call)
{
    int64_t n;

    if (stint_call_int(call, &n) != 0) return -1;
    (void)printf("heard %d\n", (int)n);
    return stint_call_return_int(call, n);
}

static int
greet(void *arg)
{
    (void)printf("%s\n", (const char *)arg);
    return 0;
}

static const struct stint_handler speakers[] = {
    { "speak", speak },
    { "die", die },
    { 0 },
};

/* While a pool is open its standard output, and ours, is a file. */
struct heard {
    FILE *file;
    int stdout_fd;
};

static struct heard
listen_to_stdout(void)
{
    struct heard h = { .file = tmpfile(), .stdout_fd = dup(STDOUT_FILENO) };

    assert_non_null(h.file);
    assert_true(h.stdout_fd >= 0);
    (void)fflush(stdout);
    assert_true(dup2(fileno(h.file), STDOUT_FILENO) >= 0);
    return h;
}

/* How many lines begin with `what`. */
static int
count_heard(struct heard *h, const char *what)
{
    char line[256];
    int count = 0;

    (void)fflush(stdout);
    (void)dup2(h->stdout_fd, STDOUT_FILENO);
    (void)close(h->stdout_fd);
    rewind(h->file);
    while (fgets(line, sizeof line, h->file) != NULL)
        count += strncmp(line, what, strlen(what)) == 0;
    (void)fclose(h->file);
    return count;
}

static struct stint_pool *
speaking_pool(void)
{
    static char hello[] = "hello";

    return open_pool((struct stint_pool_options){ .processes = 2,
        .functions = speakers,
        .initializer = greet,
        .initializer_arg = hello });
}

static void
what_functions_print_is_there_after_a_join(void **state)
{
    (void)state;
    enum { N = 50 };
    struct heard h = listen_to_stdout();
    struct stint_pool *p = speaking_pool();
    int64_t items[N] = { 0 };

    int rc = stint_pool_map_ints(p, "speak", items, N, NULL, NULL);
    finish(p);
    assert_int_equal(count_heard(&h, "heard 0\n"), N);
    OK(rc);
}

static void
what_returned_functions_printed_survives_a_terminate(void **state)
{
    (void)state;
    struct heard h = listen_to_stdout();
    struct stint_pool *p = speaking_pool();

    int rc = stint_pool_apply_int(p, "speak", 7, NULL);
    stint_pool_free(p);
    assert_int_equal(count_heard(&h, "heard 7\n"), 1);
    OK(rc);
}

static void
what_was_printed_before_survives_a_death(void **state)
{
    (void)state;
    struct heard h = listen_to_stdout();
    struct stint_pool *p = speaking_pool();

    int spoken = stint_pool_apply_int(p, "speak", 8, NULL);
    int died = stint_pool_apply_int(p, "die", 1, NULL);
    finish(p);
    assert_int_equal(count_heard(&h, "heard 8\n"), 1);
    OK(spoken);
    OK(died);
}

static void
what_an_initializer_prints_is_heard(void **state)
{
    (void)state;
    struct heard h = listen_to_stdout();
    struct stint_pool *p = speaking_pool(); /* One of them has run by now. */

    stint_pool_free(p);
    assert_in_range(count_heard(&h, "hello\n"), 1, 2);
}

/* ---- how a worker ended -------------------------------------------------- */

static int
crash(struct stint_call *call)
{
    (void)call;
    (void)raise(SIGSEGV);
    return 0;
}

static int
leave(struct stint_call *call)
{
    (void)call;
    _exit(3);
}

static const struct stint_handler deadly[] = {
    { "crash", crash },
    { "leave", leave },
    { 0 },
};

/* "worker 1234 " and then `words`. */
static void
assert_tells(const struct stint_failure *f, const char *words)
{
    char host[256] = "";
    int pid, at = 0;

    assert_int_equal(sscanf(f->text, "worker %d %n", &pid, &at), 1);
    assert_string_equal(f->text + at, words);
    (void)gethostname(host, sizeof host);
    assert_string_equal(f->host, host);
    assert_non_null(strstr(f->worker, "PoolWorker-"));
}

static void
a_death_tells_who_died_how_and_of_what(void **state)
{
    (void)state;
    struct stint_pool *p = open_pool((struct stint_pool_options){
        .processes = 1, .tries = 2, .functions = deadly });
    struct stint_failure failure;
    struct stint_async *a;

    OK(stint_pool_apply_async_int(p, "crash", 0, NULL, &a));
    assert_int_equal(
        stint_async_get(a, NULL, NULL, PATIENCE_MS), STINT_EWORKERLOST);
    OK(stint_async_failure(a, &failure));
    assert_tells(
        &failure, "was ended by signal 11 (SIGSEGV) in \"crash\", attempt 2");
    stint_async_free(a);
    OK(stint_pool_apply_async_int(p, "leave", 0, NULL, &a));
    assert_int_equal(
        stint_async_get(a, NULL, NULL, PATIENCE_MS), STINT_EWORKERLOST);
    OK(stint_async_failure(a, &failure));
    assert_tells(&failure, "ended with exit code 3 in \"leave\", attempt 2");
    stint_async_free(a);
    finish(p);
}

static int
two_zeros(void *arg, struct stint_bytes *item)
{
    static const uint8_t zero[] = { 0 };
    int *left = arg;

    *item = (struct stint_bytes){ zero, 1 };
    return (*left)-- > 0 ? 1 : 0;
}

static void
an_imap_tells_of_a_death_too(void **state)
{
    (void)state;
    struct stint_pool *p = open_pool((struct stint_pool_options){
        .processes = 1, .tries = 1, .functions = deadly });
    struct stint_failure failure;
    struct stint_bytes result;
    struct stint_imap *it;
    int left = 2;

    OK(stint_pool_imap(p, "leave", two_zeros, &left, NULL, &it));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            stint_imap_next(it, &result, NULL, PATIENCE_MS), STINT_EWORKERLOST);
        OK(stint_imap_failure(it, &failure));
        assert_tells(
            &failure, "ended with exit code 3 in \"leave\", attempt 1");
    }
    stint_imap_free(it);
    finish(p);
}

/* ---- results ------------------------------------------------------------- */

static void
results_that_nobody_wants_are_not_given(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(1);
    struct stint_bytes *items = numbers(3);
    struct stint_async *a;

    OK(stint_pool_apply(p, "echo", "x", 1, NULL));
    OK(stint_pool_apply_int(p, "square", 3, NULL));
    OK(stint_pool_apply_double(p, "half", 3, NULL));
    assert_int_equal(stint_pool_apply_int(p, "root", -1, NULL), STINT_EDEAD);
    OK(stint_pool_map(p, "square", items, 3, NULL, NULL));
    OK(stint_pool_apply_async_int(p, "square", 3, NULL, &a));
    OK(stint_async_get_int(a, NULL, PATIENCE_MS));
    OK(stint_async_get(a, NULL, NULL, PATIENCE_MS));
    stint_async_free(a);
    free_items(items, 3);
    finish(p);
}

static void
of_a_map_of_integers_the_good_ones_are_there(void **state)
{
    (void)state;
    struct stint_pool *p = pool_of(2);
    const int64_t items[] = { 4, -1, 9, -2, 16 };
    int64_t results[] = { 77, 77, 77, 77, 77 };
    static const int64_t expected[] = { 2, 0, 3, 0, 4 };

    assert_int_equal(
        stint_pool_map_ints(p, "root", items, 5, NULL, results), STINT_EDEAD);
    assert_string_equal(stint_error_message(), "-1 has no root");
    assert_memory_equal(results, expected, sizeof expected);
    assert_int_equal(
        stint_pool_map_ints(p, "cube", items, 5, NULL, results), STINT_EINVAL);
    assert_memory_equal(results, expected, sizeof expected);
    finish(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_functions_print_is_there_after_a_join),
        cmocka_unit_test(what_returned_functions_printed_survives_a_terminate),
        cmocka_unit_test(what_was_printed_before_survives_a_death),
        cmocka_unit_test(what_an_initializer_prints_is_heard),
        cmocka_unit_test(a_death_tells_who_died_how_and_of_what),
        cmocka_unit_test(an_imap_tells_of_a_death_too),
        cmocka_unit_test(results_that_nobody_wants_are_not_given),
        cmocka_unit_test(of_a_map_of_integers_the_good_ones_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
