/* Dicts, lists and values of a master with a store: what survives it. */
#include "tests/unit/core/kept.h"
#include "tests/unit/core/share_rig.h"

#include "master/core/shared/shelf.h"

static struct rig_peer *
begin(void **state)
{
    struct rig_peer *p = rig_submitter(*state);

    share_turn = kept_settle;
    share_open(p, "d", SHARE_DICT);
    share_open(p, "l", SHARE_LIST);
    share_open(p, "v", SHARE_VALUES);
    kept_settle(*state);
    return p;
}

static void
settle_one(struct rig_peer *p, struct rec_op op)
{
    assert_int_equal(share_all(p, &op, 1).code, 0);
}

static void
restart(struct rig_peer *p)
{
    kept_restart(p->rig);
    rig_hello(p, PROTO_VERSION);
    kept_settle(p->rig);
}

static void
a_dict_survives_with_its_order_and_its_versions(void **state)
{
    struct rig_peer *p = begin(state);
    const struct rec_op ops[] = {
        share_set("d", "b", "1"),
        share_set("d", "a", "2"),
        share_set("d", "c", "3"),
        share_set("d", "b", "4"),
        share_key("d", OP_DELETE, "a"),
        share_set("d", "", "5"),
    };

    struct share_answer before = share_all(p, ops, ARRAY_LEN(ops));
    restart(p);
    assert_string_equal(share_show(p, "d"), "b=4 c=3 5");
    struct rec_op op = share_set("d", "b", "6");
    op.only_if = (int64_t)before.done[3].version;
    struct share_answer a = share_all(p, &op, 1);
    assert_int_equal(a.code, 0);
    assert_true(a.done[0].version > before.done[5].version);
}

static void
a_list_survives_in_its_order(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op in = share_value("l", OP_INSERT, "c");

    settle_one(p, share_value("l", OP_APPEND, "a"));
    settle_one(p, share_value("l", OP_APPEND, "b"));
    in.at = 1;
    settle_one(p, in);
    in.value = slice_of("d");
    in.at = 0;
    settle_one(p, in); /* d a c b */
    restart(p);
    assert_string_equal(share_show(p, "l"), "d a c b");
    settle_one(p, share_op("l", OP_REVERSE));
    settle_one(p, share_value("l", OP_APPEND, "e"));
    settle_one(p, share_at("l", OP_DELETE, 0)); /* c a d e */
    restart(p);
    assert_string_equal(share_show(p, "l"), "c a d e");
    settle_one(p, share_op("l", OP_REVERSE));
    settle_one(p, share_value("l", OP_APPEND, "f"));
    restart(p);
    assert_string_equal(share_show(p, "l"), "e d a c f");
}

/* Always before the same one: the numbers between run out again and again. */
static void
a_list_that_grows_in_its_middle_keeps_its_order(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op in = share_value("l", OP_INSERT, "");
    char expected[256] = "(", text[80][4];

    settle_one(p, share_value("l", OP_APPEND, "("));
    settle_one(p, share_value("l", OP_APPEND, ")"));
    in.at = 1;
    for (int i = 79; i >= 0; i--) {
        (void)snprintf(text[i], sizeof text[i], "%d", i);
        in.value = slice_of(text[i]);
        settle_one(p, in);
        rig_forget_inbox(p);
    }
    size_t length = 1;
    for (int i = 0; i <= 80; i++) {
        length += (size_t)snprintf(expected + length, sizeof expected - length,
            " %s", i < 80 ? text[i] : ")");
    }
    assert_string_equal(share_show(p, "l"), expected);
    restart(p);
    assert_string_equal(share_show(p, "l"), expected);
}

