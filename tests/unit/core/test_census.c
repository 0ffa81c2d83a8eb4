/* What `stint objects` asks for: which named objects there are, who holds them
 * and who waits, and deleting what nobody uses. */
#include "tests/unit/core/sync_rig.h"

#include "tests/unit/core/kept.h"
#include "tests/unit/core/pipe_rig.h"
#include "tests/unit/core/share_rig.h"

#include "master/core/shared/census.h"

#include <stdio.h>

enum { ROWS = 40 };

struct objects_page {
    uint64_t next;
    unsigned count;
    struct rec_object_row rows[ROWS];
};

struct users_page {
    uint64_t next;
    unsigned count;
    struct rec_object_user rows[ROWS];
};

struct pair {
    struct rig *rig;
    struct rig_peer *a, *b;
};

static struct pair
meet(void **state)
{
    struct rig *rig = *state;

    return (struct pair){ .rig = rig,
        .a = rig_peer(rig, "submit", ROLE_SUBMIT),
        .b = rig_peer(rig, "second", ROLE_SUBMIT) };
}

static uint64_t
ask(struct rig_peer *p, struct msg_list list)
{
    struct msg m = { .type = MSG_list, .as.list = list };
    uint64_t request = rig_say(p, m);

    sync_turn(p->rig);
    return request;
}

static struct objects_page
page_from(struct rig_peer *p, uint64_t after, uint64_t limit)
{
    struct objects_page page = { .count = 0 };
    uint64_t request =
        ask(p, (struct msg_list){ .what = 6, .after = after, .limit = limit });
    const struct msg_object_rows *m =
        &rig_see(p, MSG_object_rows, request)->as.object_rows;
    struct proto_list list = m->rows;

    page.next = m->next;
    while (
        page.count < ROWS
        && codec_list_next(&list, RECORD_object_row, &page.rows[page.count])) {
        page.count++;
    }
    return page;
}

static struct rec_object_row
row_of(struct rig_peer *p, const char *name)
{
    struct rec_object_row row = { .number = 0 };
    uint64_t request =
        ask(p, (struct msg_list){ .what = 6, .object = slice_of(name) });
    struct proto_list list =
        rig_see(p, MSG_object_rows, request)->as.object_rows.rows;

    assert_true(codec_list_next(&list, RECORD_object_row, &row));
    assert_true(rig_is(row.object, name));
    return row;
}

static struct users_page
users_from(struct rig_peer *p, const char *name, uint64_t after, uint64_t limit)
{
    struct users_page page = { .count = 0 };
    uint64_t request = ask(p, (struct msg_list){ .what = 7,
                                  .object = slice_of(name),
                                  .after = after,
                                  .limit = limit });
    const struct msg_object_users *m =
        &rig_see(p, MSG_object_users, request)->as.object_users;
    struct proto_list list = m->rows;

    page.next = m->next;
    while (
        page.count < ROWS
        && codec_list_next(&list, RECORD_object_user, &page.rows[page.count])) {
        page.count++;
    }
    return page;
}

static struct users_page
users_of(struct rig_peer *p, const char *name)
{
    return users_from(p, name, 0, 0);
}

static int64_t
delete_as(struct rig_peer *p, const char *name, bool idle)
{
    struct msg m = { .type = MSG_object_delete,
        .as.object_delete = { .object = slice_of(name), .idle = idle } };
    uint64_t request = rig_say(p, m);

    sync_turn(p->rig);
    return rig_code(p, request);
}

/* ---- which there are ----------------------------------------------------- */

static void
objects_of_all_kinds_are_listed_in_the_order_of_their_making(void **state)
{
    struct pair t = meet(state);
    struct held ends[2];

    sync_open(t.a, "lock", OBJECT_LOCK, 0);
    sync_open(t.a, "rlock", OBJECT_RLOCK, 0);
    sync_open(t.a, "permits", OBJECT_SEMAPHORE, 3);
    sync_open(t.a, "told", OBJECT_CONDITION, 0);
    sync_open(t.a, "light", OBJECT_EVENT, 0);
    sync_open(t.a, "gate", OBJECT_BARRIER, 4);
    share_open(t.a, "ages", SHARE_DICT);
    share_open(t.a, "names", SHARE_LIST);
    share_open(t.a, "sum", SHARE_VALUES);
    pipe_make(t.a, (struct msg_pipe){ .window = 0 }, ends);
    struct objects_page page = page_from(t.b, 0, 0);
    assert_int_equal(page.count, 10);
    assert_int_equal(page.next, 0);
    for (unsigned i = 0; i < page.count; i++)
        assert_int_equal(page.rows[i].kind, i + 1);
    assert_true(rig_is(page.rows[6].object, "ages"));
    assert_int_equal(page.rows[9].object.length, 0);
    assert_int_equal(page.rows[5].size, 4);
    assert_int_equal(page.rows[0].durability, QUEUE_MEMORY);
    assert_int_equal(page.rows[3].lock.length, 0);
}

