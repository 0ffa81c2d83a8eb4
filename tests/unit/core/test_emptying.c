/* A queue that was shut at once: its tasks go, some in each turn. */
#include "tests/unit/core/kept.h"

enum { STEPS = 4, READY = 9, LATE = 2 };

static void
put_late(struct rig_peer *p)
{
    static const char *const payload[] = { "late" };
    struct msg_put put = { .queue = slice_of("q"),
        .delay_ns = (uint64_t)(60 * TICK_S) };

    (void)rig_put_as(p, put, 1, payload);
}

static void
fill(struct rig_peer *p)
{
    for (unsigned i = 0; i < LATE; i++)
        put_late(p);
    for (unsigned i = 0; i < READY; i++)
        (void)rig_put(p, "q", "x");
    (void)rig_put(p, "other", "x");
    kept_settle(p->rig);
    p->rig->core->config.steps_max = STEPS;
}

static uint64_t
shut(struct rig_peer *p)
{
    struct msg m = { .type = MSG_shutdown };

    m.as.shutdown.queue = slice_of("q");
    m.as.shutdown.immediate = 1;
    return rig_say(p, m);
}

static uint64_t
cancelled(struct rig *rig)
{
    return core_totals(rig->core).cancelled;
}

static void
no_turn_does_more_than_its_share(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t before = 0;

    fill(p);
    uint64_t request = shut(p);
    for (unsigned turns = 0; cancelled(rig) < READY + LATE; turns++) {
        assert_true(turns < 10);
        rig_turn(rig);
        /* What the request did itself, and the turn after it. */
        assert_true(cancelled(rig) - before <= (turns == 0 ? 2 : 1) * STEPS);
        assert_true(cancelled(rig) > before);
        if (cancelled(rig) < READY + LATE) {
            assert_true(core_next_deadline(rig->core) <= rig->now);
        }
        before = cancelled(rig);
    }
    kept_settle(rig);
    assert_int_equal(rig_code(p, request), 0);
    assert_true(core_next_deadline(rig->core) > rig->now);
    /* Of others nothing goes. */
    assert_int_equal(core_totals(rig->core).ready, 1);
}

static void
nobody_is_given_what_is_about_to_go(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig), *w = rig_worker(rig);
    struct rig_task t;

    fill(p);
    (void)shut(p);
    uint64_t get = rig_get(w, "q", 1, TICK_S);
    rig_turn(rig);
    assert_true(core_totals(rig->core).ready > 1);
    uint64_t put = rig_put(p, "q", "x");
    kept_settle(rig);
    assert_int_equal(rig_tasks(w, get, &t, 1), 0);
    assert_int_equal(
        rig_see(w, MSG_get_end, get)->as.get_end.code, STINT_ESHUTDOWN);
    assert_int_equal(rig_code(p, put), STINT_ESHUTDOWN);
}

static void
a_restart_goes_on_with_it(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig), *w = rig_worker(rig);
    struct rig_task t;

    fill(p);
    (void)shut(p);
    rig_turn(rig);
    assert_true(kept_commit(rig));
    assert_true(cancelled(rig) < READY + LATE);
    rig->config.steps_max = STEPS;
    kept_restart(rig);
    core_check(rig->core);
    rig_hello(w, PROTO_VERSION);
    uint64_t get = rig_get(w, "q", 1, TICK_S);
    kept_settle(rig);
    assert_int_equal(rig_tasks(w, get, &t, 1), 0);
    for (unsigned i = 0; i < 10; i++)
        kept_settle(rig);
    assert_int_equal(core_totals(rig->core).delayed, 0);
    assert_int_equal(core_totals(rig->core).ready, 1);
    assert_int_equal(kept_count_rows(ROW_task), 1);
}

int
main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(no_turn_does_more_than_its_share),
        TEST(nobody_is_given_what_is_about_to_go),
        TEST(a_restart_goes_on_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
