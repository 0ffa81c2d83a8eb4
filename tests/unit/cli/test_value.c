/* What a person types as a duration, a size, an id, and how they are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/suggest.h"
#include "cli/value.h"

static void
durations_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = { { "90", 90000 }, { "90s", 90000 }, { "1h30m", 5400000 },
        { "250ms", 250 }, { "1.5s", 1500 }, { "2d", 172800000 }, { "0", 0 },
        { "forever", STINT_FOREVER } };
    static const char *const bad[] = { "", "s", "-1", "1x", "1h-3m", " 1",
        "1 s", "1e99", "200000d", "inf", "nan", "ever" };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        ms = -7;
        assert_true(value_duration(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ms = -7;
        if (value_duration(bad[i], &ms)) fail_msg("'%s' was read", bad[i]);
        assert_int_equal(ms, -7);
    }
}

static void
sizes_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = { { "0", 0 }, { "4096", 4096 }, { "64k", 65536 },
        { "2G", UINT64_C(2) << 30 }, { "1MiB", 1 << 20 }, { "1kb", 1024 },
        { "7B", 7 } };
    static const char *const bad[] = { "", "-1", "k", "1x", "1kk",
        "99999999999T", "1.5G", " 1" };
    uint64_t bytes;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        bytes = 9;
        assert_true(value_size(good[i].text, &bytes));
        assert_true(bytes == good[i].bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        bytes = 9;
        if (value_size(bad[i], &bytes)) fail_msg("'%s' was read", bad[i]);
        assert_true(bytes == 9);
    }
}

static void
ids_are_read(void **state)
{
    uint64_t first = 0, last = 0;

    (void)state;
    assert_true(value_ids("17", &first, &last));
    assert_true(first == 17 && last == 17);
    assert_true(value_ids("17-20", &first, &last));
    assert_true(first == 17 && last == 20);
    assert_false(value_ids("20-17", &first, &last));
    assert_false(value_ids("0", &first, &last));
    assert_false(value_ids("17-", &first, &last));
    assert_false(value_ids("-17", &first, &last));
    assert_false(value_ids("last", &first, &last));
    assert_true(first == 17 && last == 20);
}

static void
flags_are_read(void **state)
{
    bool flag = false;

    (void)state;
    assert_true(value_flag("Yes", &flag) && flag);
    assert_true(value_flag("0", &flag) && !flag);
    assert_true(value_flag("on", &flag) && flag);
    assert_true(value_flag("", &flag) && !flag);
    assert_false(value_flag("maybe", &flag));
}

static void
durations_and_sizes_are_shown_short(void **state)
{
    char text[VALUE_TEXT];

    (void)state;
    value_show_duration(250000, text);
    assert_string_equal(text, "250us");
    value_show_duration(4200000000, text);
    assert_string_equal(text, "4.2s");
    value_show_duration(90 * INT64_C(60000000000), text);
    assert_string_equal(text, "1h30m");
    value_show_size(1023, text);
    assert_string_equal(text, "1023");
    value_show_size(65536, text);
    assert_string_equal(text, "64.0k");
    value_show_size(UINT64_MAX, text);
    assert_string_equal(text, "16.0E");
}

static void
times_are_rfc_3339_in_utc(void **state)
{
    char text[VALUE_TEXT];

    (void)state;
    value_show_time(INT64_C(1769903999123456789), text);
    assert_string_equal(text, "2026-01-31T23:59:59.123Z");
}

static void
bytes_that_are_no_text_are_shown_as_hex(void **state)
{
    bool hex;
    char *text = value_show_bytes((struct stint_bytes){ "a\xff", 2 }, &hex);

    (void)state;
    assert_true(hex);
    assert_string_equal(text, "61ff");
    free(text);
    text = value_show_bytes((struct stint_bytes){ "\033[2J", 4 }, &hex);
    assert_true(hex);
    free(text);
    text =
        value_show_bytes((struct stint_bytes){ "gr\xc3\xbc\xc3\x9f", 6 }, &hex);
    assert_false(hex);
    assert_string_equal(text, "gr\xc3\xbc\xc3\x9f");
    free(text);
    text = value_show_bytes((struct stint_bytes){ NULL, 0 }, &hex);
    assert_false(hex);
    assert_string_equal(text, "");
    free(text);
}

static void
the_nearest_word_is_suggested(void **state)
{
    static const char *const words[] = { "status", "tasks", "put", "get",
        "workers" };

    (void)state;
    assert_string_equal(suggest("stauts", words, 5), "status");
    assert_string_equal(suggest("worker", words, 5), "workers");
    assert_string_equal(suggest("got", words, 5), "get");
    assert_null(suggest("banana", words, 5));
    assert_null(suggest("", words, 5));
    assert_int_equal(suggest_distance("ab", "ba"), 1);
    assert_int_equal(suggest_distance("", "abc"), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(ids_are_read),
        cmocka_unit_test(flags_are_read),
        cmocka_unit_test(durations_and_sizes_are_shown_short),
        cmocka_unit_test(times_are_rfc_3339_in_utc),
        cmocka_unit_test(bytes_that_are_no_text_are_shown_as_hex),
        cmocka_unit_test(the_nearest_word_is_suggested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
