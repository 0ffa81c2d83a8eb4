/* Tasks that the master puts by itself. */
#include "tests/unit/core/schedule_rig.h"

#include <stdio.h>

#define EVERY_10_S .every_ns = (uint64_t)(10 * TICK_S)
#define EVERY_5_MIN .cron = slice_of("*/5 * * * *")

enum { MINUTE = 60 };

static struct rig_peer *
begin(void **state)
{
    return schedule_peer(*state, "submit", ROLE_SUBMIT);
}

static unsigned
count_tasks(const struct rig *rig)
{
    unsigned count = 0;

    for (const struct task *t = task_table_next(&rig->core->tasks, 0);
         t != NULL; t = task_table_next(&rig->core->tasks, t->id))
        count += 1;
    return count;
}

/* ---- when ---------------------------------------------------------------- */

static void
it_puts_every_so_often_and_first_after_one_interval(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_pass(p->rig, 9 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 0);
    schedule_pass(p->rig, TICK_S);
    assert_int_equal(count_tasks(p->rig), 1);
    schedule_pass(p->rig, 25 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 3);
    assert_int_equal(schedule_puts(p->rig, "s"), 3);
}

static void
a_late_turn_does_not_shift_the_next_ones(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    tick_ns made = p->rig->now;
    p->rig->now += 34 * TICK_S; /* Three have come together. */
    schedule_turn(p->rig);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    assert_int_equal(schedule_of(p->rig, "s")->due, made + 40 * TICK_S);
}

static void
it_puts_once_at_a_time(void **state)
{
    struct rig_peer *p = begin(state);
    uint64_t at = (uint64_t)SCHEDULE_NOON + 90 * (uint64_t)TICK_S;

    schedule_make(p, (struct msg_schedule_set){ .at = at });
    schedule_pass(p->rig, 80 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 0);
    schedule_pass(p->rig, 1000 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 1);
    assert_int_equal(schedule_of(p->rig, "s")->last, at);
    assert_true(schedule_of(p->rig, "s")->due == TICK_NEVER);
}

static void
a_time_that_is_over_is_put_at_once(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ .at = 1 });
    assert_int_equal(count_tasks(p->rig), 1);
}

static void
a_line_of_cron_puts_in_its_minutes(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_5_MIN });
    schedule_pass(p->rig, 4 * MINUTE * TICK_S);
    assert_int_equal(count_tasks(p->rig), 0);
    schedule_pass(p->rig, MINUTE * TICK_S);
    assert_int_equal(count_tasks(p->rig), 1);
    assert_int_equal(
        schedule_of(p->rig, "s")->last, SCHEDULE_NOON + 5 * MINUTE * TICK_S);
    schedule_pass(p->rig, 24 * 60 * MINUTE * TICK_S);
    assert_int_equal(count_tasks(p->rig), 1 + 24 * 12);
}

static void
its_tasks_are_as_it_says(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(
        p, (struct msg_schedule_set){ EVERY_10_S, .priority = -3,
               .delay_ns = (uint64_t)TICK_S,
               .expires_ns = (uint64_t)(5 * TICK_S), .attempts_max = 7,
               .handler = slice_of("backup"), .payload = slice_of("full") });
    schedule_pass(p->rig, 10 * TICK_S);
    const struct task *t = task_table_next(&p->rig->core->tasks, 0);
    assert_non_null(t);
    assert_int_equal(t->id, schedule_of(p->rig, "s")->task);
    assert_int_equal(t->state, TASK_DELAYED);
    assert_int_equal(t->priority, -3);
    assert_int_equal(t->more->attempts_max, 7);
    assert_int_equal(t->more->expires, p->rig->now + 5 * TICK_S);
    assert_string_equal(t->more->handler, "backup");
    assert_true(slice_equal(task_payload(t), slice_of("full")));
    schedule_pass(p->rig, 9 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 0); /* It has expired. */
}

/* ---- making and forgetting ----------------------------------------------- */

