/* Dicts at a master: python-semantics "6 Shared objects". */
#include "tests/unit/core/share_rig.h"

static struct rig_peer *
begin(void **state)
{
    struct rig_peer *p = rig_submitter(*state);

    share_open(p, "d", SHARE_DICT);
    return p;
}

static void
what_was_set_is_got(void **state)
{
    struct rig_peer *p = begin(state);

    assert_int_equal(share_one(p, share_set("d", "a", "1")).code, 0);
    struct share_answer a = share_one(p, share_key("d", OP_GET, "a"));
    assert_int_equal(a.code, 0);
    assert_true(rig_is(a.done[0].value, "1"));
    assert_int_equal(a.done[0].version, 1);
}

static void
a_key_that_is_not_there_is_no_entry_and_never_was_a_default(void **state)
{
    static const enum op_verb verbs[] = { OP_GET, OP_DELETE, OP_POP };
    struct rig_peer *p = begin(state);

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        struct share_answer a = share_one(p, share_key("d", verbs[i], "a"));
        assert_int_equal(a.code, STINT_ENOENTRY);
    }
    assert_int_equal(share_length(p, "d"), 0);
}

static void
entries_stay_in_the_order_in_which_they_were_added(void **state)
{
    struct rig_peer *p = begin(state);
    const struct rec_op ops[] = {
        share_set("d", "b", "1"),
        share_set("d", "a", "2"),
        share_set("d", "c", "3"),
        share_set("d", "b", "4"),       /* Keeps its place. */
        share_key("d", OP_DELETE, "a"), /* Comes back at the end. */
        share_set("d", "a", "5"),
    };

    assert_int_equal(share_all(p, ops, ARRAY_LEN(ops)).code, 0);
    assert_string_equal(share_show(p, "d"), "b=4 c=3 a=5");
}

static void
pop_gives_what_it_deletes(void **state)
{
    struct rig_peer *p = begin(state);

    (void)share_one(p, share_set("d", "a", "1"));
    struct share_answer a = share_one(p, share_key("d", OP_POP, "a"));
    assert_true(rig_is(a.done[0].value, "1"));
    assert_int_equal(share_length(p, "d"), 0);
}

static void
setdefault_gives_what_is_there_else_what_it_sets(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op op = share_key("d", OP_SET_DEFAULT, "a");

    op.value = slice_of("1");
    struct share_answer a = share_one(p, op);
    assert_true(rig_is(a.done[0].value, "1"));
    assert_int_equal(a.done[0].number, 1);
    op.value = slice_of("2");
    a = share_one(p, op);
    assert_true(rig_is(a.done[0].value, "1"));
    assert_int_equal(a.done[0].number, 0);
}

static void
contains_length_and_clear_are_those_of_python(void **state)
{
    struct rig_peer *p = begin(state);

    (void)share_one(p, share_set("d", "a", "1"));
    (void)share_one(p, share_set("d", "", "empty"));
    struct share_answer a = share_one(p, share_key("d", OP_CONTAINS, "a"));
    assert_int_equal(a.done[0].number, 1);
    a = share_one(p, share_key("d", OP_CONTAINS, "b"));
    assert_int_equal(a.done[0].number, 0);
    assert_int_equal(share_length(p, "d"), 2);
    assert_int_equal(share_one(p, share_op("d", OP_CLEAR)).code, 0);
    assert_int_equal(share_length(p, "d"), 0);
    (void)share_one(p, share_set("d", "b", "2"));
    assert_string_equal(share_show(p, "d"), "b=2");
}

static void
an_add_reads_and_writes_in_one_step(void **state)
{
    struct rig_peer *p = begin(state);

    struct share_answer a = share_one(p, share_add("d", "n", 5));
    assert_true(slice_equal(a.done[0].value, share_packed(5)));
    a = share_one(p, share_add("d", "n", -7));
    assert_true(slice_equal(a.done[0].value, share_packed(-2)));
}

static void
an_add_to_what_is_no_integer_is_of_another_type(void **state)
{
    struct rig_peer *p = begin(state);

    (void)share_one(p, share_set("d", "n", "text"));
    assert_int_equal(share_one(p, share_add("d", "n", 1)).code, STINT_ETYPE);
    assert_string_equal(share_show(p, "d"), "n=text");
    struct rec_op op = share_key("d", OP_ADD, "m");
    op.value = slice_of("text");
    assert_int_equal(share_one(p, op).code, STINT_ETYPE);
    assert_int_equal(share_length(p, "d"), 1);
}

