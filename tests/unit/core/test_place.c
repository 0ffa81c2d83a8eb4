/* Which worker gets which task: labels, resources, bounds, order, pauses. */
#include "tests/unit/core/place_rig.h"
#include "tests/unit/core/unit.h"

static void
a_task_goes_to_a_worker_that_has_the_label(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *plain = place_worker(rig, "plain", 1, "");
    struct rig_peer *eu = place_worker(rig, "eu", 1, "zone=eu");
    uint64_t a = place_get(plain, 1), b = place_get(eu, 1);

    place_put(p, place_job(p, "zone=eu"), 1);
    assert_int_equal(place_got(plain, a), 0);
    assert_int_equal(place_got(eu, b), 1);
}

static void
a_label_of_another_value_does_not_do_and_any_value_may(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *us = place_worker(rig, "us", 8, "zone=us zone=us-2");
    uint64_t get = place_get(us, 8);

    place_put(p, place_job(p, "zone=eu"), 1);
    assert_int_equal(place_got(us, get), 0);
    place_put(p, place_job(p, "zone=us-2"), 1);
    assert_int_equal(place_got(us, get), 1);
    place_put(p, place_job(p, "zone"), 1);
    assert_int_equal(place_got(us, get), 2);
}

static void
who_suits_nothing_keeps_its_place_and_gets_plain_tasks(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *first = place_worker(rig, "first", 1, "");
    struct rig_peer *second = place_worker(rig, "second", 1, "gpus*1");
    uint64_t a = place_get(first, 1), b = place_get(second, 1);

    place_put(p, place_job(p, "gpus*1"), 2);
    assert_int_equal(place_got(second, b), 1);
    (void)place_get(second, 1);
    (void)rig_put(p, "jobs", "plain");
    rig_turn(rig);
    assert_int_equal(place_got(first, a), 1);
}

static void
never_more_of_a_resource_is_handed_out_than_there_is(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 100, "gpus*5 cpus*64");
    uint64_t get = place_get(w, 100);

    place_put(p, place_job(p, "gpus*2 cpus*1"), 10);
    assert_int_equal(place_got(w, get), 2);
    place_done(w, get, 0, 1);
    assert_int_equal(place_got(w, get), 3);
    place_done(w, get, 1, 2);
    assert_int_equal(place_got(w, get), 5);
}

static void
what_one_job_frees_another_takes(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 4, "gpus*1 zone=eu");
    uint64_t get = place_get(w, 4);

    place_put(p, place_job(p, "gpus*1"), 1);
    assert_int_equal(place_got(w, get), 1);
    place_put(p, place_job(p, "gpus*1 zone=eu"), 1);
    assert_int_equal(place_got(w, get), 1);
    place_done(w, get, 0, 1);
    assert_int_equal(place_got(w, get), 2);
}

static void
a_strict_job_is_not_fetched_before_it_can_begin(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 2, "cpus*100");
    uint64_t get = place_get(w, 50);

    place_put(p, place_job(p, "cpus*1"), 10);
    assert_int_equal(place_got(w, get), 2);
    place_put(p, place_job(p, ""), 10);
    assert_int_equal(place_got(w, get), 12);
}

static void
a_job_runs_no_more_side_by_side_than_it_may(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *a = place_worker(rig, "a", 8, "");
    struct rig_peer *b = place_worker(rig, "b", 8, "");
    uint64_t x = place_get(a, 8), y = place_get(b, 8);

    place_put(
        p, place_open(p, (struct msg_job_open){ .running_max = 3 }, ""), 9);
    assert_int_equal(place_got(a, x) + place_got(b, y), 3);
    place_done(a, x, 0, 1);
    assert_int_equal(place_got(a, x) + place_got(b, y), 4);
}

static void
a_bound_can_be_changed_while_the_job_runs(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "");
    uint64_t get = place_get(w, 8);
    uint64_t job = place_open(p, (struct msg_job_open){ .running_max = 1 }, "");
    struct msg m = { .type = MSG_job_change };

    place_put(p, job, 9);
    assert_int_equal(place_got(w, get), 1);
    m.as.job_change.job = job;
    m.as.job_change.set = 1;
    m.as.job_change.running_max = 4;
    (void)rig_say(p, m);
    rig_turn(rig);
    assert_int_equal(place_got(w, get), 4);
    m.as.job_change.running_max = 0;
    (void)rig_say(p, m);
    rig_turn(rig);
    assert_int_equal(place_got(w, get), 8);
    place_done(w, get, 0, 8);
}