static void
it_is_changed_under_its_name_and_begins_anew(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_pass(p->rig, 15 * TICK_S);
    schedule_make(p,
        (struct msg_schedule_set){ EVERY_5_MIN, .queue = slice_of("other") });
    assert_int_equal(p->rig->core->schedules.last, 1);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    schedule_pass(p->rig, 5 * MINUTE * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 2);
    assert_int_equal(kept_count_rows(ROW_schedule), 1);
}

static void
what_cannot_be_is_refused_and_said(void **state)
{
    struct rig_peer *p = begin(state);
    static char big[(1 << 20) + 1];
    const struct {
        struct msg_schedule_set set;
        int64_t code;
        const char *says;
    } wrong[] = {
        { { .missed = 0 }, STINT_EINVAL, "exactly one" },
        { { EVERY_10_S, .at = 1 }, STINT_EINVAL, "exactly one" },
        { { EVERY_10_S, EVERY_5_MIN }, STINT_EINVAL, "exactly one" },
        { { .every_ns = 99999999 }, STINT_EINVAL, "100 ms" },
        { { .cron = slice_of("0 24 * * *") }, STINT_EINVAL, "hour '24'" },
        { { .cron = slice_of("0 0 30 2 *") }, STINT_EINVAL, "never comes" },
        { { EVERY_10_S, .schedule = slice_of("a\nb") }, STINT_EINVAL, "name" },
        { { EVERY_10_S, .handler = slice_of("\x1b[2J") }, STINT_EINVAL,
            "handler" },
        { { EVERY_10_S, .queue = slice_of("job/1") }, STINT_EINVAL, "queue" },
        { { EVERY_10_S, .payload = { (const uint8_t *)big, sizeof big } },
            STINT_ETOOLARGE, "" },
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        uint64_t request = schedule_ask(p, wrong[i].set);
        const struct msg_error *e = &rig_see(p, MSG_error, request)->as.error;
        char text[300];
        (void)snprintf(text, sizeof text, "%.*s", (int)e->text.length,
            (const char *)e->text.bytes);
        if (e->code != wrong[i].code || strstr(text, wrong[i].says) == NULL) {
            fail_msg("%zu: %d, %s", i, (int)e->code, text);
        }
        rig_forget_inbox(p);
    }
    assert_int_equal(p->rig->core->schedules.last, 0);
    assert_int_equal(kept_count_rows(ROW_schedule), 0);
}

static void
only_its_key_and_an_admin_may_change_or_forget_it(void **state)
{
    struct rig_peer *p = begin(state);
    struct rig_peer *other = schedule_peer(p->rig, "second", ROLE_SUBMIT);
    struct rig_peer *worker = schedule_peer(p->rig, "work", ROLE_WORK);
    struct rig_peer *admin = schedule_peer(p->rig, "admin", ROLE_ADMIN);
    const struct msg_schedule_set set = { EVERY_10_S };

    assert_int_equal(schedule_try(worker, set), STINT_EROLE);
    schedule_make(p, set);
    assert_int_equal(schedule_try(other, set), STINT_EROLE);
    assert_int_equal(schedule_drop(other, "s"), STINT_EROLE);
    assert_int_equal(schedule_drop(worker, "s"), STINT_EROLE);
    schedule_make(admin, set);
    schedule_make(p, set); /* An admin's change does not take it away. */
    assert_int_equal(schedule_drop(admin, "s"), 0);
}

static void
a_forgotten_one_puts_nothing_more(void **state)
{
    struct rig_peer *p = begin(state);

    assert_int_equal(schedule_drop(p, "s"), STINT_ENOENTRY);
    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_pass(p->rig, 10 * TICK_S);
    assert_int_equal(schedule_drop(p, "s"), 0);
    schedule_pass(p->rig, 100 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 1);
    assert_int_equal(kept_count_rows(ROW_schedule), 0);
    assert_int_equal(schedule_drop(p, "s"), STINT_ENOENTRY);
}