static void
objects_are_listed_in_pages_each_once(void **state)
{
    struct pair t = meet(state);
    uint64_t after = 0;
    unsigned seen = 0, pages = 0;
    char name[16];

    for (unsigned i = 0; i < 7; i++) {
        (void)snprintf(name, sizeof name, "o%u", i);
        sync_open(t.a, name, OBJECT_EVENT, 0);
    }
    do {
        struct objects_page page = page_from(t.a, after, 3);
        for (unsigned i = 0; i < page.count; i++) {
            (void)snprintf(name, sizeof name, "o%u", seen++);
            assert_true(rig_is(page.rows[i].object, name));
        }
        after = page.next;
        pages++;
    } while (after != 0);
    assert_int_equal(seen, 7);
    assert_int_equal(pages, 3);
}

static void
a_page_goes_on_behind_an_object_that_is_gone_meanwhile(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "a", OBJECT_EVENT, 0);
    sync_open(t.a, "b", OBJECT_EVENT, 0);
    sync_open(t.a, "c", OBJECT_EVENT, 0);
    sync_open(t.a, "d", OBJECT_EVENT, 0);
    struct objects_page page = page_from(t.a, 0, 2);
    assert_int_equal(page.count, 2);
    assert_int_equal(delete_as(t.a, "b", false), 0);
    assert_int_equal(delete_as(t.a, "c", false), 0);
    page = page_from(t.a, page.next, 2);
    assert_int_equal(page.count, 1);
    assert_true(rig_is(page.rows[0].object, "d"));
    assert_int_equal(page.next, 0);
    assert_int_equal(page_from(t.a, 1000, 0).count, 0);
}

/* However many objects came and went, one page passes few of them. */
static void
a_page_passes_a_bounded_number_of_objects_that_are_gone(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "a", OBJECT_EVENT, 0);
    sync_open(t.a, "b", OBJECT_EVENT, 0);
    struct objects_page page = page_from(t.a, 0, 1);
    assert_int_equal(delete_as(t.a, "a", false), 0);
    assert_int_equal(delete_as(t.a, "b", false), 0);
    t.rig->core->objects.last += 2 * CENSUS_PASSED_MAX;
    sync_open(t.a, "z", OBJECT_EVENT, 0);
    unsigned empty = 0;
    for (; (page = page_from(t.a, page.next, 1)).count == 0; empty++)
        assert_true(page.next > 0 && empty < 5);
    assert_int_equal(empty, 2);
    assert_true(rig_is(page.rows[0].object, "z"));
}

static void
an_object_that_is_not_there_is_no_object(void **state)
{
    struct pair t = meet(state);
    struct msg_list l = { .what = 6, .object = slice_of("x") };

    assert_int_equal(rig_code(t.a, ask(t.a, l)), STINT_ENOOBJECT);
    l.what = 7;
    assert_int_equal(rig_code(t.a, ask(t.a, l)), STINT_ENOOBJECT);
    l.object = slice_of("");
    assert_int_equal(rig_code(t.a, ask(t.a, l)), STINT_ENOOBJECT);
}

static void
every_role_may_look_and_only_submit_may_delete(void **state)
{
    struct pair t = meet(state);
    struct rig_peer *w = rig_worker(t.rig);

    sync_open(w, "L", OBJECT_LOCK, 0);
    assert_int_equal(row_of(w, "L").kind, OBJECT_LOCK);
    assert_int_equal(users_of(w, "L").count, 0);
    assert_int_equal(delete_as(w, "L", true), STINT_EROLE);
    assert_int_equal(delete_as(t.a, "L", true), 0);
}