static void
values_survive_and_those_never_set_need_no_row(void **state)
{
    struct rig_peer *p = begin(state);
    struct msg_object_open open = { .object = slice_of("array"),
        .kind = SHARE_VALUES,
        .type = 1,
        .size = 100 };
    struct rec_op op = share_at("array", OP_SET, 7);

    uint64_t request = rig_say(
        p, (struct msg){ .type = MSG_object_open, .as.object_open = open });
    kept_settle(*state);
    assert_int_equal(rig_code(p, request), 0);
    op.value = share_packed(5);
    settle_one(p, op);
    settle_one(p, share_add("v", "", 3));
    assert_int_equal(kept_count_rows(ROW_entry), 2);
    restart(p);
    struct rec_op get = share_at("array", OP_GET, 7);
    assert_true(
        slice_equal(share_all(p, &get, 1).done[0].value, share_packed(5)));
    get = share_at("v", OP_GET, 0);
    assert_true(
        slice_equal(share_all(p, &get, 1).done[0].value, share_packed(3)));
}

/* I6: the answer was lost with the master; who asks again hears it. */
static void
an_add_that_is_sent_again_after_a_restart_is_not_done_twice(void **state)
{
    struct rig_peer *p = begin(state);
    const struct rec_op op = share_add("d", "n", 5);

    p->deaf = true;
    uint64_t request = share_ask(p, &op, 1);
    kept_settle(*state);
    p->deaf = false;
    kept_restart(*state);
    rig_hello(p, PROTO_VERSION);
    kept_again(p, request);
    assert_int_equal(share_ask(p, &op, 1), request);
    kept_settle(*state);
    struct share_answer a = share_answer(p, request);
    assert_int_equal(a.code, 0);
    assert_true(slice_equal(a.done[0].value, share_packed(5)));
    const struct rec_op get = share_key("d", OP_GET, "n");
    a = share_all(p, &get, 1);
    assert_true(slice_equal(a.done[0].value, share_packed(5)));
}

static void
an_answer_leaves_after_the_disk_has_it(void **state)
{
    struct rig_peer *p = begin(state);
    const struct rec_op op = share_set("d", "a", "1");

    uint64_t request = share_ask(p, &op, 1);
    rig_turn(*state);
    assert_null(rig_find(p, MSG_shared, request));
    assert_true(kept_commit(*state));
    rig_turn(*state);
    assert_non_null(rig_find(p, MSG_shared, request));
}

static void
what_fails_or_only_reads_writes_no_row(void **state)
{
    struct rig_peer *p = begin(state);
    const struct rec_op reads[] = { share_op("d", OP_LENGTH),
        share_key("d", OP_CONTAINS, "a") };
    const struct rec_op fails[] = { share_set("d", "a", "1"),
        share_key("d", OP_GET, "b") };
    unsigned batches = kept_table.batches;

    assert_int_equal(share_all(p, reads, 2).code, 0);
    assert_int_equal(share_all(p, fails, 2).code, STINT_ENOENTRY);
    assert_int_equal(kept_table.batches, batches);
}

static void
rows_go_with_entries_and_with_the_object(void **state)
{
    struct rig_peer *p = begin(state);
    struct msg m = { .type = MSG_object_delete,
        .as.object_delete.object = slice_of("l") };

    settle_one(p, share_set("d", "a", "1"));
    settle_one(p, share_set("d", "a", "2"));
    settle_one(p, share_set("d", "b", "2"));
    settle_one(p, share_value("l", OP_APPEND, "x"));
    assert_int_equal(kept_count_rows(ROW_entry), 3);
    settle_one(p, share_key("d", OP_DELETE, "a"));
    assert_int_equal(kept_count_rows(ROW_entry), 2);
    settle_one(p, share_op("d", OP_CLEAR));
    assert_int_equal(kept_count_rows(ROW_entry), 1);
    (void)rig_say(p, m);
    kept_settle(*state);
    assert_int_equal(kept_count_rows(ROW_entry), 0);
    restart(p);
    assert_string_equal(share_show(p, "d"), "");
    const struct rec_op get = share_op("l", OP_LENGTH);
    assert_int_equal(share_all(p, &get, 1).code, STINT_ENOOBJECT);
}