static void
those_that_are_over_go_first_when_there_are_10000(void **state)
{
    struct rig_peer *p = begin(state);
    char name[16];

    /* Rows of so many do not fit into the rig's table. */
    assert_int_equal(
        rig_code(p, rig_say(p, (struct msg){ .type = MSG_declare,
                                   .as.declare = { .queue = slice_of("m"),
                                       .set = 1,
                                       .durability = 3 } })),
        1);
    for (unsigned i = 0; i < SCHEDULES_MAX; i++) {
        (void)snprintf(name, sizeof name, "s%u", i);
        rig_say(p, (struct msg){ .type = MSG_schedule_set,
                       .as.schedule_set = { .at = i == 1 ? 1 : INT64_MAX / 2,
                           .schedule = slice_of(name),
                           .queue = slice_of("m") } });
        if (i % 64 != 0) continue;
        core_turn(p->rig->core, p->rig->now);
        schedule_turn(p->rig);
        rig_forget_inbox(p);
    }
    schedule_turn(p->rig);
    rig_forget_inbox(p);
    const struct msg_schedule_set more = { EVERY_10_S, .queue = slice_of("m") };
    schedule_make(p, more);
    assert_null(schedule_find(p->rig->core, slice_of("s1")));
    struct msg_schedule_set another = more;
    another.schedule = slice_of("t");
    assert_int_equal(schedule_try(p, another), STINT_ELIMIT);
    schedule_make(p, more);
}

static void
they_are_listed_in_pages(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_schedule_row row;
    struct msg m = { .type = MSG_list, .as.list = { .what = 5, .limit = 1 } };

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_make(
        p, (struct msg_schedule_set){ EVERY_5_MIN, .schedule = slice_of("c") });
    schedule_pass(p->rig, 10 * TICK_S);
    uint64_t request = rig_say(p, m);
    schedule_turn(p->rig);
    const struct msg_schedule_rows *page =
        &rig_see(p, MSG_schedule_rows, request)->as.schedule_rows;
    struct proto_list rows = page->rows;
    assert_true(codec_list_next(&rows, RECORD_schedule_row, &row));
    assert_true(slice_equal(row.schedule, slice_of("s")));
    assert_int_equal(row.next, schedule_time(p->rig) + 10 * TICK_S);
    assert_int_equal(row.last, schedule_time(p->rig));
    assert_int_equal(row.put, 1);
    m.as.list.after = page->next;
    assert_true(page->next > 0);
    request = rig_say(p, m);
    schedule_turn(p->rig);
    page = &rig_see(p, MSG_schedule_rows, request)->as.schedule_rows;
    rows = page->rows;
    assert_true(codec_list_next(&rows, RECORD_schedule_row, &row));
    assert_true(slice_equal(row.cron, slice_of("*/5 * * * *")));
    assert_int_equal(row.next, SCHEDULE_NOON + 5 * MINUTE * TICK_S);
    assert_int_equal(page->next, 0);
}

/* ---- skipping ------------------------------------------------------------ */

