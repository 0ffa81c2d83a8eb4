/* What a worker has begun, and what it has only taken: attempts, what runs. */
#include "tests/unit/core/kept.h"
#include "tests/unit/core/place_rig.h"

enum { SLOTS = 1 };

/* The number of the attempt that came with the task at `index` of a get. */
static uint64_t
number_of(const struct rig_peer *p, uint64_t request, unsigned index)
{
    struct proto_list list = rig_see(p, MSG_tasks, request)->as.tasks.tasks;
    struct rec_task r = { .number = 0 };

    for (unsigned i = 0; i <= index; i++)
        assert_true(codec_list_next(&list, RECORD_task, &r));
    return r.number;
}

static struct rec_task_row
row_of(struct rig_peer *p, uint64_t task)
{
    struct msg m = { .type = MSG_list };
    struct rec_task_row row = { .task = 0 };

    m.as.list.what = 2;
    m.as.list.task = task;
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    struct proto_list rows =
        rig_see(p, MSG_task_rows, request)->as.task_rows.rows;
    assert_true(codec_list_next(&rows, RECORD_task_row, &row));
    return row;
}

static struct rec_queue_row
queue_row(struct rig_peer *p)
{
    struct msg m = { .type = MSG_list };
    struct rec_queue_row row = { .leased = 0 };

    m.as.list.queue = slice_of("jobs");
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    struct proto_list rows =
        rig_see(p, MSG_queue_rows, request)->as.queue_rows.rows;
    assert_true(codec_list_next(&rows, RECORD_queue_row, &row));
    return row;
}

/* Three tasks, and a worker that has taken all of them. */
static void
take_three(struct rig *rig, struct rig_peer *sender, struct rig_peer **worker,
    struct rig_task tasks[3])
{
    *worker = place_worker(rig, "first", SLOTS, "");
    (void)rig_put(sender, "jobs", "a");
    (void)rig_put(sender, "jobs", "b");
    (void)rig_put(sender, "jobs", "c");
    uint64_t request = rig_get(*worker, "jobs", 3, TICK_S);
    rig_turn(rig);
    assert_int_equal(rig_tasks(*worker, request, tasks, 3), 3);
}

static void
release(struct rig_peer *p, const struct rig_task *t, bool begun)
{
    struct msg m = { .type = MSG_release, .as.release.begun = begun };

    (void)rig_show(p, m, t);
    rig_turn(p->rig);
}

/* The number with which another worker gets the task at `index`. */
static uint64_t
next_number(struct rig *rig, unsigned index)
{
    struct rig_peer *other = place_worker(rig, "second", 3, "");
    uint64_t request = rig_get(other, "jobs", 3, TICK_S);

    rig_turn(rig);
    return number_of(other, request, index);
}

static void
as_many_run_as_there_are_slots_and_the_others_are_taken_ahead(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct rig_task t[3];

    take_three(rig, sender, &worker, t);
    struct rec_queue_row q = queue_row(sender);
    assert_int_equal(q.leased, 3);
    assert_int_equal(q.running, SLOTS);
    assert_true(row_of(sender, t[0].task).running);
    assert_int_equal(row_of(sender, t[0].task).attempts, 1);
    assert_false(row_of(sender, t[1].task).running);
    assert_int_equal(row_of(sender, t[1].task).attempts, 0);
}

static void
the_next_one_is_begun_when_one_ends(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct rig_task t[3];

    take_three(rig, sender, &worker, t);
    (void)rig_done(worker, &t[0], "");
    rig_turn(rig);
    assert_true(row_of(sender, t[1].task).running);
    assert_false(row_of(sender, t[2].task).running);
    assert_int_equal(queue_row(sender).running, SLOTS);
}

static void
who_is_no_worker_has_begun_all_that_it_holds(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *getter = rig_worker(rig);

    (void)rig_put(sender, "jobs", "a");
    (void)rig_put(sender, "jobs", "b");
    (void)rig_get(getter, "jobs", 2, TICK_S);
    rig_turn(rig);
    assert_int_equal(queue_row(sender).running, 2);
}

