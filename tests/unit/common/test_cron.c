/* Lines of cron, and when they come next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/cron.h"
#include "common/stint_error.h"

static int64_t
seconds_of(const char *text)
{
    struct tm tm = { .tm_sec = 0 };

    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
    return timegm(&tm);
}

static void
show(int64_t seconds, char out[32])
{
    time_t t = (time_t)seconds;
    struct tm tm;

    assert_non_null(gmtime_r(&t, &tm));
    assert_true(strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm) > 0);
}

/* The third column is what a plain walk through the days of Python's datetime
 * finds. */
/* clang-format off */
static const struct {
    const char *line, *after, *next;
} known[] = {
    { "* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01:00" },
    { "* * * * *", "2026-12-31T23:59:59", "2027-01-01T00:00:00" },
    { "0 3 * * *", "2026-03-01T02:59:59", "2026-03-01T03:00:00" },
    { "0 3 * * *", "2026-03-01T03:00:00", "2026-03-02T03:00:00" },
    { "0 3 * * *", "2026-02-28T12:00:00", "2026-03-01T03:00:00" },
    { "*/15 * * * *", "2026-05-05T10:07:30", "2026-05-05T10:15:00" },
    { "*/15 * * * *", "2026-05-05T10:45:00", "2026-05-05T11:00:00" },
    { "*/40 * * * *", "2026-05-05T10:41:00", "2026-05-05T11:00:00" },
    { "5-20/5 * * * *", "2026-05-05T10:20:00", "2026-05-05T11:05:00" },
    { "10,50,30 * * * *", "2026-05-05T10:31:00", "2026-05-05T10:50:00" },
    { "30 9-17 * * mon-fri", "2026-11-20T17:30:00", "2026-11-23T09:30:00" },
    { "30 9-17 * * 1-5", "2026-11-21T08:00:00", "2026-11-23T09:30:00" },
    { "0 0 * * 0", "2026-11-21T08:00:00", "2026-11-22T00:00:00" },
    { "0 0 * * 7", "2026-11-21T08:00:00", "2026-11-22T00:00:00" },
    { "0 0 * * SUN", "2026-11-22T00:00:00", "2026-11-29T00:00:00" },
    { "0 12 * * fri-sun", "2026-11-23T00:00:00", "2026-11-27T12:00:00" },
    { "0 12 * * 5-7", "2026-11-21T12:00:00", "2026-11-22T12:00:00" },
    { "0 12 * * sun-tue", "2026-11-18T00:00:00", "2026-11-22T12:00:00" },
    { "0 0 13 * fri", "2026-11-01T00:00:00", "2026-11-06T00:00:00" },
    { "0 0 13 * fri", "2026-11-07T00:00:00", "2026-11-13T00:00:00" },
    { "0 0 */2 * mon", "2026-11-01T00:00:00", "2026-11-09T00:00:00" },
    { "0 0 13 * */5", "2026-01-01T00:00:00", "2026-02-13T00:00:00" },
    { "0 0 1,15 * 3", "2026-06-02T00:00:00", "2026-06-03T00:00:00" },
    { "0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00" },
    { "0 0 29 2 *", "2028-02-29T00:00:00", "2032-02-29T00:00:00" },
    { "0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00:00" },
    { "0 0 29 feb *", "2000-02-28T23:59:59", "2000-02-29T00:00:00" },
    { "0 0 29 2 */6", "2004-03-01T00:00:00", "2020-02-29T00:00:00" },
    { "0 0 29 2 */6", "2080-01-01T00:00:00", "2088-02-29T00:00:00" },
    { "0 0 31 * *", "2026-04-01T00:00:00", "2026-05-31T00:00:00" },
    { "0 0 31 apr,jun,dec *", "2026-01-01T00:00:00", "2026-12-31T00:00:00" },
    { "0 0 30 1-3 *", "2026-01-31T00:00:00", "2026-03-30T00:00:00" },
    { "59 23 31 12 *", "2026-12-31T23:59:00", "2027-12-31T23:59:00" },
    { "59 23 31 dec *", "2026-12-31T23:58:59", "2026-12-31T23:59:00" },
    { "0 0 1 jan *", "2026-01-01T00:00:00", "2027-01-01T00:00:00" },
    { "15 6 * jan-mar/2 *", "2026-01-31T06:15:00", "2026-03-01T06:15:00" },
    { "0 */6 * * *", "2026-07-07T18:00:00", "2026-07-08T00:00:00" },
    { "0 0-23/5 * * *", "2026-07-07T20:00:01", "2026-07-08T00:00:00" },
    { "0 23 28-31 * *", "2027-02-28T23:00:00", "2027-03-28T23:00:00" },
    { "0 0 28 2 *", "2100-02-27T00:00:00", "2100-02-28T00:00:00" },
    { "0 0 1 3 *", "2100-02-28T23:59:59", "2100-03-01T00:00:00" },
    { "0 0 30 2 mon", "2026-02-01T00:00:00", "2026-02-02T00:00:00" },
    { "17 4 10-20/3 5-9/2 *", "2026-07-19T04:17:00", "2026-09-10T04:17:00" },
    { "  0\t4  *  *  6 ", "2026-11-21T04:00:00", "2026-11-28T04:00:00" },
    { "@hourly", "2026-11-21T04:00:00", "2026-11-21T05:00:00" },
    { "@daily", "2026-11-21T04:00:00", "2026-11-22T00:00:00" },
    { "@midnight", "2026-12-31T23:59:59", "2027-01-01T00:00:00" },
    { "@weekly", "2026-11-21T04:00:00", "2026-11-22T00:00:00" },
    { "@monthly", "2026-11-21T04:00:00", "2026-12-01T00:00:00" },
    { "@yearly", "2026-11-21T04:00:00", "2027-01-01T00:00:00" },
    { "@annually", "1999-12-31T23:59:59", "2000-01-01T00:00:00" },
    { "* * * * *", "1970-01-01T00:00:00", "1970-01-01T00:01:00" },
    { "0 0 * * 4", "1970-01-01T00:00:00", "1970-01-08T00:00:00" },
    { "0 0 1 1 *", "2399-12-31T23:59:59", "2400-01-01T00:00:00" },
};
/* clang-format on */

