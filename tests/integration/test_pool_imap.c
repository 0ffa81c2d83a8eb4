/* imap and imap_unordered of multiprocessing.Pool.  What Python does otherwise
 * is said where it is. */
#include "tests/integration/with_pool.h"

static struct stint_pool *pool; /* Of two. */

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

/* ---- imap ---------------------------------------------------------------- */

/* Counts up to `end` (0: for ever), and then ends with `code`. */
struct counting {
    int64_t read, end;
    int code;
    struct stint_bytes item;
};

static int
count_up(void *arg, struct stint_bytes *item)
{
    struct counting *c = arg;

    stint_bytes_free(&c->item);
    if (c->end > 0 && c->read == c->end) return c->code;
    if (stint_pack_int(&c->item, c->read++) != 0) return STINT_ENOMEM;
    *item = c->item;
    return 1;
}

static struct stint_imap *
open_imap(
    const char *function, struct counting *c, struct stint_imap_options options)
{
    struct stint_imap *it;

    OK(stint_pool_imap(pool, function, count_up, c, &options, &it));
    return it;
}

static void
imap_gives_results_in_order_then_ends(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk <= 7; chunk += 3) {
        struct counting c = { .end = 50 };
        struct stint_imap *it = open_imap(
            "square", &c, (struct stint_imap_options){ .chunk = chunk });
        struct stint_bytes result;
        size_t index = 99;

        for (int64_t i = 0; i < 50; i++) {
            OK(stint_imap_next(it, &result, &index, PATIENCE_MS));
            assert_int_equal(number_in(&result), i * i);
            assert_int_equal(index, (size_t)i);
        }
        for (int i = 0; i < 2; i++) {
            assert_int_equal(
                stint_imap_next(it, &result, NULL, PATIENCE_MS), STINT_EEMPTY);
        }
        stint_imap_free(it);
    }
}

/* Of Python only with chunks of one. */
static void
imap_goes_on_behind_an_error_whatever_the_chunk(void **state)
{
    (void)state;
    struct counting c = { .read = -2, .end = 4 };
    struct stint_imap *it =
        open_imap("root", &c, (struct stint_imap_options){ .chunk = 3 });
    struct stint_failure failure;
    struct stint_bytes result;

    for (size_t i = 0; i < 6; i++) {
        size_t index;
        int rc = stint_imap_next(it, &result, &index, PATIENCE_MS);

        assert_int_equal(rc, i < 2 ? STINT_EDEAD : 0);
        assert_int_equal(index, i);
        if (i < 2) {
            OK(stint_imap_failure(it, &failure));
            assert_int_equal(failure.index, i);
            assert_non_null(strstr(failure.text, "has no root"));
        } else {
            assert_int_equal(stint_imap_failure(it, &failure), STINT_EINVAL);
        }
    }
    stint_imap_free(it);
}

/* Of Python only with chunks of one. */
static void
imap_times_out_and_can_be_asked_again_whatever_the_chunk(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk <= 2; chunk++) {
        struct counting c = { .read = 300, .end = 302 };
        struct stint_imap *it =
            open_imap("nap", &c, (struct stint_imap_options){ .chunk = chunk });
        struct stint_bytes result;

        assert_int_equal(stint_imap_next(it, &result, NULL, 0), STINT_ETIMEOUT);
        assert_int_equal(
            stint_imap_next(it, &result, NULL, 10), STINT_ETIMEOUT);
        for (int64_t i = 300; i < 302; i++) {
            OK(stint_imap_next(it, &result, NULL, PATIENCE_MS));
            assert_int_equal(number_in(&result), i);
        }
        stint_imap_free(it);
        stint_bytes_free(&c.item);
    }
}

/* Python reads all of it. */
static void
imap_of_an_endless_input_is_bounded(void **state)
{
    (void)state;
    struct counting c = { .end = 0 };
    struct stint_imap *it = open_imap(
        "square", &c, (struct stint_imap_options){ .chunk = 2, .window = 10 });
    struct stint_bytes result;

    for (int64_t i = 0; i < 500; i++) {
        OK(stint_imap_next(it, &result, NULL, PATIENCE_MS));
        assert_int_equal(number_in(&result), i * i);
        assert_in_range(c.read, i + 1, i + 11);
    }
    stint_imap_free(it);
    stint_bytes_free(&c.item);
}