/* ---- what is in them ----------------------------------------------------- */

static void
a_row_tells_how_much_there_is(void **state)
{
    struct pair t = meet(state);

    share_open(t.a, "d", SHARE_DICT);
    size_t empty = row_of(t.a, "d").bytes;
    (void)share_one(t.a, share_set("d", "a", "1"));
    (void)share_one(t.a, share_set("d", "b", "2"));
    struct rec_object_row row = row_of(t.a, "d");
    assert_int_equal(row.count, 2);
    assert_int_equal(row.version, 2);
    assert_true(row.bytes > empty);
    assert_int_equal(row.held, 0);

    sync_open(t.a, "S", OBJECT_SEMAPHORE, 3);
    (void)sync_take(t.a, "S");
    row = row_of(t.a, "S");
    assert_int_equal(row.count, 2);
    assert_int_equal(row.size, 3);
    assert_int_equal(row.held, 1);

    sync_open(t.a, "E", OBJECT_EVENT, 0);
    assert_int_equal(row_of(t.a, "E").count, 0);
    assert_int_equal(sync_do(t.a, "E", SYNC_SET, 0), 0);
    assert_int_equal(row_of(t.a, "E").count, 1);

    sync_open(t.a, "B", OBJECT_BARRIER, 2);
    (void)sync_wait(t.a, "B", TICK_NEVER);
    assert_int_equal(row_of(t.a, "B").count, 1);
    assert_int_equal(sync_do(t.b, "B", SYNC_ABORT, 0), 0);
    assert_int_equal(row_of(t.a, "B").state, 2);
}

static void
a_pipe_tells_its_ends_and_what_is_under_way(void **state)
{
    struct pair t = meet(state);
    struct held first, second;

    assert_int_equal(pipe_open_named(t.a, "p", 0, 0, &first), 0);
    assert_int_equal(pipe_open_named(t.b, "p", 1, 0, &second), 0);
    pipe_put(&first, "hello");
    pipe_put(&first, "you");
    struct rec_object_row row = row_of(t.a, "p");
    assert_int_equal(row.second_messages, 2);
    assert_int_equal(row.second_bytes, 8);
    assert_int_equal(row.first_messages, 0);
    assert_int_equal(row.state, 0);
    assert_int_equal(row.size, PIPE_WINDOW);
    struct users_page users = users_of(t.a, "p");
    assert_int_equal(users.count, 2);
    assert_int_equal(users.rows[1].holder, 1);
    assert_true(rig_is(users.rows[1].key, "second"));
    (void)pipe_do(&second, PIPE_CLOSE);
    assert_int_equal(row_of(t.a, "p").state, 8);
}

/* ---- who ----------------------------------------------------------------- */

static void
a_lock_tells_who_holds_it_since_when_and_with_which_fence(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t fence = sync_take(t.a, "L");
    rig_sleep(t.rig, 2 * TICK_S);
    struct rec_object_row row = row_of(t.b, "L");
    assert_int_equal(row.held, 1);
    assert_true(rig_is(row.holder, "peer"));
    assert_true(rig_is(row.key, "submit"));
    assert_int_equal(row.fence, fence);
    assert_int_equal(row.held_ns, 2 * TICK_S);
    assert_int_equal(row.away, 0);
    rig_disconnect(t.a);
    assert_int_equal(row_of(t.b, "L").away, 1);
}

static void
a_lock_that_changes_hands_is_held_from_then_on(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t fence = sync_take(t.a, "L");
    uint64_t b = sync_acquire(t.b, "L", TICK_NEVER);
    rig_sleep(t.rig, 5 * TICK_S);
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, fence), 0);
    rig_sleep(t.rig, TICK_S);
    struct rec_object_row row = row_of(t.a, "L");
    assert_int_equal(row.held_ns, TICK_S);
    assert_int_equal(row.fence, sync_answer(t.b, b).fence);
    assert_true(rig_is(row.key, "second"));
}

static void
a_lock_whose_owner_died_says_so_until_it_is_taken(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    t.a->mute = true;
    rig_sleep(t.rig, 4 * TICK_S);
    struct rec_object_row row = row_of(t.b, "L");
    assert_int_equal(row.held, 0);
    assert_int_equal(row.state, 1);
    (void)sync_take(t.b, "L");
    assert_int_equal(row_of(t.b, "L").state, 0);
}

