#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "worker/progress.h"

static struct progress p;
static struct progress_note note;

static void
feed(const char *text)
{
    progress_feed(&p, (const uint8_t *)text, strlen(text));
}

static void
expect(uint64_t done, uint64_t total, const char *text)
{
    assert_true(progress_take(&p, 1, &note));
    assert_int_equal(note.done, done);
    assert_int_equal(note.total, total);
    assert_string_equal(note.text, text);
    progress_begin(&p);
}

static int
begin(void **state)
{
    (void)state;
    progress_init(&p);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    progress_fini(&p);
    return 0;
}

static void
lines_say_how_far_it_is(void **state)
{
    static const struct {
        const char *line;
        uint64_t done, total;
        const char *text;
    } table[] = {
        { "3/10\n", 3, 10, "" },
        { "3/10 apples peeled\n", 3, 10, "apples peeled" },
        { "  7 \t pears  \r\n", 7, 0, "pears" },
        { "12\n", 12, 0, "" },
        { "loading\n", 0, 0, "loading" },
        { "50%\n", 0, 0, "50%" },
        { "3rd try\n", 0, 0, "3rd try" },
        { "3/x\n", 0, 0, "3/x" },
        { "3/\n", 0, 0, "3/" },
        { "/3\n", 0, 0, "/3" },
        { "1.5 GB\n", 0, 0, "1.5 GB" },
        { "-1/2\n", 0, 0, "-1/2" },
        { "99999999999999999999\n", 0, 0, "99999999999999999999" },
        { "999999999999999999/999999999999999999\n", 999999999999999999,
            999999999999999999, "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        feed(table[i].line);
        expect(table[i].done, table[i].total, table[i].text);
    }
}

static void
the_last_whole_line_counts(void **state)
{
    (void)state;
    feed("1/3\n2/3\n3/");
    expect(2, 3, "");
    feed("4");
    assert_false(progress_take(&p, 1, &note));
    feed("/5\n");
    expect(4, 5, "");
    feed("\n \n");
    assert_false(progress_take(&p, 1, &note));
}

static void
what_moves_a_terminal_is_replaced(void **state)
{
    (void)state;
    feed("1/2 a\x1b[31m \xff\xc3\xa4\n");
    expect(1, 2, "a [31m ?\xc3\xa4");
}

static void
long_lines_are_cut_between_characters(void **state)
{
    char line[1200];

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "1/2 ", 4);
    line[4] = 'y'; /* So that a character of two bytes stands over the cut. */
    for (size_t i = 5; i + 1 < sizeof line; i += 2) {
        memcpy(line + i, "\xc3\xa4", 2);
    }
    progress_feed(&p, (const uint8_t *)line, sizeof line);
    feed("more\n");
    assert_true(progress_take(&p, 1, &note));
    assert_int_equal(note.done, 1);
    assert_int_equal(strlen(note.text), PROGRESS_TEXT - 1);
    assert_int_equal(note.text[PROGRESS_TEXT - 2], (char)0xa4);
    progress_begin(&p);
    feed("2/2\n");
    expect(2, 2, "");
}

static void
it_is_taken_twice_a_second(void **state)
{
    tick_ns now = TICK_S;
    unsigned taken = 0;

    (void)state;
    for (uint64_t i = 0; i < 1000; i++, now += 10 * TICK_MS) {
        progress_set(&p, i, 1000, "x");
        taken += progress_take(&p, now, &note);
    }
    assert_int_equal(taken, 20);
    assert_false(progress_take(&p, now - 100 * TICK_MS, &note));
    now += TICK_S;
    assert_true(progress_take(&p, now, &note));
    assert_int_equal(note.done, 999);
    assert_false(progress_take(&p, now + TICK_S, &note));
}

static void
a_new_task_begins_with_nothing(void **state)
{
    (void)state;
    feed("1/2 half a li");
    progress_begin(&p);
    feed("3/4\n");
    expect(3, 4, "");
    progress_set(&p, UINT64_MAX, 0, NULL);
    expect(INT64_MAX, 0, "");
}

static void
any_bytes_are_safe(void **state)
{
    uint8_t bytes[700];

    (void)state;
    srandom(7);
    for (int round = 0; round < 2000; round++) {
        size_t length = (size_t)random() % sizeof bytes;

        for (size_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)(random() % 4 == 0 ? '\n' : random());
        }
        progress_feed(&p, bytes, length);
        if (progress_take(&p, round * TICK_S, &note)) {
            assert_true(strlen(note.text) < PROGRESS_TEXT);
        }
    }
    progress_begin(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_say_how_far_it_is),
        cmocka_unit_test(the_last_whole_line_counts),
        cmocka_unit_test(what_moves_a_terminal_is_replaced),
        cmocka_unit_test(long_lines_are_cut_between_characters),
        cmocka_unit_test(it_is_taken_twice_a_second),
        cmocka_unit_test(a_new_task_begins_with_nothing),
        cmocka_unit_test(any_bytes_are_safe),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