static void
it_waits_for_its_last_task_if_so_asked(void **state)
{
    struct rig_peer *p = begin(state);
    struct rig_task t;

    schedule_make(
        p, (struct msg_schedule_set){ EVERY_10_S, .skip_if_open = 1 });
    schedule_pass(p->rig, 35 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    assert_int_equal(schedule_of(p->rig, "s")->skipped, 2);
    assert_int_equal(p->rig->core->news.count, 1); /* That p joined. */
    uint64_t get = rig_get(p, "q", 1, 0);
    schedule_turn(p->rig);
    assert_int_equal(rig_tasks(p, get, &t, 1), 1);
    schedule_pass(p->rig, 5 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    (void)rig_done(p, &t, "");
    schedule_pass(p->rig, 10 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 2);
}

/* The last of the news, which is of a schedule. */
static const char *
last_news(struct rig *rig)
{
    static struct news_item item;
    unsigned count = 0;

    item.what[0] = '\0';
    for (struct news_item n; news_next(&rig->core->news, &n);) {
        if (n.kind != NEWS_SKIPPED) continue;
        item = n;
        count += 1;
    }
    assert_true(count <= 1);
    return item.what;
}

static void
a_full_queue_is_skipped_and_said_once(void **state)
{
    struct rig_peer *p = begin(state);

    rig_say(p, (struct msg){ .type = MSG_declare,
                   .as.declare = {
                       .queue = slice_of("q"), .set = 1, .max_tasks = 2 } });
    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_pass(p->rig, 65 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 2);
    assert_int_equal(schedule_of(p->rig, "s")->skipped, 4);
    assert_non_null(strstr(last_news(p->rig), "full"));
    life_cancel(
        p->rig->core, p->rig->now, task_table_next(&p->rig->core->tasks, 0));
    schedule_pass(p->rig, 20 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 3);
    assert_int_equal(schedule_of(p->rig, "s")->skipped, 5);
    assert_non_null(strstr(last_news(p->rig), "full"));
}

static void
a_shut_queue_and_a_full_disk_are_skipped(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    core_disk_full(p->rig->core, true);
    schedule_pass(p->rig, 10 * TICK_S);
    assert_non_null(strstr(last_news(p->rig), "the disk is full"));
    assert_int_equal(schedule_try(p, (struct msg_schedule_set){ EVERY_10_S }),
        STINT_ENOSPACE);
    core_disk_full(p->rig->core, false);
    schedule_pass(p->rig, 10 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    rig_say(p, (struct msg){
                   .type = MSG_shutdown, .as.shutdown.queue = slice_of("q") });
    schedule_pass(p->rig, 10 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    assert_int_equal(schedule_of(p->rig, "s")->skipped, 2);
}

static void
they_keep_within_the_budget(void **state)
{
    struct rig_peer *p = begin(state);
    static char big[512 << 10];
    struct msg_schedule_set set = { EVERY_10_S,
        .payload = { (const uint8_t *)big, sizeof big } };

    p->rig->core->config.memory_max = 2 << 20;
    p->rig->core->config.fetch = NULL; /* Payloads stay in memory. */
    schedule_make(p, set);
    set.schedule = slice_of("b");
    schedule_make(p, set);
    schedule_pass(p->rig, 30 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 1);
    assert_true(p->rig->core->memory < 2 << 20);
    assert_true(schedule_of(p->rig, "s")->skipped > 0);
    set.schedule = slice_of("c");
    assert_int_equal(schedule_try(p, set), STINT_EBUDGET);
}

static void
a_revoked_key_puts_nothing_more(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_pass(p->rig, 10 * TICK_S);
    assert_int_equal(
        core_key_revoke(p->rig->core, p->rig->now, slice_of("submit")), 0);
    schedule_pass(p->rig, 20 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    assert_non_null(strstr(last_news(p->rig), "revoked"));
}

static void
a_master_that_stops_leaves_what_is_due_to_the_next(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    core_close_doors(p->rig->core);
    schedule_pass(p->rig, 15 * TICK_S);
    assert_int_equal(count_tasks(p->rig), 0);
    schedule_restart(p->rig, 0);
    assert_int_equal(count_tasks(p->rig), 1);
}

/* ---- the clock ----------------------------------------------------------- */

static void
a_clock_that_is_set_back_makes_no_task_twice(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_5_MIN });
    schedule_pass(p->rig, 12 * MINUTE * TICK_S); /* 12:05, 12:10 */
    schedule_set_clock(p->rig, SCHEDULE_NOON);
    schedule_pass(p->rig, 14 * MINUTE * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 2);
    schedule_pass(p->rig, MINUTE * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 3);
}

static void
a_clock_that_is_set_forward_makes_one_task_of_many_times(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_5_MIN });
    schedule_make(
        p, (struct msg_schedule_set){ EVERY_10_S, .schedule = slice_of("e") });
    schedule_set_clock(p->rig, SCHEDULE_NOON + 3600 * TICK_S);
    schedule_pass(p->rig, 9 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    assert_int_equal(schedule_puts(p->rig, "e"), 0); /* Not by that clock. */
}

static void
a_clock_that_was_wrong_for_a_while_loses_no_time(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_5_MIN });
    schedule_set_clock(p->rig, SCHEDULE_NOON + 86400 * TICK_S);
    schedule_pass(p->rig, 2 * MINUTE * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1); /* For 12:05. */
    schedule_set_clock(p->rig, SCHEDULE_NOON + 2 * MINUTE * TICK_S);
    schedule_pass(p->rig, 7 * MINUTE * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    schedule_pass(p->rig, MINUTE * TICK_S); /* 12:10 */
    assert_int_equal(schedule_puts(p->rig, "s"), 2);
}

/* ---- restarts ------------------------------------------------------------ */

static void
it_goes_on_after_a_restart(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p,
        (struct msg_schedule_set){ EVERY_10_S, .handler = slice_of("h"),
            .priority = 4, .payload = slice_of("x"), .attempts_max = 2,
            .delay_ns = 1, .expires_ns = 2, .skip_if_open = 1, .missed = 1 });
    schedule_pass(p->rig, 12 * TICK_S);
    const struct schedule before = *schedule_of(p->rig, "s");
    schedule_restart(p->rig, TICK_S);
    const struct schedule *s = schedule_of(p->rig, "s");
    assert_int_equal(s->due, before.due);
    assert_int_equal(s->every, before.every);
    assert_int_equal(s->put, 1);
    assert_int_equal(s->last, before.last);
    assert_int_equal(s->task, before.task);
    assert_int_equal(s->priority, 4);
    assert_int_equal(s->attempts_max, 2);
    assert_int_equal(s->delay, 1);
    assert_int_equal(s->expires, 2);
    assert_true(s->skips_open && s->leaves_missed);
    assert_string_equal(s->handler, "h");
    assert_memory_equal(s->payload, "x", 1);
    assert_memory_equal(s->owner, p->key, sizeof s->owner);
    assert_int_equal(schedule_drop(p, "s"), 0);
    schedule_restart(p->rig, TICK_S);
    assert_null(schedule_find(p->rig->core, slice_of("s")));
}

