/* Locks and their like that survive their master. */
#include "tests/unit/core/sync_rig.h"

#include "tests/unit/core/kept.h"

struct two {
    struct rig *rig;
    struct rig_peer *a, *b;
};

static struct two
meet(void **state)
{
    struct rig *rig = *state;

    return (struct two){ .rig = rig,
        .a = rig_peer(rig, "submit", ROLE_SUBMIT),
        .b = rig_peer(rig, "second", ROLE_SUBMIT) };
}

/* The master is started again, and both come back. */
static void
restart(const struct two *t)
{
    kept_restart(t->rig);
    rig_hello(t->a, PROTO_VERSION);
    rig_hello(t->b, PROTO_VERSION);
    kept_settle(t->rig);
}

/* The same request once more, under its old number. */
static uint64_t
again(
    struct rig_peer *p, uint64_t number, const char *name, struct msg_sync sync)
{
    uint64_t last = p->last;

    kept_again(p, number);
    (void)sync_say(p, name, sync);
    p->last = last;
    return number;
}

static void
a_lock_is_held_by_whom_it_was_after_a_restart(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t fence = sync_take(t.a, "L");
    restart(&t);
    assert_int_equal(sync_code(t.b, sync_acquire(t.b, "L", 0)), STINT_ETIMEOUT);
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, fence), 0);
    uint64_t b = sync_acquire(t.b, "L", 0);
    assert_true(sync_answer(t.b, b).fence > fence);
    assert_int_equal(sync_answer(t.b, b).died, 0);
}

static void
a_recursive_lock_is_as_deep_after_a_restart(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "R", OBJECT_RLOCK, 0);
    (void)sync_take(t.a, "R");
    (void)sync_take(t.a, "R");
    restart(&t);
    assert_int_equal(sync_do(t.a, "R", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_look(t.b, "R").number, 1);
    assert_int_equal(sync_do(t.a, "R", SYNC_RELEASE, 0), 0);
    assert_int_equal(sync_look(t.b, "R").number, 0);
}

static void
a_holder_that_does_not_come_back_after_a_restart_has_died(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    kept_restart(t.rig);
    rig_hello(t.b, PROTO_VERSION);
    uint64_t b = sync_acquire(t.b, "L", TICK_NEVER);
    rig_sleep(t.rig, 10 * TICK_S);
    kept_settle(t.rig);
    assert_int_equal(sync_code(t.b, b), SYNC_PARKED);
    rig_sleep(t.rig, 6 * TICK_S);
    kept_settle(t.rig);
    assert_int_equal(sync_answer(t.b, b).died, 1);
}

static void
a_death_that_nobody_was_told_of_is_told_after_the_restart(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    (void)rig_say(t.a, (struct msg){ .type = MSG_bye });
    kept_settle(t.rig);
    kept_restart(t.rig);
    rig_hello(t.b, PROTO_VERSION);
    uint64_t b = sync_acquire(t.b, "L", 0);
    assert_int_equal(sync_answer(t.b, b).died, 1);
}

static void
fences_grow_over_restarts_though_the_clock_was_set_back(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t fence = sync_take(t.a, "L");
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, fence), 0);
    t.rig->config.fence_base = 0;
    restart(&t);
    assert_true(sync_take(t.a, "L") > fence);
    t.rig->config.fence_base = UINT64_C(1) << 60;
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, 0), 0);
    restart(&t);
    assert_true(sync_take(t.a, "L") > UINT64_C(1) << 60);
}

static void
an_acquire_that_is_asked_again_hears_the_same_answer(void **state)
{
    struct two t = meet(state);
    const struct msg_sync acquire = { .verb = SYNC_ACQUIRE };

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    t.a->deaf = true; /* The answer is lost with the master. */
    uint64_t request = sync_acquire(t.a, "L", 0);
    t.a->deaf = false;
    restart(&t);
    (void)again(t.a, request, "L", acquire);
    assert_int_equal(sync_code(t.a, request), 0);
    uint64_t fence = sync_answer(t.a, request).fence;
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, fence), 0);
    assert_int_equal(sync_look(t.b, "L").number, 0);
}

static void
a_release_that_is_asked_again_releases_nobody_elses(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "S", OBJECT_SEMAPHORE, 1);
    t.a->deaf = true;
    uint64_t request = sync_say(
        t.a, "S", (struct msg_sync){ .verb = SYNC_RELEASE, .number = 2 });
    t.a->deaf = false;
    restart(&t);
    (void)again(t.a, request, "S",
        (struct msg_sync){ .verb = SYNC_RELEASE, .number = 2 });
    assert_int_equal(sync_code(t.a, request), 0);
    assert_int_equal(sync_look(t.b, "S").number, 3);
}