static void
an_add_never_wraps(void **state)
{
    static const uint8_t most[] = { 0xcf, 0x7f, 255, 255, 255, 255, 255, 255,
        255 };
    struct rig_peer *p = begin(state);
    struct rec_op op = share_key("d", OP_SET, "n");

    op.value = (struct slice){ most, sizeof most };
    (void)share_one(p, op);
    assert_int_equal(
        share_one(p, share_add("d", "n", 1)).code, STINT_EOVERFLOW);
    struct share_answer a = share_one(p, share_key("d", OP_GET, "n"));
    assert_true(slice_equal(a.done[0].value, op.value));
}

/* ---- versions ------------------------------------------------------------ */

static void
a_set_by_version_fails_when_somebody_was_faster(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op op = share_set("d", "a", "mine");

    uint64_t version = share_one(p, share_set("d", "a", "1")).done[0].version;
    (void)share_one(p, share_set("d", "a", "2"));
    op.only_if = (int64_t)version;
    assert_int_equal(share_one(p, op).code, STINT_ECHANGED);
    op.only_if = (int64_t)version + 1;
    struct share_answer a = share_one(p, op);
    assert_int_equal(a.code, 0);
    assert_true(a.done[0].version > version + 1);
    assert_string_equal(share_show(p, "d"), "a=mine");
}

static void
a_set_of_what_must_not_be_there_is_done_once(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op op = share_set("d", "a", "1");

    op.only_if = -1;
    assert_int_equal(share_one(p, op).code, 0);
    assert_int_equal(share_one(p, op).code, STINT_ECHANGED);
}

static void
a_version_is_never_given_twice(void **state)
{
    struct rig_peer *p = begin(state);

    uint64_t first = share_one(p, share_set("d", "a", "1")).done[0].version;
    (void)share_one(p, share_key("d", OP_DELETE, "a"));
    (void)share_one(p, share_op("d", OP_CLEAR));
    uint64_t second = share_one(p, share_set("d", "a", "1")).done[0].version;
    assert_true(second > first + 1);
}

/* ---- all or nothing ------------------------------------------------------ */

static void
of_a_batch_that_fails_nothing_is_done(void **state)
{
    struct rig_peer *p = begin(state);

    share_open(p, "l", SHARE_LIST);
    share_open(p, "v", SHARE_VALUES);
    (void)share_one(p, share_set("d", "a", "1"));
    (void)share_one(p, share_set("d", "b", "2"));
    (void)share_one(p, share_value("l", OP_APPEND, "x"));
    (void)share_one(p, share_value("l", OP_APPEND, "y"));
    uint64_t before = share_one(p, share_op("d", OP_VERSION)).done[0].version;
    const struct rec_op ops[] = {
        share_set("d", "a", "changed"),
        share_key("d", OP_DELETE, "b"),
        share_set("d", "b", "again"),
        share_set("d", "c", "new"),
        share_key("d", OP_POP, "c"),
        share_at("l", OP_POP, 0),
        share_op("l", OP_REVERSE),
        share_value("l", OP_INSERT, "z"),
        share_op("l", OP_CLEAR),
        share_value("l", OP_APPEND, "w"),
        share_add("v", "", 3),
        share_op("d", OP_CLEAR),
        share_set("d", "q", "after"),
        share_key("d", OP_GET, "nothing"),
    };
    struct share_answer a = share_all(p, ops, ARRAY_LEN(ops));
    assert_int_equal(a.code, STINT_ENOENTRY);
    assert_int_equal(a.failed, ARRAY_LEN(ops) - 1);
    assert_string_equal(share_show(p, "d"), "a=1 b=2");
    assert_string_equal(share_show(p, "l"), "x y");
    a = share_one(p, share_at("v", OP_GET, 0));
    assert_true(slice_equal(a.done[0].value, share_packed(0)));
    a = share_one(p, share_op("d", OP_VERSION));
    assert_int_equal(a.done[0].version, before);
}