static void
what_was_missed_is_put_once_or_left_out(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_5_MIN });
    schedule_make(p, (struct msg_schedule_set){
                         EVERY_5_MIN, .schedule = slice_of("n"), .missed = 1 });
    schedule_make(
        p, (struct msg_schedule_set){ EVERY_10_S, .schedule = slice_of("e") });
    schedule_restart(p->rig, 3601 * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    assert_int_equal(schedule_puts(p->rig, "e"), 1);
    assert_int_equal(schedule_puts(p->rig, "n"), 0);
    assert_int_equal(schedule_of(p->rig, "n")->skipped, 1);
    schedule_pass(p->rig, 5 * MINUTE * TICK_S);
    assert_int_equal(schedule_puts(p->rig, "s"), 2);
    assert_int_equal(schedule_puts(p->rig, "n"), 1);
    assert_int_equal(schedule_puts(p->rig, "e"), 31);
}

static void
a_crash_undoes_the_task_and_its_schedule_or_none(void **state)
{
    struct rig_peer *p = begin(state);

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    p->rig->now += 10 * TICK_S;
    schedule_tell_time(p->rig);
    core_turn(p->rig->core, p->rig->now);
    assert_int_equal(count_tasks(p->rig), 1); /* In no batch yet. */
    schedule_restart(p->rig, TICK_S);
    assert_int_equal(count_tasks(p->rig), 1);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    schedule_restart(p->rig, TICK_S);
    assert_int_equal(count_tasks(p->rig), 1);
}