static uint64_t
job_of(const struct rig_peer *w, uint64_t request, unsigned index)
{
    struct rec_task t;
    unsigned count = 0;

    for (unsigned i = 0; i < w->count; i++) {
        const struct msg *m = &w->inbox[i];
        if (m->type != MSG_tasks || m->as.tasks.request != request) continue;
        struct proto_list list = m->as.tasks.tasks;
        while (codec_list_next(&list, RECORD_task, &t)) {
            if (count++ == index) return t.job;
        }
    }
    fail_msg("only %u tasks", count);
    return 0;
}

static void
jobs_go_by_priority_then_by_number_and_plain_tasks_count_as_zero(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t late = place_open(p, (struct msg_job_open){ .priority = 5 }, "");
    uint64_t usual = place_job(p, "");
    uint64_t soon = place_open(p, (struct msg_job_open){ .priority = -5 }, "");
    struct rig_peer *w = place_worker(rig, "w", 8, "");

    place_put(p, late, 1);
    place_put(p, usual, 1);
    place_put(p, soon, 1);
    (void)rig_put(p, "jobs", "plain");
    uint64_t get = place_get(w, 8);
    assert_int_equal(job_of(w, get, 0), soon);
    assert_int_equal(job_of(w, get, 1), 0);
    assert_int_equal(job_of(w, get, 2), usual);
    assert_int_equal(job_of(w, get, 3), late);
}

static void
a_job_that_does_not_suit_holds_no_other_up(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t first = place_job(p, "gpus*1"), second = place_job(p, "");
    struct rig_peer *w = place_worker(rig, "w", 8, "");

    place_put(p, first, 3);
    place_put(p, second, 3);
    uint64_t get = place_get(w, 8);
    assert_int_equal(place_got(w, get), 3);
    assert_int_equal(job_of(w, get, 0), second);
}

static void
tasks_of_a_job_are_shared_among_those_who_wait(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *a = place_worker(rig, "a", 1, "");
    struct rig_peer *b = place_worker(rig, "b", 1, "");
    uint64_t job = place_job(p, "");
    const char *payloads[] = { "1", "2", "3", "4" };
    struct msg_put put = { .queue = slice_of("jobs"), .job = job };
    uint64_t x = rig_get(a, "jobs", 64, TICK_S);
    uint64_t y = rig_get(b, "jobs", 64, TICK_S);

    (void)rig_put_as(p, put, 4, payloads);
    rig_turn(rig);
    assert_int_equal(place_got(a, x), 2);
    assert_int_equal(place_got(b, y), 2);
}

static void
a_paused_queue_hands_out_nothing_and_goes_on(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "");
    uint64_t job = place_job(p, ""), get = place_get(w, 8);

    assert_int_equal(place_pause(p, "jobs", 0, false), 0);
    (void)rig_put(p, "jobs", "plain");
    place_put(p, job, 2);
    assert_int_equal(place_got(w, get), 0);
    assert_int_equal(place_pause(p, "jobs", 0, true), 0);
    assert_int_equal(place_got(w, get), 3);
}

static void
a_paused_job_holds_back_only_itself(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "");
    uint64_t one = place_job(p, ""), two = place_job(p, "");
    uint64_t get = place_get(w, 8);

    assert_int_equal(place_pause(p, "", one, false), 0);
    place_put(p, one, 2);
    place_put(p, two, 1);
    assert_int_equal(place_got(w, get), 1);
    assert_int_equal(place_pause(p, "", one, true), 0);
    assert_int_equal(place_got(w, get), 3);
}

static void
what_is_paused_after_a_get_came_is_not_handed_out_in_the_same_turn(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "");
    uint64_t job = place_job(p, "");
    struct msg m = { .type = MSG_pause, .as.pause.job = job };

    place_put(p, job, 2);
    uint64_t get = rig_get(w, "jobs", 8, TICK_S);
    (void)rig_say(p, m);
    rig_turn(rig);
    assert_int_equal(place_got(w, get), 0);
}

static void
tasks_that_expire_in_the_turn_hold_no_other_job_up(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "");
    uint64_t first = place_job(p, ""), second = place_job(p, "");
    struct msg_put put = {
        .queue = slice_of("jobs"), .job = first, .expires_ns = (uint64_t)TICK_S
    };
    const char *payload = "x";

    (void)rig_put_as(p, put, 1, &payload);
    place_put(p, second, 1);
    rig->now += TICK_S;
    uint64_t get = rig_get(w, "jobs", 8, TICK_S);
    rig_turn(rig);
    assert_int_equal(place_got(w, get), 1);
}