static void
who_waits_is_listed_behind_who_holds_in_the_order_of_the_line(void **state)
{
    struct pair t = meet(state);
    struct rig_peer *c = rig_worker(t.rig);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    (void)sync_acquire(t.b, "L", 5 * TICK_S);
    (void)sync_acquire(c, "L", TICK_NEVER);
    rig_sleep(t.rig, TICK_S);
    assert_int_equal(row_of(t.a, "L").waiting, 2);
    struct users_page page = users_of(t.a, "L");
    assert_int_equal(page.count, 3);
    assert_int_equal(page.rows[0].how, 0);
    assert_int_equal(page.rows[0].held_ns, TICK_S);
    assert_true(rig_is(page.rows[1].key, "second"));
    assert_int_equal(page.rows[1].how, 1);
    assert_int_equal(page.rows[1].left_ns, 4 * TICK_S);
    assert_int_equal(page.rows[2].left_ns, INT64_MAX);
    assert_true(rig_is(page.rows[2].key, "work"));
}

static void
who_holds_and_waits_comes_in_pages_each_once(void **state)
{
    struct pair t = meet(state);
    uint64_t after = 0;
    unsigned seen = 0;

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    (void)sync_take(t.a, "L");
    for (unsigned i = 1; i <= 6; i++)
        (void)sync_acquire(t.b, "L", (tick_ns)i * TICK_S);
    do {
        struct users_page page = users_from(t.a, "L", after, 2);
        for (unsigned i = 0; i < page.count; i++, seen++)
            assert_int_equal(page.rows[i].left_ns, seen * (uint64_t)TICK_S);
        after = page.next;
    } while (after != 0);
    assert_int_equal(seen, 7);
}

static void
permits_are_listed_by_holder(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "S", OBJECT_SEMAPHORE, 3);
    (void)sync_take(t.a, "S");
    (void)sync_take(t.b, "S");
    (void)sync_take(t.b, "S");
    (void)sync_acquire(t.a, "S", TICK_NEVER);
    struct users_page page = users_of(t.a, "S");
    uint64_t permits = 0;
    for (unsigned i = 0; i < page.count && page.rows[i].how == 0; i++)
        permits += page.rows[i].count;
    assert_int_equal(permits, 3);
    assert_int_equal(page.rows[page.count - 1].how, 1);
}

static void
a_condition_tells_who_has_its_lock_and_who_waits_for_a_notice(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    (void)sync_take(t.b, "C");
    (void)sync_wait(t.b, "C", TICK_NEVER);
    (void)sync_take(t.a, "C");
    struct rec_object_row row = row_of(t.a, "C");
    assert_int_equal(row.waiting, 1);
    assert_true(rig_is(row.key, "submit"));
    assert_int_equal(sync_do(t.a, "C", SYNC_NOTIFY, 1), 0);
    struct users_page page = users_of(t.a, "C");
    assert_int_equal(page.count, 2);
    assert_int_equal(page.rows[0].how, 0);
    assert_int_equal(page.rows[1].how, 2);
    assert_true(rig_is(page.rows[1].key, "second"));
}

static void
a_condition_with_a_lock_of_another_name_tells_that(void **state)
{
    struct pair t = meet(state);
    const struct msg_object_open open = {
        .object = slice_of("C"), .kind = OBJECT_CONDITION, .lock = slice_of("L")
    };

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    assert_int_equal(sync_open_as(t.a, open), 0);
    assert_true(rig_is(row_of(t.a, "C").lock, "L"));
}

static void
who_watches_a_dict_is_listed(void **state)
{
    struct pair t = meet(state);
    struct msg m = { .type = MSG_watch,
        .as.watch = { .object = slice_of("d"), .wait_ns = INT64_MAX } };

    share_open(t.a, "d", SHARE_DICT);
    (void)rig_say(t.b, m);
    struct users_page page = users_of(t.a, "d");
    assert_int_equal(page.count, 1);
    assert_int_equal(page.rows[0].how, 3);
}

/* ---- after a restart ----------------------------------------------------- */

