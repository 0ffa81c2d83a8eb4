/* Tasks that the master puts by itself, through the public library; of a master
 * in this process, whose clock the tests move. */
#include "tests/integration/with_master.h"

#include <stint_schedule.h>
#include <stint_test.h>

enum { DAY_MS = 86400 * 1000 };

struct seen {
    const char *name;
    struct stint_schedule_row row;
    unsigned count, stop_after;
    bool has_cron;
};

static int
see(void *arg, const struct stint_schedule_row *row)
{
    struct seen *seen = arg;

    seen->count += 1;
    if (seen->stop_after == seen->count) return 7;
    if (seen->name == NULL || strcmp(row->name, seen->name) != 0) return 0;
    seen->row = *row;
    seen->has_cron = row->cron != NULL;
    return 0;
}

static struct stint_schedule_row
look(const char *name)
{
    struct seen seen = { .name = name };

    OK(stint_list_schedules(s, see, &seen, PATIENCE_MS));
    return seen.row;
}

static void
set(const char *name, const char *text, struct stint_schedule_options options)
{
    OK(stint_schedule_set(
        s, name, stint_queue_name(q), text, strlen(text), &options));
}

static void
it_puts_every_so_often(void **state)
{
    const char *name = fresh();

    (void)state;
    set(name, "beat", (struct stint_schedule_options){ .every_ms = 100 });
    for (int i = 0; i < 3; i++)
        get(q, "beat");
    struct stint_schedule_row row = look(name);
    assert_int_equal(row.every_ms, 100);
    assert_true(row.put >= 3);
    assert_true(row.last_ms > 0 && row.next_ms > row.last_ms);
    OK(stint_schedule_remove(s, name));
    assert_int_equal(stint_schedule_remove(s, name), STINT_ENOENTRY);
}

static void
a_line_of_cron_is_due_by_the_clock_that_a_test_moves(void **state)
{
    const char *name = fresh();

    (void)state;
    set(name, "daily", (struct stint_schedule_options){ .cron = "0 0 * * *" });
    struct stint_schedule_row before = look(name);
    assert_int_equal(before.put, 0);
    assert_int_equal(before.next_ms % DAY_MS, 0);
    OK(stint_test_move_clock(master, DAY_MS));
    get(q, "daily");
    struct stint_schedule_row row = look(name);
    assert_int_equal(row.put, 1);
    assert_int_equal(row.next_ms, before.next_ms + DAY_MS);
    OK(stint_test_move_clock(master, 30 * (int64_t)DAY_MS));
    get(q, "daily"); /* What has come together is one. */
    assert_int_equal(look(name).put, 2);
    OK(stint_schedule_remove(s, name));
}

static void
at_a_time_it_puts_once_with_the_options_of_a_put(void **state)
{
    const char *name = fresh();
    struct stint_bytes item;

    (void)state;
    set(name, "late",
        (struct stint_schedule_options){ .at_ms = 1, .put.delay_ms = DAY_MS });
    assert_int_equal(stint_queue_get(q, &item, 0), STINT_EEMPTY);
    OK(stint_test_move_clock(master, DAY_MS));
    get(q, "late");
    assert_int_equal(look(name).next_ms, 0);
    assert_int_equal(look(name).at_ms, 1);
    OK(stint_schedule_remove(s, name));
}

static void
what_cannot_be_is_refused(void **state)
{
    static char line[300];
    const struct stint_schedule_options wrong[] = {
        { .every_ms = 0 },
        { .every_ms = 99 },
        { .every_ms = -1 },
        { .at_ms = -1 },
        { .at_ms = INT64_MAX },
        { .cron = "" },
        { .cron = "nonsense" },
        { .cron = line },
        { .cron = "@daily", .at_ms = 5 },
        { .every_ms = 100, .put.delay_ms = -1 },
        { .every_ms = 100, .put.attempts_max = 65536 },
    };

    (void)state;
    memset(line, '*', sizeof line - 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(
            stint_schedule_set(s, "x", stint_queue_name(q), "", 0, &wrong[i]),
            STINT_EINVAL);
        assert_true(strlen(stint_error_message()) > 0);
    }
    const struct stint_schedule_options fine = { .every_ms = 1000 };
    assert_int_equal(
        stint_schedule_set(s, "x", "q", "", 0, NULL), STINT_EINVAL);
    assert_int_equal(
        stint_schedule_set(s, "", "q", "", 0, &fine), STINT_EINVAL);
    assert_int_equal(
        stint_schedule_set(s, NULL, "q", "", 0, &fine), STINT_EINVAL);
    assert_int_equal(
        stint_schedule_set(s, "x", "", "", 0, &fine), STINT_EINVAL);
    assert_int_equal(
        stint_schedule_set(s, "x", "q", NULL, 1, &fine), STINT_EINVAL);
    static char big[4 * 1024 * 1024 + 1];
    assert_int_equal(stint_schedule_set(s, "x", "q", big, sizeof big, &fine),
        STINT_ETOOLARGE);
    assert_int_equal(stint_schedule_remove(s, "x"), STINT_ENOENTRY);
}

static void
a_list_ends_where_its_reader_says(void **state)
{
    struct seen seen = { .stop_after = 2 };
    char name[32];

    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "listed-%d", i);
        set(name, "", (struct stint_schedule_options){ .every_ms = DAY_MS });
    }
    assert_int_equal(stint_list_schedules(s, see, &seen, PATIENCE_MS), 7);
    assert_int_equal(seen.count, 2);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "listed-%d", i);
        OK(stint_schedule_remove(s, name));
    }
}

static int
start_test_master(void **state)
{
    struct stint_master_options options = { .payload_max = 4 * 1024 * 1024 };

    (void)state;
    OK(stint_test_start(&options, &master));
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(it_puts_every_so_often),
        CONNECTED(a_line_of_cron_is_due_by_the_clock_that_a_test_moves),
        CONNECTED(at_a_time_it_puts_once_with_the_options_of_a_put),
        CONNECTED(what_cannot_be_is_refused),
        CONNECTED(a_list_ends_where_its_reader_says),
    };

    return cmocka_run_group_tests(tests, start_test_master, stop_master);
}
