/* Where values come from, in which order, and what becomes of odd ones. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/exit.h"
#include "cli/input.h"

enum { ALL_MAX = 4096 };

/* A file with these bytes, whose name is lent until the next call. */
static const char *
file_of(const void *bytes, size_t size)
{
    static char path[32];
    int fd;

    memcpy(path, "/tmp/stint-input-XXXXXX", 24);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    return path;
}

/* All that comes, NULs as '+', values with a blank behind each. */
static const char *
drain(struct input *in)
{
    static char all[ALL_MAX];
    struct stint_bytes value;
    size_t at = 0;

    while (input_next(in, &value) == 1) {
        for (size_t i = 0; i < value.size; i++) {
            char c = ((const char *)value.data)[i];

            all[at++] = c == '\0' ? '+' : c;
        }
        all[at++] = ' ';
        assert_true(at < ALL_MAX - 256);
    }
    all[at] = '\0';
    return all;
}

static const char *
read_with(struct input_options options)
{
    const char *all;
    struct input *in;

    options.wake_fd = -1;
    assert_int_equal(input_open(&options, &in), EXIT_FINE);
    all = drain(in);
    input_free(in);
    return all;
}

static const char *
read_lines(const char *bytes, size_t size, struct input_options options)
{
    const char *files[] = { file_of(bytes, size), NULL };
    const char *all;

    options.files = files;
    all = read_with(options);
    unlink(files[0]);
    return all;
}

#define WORDS(...)        \
    (char *[])            \
    {                     \
        __VA_ARGS__, NULL \
    }
/* Literals are not written to. */
#define W(text) ((char *)(uintptr_t)(text))

static void
sources_combine_and_the_last_runs_fastest(void **state)
{
    (void)state;
    assert_string_equal(read_with((struct input_options){
                            .words = WORDS(W(":::"), W("a"), W("b"), W(":::"),
                                W("1"), W("2"), W(":::"), W("x"), W("y")) }),
        "a+1+x a+1+y a+2+x a+2+y b+1+x b+1+y b+2+x b+2+y ");
}

static void
linked_sources_go_side_by_side_and_the_shorter_ends_both(void **state)
{
    (void)state;
    assert_string_equal(read_with((struct input_options){
                            .words = WORDS(W(":::"), W("a"), W("b"), W("c"),
                                W(":::+"), W("1"), W("2")) }),
        "a+1 b+2 ");
    assert_string_equal(read_with((struct input_options){
                            .words = WORDS(W(":::"), W("a"), W("b"), W(":::"),
                                W("x"), W("y"), W(":::+"), W("1"), W("2")) }),
        "a+x+1 a+y+2 b+x+1 b+y+2 ");
}

static void
a_source_without_values_is_no_task(void **state)
{
    (void)state;
    assert_string_equal(
        read_with((struct input_options){ .words = WORDS(W(":::")) }), "");
    assert_string_equal(read_lines("", 0, (struct input_options){ 0 }), "");
}

static void
lines_end_with_newlines_and_the_last_one_needs_none(void **state)
{
    (void)state;
    assert_string_equal(
        read_lines("a\n\n b \nc", 8, (struct input_options){ 0 }), "a   b  c ");
    assert_string_equal(
        read_lines("a\nb\0c", 5, (struct input_options){ .nul = true }),
        "a\nb c ");
}

static void
a_nul_in_a_line_is_written_out_unless_it_may_stay(void **state)
{
    (void)state;
    assert_string_equal(
        read_lines("a\0b\n", 4, (struct input_options){ 0 }), "a\\0b ");
    assert_string_equal(
        read_lines("a\0b\n", 4, (struct input_options){ .keeps_nul = true }),
        "a+b ");
}

