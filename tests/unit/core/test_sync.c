/* Locks, semaphores, conditions, events and barriers in the core: lines, deaths
 * and bounds.  What a caller sees is in tests/integration/test_sync.c. */
#include "tests/unit/core/sync_rig.h"

#include <stdio.h>

struct three {
    struct rig *rig;
    struct rig_peer *a, *b, *c;
};

static struct three
meet(void **state)
{
    struct rig *rig = *state;

    return (struct three){ .rig = rig,
        .a = rig_peer(rig, "submit", ROLE_SUBMIT),
        .b = rig_peer(rig, "second", ROLE_SUBMIT),
        .c = rig_peer(rig, "third", ROLE_SUBMIT) };
}

/* He says nothing more and is taken for dead; the others live. */
static void
die(struct rig_peer *p)
{
    p->mute = true;
    rig_sleep(p->rig, 4 * TICK_S);
}

/* ---- lines --------------------------------------------------------------- */

static void
lock_goes_to_who_waits_longest(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t first = sync_take(t.a, "L");
    uint64_t b = sync_acquire(t.b, "L", TICK_NEVER);
    uint64_t c = sync_acquire(t.c, "L", TICK_NEVER);
    assert_int_equal(sync_look(t.a, "L").waiting, 2);
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, first), 0);
    assert_int_equal(sync_code(t.b, b), 0);
    assert_int_equal(sync_code(t.c, c), SYNC_PARKED);
    uint64_t second = sync_answer(t.b, b).fence;
    assert_true(second > first);
    assert_int_equal(sync_do(t.b, "L", SYNC_RELEASE, second), 0);
    assert_true(sync_answer(t.c, c).fence > second);
    assert_int_equal(sync_answer(t.c, c).died, 0);
}

static void
lock_wait_that_is_cut_off_and_comes_back_in_time_keeps_its_place(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    uint64_t b = sync_acquire(t.b, "L", TICK_NEVER);
    uint64_t c = sync_acquire(t.c, "L", TICK_NEVER);
    rig_disconnect(t.b);
    rig_sleep(t.rig, 2 * TICK_S);
    rig_hello(t.b, PROTO_VERSION);
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_code(t.b, b), 0);
    assert_int_equal(sync_code(t.c, c), SYNC_PARKED);
}

static void
lock_wait_ends_at_its_time(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    uint64_t b = sync_acquire(t.b, "L", 2 * TICK_S);
    rig_sleep(t.rig, TICK_S);
    assert_int_equal(sync_code(t.b, b), SYNC_PARKED);
    rig_sleep(t.rig, TICK_S);
    assert_int_equal(sync_code(t.b, b), STINT_ETIMEOUT);
    assert_int_equal(sync_look(t.a, "L").waiting, 0);
}

/* ---- deaths -------------------------------------------------------------- */

static void
lock_of_a_silent_session_goes_to_the_next_with_owner_died(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t fence = sync_take(t.a, "L");
    uint64_t b = sync_acquire(t.b, "L", TICK_NEVER);
    die(t.a);
    assert_int_equal(sync_answer(t.b, b).died, 1);
    assert_true(sync_answer(t.b, b).fence > fence);
    t.a->mute = false; /* It wakes, and does not know it yet. */
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, fence), STINT_ESTALE);
    assert_int_equal(sync_look(t.b, "L").number, 1);
}

static void
lock_of_who_said_bye_counts_as_died_too(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    (void)rig_say(t.a, (struct msg){ .type = MSG_bye });
    rig_turn(t.rig);
    uint64_t b = sync_acquire(t.b, "L", 0);
    assert_int_equal(sync_answer(t.b, b).died, 1);
    assert_int_equal(sync_do(t.b, "L", SYNC_RELEASE, 0), 0);
    b = sync_acquire(t.b, "L", 0);
    assert_int_equal(sync_answer(t.b, b).died, 0);
}

static void
lock_of_a_revoked_key_comes_free(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    uint64_t b = sync_acquire(t.b, "L", TICK_NEVER);
    assert_int_equal(
        core_key_revoke(t.rig->core, t.rig->now, slice_of("submit")), 0);
    rig_turn(t.rig);
    assert_int_equal(sync_answer(t.b, b).died, 1);
}

