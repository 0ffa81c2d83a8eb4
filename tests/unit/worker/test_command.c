#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/template.h"
#include "worker/command.h"

static struct environment *base;
static struct capture capture;
static struct buf *const output = &capture.kept[CAPTURE_OUT];
static struct folder folder;
static struct child_end how;
static struct reason why;

static enum run_end
run(const struct stint_command *what, struct slice value)
{
    struct command *c = command_new(what, base);
    const struct run_task task = { .payload = value,
        .id = 7,
        .fence = 9,
        .job = 3,
        .seq = 5,
        .attempt = 1,
        .queue = "default",
        .cancel_fd = -1,
        .capture = &capture };

    assert_non_null(c);
    why.text[0] = '\0';
    capture_begin(&capture, 65536, 65536);
    enum run_end end = command_run(c, &task, &folder, &how, &why);
    command_free(c);
    return end;
}

#define WORDS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }
/* A string constant with NULs within. */
#define VALUES(text)                              \
    (struct slice)                                \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

static void
assert_output(const char *text)
{
    assert_int_equal(output->length, strlen(text));
    assert_memory_equal(output->bytes, text, strlen(text));
}

static int
make_base(void **state)
{
    (void)state;
    folder_init(&folder);
    capture_init(&capture);
    base = environment_new();
    return base != NULL ? 0 : -1;
}

static int
free_base(void **state)
{
    (void)state;
    environment_free(base);
    capture_fini(&capture);
    return 0;
}

/* ---- words --------------------------------------------------------------- */

static void
words_are_filled_and_no_shell_reads_them(void **state)
{
    const struct stint_command what = { .argv = WORDS("printf", "<%s>", "{}",
                                            "$HOME;", "{#}", "x{.}y") };
    (void)state;

    assert_int_equal(run(&what, VALUES("a b.c")), RUN_DONE);
    assert_output("<a b.c><$HOME;><5><xa by>");
}

static void
each_value_is_a_word_where_the_hole_is_one(void **state)
{
    const struct stint_command what = { .argv = WORDS("printf", "<%s>", "{}",
                                            "{2}{1}", "+{}+") };
    (void)state;

    assert_int_equal(run(&what, VALUES("a\0b c")), RUN_DONE);
    assert_output("<a><b c><b ca><+a b c+>");
}

static void
without_a_hole_the_values_come_behind(void **state)
{
    const struct stint_command what = { .argv = WORDS("printf", "<%s>") };
    (void)state;

    assert_int_equal(run(&what, VALUES("a b\0c")), RUN_DONE);
    assert_output("<a b><c>");
}

static void
a_shell_reads_it_where_the_job_says_so_and_values_stay_words(void **state)
{
    const struct stint_command what = {
        .argv = WORDS("printf '<%s>' {} && echo $STINT_SEQ"), .shell = true
    };
    (void)state;

    assert_int_equal(run(&what, VALUES("a'; exit 3; '")), RUN_DONE);
    assert_output("<a'; exit 3; '>5\n");
}

static void
more_values_than_there_may_be_refuse_the_task(void **state)
{
    const struct stint_command what = { .argv = WORDS("echo", "{}") };
    uint8_t *nuls = calloc(1, TEMPLATE_VALUES_MAX);
    (void)state;

    assert_non_null(nuls);
    struct slice most = { nuls, TEMPLATE_VALUES_MAX - 1 };
    assert_int_equal(run(&what, most), RUN_DONE);
    struct slice more = { nuls, TEMPLATE_VALUES_MAX };
    assert_int_equal(run(&what, more), RUN_REFUSED);
    assert_non_null(strstr(why.text, "4097 values"));
    assert_int_equal(how.cause, CHILD_NOT_STARTED);
    free(nuls);
}

static void
an_argument_that_linux_does_not_take_refuses_the_task(void **state)
{
    const struct stint_command what = { .argv = WORDS("true", "{}") };
    size_t size = 8 << 20;
    uint8_t *much = malloc(size);
    (void)state;

    assert_non_null(much);
    memset(much, 'x', size);
    assert_int_equal(run(&what, (struct slice){ much, size }), RUN_REFUSED);
    assert_non_null(strstr(why.text, "cannot start"));
    free(much);
}

/* ---- what is around it --------------------------------------------------- */

static void
its_value_is_its_input_whatever_bytes_it_has(void **state)
{
    const struct stint_command what = { .argv = WORDS("cat"), .input = true };
    (void)state;

    assert_int_equal(run(&what, VALUES("a\0b\n")), RUN_DONE);
    assert_int_equal(output->length, 4);
    assert_memory_equal(output->bytes, "a\0b\n", 4);
}