static void
a_line_comes_next_when_the_calendar_says(void **state)
{
    char why[CRON_WHY_MAX] = "", next[32];
    struct cron c;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (cron_parse(slice_of(known[i].line), &c, why) != 0) {
            fail_msg("%s: %s", known[i].line, why);
        }
        show(cron_next(&c, seconds_of(known[i].after)), next);
        if (strcmp(next, known[i].next) != 0) {
            fail_msg("'%s' after %s: %s, not %s", known[i].line, known[i].after,
                next, known[i].next);
        }
    }
}

static void
what_is_wrong_is_said_with_its_field(void **state)
{
    static const struct {
        const char *line, *why;
    } wrong[] = {
        { "", "five fields" },
        { "* * * *", "five fields" },
        { "* * * * * *", "more than five" },
        { "@daily x", "minute '@daily'" },
        { "@reboot", "minute '@reboot'" },
        { "60 * * * *", "minute '60'" },
        { "-1 * * * *", "minute '-1'" },
        { "* 24 * * *", "hour '24'" },
        { "* * 0 * *", "day of the month '0'" },
        { "* * 32 * *", "day of the month '32'" },
        { "* * * 13 *", "month '13'" },
        { "* * * 0 *", "month '0'" },
        { "* * * foo *", "month 'foo'" },
        { "* * * january *", "this cannot be read" },
        { "* * * * 8", "day of the week '8'" },
        { "* * * * jan", "day of the week 'jan'" },
        { "mon * * * *", "minute 'mon'" },
        { "1, * * * *", "a value is 0 to 59" },
        { ",1 * * * *", "a value is 0 to 59" },
        { "1- * * * *", "a value is 0 to 59" },
        { "9-3 * * * *", "a range goes upwards" },
        { "*/0 * * * *", "a step is a number" },
        { "*/ * * * *", "a step is a number" },
        { "*/x * * * *", "a step is a number" },
        { "*/60 * * * *", "longer than the range" },
        { "* */24 * * *", "longer than the range" },
        { "5/10 * * * *", "a step goes with" },
        { "1-5/6 * * * *", "longer than the range" },
        { "** * * * *", "cannot be read" },
        { "*-5 * * * *", "cannot be read" },
        { "1.5 * * * *", "cannot be read" },
        { "99999999999999999999 * * * *", "a value is" },
        { "0 0 30 2 *", "never comes" },
        { "0 0 31 apr,jun,sep,nov *", "never comes" },
        { "0 0 30-31 feb */2", "never comes" },
    };
    struct cron before, c;

    (void)state;
    memset(&c, 0x5a, sizeof c);
    before = c;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char why[CRON_WHY_MAX] = "";
        int rc = cron_parse(slice_of(wrong[i].line), &c, why);
        if (rc != STINT_EINVAL || strstr(why, wrong[i].why) == NULL) {
            fail_msg("'%s' is %d: '%s'", wrong[i].line, rc, why);
        }
    }
    assert_memory_equal(&c, &before, sizeof c);
}

static size_t
draw(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 16;
}

static void
no_line_of_bytes_is_read_beyond_its_end(void **state)
{
    static const char letters[] = "0123456789*/,-@ \tjanmonsu\0\xff";
    char why[CRON_WHY_MAX];
    uint32_t draws = 1;
    struct cron c;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        size_t length = draw(&draws) % 24;
        uint8_t *line = malloc(length + 1);
        assert_non_null(line);
        for (size_t k = 0; k < length; k++)
            line[k] = (uint8_t)letters[draw(&draws) % (sizeof letters - 1)];
        if (cron_parse((struct slice){ line, length }, &c, why) == 0) {
            assert_true(cron_next(&c, 0) > 0);
        }
        free(line);
    }
}

static void
the_last_year_is_no_wall(void **state)
{
    char why[CRON_WHY_MAX];
    struct cron c;

    (void)state;
    assert_int_equal(cron_parse(slice_of("0 0 29 2 0"), &c, why), 0);
    assert_true(cron_next(&c, CRON_LAST) > CRON_LAST);
    assert_int_equal(cron_parse(slice_of("0 0 29 2 */6"), &c, why), 0);
    assert_true(cron_next(&c, CRON_LAST) > CRON_LAST);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_next_when_the_calendar_says),
        cmocka_unit_test(what_is_wrong_is_said_with_its_field),
        cmocka_unit_test(no_line_of_bytes_is_read_beyond_its_end),
        cmocka_unit_test(the_last_year_is_no_wall),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