static void
a_job_of_another_key_is_not_paused(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *other = rig_peer(rig, "other", ROLE_SUBMIT);
    uint64_t job = place_job(p, "");

    assert_int_equal(place_pause(other, "", job, false), STINT_EROLE);
    assert_int_equal(place_pause(p, "", job + 1, false), STINT_ENOJOB);
    assert_int_equal(place_pause(p, "none", 0, false), STINT_ENOQUEUE);
}

static void
traits_are_those_of_the_last_hello(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "gpus*1");
    uint64_t get = place_get(w, 8);

    place_put(p, place_job(p, "gpus*1"), 5);
    assert_int_equal(place_got(w, get), 1);
    place_hello(w, 8, "gpus*3");
    rig_turn(rig);
    assert_int_equal(place_got(w, get), 3);
    place_hello(w, 8, "");
    rig_turn(rig);
    place_done(w, get, 0, 3);
    assert_int_equal(place_got(w, get), 3);
}

static void
a_hello_of_traits_that_make_no_sense_is_refused(void **state)
{
    static const char *const bad[] = { "gpus*1 gpus*2", "a\tb", "a=\x1b[2J" };
    struct rig *rig = *state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "w%zu", i);
        struct rig_peer *w = rig_stranger(rig, name, ROLE_WORK);
        place_hello(w, 1, bad[i]);
        const struct msg *m = rig_see(w, MSG_refused, 0);
        assert_int_equal(m->as.refused.code, STINT_EINVAL);
        assert_true(m->as.refused.text.length > 0);
    }
}

static void
what_a_lost_worker_used_another_may_use(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *a = place_worker(rig, "a", 8, "gpus*1");
    struct rig_peer *b = place_worker(rig, "b", 8, "gpus*1");
    uint64_t x = place_get(a, 8);

    place_put(p, place_job(p, "gpus*1"), 1);
    assert_int_equal(place_got(a, x), 1);
    uint64_t y = place_get(b, 8);
    assert_int_equal(place_got(b, y), 0);
    a->mute = true;
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(place_got(b, y), 1);
}

static void
a_queue_that_is_shut_lets_its_jobs_end_first(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    uint64_t job = place_job(p, "");
    struct msg m = { .type = MSG_shutdown };

    place_put(p, job, 2);
    m.as.shutdown.queue = slice_of("jobs");
    (void)rig_say(p, m);
    uint64_t get = place_get(w, 1);
    assert_int_equal(place_got(w, get), 1);
    uint64_t again = place_get(w, 1);
    assert_int_equal(place_got(w, again), 1);
    uint64_t last = place_get(w, 1);
    assert_int_equal(rig_code(w, last), 1);
    place_done(w, get, 0, 1);
    place_done(w, again, 0, 1);
    assert_int_equal(rig_code(w, last), STINT_ESHUTDOWN);
}

static uint64_t
workers_of(struct rig_peer *p, uint64_t job)
{
    struct msg m = { .type = MSG_list };
    struct rec_job_row row = { .job = 0 };

    rig_sleep(p->rig, TICK_S);
    m.as.list.what = 4;
    m.as.list.job = job;
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    struct proto_list list =
        rig_see(p, MSG_job_rows, request)->as.job_rows.rows;
    assert_true(codec_list_next(&list, RECORD_job_row, &row));
    return row.workers;
}

static void
a_row_tells_how_many_workers_suit_the_job(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *a = place_worker(rig, "a", 1, "gpus*2");
    struct rig_peer *b = place_worker(rig, "b", 1, "gpus*4");
    uint64_t job = place_job(p, "gpus*3"), any = place_job(p, "");

    assert_int_equal(workers_of(p, job), 0); /* None has asked. */
    (void)place_get(a, 1);
    (void)place_get(b, 1);
    assert_int_equal(workers_of(p, job), 1);
    assert_int_equal(workers_of(p, any), 2);
    b->mute = true;
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(workers_of(p, job), 0);
}

