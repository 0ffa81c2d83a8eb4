/* The mailer, with a master of its own for each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <stint_test.h>

#include "mailer.h"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS, WAIT_MS = 5000 };

static struct stint_master *master;
static struct stint *s;

/* A mail server that refuses the first so many mails. */
static struct {
    unsigned refusals, delivered;
    char last[64];
} server;

static int
deliver(void *arg, const char *mail)
{
    (void)arg;
    if (server.refusals > 0) {
        server.refusals--;
        return -1;
    }
    server.delivered++;
    snprintf(server.last, sizeof server.last, "%s", mail);
    return 0;
}

static int
work(int64_t timeout_ms)
{
    return mailer_work(s, deliver, NULL, timeout_ms);
}

static int
set_up(void **state)
{
    (void)state;
    memset(&server, 0, sizeof server);
    assert_int_equal(stint_test_start(NULL, &master), 0);
    assert_int_equal(stint_master_connect(master, NULL, &s), 0);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    stint_close(s);
    stint_master_stop(master);
    return 0;
}

static void
a_mail_is_delivered(void **state)
{
    (void)state;
    assert_int_equal(mailer_send(s, "hello", 0), 0);
    assert_int_equal(work(WAIT_MS), 0);
    assert_string_equal(server.last, "hello");
    assert_int_equal(work(0), STINT_EEMPTY);
}

static void
a_reminder_comes_a_day_later(void **state)
{
    (void)state;
    assert_int_equal(mailer_send(s, "remember", DAY_MS), 0);
    assert_int_equal(work(0), STINT_EEMPTY);
    assert_int_equal(stint_test_move_clock(master, DAY_MS), 0);
    assert_int_equal(work(WAIT_MS), 0);
    assert_string_equal(server.last, "remember");
}

static void
a_refused_mail_is_tried_again_after_some_minutes(void **state)
{
    (void)state;
    server.refusals = 1;
    assert_int_equal(mailer_send(s, "hello", 0), 0);
    assert_int_equal(work(WAIT_MS), 0);
    assert_int_equal(work(0), STINT_EEMPTY);
    assert_int_equal(stint_test_move_clock(master, 2 * MINUTE_MS), 0);
    assert_int_equal(work(WAIT_MS), 0);
    assert_int_equal(server.delivered, 1);
}

static void
the_third_refusal_is_the_last(void **state)
{
    (void)state;
    server.refusals = 3;
    assert_int_equal(mailer_send(s, "hello", 0), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(work(WAIT_MS), 0);
        assert_int_equal(stint_test_move_clock(master, DAY_MS), 0);
    }
    assert_int_equal(work(0), STINT_EEMPTY);
    assert_int_equal(server.delivered, 0);
}

/* Its machine dies while the mail server has the mail. */
static int
die(void *arg, const char *mail)
{
    (void)arg;
    (void)mail;
    return stint_test_kill_worker(master, "unlucky") == 1 ? 0 : -1;
}

static void
a_mail_whose_worker_died_goes_to_another(void **state)
{
    struct stint_options who = { .name = "unlucky", .timeout_ms = 100 };
    struct stint *unlucky;

    (void)state;
    assert_int_equal(stint_master_connect(master, &who, &unlucky), 0);
    assert_int_equal(mailer_send(s, "hello", 0), 0);
    assert_int_not_equal(mailer_work(unlucky, die, NULL, WAIT_MS), 0);
    assert_int_equal(work(WAIT_MS), 0);
    assert_int_equal(server.delivered, 1);
    stint_abandon(unlucky);
}

static void
a_bad_line_neither_loses_nor_doubles_a_mail(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct stint_test_fault bad = { .seed = seed,
            .drop = 0.05,
            .cut = 0.05,
            .duplicate = 0.2,
            .delay_ms = 2 };
        assert_int_equal(stint_test_fault(master, &bad), 0);
        server.delivered = 0;
        for (int i = 0; i < 10; i++)
            assert_int_equal(mailer_send(s, "hello", 0), 0);
        for (int i = 0; i < 10; i++)
            assert_int_equal(work(WAIT_MS), 0);
        assert_int_equal(stint_test_fault(master, NULL), 0);
        assert_int_equal(work(0), STINT_EEMPTY);
        assert_int_equal(server.delivered, 10);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_mail_is_delivered),
        TEST(a_reminder_comes_a_day_later),
        TEST(a_refused_mail_is_tried_again_after_some_minutes),
        TEST(the_third_refusal_is_the_last),
        TEST(a_mail_whose_worker_died_goes_to_another),
        TEST(a_bad_line_neither_loses_nor_doubles_a_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