/* So many that they do not go in one turn. */
enum { MANY = 300 };

static void
fill(struct rig_peer *p)
{
    char key[8];

    for (int i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        const struct rec_op op = share_set("d", key, "1");
        (void)share_ask(p, &op, 1);
        if (i % 50 == 49) kept_settle(p->rig);
        if (i % 50 == 49) rig_forget_inbox(p);
    }
    kept_settle(p->rig);
    assert_int_equal(kept_count_rows(ROW_entry), MANY);
}

/* Rows that the batch which is being filled deletes. */
static unsigned
drops(const struct rig *rig)
{
    const struct buf *b = &rig->core->journal.ops;
    struct slice ops = { b->bytes, b->length };
    struct row row;
    unsigned count = 0;

    while (row_next(&ops, &row) > 0)
        count += row.deleted;
    return count;
}

/* What one turn deletes is bounded, whatever goes. */
static void
expect_small_turns(struct rig *rig)
{
    unsigned before = drops(rig);

    assert_true(before < MANY / 2);
    for (int turns = 0; core_next_deadline(rig->core) <= rig->now; turns++) {
        assert_true(turns < MANY);
        rig_turn(rig);
        assert_true(drops(rig) - before <= 50 + 4);
        before = drops(rig);
    }
    assert_true(before > MANY);
}

static struct rig_peer *
begin_with_many(void **state)
{
    struct rig *rig = *state;

    rig->config.steps_max = 50;
    kept_restart(rig);
    struct rig_peer *p = begin(state);
    fill(p);
    return p;
}

static void
rows_of_what_is_cleared_go_some_in_each_turn(void **state)
{
    struct rig_peer *p = begin_with_many(state);
    const struct rec_op ops[] = { share_set("d", "old", "1"),
        share_op("d", OP_CLEAR), share_set("d", "new", "1") };

    (void)share_ask(p, ops, 3);
    expect_small_turns(*state);
    settle_one(p, share_set("d", "more", "1"));
    assert_int_equal(kept_count_rows(ROW_entry), 2);
    restart(p);
    assert_string_equal(share_show(p, "d"), "new=1 more=1");
}

static void
what_was_cleared_is_not_back_after_a_restart(void **state)
{
    struct rig_peer *p = begin_with_many(state);
    const struct rec_op ops[] = { share_set("d", "old", "1"),
        share_op("d", OP_CLEAR), share_set("d", "new", "1") };

    (void)share_ask(p, ops, 3);
    assert_true(kept_commit(*state));
    assert_true(kept_count_rows(ROW_entry) > MANY);
    restart(p);
    assert_string_equal(share_show(p, "d"), "new=1");
    settle_one(p, share_set("d", "0", "2"));
    assert_int_equal(kept_count_rows(ROW_entry), 2);
    restart(p);
    assert_string_equal(share_show(p, "d"), "new=1 0=2");
}

static void
a_clear_that_was_undone_loses_nothing(void **state)
{
    struct rig_peer *p = begin_with_many(state);
    const struct rec_op ops[] = { share_op("d", OP_CLEAR),
        share_key("d", OP_GET, "0") };

    assert_int_equal(share_all(p, ops, 2).code, STINT_ENOENTRY);
    settle_one(p, share_set("d", "new", "1"));
    restart(p);
    assert_int_equal(share_length(p, "d"), MANY + 1);
}

static void
say_delete(struct rig_peer *p, const char *name)
{
    struct msg m = { .type = MSG_object_delete,
        .as.object_delete.object = slice_of(name) };

    (void)rig_say(p, m);
}

static void
rows_of_what_is_deleted_go_some_in_each_turn(void **state)
{
    struct rig_peer *p = begin_with_many(state);
    unsigned objects = kept_count_rows(ROW_object);

    say_delete(p, "d");
    expect_small_turns(*state);
    share_open(p, "d", SHARE_DICT);
    settle_one(p, share_set("d", "new", "1"));
    assert_int_equal(kept_count_rows(ROW_entry), 1);
    assert_int_equal(kept_count_rows(ROW_object), objects);
}

