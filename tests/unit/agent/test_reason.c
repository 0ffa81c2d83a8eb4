#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "worker/agent/reason.h"

static void
a_reason_is_one_line_of_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        { "plain", "plain" },
        { "two\nlines\tand a tab", "two lines and a tab" },
        { "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F" },
        { "\xE2\x82\xAC \xF0\x9F\x90\x9F", "\xE2\x82\xAC \xF0\x9F\x90\x9F" },
        { "latin1 \xFC", "latin1 ?" },
        { "cut \xE2\x82", "cut ??" },
        { "overlong \xC0\xAF \xE0\x80\xAF", "overlong ?? ???" },
        { "surrogate \xED\xA0\x80", "surrogate ???" },
        { "too high \xF4\x90\x80\x80", "too high ????" },
        { "\x1B[31mred\x7F", " [31mred " },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reason r = { .text = "" };

        reason_set(&r, "%s", cases[i].from);
        assert_string_equal(r.text, cases[i].to);
    }
}

static void
a_long_reason_is_cut_and_still_utf8(void **state)
{
    (void)state;
    char text[2 * REASON_MAX + 1] = { 0 };
    struct reason r = { .text = "" };

    text[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof text - 1; i += 2) {
        text[i] = '\xC3';
        text[i + 1] = '\xBC';
    }
    reason_set(&r, "%s", text);
    assert_int_equal(strlen(r.text), REASON_MAX);
    assert_int_equal(r.text[REASON_MAX - 1], '?');
}

static void
the_last_line_with_something_in_it_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        { "", "" },
        { " \n\t\n", "" },
        { "one", "one" },
        { "one\n", "one" },
        { "one\n  two  \r\n\n", "two" },
        { "\nlast", "last" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct slice line = reason_last_line(slice_of(cases[i].from));

        assert_true(slice_equal(line, slice_of(cases[i].to)));
    }
}

static void
a_duration_reads_well(void **state)
{
    (void)state;
    static const struct {
        tick_ns length;
        const char *text;
    } cases[] = {
        { 0, "0 ms" },
        { 250 * TICK_MS, "250 ms" },
        { TICK_S, "1 s" },
        { 1500 * TICK_MS, "1.5 s" },
        { 90 * TICK_S, "90 s" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[REASON_LENGTH];

        reason_duration(text, cases[i].length);
        assert_string_equal(text, cases[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_is_one_line_of_utf8),
        cmocka_unit_test(a_long_reason_is_cut_and_still_utf8),
        cmocka_unit_test(the_last_line_with_something_in_it_is_found),
        cmocka_unit_test(a_duration_reads_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