static void
how_long_a_lock_is_held_is_known_after_a_restart(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t fence = sync_take(t.a, "L");
    t.rig->now += 3 * TICK_S;
    kept_restart(t.rig);
    rig_hello(t.b, PROTO_VERSION);
    struct rec_object_row row = row_of(t.b, "L");
    assert_int_equal(row.fence, fence);
    assert_int_equal(row.held_ns, 3 * TICK_S);
    assert_int_equal(row.away, 1);
    assert_int_equal(row.durability, QUEUE_SYNCED);
}

/* ---- deleting what nobody uses ------------------------------------------- */

static void
what_is_held_or_waited_for_is_not_idle(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "L", OBJECT_LOCK, 0);
    uint64_t fence = sync_take(t.a, "L");
    assert_int_equal(delete_as(t.b, "L", true), STINT_EBUSY);
    assert_int_equal(sync_do(t.a, "L", SYNC_RELEASE, fence), 0);
    assert_int_equal(delete_as(t.b, "L", true), 0);
    sync_open(t.a, "E", OBJECT_EVENT, 0);
    uint64_t waits = sync_wait(t.a, "E", TICK_NEVER);
    assert_int_equal(delete_as(t.b, "E", true), STINT_EBUSY);
    assert_int_equal(sync_code(t.a, waits), SYNC_PARKED);
    assert_int_equal(delete_as(t.b, "E", false), 0);
    assert_int_equal(sync_code(t.a, waits), STINT_ENOOBJECT);
}

static void
a_condition_whose_own_lock_is_held_is_not_idle(void **state)
{
    struct pair t = meet(state);

    sync_open(t.a, "C", OBJECT_CONDITION, 0);
    (void)sync_take(t.a, "C");
    assert_int_equal(delete_as(t.b, "C", true), STINT_EBUSY);
    assert_int_equal(delete_as(t.b, "C", false), 0);
}

static void
what_holds_entries_is_deleted_with_them(void **state)
{
    struct pair t = meet(state);

    share_open(t.a, "d", SHARE_DICT);
    (void)share_one(t.a, share_set("d", "a", "1"));
    assert_int_equal(delete_as(t.a, "d", true), 0);
    assert_int_equal(page_from(t.a, 0, 0).count, 0);
}

static int
durable_set_up(void **state)
{
    sync_turn = kept_settle;
    return kept_set_up(state);
}

static int
durable_tear_down(void **state)
{
    sync_turn = rig_turn;
    return kept_tear_down(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(objects_of_all_kinds_are_listed_in_the_order_of_their_making),
        ON_A_RIG(objects_are_listed_in_pages_each_once),
        ON_A_RIG(a_page_goes_on_behind_an_object_that_is_gone_meanwhile),
        ON_A_RIG(a_page_passes_a_bounded_number_of_objects_that_are_gone),
        ON_A_RIG(an_object_that_is_not_there_is_no_object),
        ON_A_RIG(every_role_may_look_and_only_submit_may_delete),
        ON_A_RIG(a_row_tells_how_much_there_is),
        ON_A_RIG(a_pipe_tells_its_ends_and_what_is_under_way),
        ON_A_RIG(a_lock_tells_who_holds_it_since_when_and_with_which_fence),
        ON_A_RIG(a_lock_that_changes_hands_is_held_from_then_on),
        ON_A_RIG(a_lock_whose_owner_died_says_so_until_it_is_taken),
        ON_A_RIG(who_waits_is_listed_behind_who_holds_in_the_order_of_the_line),
        ON_A_RIG(who_holds_and_waits_comes_in_pages_each_once),
        ON_A_RIG(permits_are_listed_by_holder),
        ON_A_RIG(a_condition_tells_who_has_its_lock_and_who_waits_for_a_notice),
        ON_A_RIG(a_condition_with_a_lock_of_another_name_tells_that),
        ON_A_RIG(who_watches_a_dict_is_listed),
        ON_A_RIG(what_is_held_or_waited_for_is_not_idle),
        ON_A_RIG(a_condition_whose_own_lock_is_held_is_not_idle),
        ON_A_RIG(what_holds_entries_is_deleted_with_them),
        cmocka_unit_test_setup_teardown(
            how_long_a_lock_is_held_is_known_after_a_restart, durable_set_up,
            durable_tear_down),
    };

    return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
