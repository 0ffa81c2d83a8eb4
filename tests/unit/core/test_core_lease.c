/* Who holds what, and what becomes of it. */
#include "master/core/task.h"
#include "tests/unit/core/rig.h"

static const struct msg release = { .type = MSG_release };
static const struct msg renewal = { .type = MSG_renew };
static const struct msg failure = { .type = MSG_fail };

/* ---- fences -------------------------------------------------------------- */

static void
a_fence_with_another_nonce_or_attempt_is_stale(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    struct rig_task nonce = t, attempt = t, never = t;
    nonce.nonce ^= 1;
    attempt.attempt += 1;
    never.task += 1;
    uint64_t a = rig_done(w, &nonce, "x");
    uint64_t b = rig_done(w, &attempt, "x");
    uint64_t c = rig_done(w, &never, "x");
    uint64_t d = rig_show(w, renewal, &nonce);
    uint64_t e = rig_show(w, failure, &nonce);
    uint64_t f = rig_show(w, release, &nonce);
    rig_turn(rig);
    assert_int_equal(rig_outcome(w, a), STINT_ESTALE);
    assert_int_equal(rig_outcome(w, b), STINT_ESTALE);
    assert_int_equal(rig_outcome(w, c), STINT_ENOTASK);
    assert_int_equal(rig_outcome(w, d), STINT_ESTALE);
    assert_int_equal(rig_outcome(w, e), STINT_ESTALE);
    assert_int_equal(rig_outcome(w, f), STINT_ESTALE);
    assert_int_equal(core_totals(rig->core).leased, 1);
    assert_int_equal(core_totals(rig->core).stale, 5);
}

static void
a_fence_of_another_key_is_refused(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rig_peer *thief = rig_other_worker(rig);

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    uint64_t stolen = rig_done(thief, &t, "x");
    uint64_t own = rig_done(w, &t, "y");
    rig_turn(rig);
    assert_int_equal(rig_outcome(thief, stolen), STINT_ESTALE);
    assert_int_equal(rig_outcome(w, own), 0);
}

static void
the_first_completion_wins_and_the_second_changes_nothing(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    uint64_t first = rig_done(w, &t, "one");
    uint64_t second = rig_done(w, &t, "two");
    rig_turn(rig);
    assert_int_equal(rig_outcome(w, first), 0);
    assert_int_equal(rig_outcome(w, second), STINT_ESTALE);
    assert_int_equal(rig_results(p, &r), 1);
    assert_true(rig_is(r.result, "one"));
    assert_true(rig_is(r.worker, "peer"));
    assert_int_equal(r.attempts, 1);
}

static void
a_lease_that_ran_out_is_stale_and_one_that_is_renewed_is_not(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_declare(
        p, "q", (struct msg_declare){ .lease_ns = 2 * (uint64_t)TICK_S });
    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    rig_sleep(rig, 3 * TICK_S / 2);
    uint64_t renewed = rig_show(w, renewal, &t);
    rig_sleep(rig, 3 * TICK_S / 2);
    assert_int_equal(rig_outcome(w, renewed), 0);
    assert_int_equal(core_totals(rig->core).leased, 1);
    rig_sleep(rig, TICK_S);
    assert_int_equal(core_totals(rig->core).ready, 1);
    uint64_t late = rig_done(w, &t, "x");
    rig_turn(rig);
    assert_int_equal(rig_outcome(w, late), STINT_ESTALE);
}

/* ---- the dead give back -------------------------------------------------- */

static void
a_lost_workers_task_comes_back_first(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rig_peer *next = rig_other_worker(rig);

    rig_put(p, "q", "a");
    rig_put(p, "q", "b");
    (void)rig_get_one(w, "q");
    w->mute = true;
    rig_sleep(rig, rig->config.silence - TICK_S / 2);
    assert_int_equal(core_totals(rig->core).leased, 1);
    rig_sleep(rig, TICK_S);
    struct rig_task t = rig_get_one(next, "q");
    assert_string_equal(t.payload, "a");
    assert_int_equal(t.attempt, 2);
}

static void
a_connection_that_comes_back_in_time_keeps_its_leases(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    rig_disconnect(w);
    rig_sleep(rig, 2 * TICK_S);
    rig_hello(w, PROTO_VERSION);
    uint64_t request = rig_done(w, &t, "x");
    rig_turn(rig);
    assert_int_equal(rig_outcome(w, request), 0);
}

static void
a_lease_that_was_never_delivered_costs_no_attempt(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_declare(p, "q", (struct msg_declare){ .attempts_max = 1 });
    rig_put(p, "q", "a");
    w->deaf = w->mute = true;
    (void)rig_get(w, "q", 1, 0);
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(core_totals(rig->core).ready, 1);
    assert_int_equal(rig_tries(p, 1), 0);
}