static void
without_input_there_is_nothing_to_read(void **state)
{
    const struct stint_command what = { .argv =
                                            WORDS("sh", "-c", "wc -c", "{}") };
    (void)state;

    assert_int_equal(run(&what, VALUES("abc")), RUN_DONE);
    assert_output("0\n");
}

static void
variables_of_the_job_come_over_ours(void **state)
{
    const struct stint_command what = {
        .argv = WORDS(": {}; echo $COLOUR $STINT_JOB $STINT_TASK_ID"),
        .env = WORDS("COLOUR=green", "COLOUR=red", "STINT_JOB=99"),
        .shell = true,
    };
    (void)state;

    assert_int_equal(run(&what, VALUES("")), RUN_DONE);
    assert_output("red 3 7\n");
}

static void
a_folder_that_is_not_there_matters_only_where_it_must(void **state)
{
    struct stint_command what = { .argv = WORDS("pwd"), .cwd = "/nowhere/x" };
    (void)state;

    assert_int_equal(run(&what, VALUES("")), RUN_DONE);
    what.cwd_must = true;
    assert_int_equal(run(&what, VALUES("")), RUN_FAILED);
    assert_non_null(strstr(why.text, "/nowhere/x"));
    what.cwd = "/";
    assert_int_equal(run(&what, VALUES("")), RUN_DONE);
    assert_output("/\n");
}

static void
a_folder_of_its_own_is_where_it_runs_whatever_else_is_asked(void **state)
{
    const struct stint_command what = {
        .argv = WORDS("pwd"), .cwd = "/nowhere/x", .cwd_must = true
    };
    (void)state;

    folder.fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder.fd >= 0);
    enum run_end end = run(&what, VALUES(""));
    (void)close(folder.fd);
    folder_init(&folder);
    assert_int_equal(end, RUN_DONE);
    assert_output("/tmp\n");
}

static void
its_limits_hold(void **state)
{
    const struct stint_command what = { .argv =
                                            WORDS(": {}; ulimit -n; ulimit -v"),
        .shell = true,
        .files_max = 17,
        .memory_max = 64 << 20 };
    (void)state;

    assert_int_equal(run(&what, VALUES("")), RUN_DONE);
    assert_output("17\n65536\n");
}

/* ---- what it keeps ------------------------------------------------------- */

static void
it_copies_what_it_is_made_of(void **state)
{
    char word[] = "{}", variable[] = "A=1", cwd[] = "/";
    const struct stint_command what = { .argv = WORDS("echo", word),
        .env = WORDS(variable),
        .cwd = cwd,
        .own_folder = true,
        .output_max = 99 };
    (void)state;

    struct command *c = command_new(&what, base);
    assert_non_null(c);
    memset(word, 'x', 2);
    memset(variable, 'x', 3);
    cwd[0] = 'x';
    const struct run_task task = { .payload = slice_of("v"),
        .queue = "default",
        .cancel_fd = -1,
        .capture = &capture };
    capture_begin(&capture, 65536, 65536);
    assert_int_equal(command_run(c, &task, &folder, &how, &why), RUN_DONE);
    assert_output("v\n");
    assert_true(command_has_folder(c));
    assert_int_equal(command_output_max(c), 99);
    assert_true(command_size(c) > sizeof word + sizeof variable);
    command_free(c);
    command_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_filled_and_no_shell_reads_them),
        cmocka_unit_test(each_value_is_a_word_where_the_hole_is_one),
        cmocka_unit_test(without_a_hole_the_values_come_behind),
        cmocka_unit_test(
            a_shell_reads_it_where_the_job_says_so_and_values_stay_words),
        cmocka_unit_test(more_values_than_there_may_be_refuse_the_task),
        cmocka_unit_test(an_argument_that_linux_does_not_take_refuses_the_task),
        cmocka_unit_test(its_value_is_its_input_whatever_bytes_it_has),
        cmocka_unit_test(without_input_there_is_nothing_to_read),
        cmocka_unit_test(variables_of_the_job_come_over_ours),
        cmocka_unit_test(a_folder_that_is_not_there_matters_only_where_it_must),
        cmocka_unit_test(
            a_folder_of_its_own_is_where_it_runs_whatever_else_is_asked),
        cmocka_unit_test(its_limits_hold),
        cmocka_unit_test(it_copies_what_it_is_made_of),
    };

    return cmocka_run_group_tests(tests, make_base, free_base);
}