static void
a_request_that_is_asked_again_after_a_restart_puts_nothing_twice(void **state)
{
    struct rig_peer *p = begin(state);
    const struct msg_schedule_set set = { .at = 1 };

    p->mute = true;
    uint64_t request = schedule_ask(p, set);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    schedule_restart(p->rig, TICK_S);
    kept_again(p, request);
    assert_int_equal(schedule_try(p, set), 0);
    assert_int_equal(count_tasks(p->rig), 1);
    assert_int_equal(schedule_puts(p->rig, "s"), 1);
    request = p->last + 1;
    assert_int_equal(schedule_drop(p, "s"), 0);
    schedule_restart(p->rig, TICK_S);
    kept_again(p, request);
    assert_int_equal(schedule_drop(p, "s"), 0);
}

static void
it_survives_where_its_queue_does(void **state)
{
    struct rig_peer *p = begin(state);

    rig_say(p, (struct msg){ .type = MSG_declare,
                   .as.declare = {
                       .queue = slice_of("m"), .set = 1, .durability = 3 } });
    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S,
                         .schedule = slice_of("m"), .queue = slice_of("m") });
    assert_int_equal(kept_count_rows(ROW_schedule), 1);
    schedule_make(
        p, (struct msg_schedule_set){ EVERY_10_S, .queue = slice_of("m") });
    assert_int_equal(kept_count_rows(ROW_schedule), 0);
    schedule_restart(p->rig, TICK_S);
    assert_null(schedule_find(p->rig->core, slice_of("s")));
}

static struct msg_schedule_set
with_a_large_payload(void)
{
    static char large[600 << 10];

    memset(large, 'x', sizeof large);
    return (struct msg_schedule_set){ EVERY_10_S, .skip_if_open = 1,
        .payload = { (const uint8_t *)large, sizeof large } };
}

/* Else the disk would be busy with what is never put. */
static void
what_becomes_of_it_is_written_without_its_payload(void **state)
{
    struct rig_peer *p = begin(state);
    struct rig *rig = p->rig;

    schedule_make(p, with_a_large_payload());
    schedule_pass(rig, 11 * TICK_S);
    assert_int_equal(schedule_puts(rig, "s"), 1);
    rig->now = schedule_of(rig, "s")->due;
    schedule_tell_time(rig);
    rig_turn(rig);
    assert_int_equal(schedule_of(rig, "s")->skipped, 1);
    assert_true(core_untaken(rig->core) > 0);
    assert_true(core_untaken(rig->core) < 1000);
    kept_settle(rig);
    int64_t due = schedule_of(rig, "s")->due;
    schedule_restart(rig, TICK_S);
    assert_int_equal(schedule_puts(rig, "s"), 1);
    assert_int_equal(schedule_of(rig, "s")->skipped, 1);
    assert_int_equal(schedule_of(rig, "s")->due, due);
    assert_int_equal(schedule_of(rig, "s")->size, 600 << 10);
}

static void
what_became_of_it_is_no_more_when_it_is_changed_or_forgotten(void **state)
{
    struct rig_peer *p = begin(state);
    struct rig *rig = p->rig;

    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    schedule_pass(rig, 11 * TICK_S);
    assert_int_equal(kept_count_rows(ROW_due), 1);
    schedule_make(p, (struct msg_schedule_set){ EVERY_10_S });
    int64_t due = schedule_of(rig, "s")->due;
    assert_int_equal(kept_count_rows(ROW_due), 0);
    schedule_restart(rig, TICK_S);
    assert_int_equal(schedule_of(rig, "s")->due, due);
    assert_int_equal(schedule_puts(rig, "s"), 1);
    schedule_pass(rig, 11 * TICK_S);
    assert_int_equal(kept_count_rows(ROW_due), 1);
    schedule_restart(rig, TICK_S);
    rig_hello(p, PROTO_VERSION);
    assert_int_equal(schedule_drop(p, "s"), 0);
    kept_settle(rig);
    schedule_restart(rig, TICK_S);
    assert_int_equal(kept_count_rows(ROW_due), 0);
}