static void
what_was_deleted_is_not_back_after_a_restart(void **state)
{
    struct rig_peer *p = begin_with_many(state);
    unsigned objects = kept_count_rows(ROW_object);
    const struct rec_op get = share_op("d", OP_LENGTH);

    say_delete(p, "d");
    assert_true(kept_commit(*state));
    assert_true(kept_count_rows(ROW_entry) > 0);
    restart(p);
    assert_int_equal(share_all(p, &get, 1).code, STINT_ENOOBJECT);
    share_open(p, "d", SHARE_DICT);
    settle_one(p, share_set("d", "new", "1"));
    assert_int_equal(kept_count_rows(ROW_entry), 1);
    assert_int_equal(kept_count_rows(ROW_object), objects);
    restart(p);
    assert_string_equal(share_show(p, "d"), "new=1");
}

static void
of_a_dict_in_memory_nothing_survives(void **state)
{
    struct rig_peer *p = begin(state);
    struct msg_object_open open = {
        .object = slice_of("m"), .kind = SHARE_DICT, .durability = 3
    };

    (void)rig_say(
        p, (struct msg){ .type = MSG_object_open, .as.object_open = open });
    kept_settle(*state);
    settle_one(p, share_set("m", "a", "1"));
    assert_int_equal(kept_count_rows(ROW_entry), 0);
    restart(p);
    const struct rec_op get = share_op("m", OP_LENGTH);
    assert_int_equal(share_all(p, &get, 1).code, STINT_ENOOBJECT);
}

static void
a_version_seen_before_a_restart_is_never_given_again(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op op = share_set("d", "a", "1");

    uint64_t first = share_all(p, &op, 1).done[0].version;
    settle_one(p, share_key("d", OP_DELETE, "a"));
    restart(p);
    assert_true(share_all(p, &op, 1).done[0].version > first + 1);
}

static void
on_a_full_disk_nothing_grows_and_what_shrinks_is_done(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = begin(state);
    const struct rec_op more = share_set("d", "b", "1");

    settle_one(p, share_set("d", "a", "1"));
    core_disk_full(rig->core, true);
    assert_int_equal(share_all(p, &more, 1).code, STINT_ENOSPACE);
    assert_string_equal(share_show(p, "d"), "a=1");
    settle_one(p, share_key("d", OP_DELETE, "a"));
    core_disk_full(rig->core, false);
    settle_one(p, more);
}

#define KEPT(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT(a_dict_survives_with_its_order_and_its_versions),
        KEPT(a_list_survives_in_its_order),
        KEPT(a_list_that_grows_in_its_middle_keeps_its_order),
        KEPT(values_survive_and_those_never_set_need_no_row),
        KEPT(an_add_that_is_sent_again_after_a_restart_is_not_done_twice),
        KEPT(an_answer_leaves_after_the_disk_has_it),
        KEPT(what_fails_or_only_reads_writes_no_row),
        KEPT(rows_go_with_entries_and_with_the_object),
        KEPT(rows_of_what_is_cleared_go_some_in_each_turn),
        KEPT(what_was_cleared_is_not_back_after_a_restart),
        KEPT(a_clear_that_was_undone_loses_nothing),
        KEPT(rows_of_what_is_deleted_go_some_in_each_turn),
        KEPT(what_was_deleted_is_not_back_after_a_restart),
        KEPT(of_a_dict_in_memory_nothing_survives),
        KEPT(a_version_seen_before_a_restart_is_never_given_again),
        KEPT(on_a_full_disk_nothing_grows_and_what_shrinks_is_done),
    };

    return cmocka_run_group_tests_name(
        "share: what survives", tests, NULL, NULL);
}