static void
surprises_never_hand_out_more_than_there_is(void **state)
{
    static const char *const needs[] = { "", "gpus*1", "gpus*2 cpus*1",
        "zone=eu", "cpus*3", "zone=eu gpus*1" };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w[3] = { place_worker(rig, "a", 4, "gpus*2 cpus*4"),
        place_worker(rig, "b", 8, "zone=eu gpus*1 cpus*8"),
        place_worker(rig, "c", 2, "zone=us cpus*3") };
    uint64_t jobs[ARRAY_LEN(needs)];
    struct rig_task held[3][64];
    unsigned counts[3] = { 0 };
    uint64_t seed = 5;
    unsigned left = 0;

    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        struct msg_job_open o = { .running_max = i % 2 == 0 ? 0 : 2 };
        jobs[i] = place_open(p, o, needs[i]);
    }
    for (unsigned step = 0; step < 1500; step++) {
        unsigned k = unit_draw(&seed, 3);
        if (step < 300) {
            const char *payload = "x";
            struct msg_put put = { .queue = slice_of("jobs"),
                .job = jobs[step % ARRAY_LEN(jobs)] };
            (void)rig_put_as(p, put, 1, &payload);
            left += 1;
        }
        if (unit_draw(&seed, 5) != 4) {
            uint64_t get = rig_get(w[k], "jobs", 3, 0);
            rig_turn(rig); /* core_check() looks at what is used. */
            counts[k] +=
                rig_tasks(w[k], get, held[k] + counts[k], 64 - counts[k]);
        } else if (counts[k] > 0) {
            counts[k] -= 1;
            (void)rig_done(w[k], &held[k][counts[k]], "");
            rig_turn(rig);
            left -= 1;
        }
        for (unsigned i = 0; i < 3; i++)
            rig_forget_inbox(w[i]);
        rig_forget_inbox(p);
    }
    /* Whoever holds something ends it until nothing is left. */
    for (unsigned step = 0; step < 2000 && left > 0; step++) {
        unsigned k = step % 3;
        while (counts[k] > 0) {
            counts[k] -= 1;
            (void)rig_done(w[k], &held[k][counts[k]], "");
            left -= 1;
        }
        rig_turn(rig);
        uint64_t get = rig_get(w[k], "jobs", 8, 0);
        rig_turn(rig);
        counts[k] += rig_tasks(w[k], get, held[k], 64);
        for (unsigned i = 0; i < 3; i++)
            rig_forget_inbox(w[i]);
    }
    assert_int_equal(left, 0);
}

/* I9: what strangers choose counts, the text too. */
static void
what_a_job_needs_counts_and_what_its_lane_takes(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    char needs[256];

    memset(needs, 'n', sizeof needs);
    needs[120] = '=';
    needs[sizeof needs - 2] = '\0';
    place_job(p, "zone=eu");
    size_t before = core_totals(rig->core).memory;
    place_job(p, "zone=eu");
    size_t plain = core_totals(rig->core).memory - before;
    before += plain;
    place_job(p, needs);
    size_t first = core_totals(rig->core).memory - before;
    place_job(p, needs);
    size_t second = core_totals(rig->core).memory - before - first;
    assert_true(second > plain + 200);
    assert_true(first > second + 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(a_task_goes_to_a_worker_that_has_the_label),
        ON_A_RIG(a_label_of_another_value_does_not_do_and_any_value_may),
        ON_A_RIG(who_suits_nothing_keeps_its_place_and_gets_plain_tasks),
        ON_A_RIG(never_more_of_a_resource_is_handed_out_than_there_is),
        ON_A_RIG(what_one_job_frees_another_takes),
        ON_A_RIG(a_strict_job_is_not_fetched_before_it_can_begin),
        ON_A_RIG(a_job_runs_no_more_side_by_side_than_it_may),
        ON_A_RIG(a_bound_can_be_changed_while_the_job_runs),
        ON_A_RIG(
            jobs_go_by_priority_then_by_number_and_plain_tasks_count_as_zero),
        ON_A_RIG(a_job_that_does_not_suit_holds_no_other_up),
        ON_A_RIG(tasks_of_a_job_are_shared_among_those_who_wait),
        ON_A_RIG(a_paused_queue_hands_out_nothing_and_goes_on),
        ON_A_RIG(a_paused_job_holds_back_only_itself),
        ON_A_RIG(
            what_is_paused_after_a_get_came_is_not_handed_out_in_the_same_turn),
        ON_A_RIG(tasks_that_expire_in_the_turn_hold_no_other_job_up),
        ON_A_RIG(a_job_of_another_key_is_not_paused),
        ON_A_RIG(traits_are_those_of_the_last_hello),
        ON_A_RIG(a_hello_of_traits_that_make_no_sense_is_refused),
        ON_A_RIG(what_a_lost_worker_used_another_may_use),
        ON_A_RIG(a_queue_that_is_shut_lets_its_jobs_end_first),
        ON_A_RIG(a_row_tells_how_many_workers_suit_the_job),
        ON_A_RIG(what_a_job_needs_counts_and_what_its_lane_takes),
        ON_A_RIG(surprises_never_hand_out_more_than_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