static void
what_a_lost_worker_had_taken_ahead_is_a_first_attempt_elsewhere(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct rig_task t[3];

    take_three(rig, sender, &worker, t);
    worker->mute = true;
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(row_of(sender, t[0].task).lost, 1);
    assert_int_equal(row_of(sender, t[1].task).lost, 0);
    assert_int_equal(next_number(rig, 0), 2);
    assert_int_equal(row_of(sender, t[1].task).attempts, 1);
    assert_int_equal(row_of(sender, t[2].task).attempts, 1);
}

static void
of_a_worker_that_was_seen_to_die_only_the_task_it_ran_had_an_attempt(
    void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct slice name = slice_of("peer");
    struct core_death fall = { .how = slice_of("it fell") };
    struct rig_task t[3];

    take_three(rig, sender, &worker, t);
    assert_false(
        core_worker_died(rig->core, rig->now, slice_of("other"), &fall));
    fall.task = t[1].task;
    /* It had done the first, and had no time to say so. */
    assert_true(core_worker_died(rig->core, rig->now, name, &fall));
    rig_turn(rig);
    assert_int_equal(row_of(sender, t[0].task).lost, 0);
    assert_int_equal(row_of(sender, t[1].task).lost, 1);
    assert_int_equal(row_of(sender, t[2].task).lost, 0);
    assert_false(core_worker_died(rig->core, rig->now, name, &fall));
    assert_int_equal(next_number(rig, 1), 2);
    assert_int_equal(row_of(sender, t[0].task).attempts, 1);
    assert_int_equal(row_of(sender, t[2].task).attempts, 1);
}

static void
what_took_too_long_when_its_worker_died_fails_for_good(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct core_death fall = { .late = true, .how = slice_of("timed out") };
    struct rig_task t[3];

    take_three(rig, sender, &worker, t);
    fall.task = t[0].task;
    assert_true(core_worker_died(rig->core, rig->now, slice_of("peer"), &fall));
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).dead, 1);
    assert_int_equal(core_totals(rig->core).ready, 2);
    assert_int_equal(row_of(sender, t[1].task).lost, 0);
}

static void
what_is_given_back_untried_is_a_first_attempt_elsewhere(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct rig_task t[3];

    take_three(rig, sender, &worker, t);
    release(worker, &t[1], false);
    assert_int_equal(row_of(sender, t[1].task).attempts, 0);
    assert_int_equal(row_of(sender, t[1].task).released, 1);
    assert_int_equal(next_number(rig, 0), 1);
}

static void
what_is_given_back_unfinished_is_a_second_attempt_elsewhere(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct rig_task t[3];

    take_three(rig, sender, &worker, t);
    release(worker, &t[0], true);
    assert_int_equal(next_number(rig, 0), 2);
}

static void
a_fence_grows_whether_or_not_an_attempt_was_begun(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct rig_task t[3], again[3];

    take_three(rig, sender, &worker, t);
    release(worker, &t[2], false);
    uint64_t request = rig_get(worker, "jobs", 1, TICK_S);
    rig_turn(rig);
    assert_int_equal(rig_tasks(worker, request, again, 3), 1);
    assert_int_equal(number_of(worker, request, 0), 1);
    assert_int_equal(again[0].attempt, 2);
    assert_true(again[0].nonce != t[2].nonce);
}

static void
a_cancelled_task_that_was_taken_ahead_had_no_attempt(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct rig_task t[3];
    struct rec_result r[3];

    take_three(rig, sender, &worker, t);
    const struct msg m = { .type = MSG_cancel };
    struct rig_task bare = { .task = t[2].task, .attempt = 1 };
    (void)rig_show(sender, m, &bare);
    rig_turn(rig);
    assert_int_equal(rig_results(sender, r), 1);
    assert_int_equal(r[0].attempts, 0);
}