static void
permits_are_conserved_over_a_restart_and_those_of_the_gone_return(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "S", OBJECT_SEMAPHORE, 3);
    (void)sync_take(t.a, "S");
    (void)sync_take(t.b, "S");
    restart(&t);
    assert_int_equal(sync_look(t.b, "S").number, 1);
    assert_int_equal(sync_do(t.b, "S", SYNC_RELEASE, 1), 0);
    (void)rig_say(t.a, (struct msg){ .type = MSG_bye });
    kept_settle(t.rig);
    assert_int_equal(sync_look(t.b, "S").number, 3);
}

/* Free and held together, as those that are held come back. */
static void
no_more_permits_are_released_than_a_row_can_say(void **state)
{
    struct two t = meet(state);

    sync_open(t.b, "S", OBJECT_SEMAPHORE, INT64_MAX);
    (void)sync_take(t.a, "S");
    (void)sync_take(t.a, "S");
    assert_int_equal(sync_do(t.b, "S", SYNC_RELEASE, 1), STINT_EOVERFLOW);
    /* One's own are only given back, */
    assert_int_equal(sync_do(t.a, "S", SYNC_RELEASE, 3), STINT_EOVERFLOW);
    assert_int_equal(sync_do(t.a, "S", SYNC_RELEASE, 1), 0);
    restart(&t);
    assert_int_equal(sync_do(t.b, "S", SYNC_RELEASE, 1), STINT_EOVERFLOW);
    /* and so are those of the dead. */
    (void)rig_say(t.a, (struct msg){ .type = MSG_bye });
    kept_settle(t.rig);
    assert_int_equal(sync_look(t.b, "S").number, INT64_MAX);
    kept_restart(t.rig);
    rig_hello(t.b, PROTO_VERSION);
    assert_int_equal(sync_look(t.b, "S").number, INT64_MAX);
}

static void
permits_of_a_key_that_was_revoked_while_the_master_was_away_return(void **state)
{
    struct two t = meet(state);

    sync_open(t.b, "S", OBJECT_SEMAPHORE, 1);
    sync_open(t.b, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "S");
    (void)sync_take(t.a, "L");
    core_free(t.rig->core);
    for (unsigned i = 0; i < t.rig->peers_count; i++) {
        rig_forget_inbox(t.rig->peers[i]);
        t.rig->peers[i]->conn = 0;
        stream_fini(&t.rig->peers[i]->stream);
    }
    const struct rig_peer *const others[] = { t.b };
    kept_begin(t.rig, others, 1);
    rig_hello(t.b, PROTO_VERSION);
    assert_int_equal(sync_code(t.b, sync_acquire(t.b, "S", 0)), 0);
    uint64_t b = sync_acquire(t.b, "L", 0);
    assert_int_equal(sync_answer(t.b, b).died, 1);
}

static void
an_event_is_set_and_a_barrier_broken_after_a_restart(void **state)
{
    struct two t = meet(state);

    sync_open(t.a, "E", OBJECT_EVENT, 0);
    sync_open(t.a, "B", OBJECT_BARRIER, 2);
    assert_int_equal(sync_do(t.a, "E", SYNC_SET, 0), 0);
    assert_int_equal(sync_do(t.a, "B", SYNC_ABORT, 0), 0);
    restart(&t);
    assert_int_equal(sync_look(t.a, "E").number, 1);
    assert_int_equal(sync_look(t.a, "B").broken, 1);
    assert_int_equal(sync_do(t.a, "E", SYNC_CLEAR, 0), 0);
    assert_int_equal(sync_do(t.a, "B", SYNC_RESET, 0), 0);
    restart(&t);
    assert_int_equal(sync_look(t.a, "E").number, 0);
    assert_int_equal(sync_look(t.a, "B").broken, 0);
}

static void
a_barrier_in_its_action_is_broken_by_a_restart(void **state)
{
    struct two t = meet(state);
    const struct msg_object_open open = { .object = slice_of("A"),
        .kind = OBJECT_BARRIER,
        .size = 2,
        .flags = OBJECT_ACTS };

    assert_int_equal(sync_open_as(t.a, open), 0);
    (void)sync_wait(t.b, "A", TICK_NEVER);
    (void)sync_wait(t.a, "A", TICK_NEVER);
    restart(&t);
    assert_int_equal(sync_do(t.a, "A", SYNC_ACTED, 0), STINT_EBROKEN);
    assert_int_equal(
        sync_code(t.b, sync_wait(t.b, "A", TICK_NEVER)), STINT_EBROKEN);
}

static void
a_condition_has_its_lock_after_a_restart(void **state)
{
    struct two t = meet(state);
    const struct msg_object_open other = {
        .object = slice_of("D"), .kind = OBJECT_CONDITION, .lock = slice_of("L")
    };

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    assert_int_equal(sync_open_as(t.a, other), 0);
    uint64_t fence = sync_take(t.a, "C");
    restart(&t);
    assert_int_equal(sync_do(t.a, "C", SYNC_NOTIFY, 1), 0);
    assert_int_equal(sync_do(t.a, "C", SYNC_RELEASE, fence), 0);
    (void)sync_take(t.b, "D");
    assert_int_equal(sync_look(t.a, "L").number, 1);
    assert_int_equal(sync_open_as(t.b, other), 0);
}

