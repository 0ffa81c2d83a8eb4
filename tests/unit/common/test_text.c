#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/text.h"

static void
words_of_all_languages_are_plain(void **state)
{
    static const char *const plain[] = { "", "queue", "\xc3\x9f",
        "\xe5\xbe\x85\xe3\x81\xa1", "\xf0\x9f\x9a\x80 1~2" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        assert_true(text_is_plain(slice_of(plain[i])));
}

static void
what_moves_a_terminal_is_not(void **state)
{
    static const char *const bad[] = { "\n", "a\x1b[31m", "\x7f",
        "\xc2\x9b"
        "31m", /* C1: CSI */
        "\xe2\x80\xae"
        "gpj.exe", /* right to left */
        "\xe2\x81\xa6", "\xe2\x80\xa8" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_is_plain(slice_of(bad[i])));
}

static void
what_is_no_utf8_is_not(void **state)
{
    static const char *const bad[] = { "\x80", "\xc3", "\xc0\xaf",
        "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xff" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_is_plain(slice_of(bad[i])));
}

static void
cleaning_keeps_the_length_and_what_is_plain(void **state)
{
    char text[] = "a\tb\x1b"
                  "c\xc2\x9b"
                  "d\xff\xc3\x9f";

    (void)state;
    text_clean((uint8_t *)text, sizeof text - 1);
    assert_string_equal(text, "a b c??d?\xc3\x9f");
    assert_true(text_is_plain(slice_of(text)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_all_languages_are_plain),
        cmocka_unit_test(what_moves_a_terminal_is_not),
        cmocka_unit_test(what_is_no_utf8_is_not),
        cmocka_unit_test(cleaning_keeps_the_length_and_what_is_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
