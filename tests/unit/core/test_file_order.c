/* Files of a job in the order in which they came, some of them gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base.h"
#include "master/core/file_order.h"

enum { MANY = 1000 };

static struct file *files[MANY + 1];

/* Serials 1 to MANY; the files are never looked into. */
static void
fill(struct file_order *o)
{
    static char places[MANY + 1];

    for (size_t i = 0; i <= MANY; i++)
        files[i] = (struct file *)(void *)&places[i];
    *o = (struct file_order){ .slots = NULL };
    for (uint64_t i = 1; i <= MANY; i++) {
        assert_true(file_order_reserve(o));
        file_order_add(o, i, files[i]);
    }
}

static void
what_comes_next_is_found_from_everywhere(void **state)
{
    struct file_order o;

    (void)state;
    fill(&o);
    for (uint64_t i = 0; i < MANY; i++)
        assert_ptr_equal(file_order_next(&o, i), files[i + 1]);
    assert_null(file_order_next(&o, MANY));
    assert_null(file_order_next(&o, UINT64_MAX));
    file_order_fini(&o);
}

static void
it_goes_on_behind_one_that_is_gone(void **state)
{
    struct file_order o;

    (void)state;
    fill(&o);
    for (uint64_t i = 1; i <= MANY; i++) {
        if (i % 10 != 0) file_order_remove(&o, i);
    }
    for (uint64_t i = 0; i < MANY; i++)
        assert_ptr_equal(file_order_next(&o, i), files[i / 10 * 10 + 10]);
    file_order_fini(&o);
}

static void
when_most_are_gone_so_is_their_memory(void **state)
{
    struct file_order o;

    (void)state;
    fill(&o);
    size_t full = file_order_memory(&o);
    for (uint64_t i = 1; i < MANY; i++)
        file_order_remove(&o, i);
    assert_in_range(file_order_memory(&o), 1, full / 16);
    assert_ptr_equal(file_order_next(&o, 0), files[MANY]);
    file_order_remove(&o, MANY);
    assert_null(file_order_next(&o, 0));
    file_order_fini(&o);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_next_is_found_from_everywhere),
        cmocka_unit_test(it_goes_on_behind_one_that_is_gone),
        cmocka_unit_test(when_most_are_gone_so_is_their_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