static void
what_is_deleted_or_lives_in_memory_has_no_rows(void **state)
{
    struct two t = meet(state);
    struct msg_object_open fleeting = {
        .object = slice_of("M"), .kind = OBJECT_LOCK, .durability = 3
    };
    struct msg m = { .type = MSG_object_delete };

    assert_int_equal(sync_open_as(t.a, fleeting), 0);
    (void)sync_take(t.a, "M");
    assert_int_equal(kept_count_rows(ROW_object), 0);
    assert_int_equal(kept_count_rows(ROW_hold), 0);
    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    (void)sync_take(t.a, "C");
    assert_int_equal(kept_count_rows(ROW_object), 2);
    assert_int_equal(kept_count_rows(ROW_hold), 1);
    m.as.object_delete.object = slice_of("C");
    uint64_t request = rig_say(t.a, m);
    kept_settle(t.rig);
    assert_int_equal(rig_code(t.a, request), 0);
    assert_int_equal(kept_count_rows(ROW_object), 0);
    assert_int_equal(kept_count_rows(ROW_hold), 0);
    restart(&t);
    assert_int_equal(sync_do(t.a, "M", SYNC_LOOK, 0), STINT_ENOOBJECT);
    /* What survives does not stand on what does not. */
    assert_int_equal(sync_open_as(t.a, fleeting), 0);
    struct msg_object_open on = {
        .object = slice_of("D"), .kind = OBJECT_CONDITION, .lock = slice_of("M")
    };
    assert_int_equal(sync_open_as(t.a, on), STINT_EINVAL);
    on.durability = 3;
    assert_int_equal(sync_open_as(t.a, on), 0);
}

static void
drop_row(unsigned kind, uint64_t id)
{
    const struct row row = { .kind = kind, .id = id, .deleted = true };

    kept_apply(&row);
}

/* Refused and said, and the master that found it ends in good order. */
static void
a_condition_without_its_lock_is_damage(void **state)
{
    struct two t = meet(state);
    const char *why = "";
    int rc = 0;

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    kept_settle(t.rig);
    struct object *o = object_find(t.rig->core, slice_of("C"));
    drop_row(ROW_object, o->is.condition.lock->number);
    core_free(t.rig->core);
    rig_start(t.rig);
    qsort(kept_table.rows, kept_table.count, sizeof kept_table.rows[0],
        kept_by_key);
    for (size_t i = 0; i < kept_table.count && rc == 0; i++) {
        const struct kept_row *kept = &kept_table.rows[i];
        struct row row = { .kind = kept->kind,
            .id = kept->id,
            .value = { kept->value.bytes, kept->value.length } };
        rc = core_load(t.rig->core, &row, &why);
    }
    assert_int_equal(rc, STINT_EDAMAGED);
    assert_non_null(strstr(why, "condition"));
}

static void
a_full_disk_refuses_new_objects_and_lets_go_of_old_ones(void **state)
{
    struct two t = meet(state);
    const struct msg_object_open open = { .object = slice_of("E"),
        .kind = OBJECT_EVENT };

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    core_disk_full(t.rig->core, true);
    assert_int_equal(sync_open_as(t.a, open), STINT_ENOSPACE);
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, 0), 0);
}

#define KEPT(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT(a_lock_is_held_by_whom_it_was_after_a_restart),
        KEPT(a_recursive_lock_is_as_deep_after_a_restart),
        KEPT(a_holder_that_does_not_come_back_after_a_restart_has_died),
        KEPT(a_death_that_nobody_was_told_of_is_told_after_the_restart),
        KEPT(fences_grow_over_restarts_though_the_clock_was_set_back),
        KEPT(an_acquire_that_is_asked_again_hears_the_same_answer),
        KEPT(a_release_that_is_asked_again_releases_nobody_elses),
        KEPT(permits_are_conserved_over_a_restart_and_those_of_the_gone_return),
        KEPT(
            permits_of_a_key_that_was_revoked_while_the_master_was_away_return),
        KEPT(no_more_permits_are_released_than_a_row_can_say),
        KEPT(an_event_is_set_and_a_barrier_broken_after_a_restart),
        KEPT(a_barrier_in_its_action_is_broken_by_a_restart),
        KEPT(a_condition_has_its_lock_after_a_restart),
        KEPT(what_is_deleted_or_lives_in_memory_has_no_rows),
        KEPT(a_condition_without_its_lock_is_damage),
        KEPT(a_full_disk_refuses_new_objects_and_lets_go_of_old_ones),
    };

    sync_turn = kept_settle;
    return cmocka_run_group_tests_name("sync kept", tests, NULL, NULL);
}