/* A handler that crashes at once dies before it acknowledges, each time. */
static void
a_task_that_kills_every_worker_at_once_dies_in_the_end(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_declare(p, "q", (struct msg_declare){ .attempts_max = 1 });
    rig_put(p, "q", "a");
    w->deaf = w->mute = true;
    for (unsigned i = 0; i < TASK_UNDELIVERED_FREE; i++) {
        assert_int_equal(core_totals(rig->core).ready, 1);
        (void)rig_get(w, "q", 1, 0);
        rig_sleep(rig, 4 * TICK_S);
    }
    assert_int_equal(core_totals(rig->core).ready, 1);
    (void)rig_get(w, "q", 1, 0);
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(core_totals(rig->core).dead, 1);
}

static void
a_lease_that_was_delivered_and_lost_costs_one(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    rig_declare(p, "q", (struct msg_declare){ .attempts_max = 1 });
    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    w->mute = true;
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(core_totals(rig->core).dead, 1);
    assert_int_equal(rig_results(p, &r), 1);
    assert_int_equal(r.code, STINT_EWORKERLOST);
    assert_true(rig_is(r.result, "the worker was lost"));
}

static void
a_stalled_master_takes_nobody_for_dead(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_declare(
        p, "q", (struct msg_declare){ .lease_ns = 2 * (uint64_t)TICK_S });
    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    rig->now += 60 * TICK_S;
    core_stalled(rig->core, 60 * TICK_S);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).leased, 1);
    assert_int_equal(core_totals(rig->core).sessions_live, 2);
}

/* ---- retries ------------------------------------------------------------- */

static void
a_failure_is_retried_after_its_backoff_and_then_buried(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct msg fail = failure;
    struct rec_result r;

    rig_declare(p, "q",
        (struct msg_declare){
            .attempts_max = 2, .backoff_ns = 4 * (uint64_t)TICK_S });
    rig_put(p, "q", "a");
    fail.as.fail.reason = slice_of("no such file");
    struct rig_task t = rig_get_one(w, "q");
    rig_show(w, fail, &t);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).delayed, 1);
    rig_sleep(rig, 3 * TICK_S / 2);
    assert_int_equal(core_totals(rig->core).delayed, 1);
    rig_sleep(rig, 3 * TICK_S);
    t = rig_get_one(w, "q");
    assert_int_equal(t.attempt, 2);
    rig_show(w, fail, &t);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).dead, 1);
    assert_int_equal(rig_results(p, &r), 1);
    assert_int_equal(r.code, STINT_EDEAD);
    assert_int_equal(r.attempts, 2);
    assert_true(rig_is(r.result, "no such file"));
}

static void
a_final_failure_is_buried_at_once(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct msg fail = failure;

    rig_put(p, "q", "a");
    fail.as.fail.final = 1;
    struct rig_task t = rig_get_one(w, "q");
    rig_show(w, fail, &t);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).dead, 1);
}

static void
a_release_uses_up_no_attempt(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_declare(p, "q", (struct msg_declare){ .attempts_max = 1 });
    rig_put(p, "q", "a");
    for (int i = 0; i < 5; i++) {
        struct rig_task t = rig_get_one(w, "q");
        rig_show(w, release, &t);
    }
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).ready, 1);
    assert_int_equal(rig_tries(p, 1), 0);
}

static void
a_delayed_release_waits(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct msg m = release;

    m.as.release.delay_ns = 2 * (uint64_t)TICK_S;
    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    rig_show(w, m, &t);
    rig_sleep(rig, TICK_S);
    assert_int_equal(core_totals(rig->core).delayed, 1);
    rig_sleep(rig, TICK_S);
    assert_int_equal(core_totals(rig->core).ready, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(a_fence_with_another_nonce_or_attempt_is_stale),
        ON_A_RIG(a_fence_of_another_key_is_refused),
        ON_A_RIG(the_first_completion_wins_and_the_second_changes_nothing),
        ON_A_RIG(a_lease_that_ran_out_is_stale_and_one_that_is_renewed_is_not),
        ON_A_RIG(a_lost_workers_task_comes_back_first),
        ON_A_RIG(a_connection_that_comes_back_in_time_keeps_its_leases),
        ON_A_RIG(a_lease_that_was_never_delivered_costs_no_attempt),
        ON_A_RIG(a_task_that_kills_every_worker_at_once_dies_in_the_end),
        ON_A_RIG(a_lease_that_was_delivered_and_lost_costs_one),
        ON_A_RIG(a_stalled_master_takes_nobody_for_dead),
        ON_A_RIG(a_failure_is_retried_after_its_backoff_and_then_buried),
        ON_A_RIG(a_final_failure_is_buried_at_once),
        ON_A_RIG(a_release_uses_up_no_attempt),
        ON_A_RIG(a_delayed_release_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
