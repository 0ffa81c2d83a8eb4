/* The log of a job: what is written, and what is left out when it goes on. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/exit.h"
#include "cli/joblog.h"

static const char heading[] = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive"
                              "\tExitval\tSignal\tCommand\n";

static char path[] = "/tmp/stint-joblog-XXXXXX";

static int
make_path(void **state)
{
    int fd;

    (void)state;
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int
remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void
write_text(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *
read_text(void)
{
    static char text[4096];
    FILE *file = fopen(path, "r");
    size_t n;

    assert_non_null(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static void
open_log(struct joblog *log, enum joblog_mode mode)
{
    assert_int_equal(joblog_open(log, path, mode), EXIT_FINE);
}

static void
a_line_has_the_columns_of_parallel(void **state)
{
    struct stint_attempt attempt = {
        .code = 3, .began_ns = 1500000000123000000, .wall_ns = 2500000
    };
    struct stint_end end = { .code = STINT_EDEAD,
        .worker = "n7",
        .out = { "12345", 5 },
        .tries = &attempt,
        .tries_count = 1 };
    struct joblog log;
    char expected[512];

    (void)state;
    open_log(&log, JOBLOG_NEW);
    joblog_add(&log, 17, &end, "exit 3");
    assert_int_equal(joblog_flush(&log), EXIT_FINE);
    joblog_close(&log);
    snprintf(expected, sizeof(expected),
        "%s17\tn7\t1500000000.123\t     0.003"
        "\t0\t5\t3\t0\texit 3\n",
        heading);
    assert_string_equal(read_text(), expected);
}

/* Exitval and Signal of what is logged for `attempt`. */
static const char *
codes_of(struct stint_attempt attempt)
{
    static char codes[64];
    struct stint_end end = {
        .code = STINT_EDEAD, .tries = &attempt, .tries_count = 1
    };
    struct joblog log;
    int tabs = 0;
    size_t n = 0;

    open_log(&log, JOBLOG_NEW);
    joblog_add(&log, 1, &end, "x");
    joblog_close(&log);
    for (const char *c = read_text() + strlen(heading); tabs < 8; c++) {
        if (*c == '\t') tabs++;
        if (tabs >= 6 && !(tabs == 6 && *c == '\t') && tabs < 8)
            codes[n++] = *c == '\t' ? ' ' : *c;
    }
    codes[n] = '\0';
    return codes;
}

static void
codes_are_those_of_parallel(void **state)
{
    (void)state;
    assert_string_equal(codes_of((struct stint_attempt){ .code = 77 }), "77 0");
    assert_string_equal(codes_of((struct stint_attempt){ .signal = 9 }), "0 9");
    assert_string_equal(
        codes_of((struct stint_attempt){ .cause = STINT_CAUSE_TIMEOUT }),
        "-1 15");
    assert_string_equal(
        codes_of((struct stint_attempt){ .cause = STINT_CAUSE_NOT_STARTED }),
        "127 0");
    assert_string_equal(
        codes_of((struct stint_attempt){ .cause = STINT_CAUSE_LOST }), "-1 0");
    /* A handler that fails has neither code nor signal. */
    assert_string_equal(codes_of((struct stint_attempt){ 0 }), "1 0");
}

static void
what_never_ran_is_not_logged(void **state)
{
    struct stint_end end = { .code = STINT_ECANCELLED };
    struct joblog log;

    (void)state;
    open_log(&log, JOBLOG_NEW);
    joblog_add(&log, 1, &end, "x");
    end.code = STINT_EEXPIRED;
    joblog_add(&log, 2, &end, "x");
    joblog_close(&log);
    assert_string_equal(read_text(), heading);
}

static void
a_newline_in_a_command_breaks_no_line(void **state)
{
    static const char end_of_line[] = "\techo 'a\0b'\n";
    struct stint_end end = { 0 };
    struct joblog log;
    char text[512];
    FILE *file;
    size_t n;

    (void)state;
    open_log(&log, JOBLOG_NEW);
    joblog_add(&log, 1, &end, "echo 'a\nb'");
    joblog_close(&log);
    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(text, 1, sizeof(text), file);
    fclose(file);
    assert_true(n > sizeof(end_of_line));
    assert_memory_equal(text + n - (sizeof(end_of_line) - 1), end_of_line,
        sizeof(end_of_line) - 1);
}

static void
write_three(const char *torn)
{
    char text[1024];

    snprintf(text, sizeof(text),
        "%s1\t:\t1.000\t     0.001\t0\t0\t0\t0\techo\n"
        "3\t:\t1.000\t     0.001\t0\t0\t1\t0\techo\n"
        "70000\t:\t1.000\t     0.001\t0\t0\t0\t9\techo\n%s",
        heading, torn);
    write_text(text);
}

static void
resume_leaves_out_all_that_is_logged(void **state)
{
    struct joblog log;

    (void)state;
    write_three("");
    open_log(&log, JOBLOG_RESUME);
    assert_true(joblog_has(&log, 1));
    assert_false(joblog_has(&log, 2));
    assert_true(joblog_has(&log, 3));
    assert_true(joblog_has(&log, 70000));
    assert_false(joblog_has(&log, 70001));
    assert_false(joblog_has(&log, UINT64_MAX));
    joblog_close(&log);
}