static void
the_operations_of_a_batch_see_each_other(void **state)
{
    struct rig_peer *p = begin(state);
    const struct rec_op ops[] = {
        share_set("d", "a", "1"),
        share_key("d", OP_GET, "a"),
        share_key("d", OP_DELETE, "a"),
        share_key("d", OP_CONTAINS, "a"),
        share_set("d", "a", "2"),
        share_key("d", OP_POP, "a"),
        share_op("d", OP_LENGTH),
    };

    struct share_answer a = share_all(p, ops, ARRAY_LEN(ops));
    assert_int_equal(a.code, 0);
    assert_true(rig_is(a.done[1].value, "1"));
    assert_int_equal(a.done[3].number, 0);
    assert_true(rig_is(a.done[5].value, "2"));
    assert_int_equal(a.done[6].number, 0);
}

/* Money moves from one account to another, or not at all. */
static void
a_check_guards_the_rest_of_its_batch(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op check = share_key("d", OP_CHECK, "rate");

    uint64_t version =
        share_one(p, share_set("d", "rate", "7")).done[0].version;
    check.only_if = (int64_t)version;
    const struct rec_op ops[] = { check, share_add("d", "ada", -10),
        share_add("d", "bob", 10) };
    assert_int_equal(share_all(p, ops, 3).code, 0);
    (void)share_one(p, share_set("d", "rate", "8"));
    struct share_answer a = share_all(p, ops, 3);
    assert_int_equal(a.code, STINT_ECHANGED);
    assert_int_equal(a.failed, 0);
    a = share_one(p, share_key("d", OP_GET, "bob"));
    assert_true(slice_equal(a.done[0].value, share_packed(10)));
}

/* ---- what cannot be ------------------------------------------------------ */

static void
an_object_that_is_not_there_or_no_dict_is_told(void **state)
{
    struct rig_peer *p = begin(state);

    share_open(p, "lock", 1);
    assert_int_equal(
        share_one(p, share_set("none", "a", "1")).code, STINT_ENOOBJECT);
    assert_int_equal(
        share_one(p, share_set("lock", "a", "1")).code, STINT_ETYPE);
    assert_int_equal(
        share_one(p, share_value("d", OP_APPEND, "1")).code, STINT_ETYPE);
    assert_int_equal(
        share_one(p, share_key("d", (enum op_verb)31, "1")).code, STINT_ETYPE);
}

static void
a_deleted_dict_is_gone_with_all_it_had(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = begin(state);
    struct msg m = { .type = MSG_object_delete,
        .as.object_delete.object = slice_of("d") };

    size_t before = core_totals(rig->core).memory;
    for (int i = 0; i < 100; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "%d", i);
        (void)share_one(p, share_set("d", key, "value"));
        rig_forget_inbox(p);
    }
    assert_true(core_totals(rig->core).memory > before);
    uint64_t request = rig_say(p, m);
    rig_turn(rig);
    assert_int_equal(rig_code(p, request), 0);
    assert_true(core_totals(rig->core).memory < before);
    assert_int_equal(
        share_one(p, share_key("d", OP_GET, "1")).code, STINT_ENOOBJECT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(what_was_set_is_got),
        ON_A_RIG(a_key_that_is_not_there_is_no_entry_and_never_was_a_default),
        ON_A_RIG(entries_stay_in_the_order_in_which_they_were_added),
        ON_A_RIG(pop_gives_what_it_deletes),
        ON_A_RIG(setdefault_gives_what_is_there_else_what_it_sets),
        ON_A_RIG(contains_length_and_clear_are_those_of_python),
        ON_A_RIG(an_add_reads_and_writes_in_one_step),
        ON_A_RIG(an_add_to_what_is_no_integer_is_of_another_type),
        ON_A_RIG(an_add_never_wraps),
        ON_A_RIG(a_set_by_version_fails_when_somebody_was_faster),
        ON_A_RIG(a_set_of_what_must_not_be_there_is_done_once),
        ON_A_RIG(a_version_is_never_given_twice),
        ON_A_RIG(of_a_batch_that_fails_nothing_is_done),
        ON_A_RIG(the_operations_of_a_batch_see_each_other),
        ON_A_RIG(a_check_guards_the_rest_of_its_batch),
        ON_A_RIG(an_object_that_is_not_there_or_no_dict_is_told),
        ON_A_RIG(a_deleted_dict_is_gone_with_all_it_had),
    };

    return cmocka_run_group_tests_name("share: dicts", tests, NULL, NULL);
}
