/* Tasks that must not run twice, and how often others may lose their worker. */
#include "master/core/queues.h"
#include "tests/unit/core/jobs_rig.h"
#include "tests/unit/core/kept.h"
#include "tests/unit/core/place_rig.h"

enum { SLOTS = 2, TRY_AGAIN = 1 };

static const char *const letters[] = { "a", "b", "c", "d", "e", "f" };

/* A job whose tasks may lose their worker so often, on the queue `jobs`, with
 * so many tasks. */
static uint64_t
job_of(struct rig_peer *s, uint64_t losses, uint64_t attempts, unsigned tasks)
{
    uint64_t request = s->last + 1;
    uint64_t job = place_open(s,
        (struct msg_job_open){
            .losses_plus_one = losses + 1, .attempts_max = attempts },
        "");

    jobs_settle(s->rig);
    if (job == 0) job = rig_see(s, MSG_job_is, request)->as.job_is.job;
    struct msg_put put = { .queue = slice_of("jobs"), .job = job };
    (void)rig_put_as(s, put, tasks, letters);
    jobs_settle(s->rig);
    return job;
}

/* The tasks that it is given when it asks for so many. */
static unsigned
take(struct rig_peer *w, unsigned count, struct rig_task out[])
{
    uint64_t get = rig_get(w, "jobs", count, 100 * TICK_S);

    jobs_settle(w->rig);
    return rig_tasks(w, get, out, count);
}

/* It is not heard of for a while, and is back. */
static void
lose(struct rig_peer *w)
{
    w->mute = true;
    rig_sleep(w->rig, 5 * TICK_S);
    w->mute = false;
    rig_sleep(w->rig, TICK_S);
    jobs_settle(w->rig);
}

static struct jobs_end
only_end(struct rig_peer *s, uint64_t job)
{
    struct jobs_end e[8];
    uint64_t request =
        jobs_ask(s, (struct msg_job_ends){ .job = job, .by = 1 });

    assert_int_equal(jobs_ends(s, request, e), 1);
    return e[0];
}

static void
assert_says(struct jobs_end e, const char *text)
{
    assert_int_equal(e.code, STINT_EWORKERLOST);
    assert_non_null(strstr(e.reason, text));
}

static void
release(struct rig_peer *w, const struct rig_task *t, bool begun)
{
    struct msg m = { .type = MSG_release, .as.release.begun = begun };

    (void)rig_show(w, m, t);
    jobs_settle(w->rig);
}

/* ---- it is not run again ------------------------------------------------- */

static void
a_lost_worker_ends_it_whatever_attempts_are_left(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 3, 1);
    struct rig_task t;

    assert_int_equal(take(w, 1, &t), 1);
    lose(w);
    assert_says(only_end(s, job), "the worker was lost; it may have run");
    assert_int_equal(jobs_row(s, job).failed, 1);
    struct rig_peer *other = place_worker(rig, "other", SLOTS, "");
    assert_int_equal(take(other, 1, &t), 0);
}

static void
what_a_worker_stopped_is_not_run_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 3, 1);
    struct rig_task t;

    assert_int_equal(take(w, 1, &t), 1);
    release(w, &t, true);
    assert_says(only_end(s, job), "stopped before it had ended");
}

static void
what_is_given_back_unbegun_runs_elsewhere(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 1, 1);
    struct rig_task t;

    assert_int_equal(take(w, 1, &t), 1);
    release(w, &t, false);
    assert_int_equal(take(w, 1, &t), 1);
    jobs_finish(w, &t, "A");
    assert_int_equal(only_end(s, job).code, 0);
}

static void
a_lease_that_ran_out_ends_it(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 3, 1);
    struct rig_task t;

    assert_int_equal(take(w, 1, &t), 1);
    rig_sleep(rig, (tick_ns)t.lease_ns + TICK_S);
    assert_says(only_end(s, job), "the lease ran out");
}

static void
what_failed_by_itself_is_tried_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 2, 1);
    struct rig_task t;

    assert_int_equal(take(w, 1, &t), 1);
    (void)rig_show(w,
        (struct msg){ .type = MSG_fail, .as.fail.reason = slice_of("no") }, &t);
    rig_sleep(rig, 60 * TICK_S);
    assert_int_equal(take(w, 1, &t), 1);
    lose(w);
    assert_says(only_end(s, job), "the worker was lost");
}