static void
resume_failed_leaves_out_what_ended_well(void **state)
{
    struct joblog log;

    (void)state;
    write_three("");
    open_log(&log, JOBLOG_RESUME_FAILED);
    assert_true(joblog_has(&log, 1));
    assert_false(joblog_has(&log, 3));
    assert_false(joblog_has(&log, 70000));
    joblog_close(&log);
}

static void
a_torn_line_counts_for_nothing_and_the_next_begins_anew(void **state)
{
    struct stint_end end = { 0 };
    struct joblog log;

    (void)state;
    write_three("4\t:\t1.000\t    0.0");
    open_log(&log, JOBLOG_RESUME);
    assert_false(joblog_has(&log, 4));
    joblog_add(&log, 4, &end, "echo");
    joblog_close(&log);
    open_log(&log, JOBLOG_RESUME);
    assert_true(joblog_has(&log, 4));
    assert_true(joblog_has(&log, 70000));
    joblog_close(&log);
}

static void
what_is_torn_is_cut_off_when_it_goes_on(void **state)
{
    static const char *const torn[] = { "4\t:\t1.000\t    0.0", "4",
        "4\t:\t1.000\t     0.001\t0\t0\t0\t0" };
    struct joblog log;
    char whole[4096];

    (void)state;
    write_three("");
    snprintf(whole, sizeof(whole), "%s", read_text());
    for (size_t i = 0; i < sizeof(torn) / sizeof(*torn); i++) {
        write_three(torn[i]);
        open_log(&log, JOBLOG_RESUME);
        joblog_close(&log);
        assert_string_equal(read_text(), whole);
    }
}

static void
a_command_that_is_torn_counts_and_gets_its_end(void **state)
{
    struct joblog log;
    size_t length;

    (void)state;
    write_three("4\t:\t1.000\t     0.001\t0\t0\t0\t0\tec");
    length = strlen(read_text());
    open_log(&log, JOBLOG_RESUME);
    assert_true(joblog_has(&log, 4));
    joblog_close(&log);
    assert_int_equal(strlen(read_text()), length + 1);
    assert_string_equal(read_text() + length - 3, "\tec\n");
}

static void
a_heading_that_is_torn_is_written_anew(void **state)
{
    struct joblog log;

    (void)state;
    for (size_t length = 0; length < strlen(heading); length++) {
        char text[128];

        snprintf(text, sizeof(text), "%.*s", (int)length, heading);
        write_text(text);
        open_log(&log, JOBLOG_RESUME);
        joblog_close(&log);
        assert_string_equal(read_text(), heading);
    }
}

static void
one_at_a_time_writes_to_it(void **state)
{
    struct joblog log, other;

    (void)state;
    for (int i = 0; i < 2; i++) {
        open_log(&log, JOBLOG_RESUME);
        assert_int_equal(joblog_open(&other, path, JOBLOG_RESUME), EXIT_AGAIN);
        assert_int_equal(joblog_open(&other, path, JOBLOG_NEW), EXIT_AGAIN);
        joblog_close(&log);
    }
    assert_string_equal(read_text(), heading);
}

static void
a_pipe_that_nobody_reads_is_refused_at_once(void **state)
{
    struct joblog log;
    char text[sizeof(heading)] = "";
    int fd;

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(joblog_open(&log, path, JOBLOG_NEW), EXIT_USAGE);
    fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    open_log(&log, JOBLOG_NEW);
    assert_int_equal(read(fd, text, sizeof(text)), sizeof(heading) - 1);
    assert_string_equal(text, heading);
    joblog_close(&log);
    close(fd);
}

static void
a_new_log_replaces_an_old_one(void **state)
{
    struct joblog log;

    (void)state;
    write_three("");
    open_log(&log, JOBLOG_NEW);
    assert_false(joblog_has(&log, 1));
    joblog_close(&log);
    assert_string_equal(read_text(), heading);
}

static void
a_file_that_is_no_joblog_is_left_alone(void **state)
{
    struct joblog log;

    (void)state;
    write_text("precious\n");
    assert_int_equal(joblog_open(&log, path, JOBLOG_NEW), EXIT_USAGE);
    assert_int_equal(joblog_open(&log, path, JOBLOG_RESUME), EXIT_USAGE);
    assert_string_equal(read_text(), "precious\n");
}

#define IN_A_FILE(test) \
    cmocka_unit_test_setup_teardown(test, make_path, remove_path)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FILE(a_line_has_the_columns_of_parallel),
        IN_A_FILE(codes_are_those_of_parallel),
        IN_A_FILE(what_never_ran_is_not_logged),
        IN_A_FILE(a_newline_in_a_command_breaks_no_line),
        IN_A_FILE(resume_leaves_out_all_that_is_logged),
        IN_A_FILE(resume_failed_leaves_out_what_ended_well),
        IN_A_FILE(a_torn_line_counts_for_nothing_and_the_next_begins_anew),
        IN_A_FILE(what_is_torn_is_cut_off_when_it_goes_on),
        IN_A_FILE(a_command_that_is_torn_counts_and_gets_its_end),
        IN_A_FILE(a_heading_that_is_torn_is_written_anew),
        IN_A_FILE(one_at_a_time_writes_to_it),
        IN_A_FILE(a_pipe_that_nobody_reads_is_refused_at_once),
        IN_A_FILE(a_new_log_replaces_an_old_one),
        IN_A_FILE(a_file_that_is_no_joblog_is_left_alone),
    };

    exit_quiet(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
