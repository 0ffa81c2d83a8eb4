/* What of a table stays when there is little room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/layout.h"

enum { ID, STATE, NUMBER, SPARE, TEXT, COLUMNS };

/* id 3, state 9, a number 7, a spare number 5, a text 60: 92 with the blanks
 * between them. */
static const struct layout_column table[COLUMNS] = {
    { .shown = true, .heading = 3, .width = 3 },
    { .shown = true, .heading = 5, .width = 9 },
    { .shown = true, .is_number = true, .heading = 7, .width = 7 },
    { .shown = true,
        .is_number = true,
        .is_spare = true,
        .heading = 5,
        .width = 5 },
    { .shown = true, .may_be_cut = true, .heading = 7, .width = 60 },
};

static struct layout_column columns[COLUMNS];

static void
fit(size_t room)
{
    memcpy(columns, table, sizeof(table));
    layout_fit(columns, COLUMNS, room);
}

static void
what_fits_is_left_as_it_is(void **state)
{
    (void)state;
    fit(92);
    assert_memory_equal(columns, table, sizeof(table));
}

static void
texts_are_cut_first(void **state)
{
    (void)state;
    fit(80);
    assert_int_equal(columns[TEXT].width, 48);
    assert_true(columns[SPARE].shown);
    fit(44);
    assert_int_equal(columns[TEXT].width, LAYOUT_TEXT_MIN);
    assert_true(columns[SPARE].shown);
}

static void
then_spare_columns_go_and_then_numbers(void **state)
{
    (void)state;
    fit(43);
    assert_false(columns[SPARE].shown);
    assert_true(columns[NUMBER].shown);
    assert_int_equal(columns[TEXT].width, 18);
    fit(36);
    assert_false(columns[NUMBER].shown);
}

static void
ids_and_words_are_never_cut(void **state)
{
    (void)state;
    for (size_t room = 0; room < 100; room++) {
        fit(room);
        assert_true(columns[ID].shown && columns[ID].width == 3);
        assert_true(columns[STATE].shown && columns[STATE].width == 9);
        assert_true(columns[TEXT].width >= LAYOUT_TEXT_MIN);
    }
}

static void
of_two_texts_the_wider_one_is_cut(void **state)
{
    struct layout_column two[] = {
        { .shown = true, .may_be_cut = true, .heading = 4, .width = 20 },
        { .shown = true, .may_be_cut = true, .heading = 4, .width = 50 },
    };

    (void)state;
    layout_fit(two, 2, 52);
    assert_int_equal(two[0].width, 20);
    assert_int_equal(two[1].width, 30);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_left_as_it_is),
        cmocka_unit_test(texts_are_cut_first),
        cmocka_unit_test(then_spare_columns_go_and_then_numbers),
        cmocka_unit_test(ids_and_words_are_never_cut),
        cmocka_unit_test(of_two_texts_the_wider_one_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