static void
dead_waiters_are_given_nothing(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    (void)sync_acquire(t.b, "L", TICK_NEVER);
    uint64_t c = sync_acquire(t.c, "L", TICK_NEVER);
    die(t.b);
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_answer(t.c, c).died, 0);
}

static void
who_waits_for_what_he_holds_himself_and_dies_blocks_nobody(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    (void)sync_acquire(t.a, "L", TICK_NEVER);
    uint64_t b = sync_acquire(t.b, "L", TICK_NEVER);
    die(t.a);
    assert_int_equal(sync_answer(t.b, b).died, 1);
}

static void
semaphore_permits_of_the_dead_go_to_those_who_wait(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "S", OBJECT_SEMAPHORE, 2);
    (void)sync_take(t.a, "S");
    (void)sync_take(t.a, "S");
    uint64_t b = sync_acquire(t.b, "S", TICK_NEVER);
    uint64_t c = sync_acquire(t.c, "S", TICK_NEVER);
    die(t.a);
    assert_int_equal(sync_code(t.b, b), 0);
    assert_int_equal(sync_code(t.c, c), 0);
    assert_int_equal(sync_look(t.b, "S").number, 0);
    assert_int_equal(sync_do(t.b, "S", SYNC_RELEASE, 1), 0);
    assert_int_equal(sync_look(t.b, "S").number, 1);
}

