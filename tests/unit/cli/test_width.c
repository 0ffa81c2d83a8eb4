/* Texts on a terminal of so many columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/width.h"

static const char *
wrapped(const char *text, size_t columns, size_t used)
{
    static char out[256];
    FILE *to;

    memset(out, 0, sizeof(out));
    to = fmemopen(out, sizeof(out), "w");
    assert_non_null(to);
    width_wrap(to, text, columns, used);
    fclose(to);
    return out;
}

static void
lines_are_broken_between_words(void **state)
{
    (void)state;
    assert_string_equal(
        wrapped("needs gpus 3; it has 2", 80, 0), "needs gpus 3; it has 2");
    assert_string_equal(
        wrapped("needs gpus 3; it has 2", 13, 0), "needs gpus 3;\nit has 2");
    assert_string_equal(
        wrapped("needs gpus 3; it has 2", 12, 0), "needs gpus\n3; it has 2");
}

static void
what_stands_before_the_first_word_counts(void **state)
{
    (void)state;
    assert_string_equal(wrapped("it runs", 15, 8), "it runs");
    assert_string_equal(wrapped("it runs", 14, 8), "it\nruns");
    assert_string_equal(wrapped("runs", 8, 8), "\nruns");
}

static void
a_word_that_is_too_long_is_not_broken(void **state)
{
    (void)state;
    assert_string_equal(wrapped("a longword b", 4, 0), "a\nlongword\nb");
    assert_string_equal(wrapped("longword", 1, 0), "longword");
    assert_string_equal(wrapped("", 1, 0), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_broken_between_words),
        cmocka_unit_test(what_stands_before_the_first_word_counts),
        cmocka_unit_test(a_word_that_is_too_long_is_not_broken),
    };

    width_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
