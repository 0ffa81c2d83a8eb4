#include "tests/unit/core/unit.h"

#include "common/base.h"
#include "master/core/lease.h"

static struct lease_book book;

static int
set_up(void **state)
{
    (void)state;
    lease_book_init(&book);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    lease_book_fini(&book);
    return 0;
}

static void
a_lease_breaks_at_its_deadline_and_not_before(void **state)
{
    (void)state;
    struct lease *l = lease_grant(&book, 100, 50);

    assert_int_equal(lease_next_deadline(&book), 150);
    assert_null(lease_peek_broken(&book, 149));
    assert_ptr_equal(lease_peek_broken(&book, 150), l);
    assert_ptr_equal(lease_peek_broken(&book, 151), l);
    lease_end(&book, l);
    assert_null(lease_peek_broken(&book, 1000));
    assert_int_equal(lease_next_deadline(&book), TICK_NEVER);
}

static void
a_renewal_never_shortens(void **state)
{
    (void)state;
    struct lease *l = lease_grant(&book, 0, 100);

    lease_renew(&book, l, 10, 20);
    assert_int_equal(l->deadline, 100);
    lease_renew(&book, l, 10, 100);
    assert_int_equal(l->deadline, 110);
    assert_int_equal(lease_next_deadline(&book), 110);
    lease_end(&book, l);
}

static void
a_lease_for_ever_does_not_overflow(void **state)
{
    (void)state;
    struct lease *l = lease_grant(&book, 1000, INT64_MAX);

    assert_int_equal(l->deadline, TICK_NEVER);
    assert_null(lease_peek_broken(&book, INT64_MAX - 1));
    lease_end(&book, l);
}

static void
the_earliest_breaks_first_whatever_ends_between(void **state)
{
    enum { MANY = 500 };
    struct lease *held[MANY];
    uint64_t seed = 3;
    tick_ns last = 0;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        held[i] = lease_grant(&book, 0, 1 + unit_draw(&seed, 1000));
        assert_non_null(held[i]);
    }
    for (int i = 0; i < MANY; i += 3)
        lease_end(&book, held[i]);
    for (int i = 1; i < MANY; i += 3) {
        lease_renew(&book, held[i], 0, 1 + unit_draw(&seed, 2000));
    }
    for (struct lease *l; (l = lease_peek_broken(&book, 3000)) != NULL;) {
        assert_true(l->deadline >= last);
        last = l->deadline;
        lease_end(&book, l);
    }
    assert_int_equal(book.count, 0);
}

static void
memory_of_an_ended_lease_is_used_again(void **state)
{
    (void)state;
    struct lease *first = lease_grant(&book, 0, 1);

    lease_end(&book, first);
    assert_ptr_equal(lease_grant(&book, 0, 1), first);
    lease_end(&book, first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lease_breaks_at_its_deadline_and_not_before),
        TEST(a_renewal_never_shortens),
        TEST(a_lease_for_ever_does_not_overflow),
        TEST(the_earliest_breaks_first_whatever_ends_between),
        TEST(memory_of_an_ended_lease_is_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
