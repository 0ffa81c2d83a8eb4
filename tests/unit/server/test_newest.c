/* Of all that a log says of a row, the last counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base.h"
#include "master/server/newest.h"

static int
make_index(void **state)
{
    static struct newest n;

    newest_init(&n);
    *state = &n;
    return 0;
}

static int
drop_index(void **state)
{
    newest_fini(*state);
    return 0;
}

static struct row
put(unsigned kind, uint64_t id)
{
    return (struct row){ .kind = kind, .id = id };
}

static void
add(struct newest *n, struct row row, bool is_bad)
{
    assert_int_equal(newest_add(n, &row, is_bad), 0);
}

static void
the_last_row_of_a_key_is_the_newest(void **state)
{
    struct newest *n = *state;
    const struct row a = put(7, 1), b = put(8, 1), c = put(7, 2);

    add(n, a, false);
    add(n, b, false);
    add(n, a, false);
    add(n, c, false);
    assert_false(newest_is(n, &a, 1));
    assert_true(newest_is(n, &b, 2));
    assert_true(newest_is(n, &a, 3));
    assert_true(newest_is(n, &c, 4));
    const struct row d = put(9, 1);
    assert_false(newest_is(n, &d, 1));
}

static void
a_deleted_row_is_not_there_until_it_is_put_again(void **state)
{
    struct newest *n = *state;
    const struct row a = put(7, 1);
    struct row gone = a;

    gone.deleted = true;
    add(n, gone, false);
    add(n, a, false);
    add(n, gone, false);
    assert_false(newest_is(n, &a, 2));
    add(n, a, false);
    assert_true(newest_is(n, &a, 4));
}

static void
a_bad_row_is_no_newest_one_but_counts(void **state)
{
    struct newest *n = *state;
    const struct row a = put(7, 1);

    add(n, a, true);
    assert_false(newest_is(n, &a, 1));
    add(n, a, false);
    assert_true(newest_is(n, &a, 2));
    add(n, a, true);
    assert_false(newest_is(n, &a, 2));
    assert_false(newest_is(n, &a, 3));
}

struct count {
    unsigned keys, bad;
    uint64_t ids;
};

static void
see(void *arg, unsigned kind, uint64_t id, bool is_bad)
{
    struct count *c = arg;

    assert_int_equal(kind, 7);
    c->keys += 1;
    c->bad += is_bad;
    c->ids += id;
}

static void
each_key_is_shown_once(void **state)
{
    struct newest *n = *state;
    struct count c = { 0, 0, 0 };
    struct row gone = put(7, 50);

    for (uint64_t round = 0; round < 3; round++)
        for (uint64_t id = 1; id <= 100; id++)
            add(n, put(7, id), id == 10);
    gone.deleted = true;
    add(n, gone, false);
    newest_each(n, see, &c);
    assert_int_equal(c.keys, 99);
    assert_int_equal(c.bad, 1);
    assert_int_equal(c.ids, 5050 - 50);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_index, drop_index)
    const struct CMUnitTest tests[] = {
        TEST(the_last_row_of_a_key_is_the_newest),
        TEST(a_deleted_row_is_not_there_until_it_is_put_again),
        TEST(a_bad_row_is_no_newest_one_but_counts),
        TEST(each_key_is_shown_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
