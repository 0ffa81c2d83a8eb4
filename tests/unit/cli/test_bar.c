/* How far a job is, in so many columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/bar.h"

static const struct bar_state busy = { .job = 1,
    .total = 1000,
    .done = 609,
    .failed = 3,
    .running = 48,
    .workers = 6,
    .rate = 212 };

static const char *
text_of(const struct bar_state *state, size_t columns)
{
    static char text[BAR_TEXT];
    const struct bar bar = { 0 };

    bar_text(&bar, state, columns, text);
    return text;
}

static void
there_is_room_for_all_in_a_wide_terminal(void **state)
{
    (void)state;
    assert_string_equal(text_of(&busy, 200),
        "job 1  ########################----------------  612/1000  61%  3 "
        "failed  48 running on 6 workers  212/s  ETA 2s");
}

static void
what_does_not_fit_is_left_out_the_least_important_first(void **state)
{
    (void)state;
    assert_string_equal(text_of(&busy, 79),
        "job 1  ####---  612/1000  61%  3 failed  48 running on 6 workers  "
        "212/s  ETA 2s");
    assert_string_equal(text_of(&busy, 70),
        "job 1  ######-----  612/1000  61%  3 failed  48 running  212/s  "
        "ETA 2s");
    assert_string_equal(
        text_of(&busy, 49), "612/1000  61%  3 failed  48 running  ETA 2s");
    assert_string_equal(text_of(&busy, 19), "612/1000  3 failed");
    assert_string_equal(text_of(&busy, 10), "612/1000");
    assert_string_equal(text_of(&busy, 3), "");
    assert_string_equal(text_of(&busy, 0), "");
}

static void
it_is_never_wider_than_it_may_be(void **state)
{
    const struct bar bars[] = { { 0 }, { .is_utf8 = true, .is_color = true } };
    struct bar_state huge = busy;
    char text[BAR_TEXT];

    (void)state;
    huge.total = huge.done = UINT64_MAX / 4;
    huge.rate = 1e300;
    for (size_t columns = 0; columns < 500; columns++)
        for (size_t i = 0; i < 2; i++) {
            assert_true(bar_text(&bars[i], &busy, columns, text) <= columns);
            assert_true(bar_text(&bars[i], &huge, columns, text) <= columns);
            assert_true(strlen(text) < BAR_TEXT - 1);
        }
}

static void
utf8_fills_the_same_columns_with_blocks(void **state)
{
    const struct bar bar = { .is_utf8 = true };
    const struct bar_state half = { .total = 10, .done = 5 };
    char text[BAR_TEXT];

    (void)state;
    assert_int_equal(bar_text(&bar, &half, 30, text), 30);
    assert_non_null(strstr(text, "\u2588\u2588\u2588\u2591\u2591\u2591"));
    assert_null(strchr(text, '#'));
}

static void
only_what_failed_is_red(void **state)
{
    const struct bar bar = { .is_color = true };
    char text[BAR_TEXT];

    (void)state;
    bar_text(&bar, &busy, 79, text);
    assert_non_null(strstr(text, "\033[31m3 failed\033[0m"));
    assert_null(strchr(text_of(&busy, 79), '\033'));
}

static void
without_a_total_it_only_counts(void **state)
{
    struct bar_state unknown = busy;

    (void)state;
    unknown.total = 0;
    assert_string_equal(text_of(&unknown, 200),
        "job 1  612 done  3 failed  48 running on 6 workers  212/s");
}

static void
all_is_not_told_before_all_has_ended(void **state)
{
    const struct bar_state nearly = { .total = 1000, .done = 999 };
    const struct bar_state all = { .total = 1000, .done = 1000 };

    (void)state;
    assert_non_null(strstr(text_of(&nearly, 60), " 99%"));
    assert_non_null(strstr(text_of(&all, 60), " 100%"));
    assert_null(strstr(text_of(&all, 60), "ETA"));
}

static void
the_rate_is_that_of_the_last_seconds(void **state)
{
    struct bar bar = { 0 };
    uint64_t ended = 0;
    double rate = 0;

    (void)state;
    for (int64_t ms = 0; ms <= 60000; ms += 100) {
        ended += ms < 40000 ? 1 : 10;
        rate = bar_rate(&bar, ended, ms);
    }
    assert_true(rate > 99 && rate < 101);
}

static void
in_words_it_is_a_line(void **state)
{
    char text[BAR_TEXT];

    (void)state;
    bar_line(&busy, text);
    assert_string_equal(
        text, "job 1: 612/1000 done, 3 failed, 48 running, 212/s, ETA 2s");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_room_for_all_in_a_wide_terminal),
        cmocka_unit_test(
            what_does_not_fit_is_left_out_the_least_important_first),
        cmocka_unit_test(it_is_never_wider_than_it_may_be),
        cmocka_unit_test(utf8_fills_the_same_columns_with_blocks),
        cmocka_unit_test(only_what_failed_is_red),
        cmocka_unit_test(without_a_total_it_only_counts),
        cmocka_unit_test(all_is_not_told_before_all_has_ended),
        cmocka_unit_test(the_rate_is_that_of_the_last_seconds),
        cmocka_unit_test(in_words_it_is_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
