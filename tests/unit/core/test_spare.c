/* Which jobs are forgotten before their time: those that nobody misses. */
#include "master/core/task.h"
#include "tests/unit/core/jobs_rig.h"
#include "tests/unit/core/kept.h"

struct bench {
    struct rig rig;
    struct rig_peer *s, *w;
};

static void
set_up(struct bench *b)
{
    rig_begin(&b->rig);
    b->rig.config.session_ttl = 30 * TICK_S;
    b->rig.config.payload_max = 64 << 10;
    b->rig.config.frame_max = 128 << 10;
    b->rig.config.memory_max = 512 << 10;
    rig_start(&b->rig);
    b->s = rig_peer(&b->rig, "submit", ROLE_SUBMIT);
    b->w = rig_peer(&b->rig, "work", ROLE_WORK);
}

static uint64_t
open_job(struct rig_peer *p)
{
    return jobs_open(p, (struct msg_job_open){ .attempts_max = 1 });
}

static bool
is_known(struct rig_peer *p, uint64_t job)
{
    uint64_t r = jobs_ask(p, (struct msg_job_ends){ .job = job, .limit = 1 });

    return rig_find(p, MSG_job_ended, r) != NULL;
}

/* Jobs without a task until the master takes no more, or so many are opened. */
static unsigned
open_many(struct bench *b, unsigned max, bool close)
{
    for (unsigned i = 0; i < max; i++) {
        rig_forget_inbox(b->s);
        uint64_t job = open_job(b->s);
        if (job == 0) return i;
        if (close) (void)jobs_close(b->s, job);
    }
    return max;
}

/* One with one end: done, or (reason) failed. */
static uint64_t
run_job(struct bench *b, const char *reason)
{
    uint64_t job = open_job(b->s);

    jobs_put(b->s, job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(b->w);
    if (reason != NULL) {
        jobs_fail(b->w, &t, reason);
    } else {
        jobs_finish(b->w, &t, "A");
    }
    (void)jobs_close(b->s, job);
    return job;
}

/* ---- jobs without tasks -------------------------------------------------- */

static void
a_job_without_a_task_goes_with_the_session_that_opened_it(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b);
    struct rig_peer *other = rig_peer(&b.rig, "admin", ROLE_ADMIN);
    uint64_t empty = open_job(b.s), full = open_job(b.s);
    jobs_put(b.s, full, 1, (const char *const[]){ "a" });
    rig_disconnect(b.s);
    rig_sleep(&b.rig, 20 * TICK_S);
    assert_true(is_known(other, empty));
    rig_sleep(&b.rig, 40 * TICK_S);
    assert_false(is_known(other, empty));
    assert_true(is_known(other, full));
    rig_end(&b.rig);
}

static void
one_that_somebody_waits_for_is_told_its_end_and_stays(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b);
    struct rig_peer *other = rig_peer(&b.rig, "admin", ROLE_ADMIN);
    uint64_t empty = open_job(b.s);
    uint64_t r = jobs_ask(
        other, (struct msg_job_ends){ .job = empty, .wait_ns = 90 * TICK_S });
    rig_disconnect(b.s);
    rig_sleep(&b.rig, 60 * TICK_S);
    assert_int_equal(rig_see(other, MSG_job_ended, r)->as.job_ended.over, 1);
    assert_true(is_known(other, empty));
    rig_end(&b.rig);
}

static void
one_whose_submitter_does_not_come_back_after_a_restart_leaves_no_row(
    void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);

    jobs_settle = kept_settle;
    assert_int_equal(open_job(s), 1);
    assert_int_equal(kept_count_rows(ROW_job), 1);
    kept_restart(rig);
    rig_sleep(rig, 3600 * TICK_S);
    kept_settle(rig);
    assert_int_equal(kept_count_rows(ROW_job), 0);
    jobs_settle = rig_turn;
}

/* ---- the budget ---------------------------------------------------------- */

static void
ended_jobs_without_results_make_room(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b);
    assert_int_equal(open_many(&b, 600, true), 600);
    assert_false(is_known(b.s, 1));
    assert_true(is_known(b.s, 600));
    rig_end(&b.rig);
}

static void
what_nobody_has_read_stays_and_who_is_refused_hears_what_to_do(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b);
    uint64_t unread = run_job(&b, NULL);
    unsigned count = open_many(&b, 600, false);
    assert_in_range(count, 50, 599);
    const struct slice why = rig_see(b.s, MSG_error, 0)->as.error.text;
    assert_non_null(memmem(why.bytes, why.length, "stint forget all", 16));
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = unread });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_string_equal(e[0].output, "A");
    rig_end(&b.rig);
}

static void
what_its_submitter_has_read_makes_room_though_it_failed(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b);
    uint64_t read = run_job(&b, "no"), unread = run_job(&b, "no");
    jobs_ask(b.s, (struct msg_job_ends){ .job = read, .after = 1, .drop = 1 });
    assert_true(is_known(b.s, read));
    (void)open_many(&b, 600, false);
    assert_false(is_known(b.s, read));
    assert_true(is_known(b.s, unread));
    rig_end(&b.rig);
}

static void
what_was_tried_again_is_not_read_yet(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b);
    uint64_t job = run_job(&b, "no");
    struct msg_job_ends by_place = { .job = job, .after = 1, .drop = 1 };
    jobs_ask(b.s, by_place);
    assert_int_equal(
        jobs_count(b.s, (struct msg_end_tasks){ .verb = 1, .job = job }), 1);
    struct rig_task t = jobs_take(b.w);
    jobs_fail(b.w, &t, "still no");
    jobs_ask(b.s, by_place); /* Its reader passed this place long ago. */
    (void)open_many(&b, 600, false);
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = job });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_string_equal(e[0].reason, "still no");
    rig_end(&b.rig);
}

static void
what_a_revoked_key_left_is_spare_until_it_may_come_in_again(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b);
    const char *payload = "x";
    uint64_t job = open_job(b.s);
    jobs_put(b.s, job, 1, &payload);
    rig_turn(&b.rig);
    struct rig_task t = jobs_take(b.w);
    jobs_finish(b.w, &t, "unread");
    jobs_close(b.s, job);
    assert_true(list_is_empty(&b.rig.core->jobs.spare));
    assert_int_equal(
        core_key_revoke(b.rig.core, b.rig.now, slice_of("submit")), 0);
    assert_false(list_is_empty(&b.rig.core->jobs.spare));
    core_check(b.rig.core);
    assert_int_equal(
        core_key_add(b.rig.core, slice_of("submit"), ROLE_SUBMIT, b.s->key), 0);
    assert_true(list_is_empty(&b.rig.core->jobs.spare));
    rig_end(&b.rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_a_revoked_key_left_is_spare_until_it_may_come_in_again),
        cmocka_unit_test(
            a_job_without_a_task_goes_with_the_session_that_opened_it),
        cmocka_unit_test(one_that_somebody_waits_for_is_told_its_end_and_stays),
        cmocka_unit_test_setup_teardown(
            one_whose_submitter_does_not_come_back_after_a_restart_leaves_no_row,
            kept_set_up, kept_tear_down),
        cmocka_unit_test(ended_jobs_without_results_make_room),
        cmocka_unit_test(
            what_nobody_has_read_stays_and_who_is_refused_hears_what_to_do),
        cmocka_unit_test(
            what_its_submitter_has_read_makes_room_though_it_failed),
        cmocka_unit_test(what_was_tried_again_is_not_read_yet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
