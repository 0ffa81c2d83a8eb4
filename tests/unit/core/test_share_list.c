/* Lists and values at a master: python-semantics "6 Shared objects". */
#include "tests/unit/core/share_rig.h"

static struct rig_peer *
begin(void **state)
{
    struct rig_peer *p = rig_submitter(*state);

    share_open(p, "l", SHARE_LIST);
    share_open(p, "v", SHARE_VALUES);
    return p;
}

static void
fill(struct rig_peer *p, const char *const values[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(
            share_one(p, share_value("l", OP_APPEND, values[i])).code, 0);
    }
}

static void
places_count_from_the_front_and_from_the_end(void **state)
{
    static const char *const values[] = { "a", "b", "c" };
    struct rig_peer *p = begin(state);

    fill(p, values, 3);
    struct share_answer a = share_one(p, share_at("l", OP_GET, -1));
    assert_true(rig_is(a.done[0].value, "c"));
    a = share_one(p, share_at("l", OP_GET, -3));
    assert_true(rig_is(a.done[0].value, "a"));
    assert_int_equal(
        share_one(p, share_at("l", OP_GET, -4)).code, STINT_ENOENTRY);
    assert_int_equal(
        share_one(p, share_at("l", OP_GET, 3)).code, STINT_ENOENTRY);
    assert_int_equal(
        share_one(p, share_at("l", OP_POP, INT64_MIN)).code, STINT_ENOENTRY);
}

static void
insert_cuts_its_place(void **state)
{
    static const struct {
        int64_t at;
        const char *value;
    } cases[] = { { 0, "a" }, { 100, "d" }, { 1, "b" }, { -1, "c" },
        { INT64_MIN, "0" }, { INT64_MAX, "e" } };
    struct rig_peer *p = begin(state);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rec_op op = share_value("l", OP_INSERT, cases[i].value);
        op.at = cases[i].at;
        assert_int_equal(share_one(p, op).code, 0);
    }
    assert_string_equal(share_show(p, "l"), "0 a b c d e");
}

static void
the_first_that_is_equal_is_found_and_removed(void **state)
{
    static const char *const values[] = { "a", "b", "a", "b" };
    struct rig_peer *p = begin(state);

    fill(p, values, 4);
    struct share_answer a = share_one(p, share_value("l", OP_INDEX, "b"));
    assert_int_equal(a.done[0].number, 1);
    a = share_one(p, share_value("l", OP_COUNT, "b"));
    assert_int_equal(a.done[0].number, 2);
    assert_int_equal(share_one(p, share_value("l", OP_REMOVE, "b")).code, 0);
    assert_string_equal(share_show(p, "l"), "a a b");
    assert_int_equal(
        share_one(p, share_value("l", OP_REMOVE, "c")).code, STINT_ENOENTRY);
}

static void
a_long_list_is_popped_from_the_front_without_moving_it(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = begin(state);
    struct rec_op op = share_value("l", OP_APPEND, "x");

    for (int i = 0; i < 1000; i++) {
        (void)share_one(p, op);
        rig_forget_inbox(p);
    }
    size_t full = core_totals(rig->core).memory;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(share_one(p, share_at("l", OP_POP, 0)).code, 0);
        rig_forget_inbox(p);
    }
    assert_int_equal(share_length(p, "l"), 0);
    /* Its room goes, too. */
    assert_true(core_totals(rig->core).memory < full / 4);
}

/* ---- values -------------------------------------------------------------- */

static void
values_are_zero_until_they_are_set(void **state)
{
    struct rig_peer *p = begin(state);

    struct share_answer a = share_one(p, share_at("v", OP_GET, 0));
    assert_true(slice_equal(a.done[0].value, share_packed(0)));
    assert_int_equal(a.done[0].version, 0);
    assert_int_equal(share_length(p, "v"), 1);
    assert_int_equal(
        share_one(p, share_at("v", OP_GET, 1)).code, STINT_ENOENTRY);
}

static void
values_take_only_what_is_of_their_type(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op op = share_at("v", OP_SET, 0);

    op.value = slice_of("text");
    assert_int_equal(share_one(p, op).code, STINT_ETYPE);
    op.value = slice_of("\xcb\x40\x04\x01\x02\x03\x04\x05\x06");
    assert_int_equal(share_one(p, op).code, STINT_ETYPE);
    op.value = share_packed(7);
    op.to = 3; /* Meant for bytes. */
    assert_int_equal(share_one(p, op).code, STINT_ETYPE);
    op.to = 1;
    assert_int_equal(share_one(p, op).code, 0);
    assert_int_equal(
        share_one(p, share_value("v", OP_APPEND, "x")).code, STINT_ETYPE);
    assert_int_equal(share_one(p, share_at("v", OP_POP, 0)).code, STINT_ETYPE);
}

static void
a_check_of_a_value_compares_it(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op ops[] = { share_at("v", OP_CHECK, 0),
        share_at("v", OP_SET, 0) };

    ops[0].value = slice_of("\xcc\x05"); /* 5, not in its shortest form. */
    ops[1].value = share_packed(6);
    assert_int_equal(share_all(p, ops, 2).code, STINT_ECHANGED);
    (void)share_one(p, share_add("v", "", 5));
    assert_int_equal(share_all(p, ops, 2).code, 0);
    struct share_answer a = share_one(p, share_at("v", OP_GET, 0));
    assert_true(slice_equal(a.done[0].value, share_packed(6)));
}

static void
an_array_that_does_not_fit_is_not_made(void **state)
{
    struct rig_peer *p = begin(state);
    struct msg_object_open open = { .object = slice_of("huge"),
        .kind = SHARE_VALUES,
        .type = 1,
        .size = INT64_MAX };

    assert_int_equal(share_open_as(p, open), STINT_EBUDGET);
    open.size = (uint64_t)1 << 30;
    assert_int_equal(share_open_as(p, open), STINT_EBUDGET);
    open.size = 1000;
    assert_int_equal(share_open_as(p, open), 0);
    open.type = 0;
    open.object = slice_of("of no type");
    assert_int_equal(share_open_as(p, open), STINT_EINVAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(places_count_from_the_front_and_from_the_end),
        ON_A_RIG(insert_cuts_its_place),
        ON_A_RIG(the_first_that_is_equal_is_found_and_removed),
        ON_A_RIG(a_long_list_is_popped_from_the_front_without_moving_it),
        ON_A_RIG(values_are_zero_until_they_are_set),
        ON_A_RIG(values_take_only_what_is_of_their_type),
        ON_A_RIG(a_check_of_a_value_compares_it),
        ON_A_RIG(an_array_that_does_not_fit_is_not_made),
    };

    return cmocka_run_group_tests_name(
        "share: lists and values", tests, NULL, NULL);
}