static void
tried_again_by_hand_it_runs_once_more(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 1, 1);
    struct rig_task t;

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(take(w, 1, &t), 1);
        lose(w);
        assert_says(only_end(s, job), "the worker was lost");
        assert_int_equal(
            jobs_count(
                s, (struct msg_end_tasks){ .verb = TRY_AGAIN, .job = job }),
            1);
    }
    assert_int_equal(take(w, 1, &t), 1);
    jobs_finish(w, &t, "A");
    assert_int_equal(jobs_row(s, job).done, 1);
}

/* ---- whether it was begun is known --------------------------------------- */

static void
none_is_taken_ahead(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 1, 5), get = place_get(w, 100);

    assert_int_equal(place_got(w, get), SLOTS);
    place_done(w, get, 0, 1);
    assert_int_equal(place_got(w, get), SLOTS + 1);
    lose(w);
    assert_int_equal(jobs_row(s, job).failed, SLOTS);
    assert_int_equal(jobs_row(s, job).ready, 2);
}

/* Its worker may run it, and be gone before it says that it heard of it. */
static void
a_task_that_was_sent_may_have_run(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 0, 1, 1);
    struct rig_task t;

    w->mute = true;
    assert_int_equal(take(w, 1, &t), 1);
    rig_disconnect(w);
    rig_sleep(rig, 5 * TICK_S);
    assert_says(only_end(s, job), "the worker was lost");
}

static void
who_has_no_connection_is_given_none(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t get = place_get(w, 1);

    rig_disconnect(w);
    uint64_t job = job_of(s, 0, 1, 1);
    assert_int_equal(jobs_row(s, job).ready, 1);
    place_hello(w, SLOTS, "");
    assert_int_equal(place_got(w, get), 1);
}

static void
others_do_not_keep_it_from_its_turn(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t usual = place_open(s, (struct msg_job_open){ .priority = 5 }, "");
    uint64_t get = place_get(w, 100);

    place_put(s, usual, 4);
    assert_int_equal(place_got(w, get), 4);
    uint64_t job = job_of(s, 0, 1, 1);
    place_put(s, usual, 4);
    assert_int_equal(place_got(w, get), 4);
    place_done(w, get, 0, 2);
    assert_int_equal(jobs_row(s, job).ready, 1);
    place_done(w, get, 2, 1);
    assert_int_equal(jobs_row(s, job).running, 1);
    /* The others go on behind it. */
    assert_int_equal(place_got(w, get), 4 + 1 + 4);
}

/* ---- tasks of the queue itself ------------------------------------------- */

static void
put_once(struct rig_peer *s, uint64_t once, unsigned tasks)
{
    struct msg_put put = {
        .queue = slice_of("jobs"), .once = once, .attempts_max = 3
    };

    (void)rig_put_as(s, put, tasks, letters);
    jobs_settle(s->rig);
}

static void
a_plain_task_that_must_not_run_twice_does_not(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    struct rig_task t[2];

    put_once(s, 1, 1);
    assert_int_equal(take(w, 1, t), 1);
    lose(w);
    struct rig_peer *other = place_worker(rig, "other", SLOTS, "");
    assert_int_equal(take(other, 1, t), 0);
    assert_int_equal(
        queues_find(rig->core, slice_of("jobs"))->now[TASK_DEAD], 1);
}

/* It is on its way, and its worker may run it before it says that it heard. */
static void
a_plain_task_that_was_sent_may_have_run(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    struct rig_task t;

    w->mute = true;
    put_once(s, 1, 1);
    assert_int_equal(take(w, 1, &t), 1);
    rig_disconnect(w);
    rig_sleep(rig, 5 * TICK_S);
    struct rig_peer *other = place_worker(rig, "other", SLOTS, "");
    assert_int_equal(take(other, 1, &t), 0);
}

static void
no_plain_task_is_taken_ahead_of_a_slot(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t get = place_get(w, 100);

    put_once(s, 1, 4);
    put_once(s, 0, 2);
    assert_int_equal(place_got(w, get), SLOTS);
    place_done(w, get, 0, 1);
    assert_int_equal(place_got(w, get), SLOTS + 1);
    place_done(w, get, 1, 1);
    /* Behind the last of them are others, which may wait at the worker. */
    assert_int_equal(place_got(w, get), SLOTS + 4);
}

static void
who_has_no_connection_is_given_no_such_plain_task(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t get = place_get(w, 1);

    rig_disconnect(w);
    put_once(s, 1, 1);
    place_hello(w, SLOTS, "");
    assert_int_equal(place_got(w, get), 1);
    rig_disconnect(w);
    rig_sleep(rig, 5 * TICK_S);
    struct rig_task t;
    struct rig_peer *other = place_worker(rig, "other", SLOTS, "");
    assert_int_equal(take(other, 1, &t), 0);
}