static void
those_that_are_due_together_do_not_hold_up_the_master(void **state)
{
    struct rig_peer *p = begin(state);
    struct rig *rig = p->rig;
    struct msg_schedule_set set = with_a_large_payload();
    static const char *const names[] = { "a", "b", "c", "d", "e" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        set.schedule = slice_of(names[i]);
        schedule_make(p, set);
        rig_forget_inbox(p);
    }
    rig->now = schedule_of(rig, "e")->due;
    schedule_tell_time(rig);
    for (uint64_t turns = 1; turns <= 3; turns++) {
        rig_turn(rig);
        uint64_t put = 0;
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            put += schedule_puts(rig, names[i]);
        assert_int_equal(put, turns < 3 ? 2 * turns : 5);
        assert_int_equal(core_next_deadline(rig->core) <= rig->now, turns < 3);
    }
}

static void
a_row_that_cannot_be_is_damage(void **state)
{
    struct rig_peer *p = begin(state);
    const char *why = "";

    schedule_make(p, (struct msg_schedule_set){ EVERY_5_MIN });
    struct schedule *s = schedule_find(p->rig->core, slice_of("s"));
    memcpy(s->line, "0 0 30 2 *", 11);
    schedule_write(p->rig->core, s);
    kept_settle(p->rig);
    core_free(p->rig->core);
    rig_start(p->rig);
    qsort(kept_table.rows, kept_table.count, sizeof kept_table.rows[0],
        kept_by_key);
    int rc = 0;
    for (size_t i = 0; i < kept_table.count && rc == 0; i++) {
        const struct kept_row *kept = &kept_table.rows[i];
        struct row row = { .kind = kept->kind,
            .id = kept->id,
            .value = { kept->value.bytes, kept->value.length } };
        rc = core_load(p->rig->core, &row, &why);
    }
    assert_int_equal(rc, STINT_EDAMAGED);
    assert_non_null(strstr(why, "cron"));
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, schedule_set_up, kept_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_puts_every_so_often_and_first_after_one_interval),
        TEST(a_late_turn_does_not_shift_the_next_ones),
        TEST(it_puts_once_at_a_time),
        TEST(a_time_that_is_over_is_put_at_once),
        TEST(a_line_of_cron_puts_in_its_minutes),
        TEST(its_tasks_are_as_it_says),
        TEST(it_is_changed_under_its_name_and_begins_anew),
        TEST(what_cannot_be_is_refused_and_said),
        TEST(only_its_key_and_an_admin_may_change_or_forget_it),
        TEST(a_forgotten_one_puts_nothing_more),
        TEST(those_that_are_over_go_first_when_there_are_10000),
        TEST(they_are_listed_in_pages),
        TEST(it_waits_for_its_last_task_if_so_asked),
        TEST(a_full_queue_is_skipped_and_said_once),
        TEST(a_shut_queue_and_a_full_disk_are_skipped),
        TEST(they_keep_within_the_budget),
        TEST(a_revoked_key_puts_nothing_more),
        TEST(a_master_that_stops_leaves_what_is_due_to_the_next),
        TEST(a_clock_that_is_set_back_makes_no_task_twice),
        TEST(a_clock_that_is_set_forward_makes_one_task_of_many_times),
        TEST(a_clock_that_was_wrong_for_a_while_loses_no_time),
        TEST(it_goes_on_after_a_restart),
        TEST(what_was_missed_is_put_once_or_left_out),
        TEST(a_crash_undoes_the_task_and_its_schedule_or_none),
        TEST(a_request_that_is_asked_again_after_a_restart_puts_nothing_twice),
        TEST(it_survives_where_its_queue_does),
        TEST(what_becomes_of_it_is_written_without_its_payload),
        TEST(what_became_of_it_is_no_more_when_it_is_changed_or_forgotten),
        TEST(those_that_are_due_together_do_not_hold_up_the_master),
        TEST(a_row_that_cannot_be_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
