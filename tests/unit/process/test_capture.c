#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/capture.h"

static struct capture c;
static struct capture_view view;
static int ends[2];

static bool
write_to(enum capture_stream stream, const char *text)
{
    bool told = false, more;

    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    while (capture_read(&c, stream, ends[0], &more) > 0) {
        told = told || more;
    }
    return told;
}

static bool
look(size_t out_from, size_t err_from)
{
    view.out_from = out_from;
    view.err_from = err_from;
    return capture_look(&c, &view);
}

static void
expect(const struct buf *b, const char *text)
{
    assert_int_equal(b->length, strlen(text));
    assert_memory_equal(b->bytes, text, b->length);
}

static int
begin(void **state)
{
    (void)state;
    capture_init(&c);
    buf_init(&view.out);
    buf_init(&view.err);
    return pipe2(ends, O_NONBLOCK | O_CLOEXEC);
}

static int
end(void **state)
{
    (void)state;
    capture_fini(&c);
    buf_fini(&view.out);
    buf_fini(&view.err);
    (void)close(ends[0]);
    return close(ends[1]);
}

static void
the_head_is_kept_and_that_there_was_more(void **state)
{
    (void)state;
    capture_begin(&c, 5, 3);
    (void)write_to(CAPTURE_OUT, "abc");
    (void)write_to(CAPTURE_OUT, "de");
    assert_false(c.cut[CAPTURE_OUT]);
    (void)write_to(CAPTURE_OUT, "f");
    assert_true(c.cut[CAPTURE_OUT]);
    (void)write_to(CAPTURE_ERR, "1234");
    assert_true(c.cut[CAPTURE_ERR]);
    expect(&c.kept[CAPTURE_OUT], "abcde");
    expect(&c.kept[CAPTURE_ERR], "123");
}

static void
the_end_of_standard_error_is_kept_too(void **state)
{
    char line[100];

    (void)state;
    capture_begin(&c, 5, 8);
    (void)write_to(CAPTURE_ERR, "first");
    assert_memory_equal(capture_last(&c).bytes, "first", 5);
    (void)write_to(CAPTURE_ERR, " second");
    assert_int_equal(capture_last(&c).length, 12);
    assert_memory_equal(capture_last(&c).bytes, "first second", 12);
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 50; i++) {
        (void)write_to(CAPTURE_ERR, line);
    }
    (void)write_to(CAPTURE_ERR, "end");
    struct slice last = capture_last(&c);
    assert_int_equal(last.length, CAPTURE_LAST);
    assert_memory_equal(last.bytes + CAPTURE_LAST - 4, "xend", 4);
}

static void
who_looks_sees_what_came_since(void **state)
{
    (void)state;
    capture_begin(&c, 100, 100);
    assert_false(look(0, 0));
    assert_true(write_to(CAPTURE_OUT, "one"));
    assert_true(look(0, 0));
    expect(&view.out, "one");
    assert_int_equal(view.err.length, 0);
    assert_false(write_to(CAPTURE_OUT, "two"));
    assert_true(look(3, 0));
    expect(&view.out, "two");
    assert_false(look(6, 0));
    assert_true(write_to(CAPTURE_ERR, "x"));
    assert_true(look(6, 0));
    expect(&view.err, "x");
    assert_false(look(SIZE_MAX, SIZE_MAX));
}

static void
a_look_has_64_KiB_of_each_and_says_if_there_is_more(void **state)
{
    char *big = malloc(4097);

    (void)state;
    assert_non_null(big);
    memset(big, 'x', 4096);
    big[4096] = '\0';
    capture_begin(&c, 100000, 100);
    for (int i = 0; i < 30; i++) {
        (void)write_to(CAPTURE_OUT, big);
    }
    free(big);
    assert_int_equal(c.kept[CAPTURE_OUT].length, 100000);
    assert_true(look(0, 0));
    assert_int_equal(view.out.length, CAPTURE_LOOK);
    assert_true(view.more);
    assert_true(look(CAPTURE_LOOK, 0));
    assert_int_equal(view.out.length, 100000 - CAPTURE_LOOK);
    assert_false(view.more);
}

static void
a_new_command_begins_with_nothing(void **state)
{
    (void)state;
    capture_begin(&c, 1, 1);
    (void)write_to(CAPTURE_OUT, "abc");
    (void)write_to(CAPTURE_ERR, "abc");
    capture_begin(&c, 10, 10);
    assert_int_equal(capture_last(&c).length, 0);
    assert_false(c.cut[CAPTURE_OUT] || c.cut[CAPTURE_ERR]);
    assert_false(look(0, 0));
    capture_begin(&c, 10, 10);
    assert_false(write_to(CAPTURE_OUT, "x"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_is_kept_and_that_there_was_more),
        cmocka_unit_test(the_end_of_standard_error_is_kept_too),
        cmocka_unit_test(who_looks_sees_what_came_since),
        cmocka_unit_test(a_look_has_64_KiB_of_each_and_says_if_there_is_more),
        cmocka_unit_test(a_new_command_begins_with_nothing),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