/* ---- other numbers ------------------------------------------------------- */

static void
so_many_losses_are_free_as_the_job_says(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 2, 1, 1);
    struct rig_task t;

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(jobs_row(s, job).failed, 0);
        assert_int_equal(take(w, 1, &t), 1);
        lose(w);
    }
    assert_int_equal(only_end(s, job).code, STINT_EWORKERLOST);
    assert_int_equal(only_end(s, job).attempts, 3);
}

static void
the_next_ones_cost_an_attempt_each(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    uint64_t job = job_of(s, 1, 2, 1);
    struct rig_task t;

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(jobs_row(s, job).failed, 0);
        assert_int_equal(take(w, 1, &t), 1);
        lose(w);
    }
    assert_int_equal(only_end(s, job).attempts, 3);
}

/* ---- on the disk --------------------------------------------------------- */

static void
a_grant_is_on_the_disk_before_it_leaves(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");

    kept_settle(rig);
    (void)job_of(s, 0, 1, 1);
    unsigned syncs = kept_table.syncs;
    uint64_t get = place_get(w, 1);
    assert_int_equal(place_got(w, get), 0);
    kept_settle(rig);
    assert_int_equal(place_got(w, get), 1);
    assert_true(kept_table.syncs > syncs);
}

static void
a_restart_does_not_make_it_run_twice(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    struct rig_task t[SLOTS];

    kept_settle(rig);
    uint64_t job = job_of(s, 0, 3, 3);
    assert_int_equal(take(w, SLOTS, t), SLOTS);
    kept_restart(rig);
    core_check(rig->core);
    rig_hello(s, PROTO_VERSION);
    place_hello(w, SLOTS, "");
    /* One of them is shown, the other one it has given up. */
    (void)kept_show_all(w, &t[0]);
    kept_settle(rig);
    assert_says(only_end(s, job), "the worker was lost");
    assert_int_equal(only_end(s, job).seq, 2);
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    rig_sleep(rig, 120 * TICK_S);
    kept_settle(rig);
    assert_int_equal(jobs_row(s, job).failed, SLOTS);
    assert_int_equal(jobs_row(s, job).ready, 1);
}

static void
a_restart_does_not_make_a_plain_task_run_twice(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", SLOTS, "");
    struct rig_task t;

    kept_settle(rig);
    put_once(s, 1, 1);
    assert_int_equal(take(w, 1, &t), 1);
    kept_restart(rig);
    core_check(rig->core);
    rig_hello(s, PROTO_VERSION);
    rig_sleep(rig, 120 * TICK_S);
    kept_settle(rig);
    struct rig_peer *other = place_worker(rig, "other", SLOTS, "");
    assert_int_equal(take(other, 1, &t), 0);
}

int
main(void)
{
#define KEPT(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)
    const struct CMUnitTest tests[] = {
        ON_A_RIG(a_lost_worker_ends_it_whatever_attempts_are_left),
        ON_A_RIG(what_a_worker_stopped_is_not_run_again),
        ON_A_RIG(what_is_given_back_unbegun_runs_elsewhere),
        ON_A_RIG(a_lease_that_ran_out_ends_it),
        ON_A_RIG(what_failed_by_itself_is_tried_again),
        ON_A_RIG(tried_again_by_hand_it_runs_once_more),
        ON_A_RIG(none_is_taken_ahead),
        ON_A_RIG(a_task_that_was_sent_may_have_run),
        ON_A_RIG(who_has_no_connection_is_given_none),
        ON_A_RIG(others_do_not_keep_it_from_its_turn),
        ON_A_RIG(a_plain_task_that_must_not_run_twice_does_not),
        ON_A_RIG(a_plain_task_that_was_sent_may_have_run),
        ON_A_RIG(no_plain_task_is_taken_ahead_of_a_slot),
        ON_A_RIG(who_has_no_connection_is_given_no_such_plain_task),
        ON_A_RIG(so_many_losses_are_free_as_the_job_says),
        ON_A_RIG(the_next_ones_cost_an_attempt_each),
    };
    const struct CMUnitTest kept[] = {
        KEPT(a_restart_does_not_make_a_plain_task_run_twice),
        KEPT(a_grant_is_on_the_disk_before_it_leaves),
        KEPT(a_restart_does_not_make_it_run_twice),
    };

    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    jobs_settle = kept_settle;
    return failed + cmocka_run_group_tests(kept, NULL, NULL);
}
