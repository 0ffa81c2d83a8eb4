/* A disk that is full or hangs: what waits for it, and what need not. */
#include "tests/unit/core/jobs_rig.h"
#include "tests/unit/core/kept.h"

/* Take a batch that is not committed before resume(). */
static struct core_batch
hang(struct rig *rig)
{
    struct core_batch batch;

    assert_true(core_take(rig->core, &batch));
    return batch;
}

static void
resume(struct rig *rig, struct core_batch *batch)
{
    core_committed(rig->core, batch->number);
    core_recycle(rig->core, &batch->ops);
    kept_settle(rig);
}

/* What is sent to `w` from now on waits for a batch; its put may not leave. */
static struct core_batch
hold_up(struct rig_peer *w)
{
    rig_put(w, "other", "x");
    rig_turn(w->rig);
    struct core_batch batch = hang(w->rig);
    rig_turn(w->rig);
    return batch;
}

static void
brief_queue(struct rig_peer *p)
{
    rig_put(p, "other", "first");
    rig_say(p, (struct msg){ .type = MSG_declare,
                   .as.declare = { .queue = slice_of("q"),
                       .set = 1,
                       .attempts_max = 1,
                       .lease_ns = 2 * (uint64_t)TICK_S } });
    kept_settle(p->rig);
}

static void
a_grant_that_never_left_costs_no_attempt(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rig_task t;

    brief_queue(p);
    rig_put(p, "q", "a");
    kept_settle(rig);
    struct core_batch batch = hold_up(w);
    uint64_t get = rig_get(w, "q", 1, 600 * TICK_S);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).leased, 1);
    rig_sleep(rig, 3 * TICK_S);
    assert_int_equal(rig_tasks(w, get, &t, 1), 0);
    assert_int_equal(core_totals(rig->core).dead, 0);
    assert_int_equal(core_totals(rig->core).leased, 0);
    resume(rig, &batch);
    assert_int_equal(rig_tries(p, 3), 0);
}

static void
what_cannot_leave_is_not_handed_out(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rig_peer *free_one = rig_other_worker(rig);
    struct rig_task t;

    brief_queue(p);
    rig_put(p, "q", "a");
    kept_settle(rig);
    struct core_batch batch = hold_up(w);
    rig_sleep(rig, 2 * TICK_S);
    uint64_t get = rig_get(w, "q", 1, 600 * TICK_S);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).leased, 0);
    uint64_t other = rig_get(free_one, "q", 1, 0);
    rig_turn(rig);
    assert_int_equal(rig_tasks(free_one, other, &t, 1), 1);
    rig_put(p, "q", "b");
    rig_turn(rig);
    resume(rig, &batch);
    assert_int_equal(rig_tasks(w, get, &t, 1), 1);
    assert_string_equal(t.payload, "b");
}

static uint64_t
cancel_one(struct rig_peer *p, uint64_t task)
{
    return rig_show(p, (struct msg){ .type = MSG_cancel },
        &(struct rig_task){ .task = task, .attempt = 1 });
}

static void
what_cannot_be_committed_is_refused_at_once_and_changes_nothing(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *other = rig_peer(rig, "submit 2", ROLE_SUBMIT);

    rig_put(p, "q", "a");
    kept_settle(rig);
    uint64_t put = rig_put(other, "q", "b");
    rig_turn(rig);
    struct core_batch batch = hang(rig);
    core_disk_full(rig->core, true);
    rig_sleep(rig, 2 * TICK_S);
    uint64_t cancel = cancel_one(p, 1);
    uint64_t purge =
        rig_say(p, (struct msg){ .type = MSG_end_tasks,
                       .as.end_tasks = { .queue = slice_of("q") } });
    rig_turn(rig);
    assert_int_equal(rig_code(p, cancel), STINT_ENOSPACE);
    assert_int_equal(rig_code(p, purge), STINT_ENOSPACE);
    assert_int_equal(core_totals(rig->core).ready, 2);
    core_disk_full(rig->core, false);
    resume(rig, &batch);
    assert_non_null(rig_find(other, MSG_put_ok, put));
    cancel = cancel_one(p, 1);
    kept_settle(rig);
    assert_int_equal(rig_outcome(p, cancel), 0);
}

static void
on_a_full_disk_what_frees_is_done_within_the_reserve(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    rig_put(p, "q", "a");
    kept_settle(rig);
    core_disk_full(rig->core, true);
    rig_sleep(rig, 2 * TICK_S);
    uint64_t cancel = cancel_one(p, 1);
    kept_settle(rig);
    assert_int_equal(rig_outcome(p, cancel), 0);
    assert_int_equal(core_totals(rig->core).ready, 0);
}

#define DURABLE(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE(a_grant_that_never_left_costs_no_attempt),
        DURABLE(what_cannot_leave_is_not_handed_out),
        DURABLE(
            what_cannot_be_committed_is_refused_at_once_and_changes_nothing),
        DURABLE(on_a_full_disk_what_frees_is_done_within_the_reserve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