static void
columns_are_values(void **state)
{
    static const struct {
        const char *colsep, *line, *values;
    } cases[] = { { ",", "a,b,,c", "a+b++c " }, { ",", "a,", "a+ " },
        { ",", "abc", "abc " }, { "\\t", "a\tb c", "a+b c " },
        { " +", "a   b c", "a+b+c " }, { "::", "a::b:c", "a+b:c " },
        { "[;|]", "a;b|c", "a+b+c " }, { "x*", "axb", "axb " } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(
            read_lines(cases[i].line, strlen(cases[i].line),
                (struct input_options){ .colsep = cases[i].colsep }),
            cases[i].values);
}

static void
arrays_count(void **state)
{
    struct input *in;

    (void)state;
    assert_string_equal(
        read_with((struct input_options){ .array = "8-11" }), "8 9 10 11 ");
    assert_string_equal(
        read_with((struct input_options){ .array = "0-10:4" }), "0 4 8 ");
    assert_string_equal(
        read_with((struct input_options){ .array = "7" }), "7 ");
    assert_int_equal(
        input_open(
            &(struct input_options){ .array = "5-1", .wake_fd = -1 }, &in),
        EXIT_USAGE);
    assert_null(in);
}

static void
how_many_is_known_without_files(void **state)
{
    struct input_options options = { .array = "1-1000000000:3",
        .wake_fd = -1,
        .words = WORDS(W(":::"), W("a"), W("b")) };
    struct input *in;
    const char *files[] = { "/dev/null", NULL };

    (void)state;
    assert_int_equal(input_open(&options, &in), EXIT_FINE);
    assert_int_equal(input_total(in), 333333334 * 2);
    input_free(in);
    options.files = files;
    assert_int_equal(input_open(&options, &in), EXIT_FINE);
    assert_int_equal(input_total(in), 0);
    input_free(in);
}

/* A pipe that nobody closes: its lines are there as soon as they are written.
 */
static void
a_pipe_is_read_as_it_comes(void **state)
{
    char path[32];
    const char *files[] = { path, NULL };
    struct stint_bytes value;
    struct input *in;
    int ends[2], wake = eventfd(0, EFD_CLOEXEC);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    assert_int_equal(write(ends[1], "one\ntw", 6), 6);
    assert_int_equal(
        input_open(
            &(struct input_options){ .files = files, .wake_fd = wake }, &in),
        EXIT_FINE);
    assert_int_equal(input_next(in, &value), 1);
    assert_memory_equal(value.data, "one", 3);
    assert_int_equal(write(ends[1], "o\n", 2), 2);
    assert_int_equal(input_next(in, &value), 1);
    assert_int_equal(value.size, 3);
    assert_memory_equal(value.data, "two", 3);
    /* And the waiting for more can be ended. */
    assert_int_equal(write(wake, "\1\0\0\0\0\0\0\0", 8), 8);
    assert_int_equal(input_next(in, &value), 0);
    input_free(in);
    close(ends[0]);
    close(ends[1]);
    close(wake);
}

static void
a_long_line_comes_whole(void **state)
{
    enum { SIZE = 300000 };
    char *line = malloc(SIZE + 2);
    const char *files[2] = { NULL, NULL };
    struct stint_bytes value;
    struct input *in;

    (void)state;
    assert_non_null(line);
    memset(line, 'x', SIZE);
    memcpy(line + SIZE, "\ny", 2);
    files[0] = file_of(line, SIZE + 2);
    assert_int_equal(
        input_open(
            &(struct input_options){ .files = files, .wake_fd = -1 }, &in),
        EXIT_FINE);
    assert_int_equal(input_next(in, &value), 1);
    assert_int_equal(value.size, SIZE);
    assert_memory_equal(value.data, line, SIZE);
    assert_int_equal(input_next(in, &value), 1);
    assert_int_equal(value.size, 1);
    assert_int_equal(input_next(in, &value), 0);
    input_free(in);
    unlink(files[0]);
    free(line);
}

static void
what_cannot_be_opened_is_said_at_once(void **state)
{
    const char *files[] = { "/nowhere/at/all", NULL };
    struct input *in;

    (void)state;
    assert_int_equal(
        input_open(
            &(struct input_options){ .files = files, .wake_fd = -1 }, &in),
        EXIT_USAGE);
    assert_int_equal(
        input_open(
            &(struct input_options){ .colsep = "(", .wake_fd = -1 }, &in),
        EXIT_USAGE);
}

static void
separators_are_known(void **state)
{
    static const char *const good[] = { ":::", "::::", ":::+", "::::+" };
    static const char *const bad[] = { "::", ":::::", ":::x", "", ":::++" };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_true(input_is_separator(good[i]));
    for (size_t i = 0; i < 5; i++)
        assert_false(input_is_separator(bad[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_combine_and_the_last_runs_fastest),
        cmocka_unit_test(
            linked_sources_go_side_by_side_and_the_shorter_ends_both),
        cmocka_unit_test(a_source_without_values_is_no_task),
        cmocka_unit_test(lines_end_with_newlines_and_the_last_one_needs_none),
        cmocka_unit_test(a_nul_in_a_line_is_written_out_unless_it_may_stay),
        cmocka_unit_test(columns_are_values),
        cmocka_unit_test(arrays_count),
        cmocka_unit_test(how_many_is_known_without_files),
        cmocka_unit_test(a_pipe_is_read_as_it_comes),
        cmocka_unit_test(a_long_line_comes_whole),
        cmocka_unit_test(what_cannot_be_opened_is_said_at_once),
        cmocka_unit_test(separators_are_known),
    };

    exit_quiet(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
