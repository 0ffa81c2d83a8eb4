/* Points in time as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/moment.h"

static void
times_are_read_as_utc_or_with_their_zone(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        { "1970-01-01T00:00:01Z", 1000 },
        { "2026-11-21T04:05:06Z", INT64_C(1795233906000) },
        { "2026-11-21T04:05:06z", INT64_C(1795233906000) },
        { "2026-11-21t04:05:06", INT64_C(1795233906000) },
        { "2026-11-21 04:05:06", INT64_C(1795233906000) },
        { "2026-11-21T04:05", INT64_C(1795233900000) },
        { "2026-11-21T04:05Z", INT64_C(1795233900000) },
        { "2026-11-21T05:05+01:00", INT64_C(1795233900000) },
        { "2026-11-20T22:35-0530", INT64_C(1795233900000) },
        { "2028-02-29T00:00Z", INT64_C(1835395200000) },
        { "2261-12-31T23:59:59Z", INT64_C(9214646399000) },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        int64_t ms = -7;
        if (!moment_read(good[i].text, &ms) || ms != good[i].ms) {
            fail_msg("%s is %lld", good[i].text, (long long)ms);
        }
    }
}

static void
what_is_no_time_is_not_read(void **state)
{
    static const char *const bad[] = { "", "now", "2026", "2026-11-21",
        "2026-11-21T", "2026-11-21T04",
        "2026-11-21T04:", "2026-11-21T04:05:", "2026-11-21T04:05:60Z",
        "2026-11-21T24:00Z", "2026-11-21T04:60Z", "2026-13-01T00:00Z",
        "2026-00-01T00:00Z", "2026-01-00T00:00Z", "2026-01-32T00:00Z",
        "2026-02-29T00:00Z", "2026-04-31T00:00Z", "1969-12-31T23:59Z",
        "1970-01-01T00:00Z", "1970-01-01T00:30+01:00", "26-11-21T04:05Z",
        "2026-1-21T04:05Z", "2026-11-21T04:05ZZ", "2026-11-21T04:05+",
        "2026-11-21T04:05+1", "2026-11-21T04:05+15:00", " 2026-11-21T04:05Z",
        "2026-11-21T04:05Z ", "2026-11-21T04:05:06.5Z" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int64_t ms = -7;
        if (moment_read(bad[i], &ms)) fail_msg("'%s' was read", bad[i]);
        assert_int_equal(ms, -7);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_as_utc_or_with_their_zone),
        cmocka_unit_test(what_is_no_time_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