static void
why_a_task_that_was_taken_ahead_does_not_run_is_told(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct msg m = { .type = MSG_explain };
    struct rig_task t[3];
    struct rec_because why;

    take_three(rig, sender, &worker, t);
    m.as.explain.task = t[2].task;
    uint64_t request = rig_say(sender, m);
    rig_turn(rig);
    struct proto_list reasons =
        rig_see(sender, MSG_explained, request)->as.explained.reasons;
    assert_true(codec_list_next(&reasons, RECORD_because, &why));
    assert_int_equal(why.code, 14);
    assert_true(rig_is(why.text,
        "worker peer on host ? took it ahead 0 s ago and has not begun it: 2 "
        "stand before it in 1 slot"));
}

/* Neither its slots, nor what it gave back; and it is shown as it was. */
static void
a_restart_forgets_nothing_of_a_worker_that_does_not_come_back(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *sender = rig_submitter(rig), *worker;
    struct msg m = { .type = MSG_list, .as.list.what = 1 };
    struct rig_task t[3];
    struct rec_peer_row row;

    take_three(rig, sender, &worker, t);
    release(worker, &t[2], false);
    kept_settle(rig);
    kept_restart(rig);
    rig_hello(sender, PROTO_VERSION);
    uint64_t request = rig_say(sender, m);
    rig_turn(rig);
    struct proto_list rows =
        rig_see(sender, MSG_peer_rows, request)->as.peer_rows.rows;
    do {
        assert_true(codec_list_next(&rows, RECORD_peer_row, &row));
    } while (row.kind != 1);
    assert_int_equal(row.slots, SLOTS);
    assert_int_equal(row.leased, 2);
    assert_int_equal(row.running, SLOTS);
    rig_sleep(rig, 20 * TICK_S);
    struct rig_peer *other = place_worker(rig, "second", 3, "");
    request = rig_get(other, "jobs", 3, TICK_S);
    rig_turn(rig);
    assert_int_equal(number_of(other, request, 0), 2);
    assert_int_equal(number_of(other, request, 1), 1);
    assert_int_equal(number_of(other, request, 2), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            as_many_run_as_there_are_slots_and_the_others_are_taken_ahead,
            rig_set_up, rig_tear_down),
        cmocka_unit_test_setup_teardown(
            the_next_one_is_begun_when_one_ends, rig_set_up, rig_tear_down),
        cmocka_unit_test_setup_teardown(
            who_is_no_worker_has_begun_all_that_it_holds, rig_set_up,
            rig_tear_down),
        cmocka_unit_test_setup_teardown(
            what_a_lost_worker_had_taken_ahead_is_a_first_attempt_elsewhere,
            rig_set_up, rig_tear_down),
        cmocka_unit_test_setup_teardown(
            of_a_worker_that_was_seen_to_die_only_the_task_it_ran_had_an_attempt,
            rig_set_up, rig_tear_down),
        cmocka_unit_test_setup_teardown(
            what_took_too_long_when_its_worker_died_fails_for_good, rig_set_up,
            rig_tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_given_back_untried_is_a_first_attempt_elsewhere, rig_set_up,
            rig_tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_given_back_unfinished_is_a_second_attempt_elsewhere,
            rig_set_up, rig_tear_down),
        cmocka_unit_test_setup_teardown(
            a_fence_grows_whether_or_not_an_attempt_was_begun, rig_set_up,
            rig_tear_down),
        cmocka_unit_test_setup_teardown(
            a_cancelled_task_that_was_taken_ahead_had_no_attempt, rig_set_up,
            rig_tear_down),
        cmocka_unit_test_setup_teardown(
            why_a_task_that_was_taken_ahead_does_not_run_is_told, rig_set_up,
            rig_tear_down),
        cmocka_unit_test_setup_teardown(
            a_restart_forgets_nothing_of_a_worker_that_does_not_come_back,
            kept_set_up, kept_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
