/* Failures that are alike are counted together. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/grouping.h"
#include "cli/width.h"

static struct stint_bytes
bytes(const char *text)
{
    return (struct stint_bytes){ text, strlen(text) };
}

static void
check_alike(const char *text, const char *value, const char *wanted)
{
    char *got = grouping_alike(text, bytes(value));

    assert_string_equal(got, wanted);
    free(got);
}

static void
numbers_addresses_and_the_value_do_not_tell_messages_apart(void **state)
{
    (void)state;
    check_alike("line 17: no room", "", "line N: no room");
    check_alike("at 0x7ffe10a8 of a.out", "", "at 0xN of a.out");
    check_alike("commit 9fceb02d0ae598e9 is bad", "", "commit 0xN is bad");
    check_alike("cannot read data/b17.csv: gone", "data/b17.csv",
        "cannot read {}: gone");
    check_alike("a face is no number", "", "a face is no number");
    check_alike("after 1.5 s", "", "after N.N s");
    check_alike("ab failed", "ab", "ab failed");
    check_alike("bad 7", "7", "bad N");
    check_alike("bad 7001", "7001", "bad N");
    check_alike("abcd failed", "abc", "abcd failed");
    check_alike("\033[31mred", "", " [Nmred");
}

static void
every_value_of_a_task_is_its_own(void **state)
{
    static const char values[] = "alpha\0beta";
    char *got = grouping_alike("no beta for alpha",
        (struct stint_bytes){ values, sizeof(values) - 1 });

    (void)state;
    assert_string_equal(got, "no {} for {}");
    free(got);
}

static void
a_message_of_any_length_is_bounded(void **state)
{
    char *text = malloc(100001), *got;

    (void)state;
    memset(text, 'x', 100000);
    text[100000] = '\0';
    got = grouping_alike(text, bytes("xxx"));
    assert_true(strlen(got) < GROUPING_TEXT);
    free(got);
    free(text);
}

static void
check_how(int code, const struct stint_attempt *last, const char *wanted)
{
    char *got = grouping_how(code, last);

    assert_string_equal(got, wanted);
    free(got);
}

static void
how_it_ended_is_said_in_two_words(void **state)
{
    (void)state;
    check_how(STINT_EDEAD, &(struct stint_attempt){ .code = 3 }, "exit 3");
    check_how(STINT_EDEAD, &(struct stint_attempt){ .signal = 11 },
        "killed by SIGSEGV");
    check_how(STINT_EDEAD,
        &(struct stint_attempt){ .cause = STINT_CAUSE_TIMEOUT, .signal = 15 },
        "timed out");
    check_how(STINT_EWORKERLOST, NULL, "worker lost");
    check_how(STINT_EDEAD, NULL, "failed");
    check_how(
        STINT_ECANCELLED, &(struct stint_attempt){ .code = 0 }, "cancelled");
}

static void
the_tail_is_the_last_lines_that_say_something(void **state)
{
    char *tail;

    (void)state;
    tail = grouping_tail(bytes("one\ntwo\nthree\n\n"), 2);
    assert_string_equal(tail, "two\nthree");
    free(tail);
    tail = grouping_tail(bytes("only"), 5);
    assert_string_equal(tail, "only");
    free(tail);
    tail = grouping_tail((struct stint_bytes){ NULL, 0 }, 5);
    assert_string_equal(tail, "");
    free(tail);
}

static void
add(struct grouping *g, uint64_t seq, int code, const char *err)
{
    struct stint_attempt last = { .code = code };
    char value[32];

    snprintf(value, sizeof(value), "input-%d", (int)seq);
    grouping_add(g, &(struct grouping_one){ .task = 100 + seq,
                        .seq = seq,
                        .code = STINT_EDEAD,
                        .last = &last,
                        .worker = "node7",
                        .value = bytes(value),
                        .err = bytes(err) });
}

static void
the_most_frequent_group_comes_first_with_its_first_failure(void **state)
{
    struct grouping g = { 0 };

    (void)state;
    add(&g, 1, 1, "no room on disk 3\n");
    /* The first in the order of the input, not the one that ended first. */
    add(&g, 3, 2, "Traceback…\nValueError: input-3 is odd\n");
    add(&g, 2, 2, "Traceback…\nValueError: input-2 is odd\n");
    add(&g, 4, 3, "Traceback…\nValueError: input-4 is odd\n");
    grouping_sort(&g);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.failures, 4);
    assert_string_equal(g.rows[0].text, "ValueError: {} is odd");
    assert_string_equal(g.rows[0].how, "exit 2");
    assert_int_equal(g.rows[0].count, 2);
    assert_int_equal(g.rows[0].task, 102);
    assert_string_equal(g.rows[0].value, "input-2");
    assert_int_equal(g.rows[1].seq, 1);
    grouping_fini(&g);
}