static void
imap_unordered_gives_results_as_they_come(void **state)
{
    (void)state;
    struct counting c = { .read = 0, .end = 20 };
    struct stint_imap *it = open_imap("square", &c,
        (struct stint_imap_options){ .unordered = true, .chunk = 3 });
    struct stint_bytes result;
    bool seen[20] = { false };
    size_t index;

    for (int i = 0; i < 20; i++) {
        OK(stint_imap_next(it, &result, &index, PATIENCE_MS));
        assert_true(index < 20 && !seen[index]);
        seen[index] = true;
        assert_int_equal(number_in(&result), (int64_t)(index * index));
    }
    assert_int_equal(
        stint_imap_next(it, &result, NULL, PATIENCE_MS), STINT_EEMPTY);
    stint_imap_free(it);
}

static int
slow_then_quick(void *arg, struct stint_bytes *item)
{
    static const uint8_t slow[] = { 0xcd, 0x02, 0x58 }, quick[] = { 1 };
    int *n = arg;

    if (*n == 2) return 0;
    *item = *n == 0 ? (struct stint_bytes){ slow, sizeof slow }
                    : (struct stint_bytes){ quick, sizeof quick };
    *n += 1;
    return 1;
}

static void
imap_unordered_does_not_wait_for_a_slow_first(void **state)
{
    (void)state;
    const struct stint_imap_options options = { .unordered = true };
    struct stint_bytes result;
    struct stint_imap *it;
    int n = 0;

    OK(stint_pool_imap(pool, "nap", slow_then_quick, &n, &options, &it));
    OK(stint_imap_next(it, &result, NULL, PATIENCE_MS));
    assert_int_equal(number_in(&result), 1);
    OK(stint_imap_next(it, &result, NULL, PATIENCE_MS));
    assert_int_equal(number_in(&result), 600);
    stint_imap_free(it);
}

static void
an_error_of_the_input_is_told_behind_the_results(void **state)
{
    (void)state;
    struct counting c = { .end = 5, .code = STINT_ENOFILE };
    struct stint_imap *it =
        open_imap("square", &c, (struct stint_imap_options){ .chunk = 1 });
    struct stint_bytes result;

    for (int i = 0; i < 5; i++)
        OK(stint_imap_next(it, &result, NULL, PATIENCE_MS));
    assert_int_equal(
        stint_imap_next(it, &result, NULL, PATIENCE_MS), STINT_ENOFILE);
    assert_int_equal(
        stint_imap_next(it, &result, NULL, PATIENCE_MS), STINT_EEMPTY);
    stint_imap_free(it);
}

static void
an_imap_goes_on_behind_a_close_and_ends_with_the_join(void **state)
{
    (void)state;
    struct counting c = { .end = 100 };
    struct stint_imap_options options = { .window = 4 };
    struct stint_pool *p = pool_of(2);
    struct stint_bytes result;
    struct stint_imap *it;
    int given = 0, rc;

    OK(stint_pool_imap(p, "square", count_up, &c, &options, &it));
    stint_pool_close(p);
    for (; given < 50; given++)
        OK(stint_imap_next(it, &result, NULL, PATIENCE_MS));
    OK(stint_pool_join(p, PATIENCE_MS));
    while ((rc = stint_imap_next(it, &result, NULL, PATIENCE_MS)) == 0)
        given++;
    assert_int_equal(rc, STINT_ESHUTDOWN);
    assert_in_range(given, 50, 54);
    stint_imap_free(it);
    stint_bytes_free(&c.item);
    stint_pool_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imap_gives_results_in_order_then_ends),
        cmocka_unit_test(imap_goes_on_behind_an_error_whatever_the_chunk),
        cmocka_unit_test(
            imap_times_out_and_can_be_asked_again_whatever_the_chunk),
        cmocka_unit_test(imap_of_an_endless_input_is_bounded),
        cmocka_unit_test(imap_unordered_gives_results_as_they_come),
        cmocka_unit_test(imap_unordered_does_not_wait_for_a_slow_first),
        cmocka_unit_test(an_error_of_the_input_is_told_behind_the_results),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(an_imap_goes_on_behind_a_close_and_ends_with_the_join),
    };
    /* First: TSan knows no fork of a process with threads. */
    int failed = cmocka_run_group_tests(alone, NULL, NULL);

    return failed + cmocka_run_group_tests(tests, open_shared, finish_shared);
}