/* Who shares large things stops nobody else. */
static void
where_puts_are_over_the_budget_locks_are_acquired_and_waited_for(void **state)
{
    struct rig *rig = *state;

    core_free(rig->core);
    rig->config.memory_max = 2 << 20;
    rig_start(rig);
    struct rig_peer *a = rig_peer(rig, "first", ROLE_SUBMIT),
                    *b = rig_peer(rig, "second", ROLE_SUBMIT);
    sync_open(a, "L", OBJECT_LOCK, 0);
    sync_open(a, "S", OBJECT_SEMAPHORE, 1);
    sync_open(a, "C", OBJECT_CONDITION, 0);
    size_t most = rig->config.memory_max / 8 * 7;
    struct object *o = object_find(rig->core, slice_of("L"));
    size_t taken = most - core_totals(rig->core).memory;
    object_grow(rig->core, o, (int64_t)taken); /* As a large dict does. */
    struct msg_object_open open = { .object = slice_of("E"),
        .kind = OBJECT_EVENT };
    assert_int_equal(sync_open_as(a, open), STINT_EBUDGET);
    (void)sync_take(a, "L");
    (void)sync_take(a, "S");
    (void)sync_take(a, "C");
    uint64_t waiting = sync_acquire(b, "L", TICK_NEVER);
    assert_int_equal(sync_code(b, waiting), SYNC_PARKED);
    assert_int_equal(sync_do(a, "L", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_code(b, waiting), 0);
    size_t rest = rig->config.memory_max - core_totals(rig->core).memory;
    object_grow(rig->core, o, (int64_t)rest);
    assert_int_equal(sync_code(b, sync_acquire(b, "S", TICK_S)), STINT_EBUDGET);
    object_grow(rig->core, o, -(int64_t)(rest + taken));
}

static void
condition_waiter_that_dies_is_forgotten_in_both_lines(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    (void)sync_take(t.a, "C");
    (void)sync_wait(t.a, "C", TICK_NEVER);
    (void)sync_take(t.b, "C");
    uint64_t b = sync_wait(t.b, "C", TICK_NEVER);
    die(t.a); /* In the line of the condition. */
    (void)sync_take(t.c, "C");
    assert_int_equal(sync_do(t.c, "C", SYNC_NOTIFY, 1), 0);
    assert_int_equal(sync_code(t.b, b), SYNC_PARKED);
    die(t.b); /* In that of the lock. */
    assert_int_equal(sync_do(t.c, "C", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_code(t.c, sync_acquire(t.c, "C", 0)), 0);
}

static void
condition_notice_of_the_dead_goes_on_to_the_next(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    (void)sync_take(t.a, "C");
    (void)sync_wait(t.a, "C", TICK_NEVER);
    (void)sync_take(t.b, "C");
    uint64_t b = sync_wait(t.b, "C", TICK_NEVER);
    (void)sync_take(t.c, "C");
    t.a->mute = true;
    assert_int_equal(sync_do(t.c, "C", SYNC_NOTIFY, 1), 0);
    assert_int_equal(sync_do(t.c, "C", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_code(t.b, b), SYNC_PARKED);
    rig_sleep(t.rig, 4 * TICK_S); /* It was given the lock, and is dead. */
    assert_int_equal(sync_answer(t.b, b).late, 0);
    assert_int_equal(sync_answer(t.b, b).died, 1);
}

static void
condition_wait_of_one_who_lost_the_lock_is_stale(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    uint64_t fence = sync_take(t.a, "C");
    die(t.a);
    t.a->mute = false;
    uint64_t request = sync_say(t.a, "C",
        (struct msg_sync){
            .verb = SYNC_WAIT, .number = fence, .wait_ns = INT64_MAX });
    assert_int_equal(sync_code(t.a, request), STINT_ESTALE);
    assert_int_equal(sync_code(t.a, sync_wait(t.a, "C", 0)), STINT_ENOTHELD);
}

static void
condition_wait_that_cannot_have_its_lock_in_time_does_not_hold_it(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    (void)sync_take(t.a, "C");
    uint64_t a = sync_wait(t.a, "C", TICK_S);
    (void)sync_take(t.b, "C");
    rig_sleep(t.rig, 20 * TICK_S);
    assert_int_equal(sync_code(t.a, a), SYNC_PARKED);
    rig_sleep(t.rig, 2 * TICK_S);
    assert_int_equal(sync_code(t.a, a), STINT_ESTALE);
    assert_int_equal(sync_do(t.b, "C", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_look(t.b, "C").number, 0);
}

static void
condition_notified_come_before_those_who_only_want_the_lock(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    (void)sync_take(t.a, "C");
    uint64_t a = sync_wait(t.a, "C", TICK_NEVER);
    (void)sync_take(t.b, "C");
    uint64_t c = sync_acquire(t.c, "C", TICK_NEVER);
    assert_int_equal(sync_do(t.b, "C", SYNC_NOTIFY, 1), 0);
    assert_int_equal(sync_do(t.b, "C", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_code(t.a, a), 0);
    assert_int_equal(sync_code(t.c, c), SYNC_PARKED);
}

static void
barrier_with_a_dead_party_breaks_for_all_until_it_is_reset(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "B", OBJECT_BARRIER, 3);
    (void)sync_wait(t.a, "B", TICK_NEVER);
    uint64_t b = sync_wait(t.b, "B", TICK_NEVER);
    die(t.a);
    assert_int_equal(sync_code(t.b, b), STINT_EBROKEN);
    assert_int_equal(sync_look(t.b, "B").broken, 1);
    assert_int_equal(
        sync_code(t.c, sync_wait(t.c, "B", TICK_NEVER)), STINT_EBROKEN);
    assert_int_equal(sync_do(t.c, "B", SYNC_RESET, 0), 0);
    assert_int_equal(sync_look(t.c, "B").broken, 0);
}

static void
barrier_is_not_broken_by_who_gives_up_a_wait_that_is_over(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "B", OBJECT_BARRIER, 2);
    uint64_t a = sync_wait(t.a, "B", TICK_NEVER);
    uint64_t b = sync_wait(t.b, "B", TICK_NEVER);
    assert_int_equal(sync_code(t.b, b), 0);
    uint64_t next = sync_wait(t.b, "B", TICK_NEVER);
    assert_int_equal(sync_do(t.a, "B", SYNC_ABORT, a), 0);
    /* Nor by who names the wait of somebody else. */
    assert_int_equal(sync_do(t.c, "B", SYNC_ABORT, next), 0);
    assert_int_equal(sync_code(t.b, next), SYNC_PARKED);
    assert_int_equal(sync_do(t.b, "B", SYNC_ABORT, next), 0);
    assert_int_equal(sync_code(t.b, next), STINT_EBROKEN);
}

static void
open_acting(struct rig_peer *p, uint64_t parties)
{
    const struct msg_object_open open = { .object = slice_of("A"),
        .kind = OBJECT_BARRIER,
        .size = parties,
        .flags = OBJECT_ACTS };

    assert_int_equal(sync_open_as(p, open), 0);
}

static void
barrier_breaks_when_who_runs_the_action_dies(void **state)
{
    struct three t = meet(state);

    open_acting(t.a, 2);
    uint64_t b = sync_wait(t.b, "A", TICK_NEVER);
    uint64_t a = sync_wait(t.a, "A", TICK_NEVER);
    assert_int_equal(sync_answer(t.a, a).act, 1);
    assert_int_equal(sync_code(t.b, b), SYNC_PARKED);
    die(t.a);
    assert_int_equal(sync_code(t.b, b), STINT_EBROKEN);
    t.a->mute = false;
    assert_int_equal(sync_do(t.a, "A", SYNC_ACTED, 0), STINT_EBROKEN);
}

static void
barrier_arrivals_during_the_action_are_of_the_next_round(void **state)
{
    struct three t = meet(state);

    open_acting(t.a, 2);
    uint64_t b = sync_wait(t.b, "A", TICK_NEVER);
    uint64_t a = sync_wait(t.a, "A", TICK_NEVER);
    uint64_t c = sync_wait(t.c, "A", TICK_NEVER);
    uint64_t next = sync_wait(t.c, "A", TICK_NEVER);
    uint64_t over = sync_wait(t.b, "A", TICK_NEVER);
    assert_int_equal(sync_answer(t.a, a).act, 1);
    assert_int_equal(sync_code(t.c, c), SYNC_PARKED);
    assert_int_equal(sync_do(t.a, "A", SYNC_ACTED, 0), 0);
    assert_int_equal(sync_answer(t.b, b).number, 1);
    assert_int_equal(sync_answer(t.c, next).act, 1);
    assert_int_equal(sync_do(t.c, "A", SYNC_ACTED, 0), 0);
    assert_int_equal(sync_answer(t.c, c).number, 1);
    assert_int_equal(sync_code(t.b, over), SYNC_PARKED);
    assert_int_equal(sync_look(t.b, "A").waiting, 1);
}

static void
barrier_wait_that_is_late_during_the_action_breaks_it(void **state)
{
    struct three t = meet(state);

    open_acting(t.a, 2);
    uint64_t b = sync_wait(t.b, "A", TICK_S);
    (void)sync_wait(t.a, "A", TICK_NEVER);
    rig_sleep(t.rig, 2 * TICK_S);
    assert_int_equal(sync_code(t.b, b), STINT_ETIMEOUT);
    assert_int_equal(sync_do(t.a, "A", SYNC_ACTED, 0), STINT_EBROKEN);
}

/* ---- bounds and roles ---------------------------------------------------- */

static void
a_work_key_makes_a_few_objects_and_deletes_none(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *w = rig_peer(rig, "work", ROLE_WORK);
    struct msg_object_open open = { .kind = OBJECT_EVENT };
    char name[16];

    for (int i = 0; i < 256; i++) {
        (void)snprintf(name, sizeof name, "e-%d", i);
        sync_open(w, name, OBJECT_EVENT, 0);
        rig_forget_inbox(w);
    }
    open.object = slice_of("one more");
    assert_int_equal(sync_open_as(w, open), STINT_EROLE);
    sync_open(w, "e-7", OBJECT_EVENT, 0); /* It is there. */
    struct msg m = { .type = MSG_object_delete };
    m.as.object_delete.object = slice_of("e-7");
    uint64_t request = rig_say(w, m);
    rig_turn(rig);
    assert_int_equal(rig_code(w, request), STINT_EROLE);
}

static void
objects_beyond_the_limit_or_the_budget_are_refused(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_peer(rig, "submit", ROLE_SUBMIT);
    struct msg_object_open open = { .kind = OBJECT_EVENT };

    for (unsigned i = 0; i < 3; i++) {
        char name[2] = { (char)('a' + i), 0 };
        sync_open(p, name, OBJECT_EVENT, 0);
    }
    open.object = slice_of("more");
    assert_int_equal(sync_open_as(p, open), STINT_ELIMIT);
}

static int
few(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    rig->config.objects_max = 3;
    rig_start(rig);
    *state = rig;
    return 0;
}

static void
names_and_options_that_cannot_be_are_refused(void **state)
{
    struct three t = meet(state);
    struct msg_object_open open = { .object = slice_of("a\nb"),
        .kind = OBJECT_EVENT };

    assert_int_equal(sync_open_as(t.a, open), STINT_EINVAL);
    open.object = slice_of("L");
    open.flags = OBJECT_BOUNDED;
    assert_int_equal(sync_open_as(t.a, open), STINT_EINVAL);
    open.flags = OBJECT_HIDDEN;
    assert_int_equal(sync_open_as(t.a, open), STINT_EINVAL);
    open.flags = 0;
    open.lock = slice_of("other");
    assert_int_equal(sync_open_as(t.a, open), STINT_EINVAL);
    open.kind = OBJECT_BARRIER;
    open.lock = slice_of("");
    assert_int_equal(sync_open_as(t.a, open), STINT_EINVAL);
}

static void
verbs_of_other_kinds_are_refused(void **state)
{
    struct three t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    sync_open(t.a, "E", OBJECT_EVENT, 0);
    sync_open(t.a, "S", OBJECT_SEMAPHORE, 1);
    sync_open(t.a, "B", OBJECT_BARRIER, 1);
    assert_int_equal(sync_do(t.a, "L", SYNC_SET, 0), STINT_EINVAL);
    assert_int_equal(sync_do(t.a, "E", SYNC_ACQUIRE, 0), STINT_EINVAL);
    assert_int_equal(sync_do(t.a, "S", SYNC_WAIT, 0), STINT_EINVAL);
    assert_int_equal(sync_do(t.a, "B", SYNC_NOTIFY, 0), STINT_EINVAL);
    assert_int_equal(sync_do(t.a, "none", SYNC_LOOK, 0), STINT_ENOOBJECT);
}

#define BENCH(name) \
    cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(lock_goes_to_who_waits_longest),
        BENCH(lock_wait_that_is_cut_off_and_comes_back_in_time_keeps_its_place),
        BENCH(lock_wait_ends_at_its_time),
        BENCH(lock_of_a_silent_session_goes_to_the_next_with_owner_died),
        BENCH(lock_of_who_said_bye_counts_as_died_too),
        BENCH(lock_of_a_revoked_key_comes_free),
        BENCH(dead_waiters_are_given_nothing),
        BENCH(who_waits_for_what_he_holds_himself_and_dies_blocks_nobody),
        BENCH(semaphore_permits_of_the_dead_go_to_those_who_wait),
        BENCH(where_puts_are_over_the_budget_locks_are_acquired_and_waited_for),
        BENCH(condition_waiter_that_dies_is_forgotten_in_both_lines),
        BENCH(condition_notice_of_the_dead_goes_on_to_the_next),
        BENCH(condition_wait_of_one_who_lost_the_lock_is_stale),
        BENCH(
            condition_wait_that_cannot_have_its_lock_in_time_does_not_hold_it),
        BENCH(condition_notified_come_before_those_who_only_want_the_lock),
        BENCH(barrier_with_a_dead_party_breaks_for_all_until_it_is_reset),
        BENCH(barrier_is_not_broken_by_who_gives_up_a_wait_that_is_over),
        BENCH(barrier_breaks_when_who_runs_the_action_dies),
        BENCH(barrier_arrivals_during_the_action_are_of_the_next_round),
        BENCH(barrier_wait_that_is_late_during_the_action_breaks_it),
        BENCH(a_work_key_makes_a_few_objects_and_deletes_none),
        cmocka_unit_test_setup_teardown(
            objects_beyond_the_limit_or_the_budget_are_refused, few,
            rig_tear_down),
        BENCH(names_and_options_that_cannot_be_are_refused),
        BENCH(verbs_of_other_kinds_are_refused),
    };

    return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