static void
the_number_of_groups_is_bounded(void **state)
{
    struct grouping g = { 0 };
    char err[8];

    (void)state;
    for (unsigned i = 0; i < GROUPING_MAX + 500; i++) {
        for (unsigned j = 0; j < 3; j++)
            err[j] = (char)('g' + i / (j == 0 ? 1 : j == 1 ? 16 : 256) % 16);
        err[3] = '\0';
        add(&g, i + 1, 1, err);
    }
    assert_int_equal(g.count, GROUPING_MAX);
    assert_int_equal(g.others, 500);
    grouping_fini(&g);
}

/* ---- widths -------------------------------------------------------------- */

static void
check_put(const char *text, size_t columns, const char *wanted)
{
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);

    (void)width_put(out, text, columns);
    fclose(out);
    assert_string_equal(got, wanted);
    free(got);
}

static void
wide_characters_take_two_columns_and_combining_ones_none(void **state)
{
    (void)state;
    assert_int_equal(width_of("grüße"), 5);
    assert_int_equal(width_of("日本"), 4);
    assert_int_equal(width_of("e\xcc\x81"), 1);
    assert_int_equal(width_of("\xff\x01z"), 3);
}

static void
what_does_not_fit_is_cut_with_a_mark_and_never_amid_a_character(void **state)
{
    (void)state;
    check_put("grüße", 5, "grüße");
    check_put("grüße", 4, "grü…");
    check_put("日本語", 5, "日本…");
    check_put("日本語", 4, "日…");
    check_put("a\033[2Jb\xff", 9, "a?[2Jb?");
    check_put("abc", 0, "");
}

static void
check_pad(const char *text, size_t columns, bool right, const char *wanted)
{
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);

    width_pad(out, text, columns, right);
    fclose(out);
    assert_string_equal(got, wanted);
    free(got);
}

static void
a_field_is_as_wide_as_it_was_told_to_be(void **state)
{
    (void)state;
    check_pad("7", 3, true, "  7");
    check_pad("7", 3, false, "7  ");
    check_pad("日本語", 4, false, "日… ");
    check_pad("12345", 3, true, "12…");
}

static void
a_lost_worker_is_said_once(void **state)
{
    const struct stint_attempt lost = { .cause = STINT_CAUSE_LOST };
    struct grouping g = { 0 };

    (void)state;
    grouping_add(&g, &(struct grouping_one){ .task = 1,
                         .code = STINT_EWORKERLOST,
                         .reason = "the worker was lost",
                         .last = &lost });
    assert_int_equal(g.count, 1);
    assert_string_equal(g.rows[0].how, "worker lost");
    assert_string_equal(g.rows[0].text, "");
    grouping_fini(&g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_worker_is_said_once),
        cmocka_unit_test(
            numbers_addresses_and_the_value_do_not_tell_messages_apart),
        cmocka_unit_test(every_value_of_a_task_is_its_own),
        cmocka_unit_test(a_message_of_any_length_is_bounded),
        cmocka_unit_test(how_it_ended_is_said_in_two_words),
        cmocka_unit_test(the_tail_is_the_last_lines_that_say_something),
        cmocka_unit_test(
            the_most_frequent_group_comes_first_with_its_first_failure),
        cmocka_unit_test(the_number_of_groups_is_bounded),
        cmocka_unit_test(
            wide_characters_take_two_columns_and_combining_ones_none),
        cmocka_unit_test(
            what_does_not_fit_is_cut_with_a_mark_and_never_amid_a_character),
        cmocka_unit_test(a_field_is_as_wide_as_it_was_told_to_be),
    };

    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    unsetenv("LANG");
    width_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
