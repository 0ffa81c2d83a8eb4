/* Who watches, and what peers can make large. */
#include "tests/unit/core/share_rig.h"

static struct rig_peer *
begin(void **state)
{
    struct rig_peer *p = rig_submitter(*state);

    share_open(p, "d", SHARE_DICT);
    share_open(p, "l", SHARE_LIST);
    return p;
}

/* ---- watching ------------------------------------------------------------ */

static uint64_t
watch(struct rig_peer *p, const char *key, uint64_t after, tick_ns wait)
{
    struct msg m = { .type = MSG_watch,
        .as.watch = { .object = slice_of("d"),
            .after = after,
            .wait_ns = (uint64_t)wait } };

    if (key != NULL) {
        m.as.watch.keyed = 1;
        m.as.watch.key = slice_of(key);
    }
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    return request;
}

static void
who_watches_hears_the_next_change(void **state)
{
    struct rig_peer *p = begin(state), *other = rig_worker(*state);

    uint64_t request = watch(other, NULL, 0, TICK_S);
    assert_int_equal(rig_code(other, request), 1);
    (void)share_one(p, share_set("d", "a", "1"));
    assert_int_equal(rig_see(other, MSG_ok, request)->as.ok.value, 1);
}

static void
who_watches_what_has_changed_hears_at_once(void **state)
{
    struct rig_peer *p = begin(state);

    (void)share_one(p, share_set("d", "a", "1"));
    (void)share_one(p, share_set("d", "a", "2"));
    assert_int_equal(rig_code(p, watch(p, NULL, 1, 0)), 0);
    assert_int_equal(rig_code(p, watch(p, NULL, 2, 0)), STINT_ETIMEOUT);
}

static void
a_watch_of_an_entry_sleeps_through_changes_of_others(void **state)
{
    struct rig_peer *p = begin(state);

    uint64_t request = watch(p, "a", 0, TICK_S);
    (void)share_one(p, share_set("d", "b", "1"));
    assert_int_equal(rig_code(p, request), 1);
    (void)share_one(p, share_set("d", "a", "1"));
    assert_int_equal(rig_code(p, request), 0);
    request = watch(p, "a", 0, TICK_S);
    (void)share_one(p, share_key("d", OP_DELETE, "a"));
    assert_int_equal(rig_code(p, request), 0);
}

static void
a_batch_that_fails_wakes_nobody(void **state)
{
    struct rig_peer *p = begin(state);
    const struct rec_op ops[] = { share_set("d", "a", "1"),
        share_key("d", OP_GET, "b") };

    uint64_t request = watch(p, NULL, 0, TICK_S);
    assert_int_equal(share_all(p, ops, 2).code, STINT_ENOENTRY);
    assert_int_equal(rig_code(p, request), 1);
    rig_sleep(*state, 2 * TICK_S);
    assert_int_equal(rig_code(p, request), STINT_ETIMEOUT);
}

static void
who_watches_a_deleted_object_is_told(void **state)
{
    struct rig_peer *p = begin(state);
    struct msg m = { .type = MSG_object_delete,
        .as.object_delete.object = slice_of("d") };

    uint64_t request = watch(p, "a", 0, TICK_S);
    (void)rig_say(p, m);
    rig_turn(*state);
    assert_int_equal(rig_code(p, request), STINT_ENOOBJECT);
    assert_int_equal(rig_code(p, watch(p, NULL, 0, 0)), STINT_ENOOBJECT);
}

/* ---- what is large ------------------------------------------------------- */

static void
a_batch_over_the_budget_is_refused_and_undone(void **state)
{
    struct rig *rig = *state;
    static char value[100000];

    memset(value, 'x', sizeof value - 1);
    core_free(rig->core);
    rig->config.memory_max = 2 << 20;
    rig_start(rig);
    struct rig_peer *p = begin(state);
    struct share_answer a = { .code = 0 };
    int kept = 0;
    for (; a.code == 0 && kept < 100; kept++) {
        char key[8];
        (void)snprintf(key, sizeof key, "%d", kept);
        a = share_one(p, share_set("d", key, value));
        rig_forget_inbox(p);
    }
    assert_int_equal(a.code, STINT_EBUDGET);
    assert_int_equal(share_length(p, "d"), kept - 1);
    /* What takes less is let in: one smaller, and one that goes. */
    assert_int_equal(share_one(p, share_set("d", "0", "small")).code, 0);
    assert_int_equal(share_one(p, share_key("d", OP_DELETE, "1")).code, 0);
    assert_int_equal(share_one(p, share_set("d", "new", "small")).code, 0);
}

/* They need their places twice while the old ones are freed. */
static void
values_are_cleared_only_where_there_is_room(void **state)
{
    struct rig *rig = *state;
    struct msg_object_open open = {
        .object = slice_of("v"), .kind = SHARE_VALUES, .type = 1, .size = 150000
    };
    const struct rec_op clear = share_op("v", OP_CLEAR);

    core_free(rig->core);
    rig->config.memory_max = 2 << 20;
    rig_start(rig);
    struct rig_peer *p = begin(state);
    assert_int_equal(share_open_as(p, open), 0);
    assert_int_equal(share_one(p, clear).code, STINT_EBUDGET);
    assert_int_equal(share_length(p, "v"), 150000);
    open.object = slice_of("w");
    open.size = 20000;
    assert_int_equal(share_open_as(p, open), 0);
    assert_int_equal(share_one(p, share_op("w", OP_CLEAR)).code, 0);
    assert_true(core_totals(rig->core).memory < 2 << 20);
}

static void
an_answer_is_no_longer_than_the_largest_payload(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = begin(state);
    static char value[400000];
    struct rec_op ops[4];

    memset(value, 'x', sizeof value - 1);
    (void)share_one(p, share_set("d", "a", value));
    for (unsigned i = 0; i < 4; i++)
        ops[i] = share_key("d", OP_GET, "a");
    assert_int_equal(share_all(p, ops, 2).code, 0);
    struct share_answer a = share_all(p, ops, 4);
    assert_int_equal(a.code, STINT_ETOOLARGE);
    assert_int_equal(a.failed, 2);
    (void)rig;
}

static void
a_value_larger_than_the_largest_payload_is_refused(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = begin(state);
    char *value = calloc(1, rig->config.payload_max + 2);

    memset(value, 'x', rig->config.payload_max + 1);
    assert_int_equal(
        share_one(p, share_set("d", "a", value)).code, STINT_ETOOLARGE);
    value[rig->config.payload_max] = '\0';
    assert_int_equal(share_one(p, share_set("d", "a", value)).code, 0);
    free(value);
}

/* One that is longer than a page comes alone. */
static void
a_page_of_large_values_has_few_of_them(void **state)
{
    struct rig_peer *p = begin(state);
    static char value[(700 << 10) + 1];
    struct rec_op op = share_op("d", OP_PAGE);
    char key[2] = "a";
    unsigned pages = 0;

    memset(value, 'x', sizeof value - 1);
    for (; key[0] < 'd'; key[0]++) {
        (void)share_one(p, share_set("d", key, value));
        rig_forget_inbox(p);
    }
    do {
        struct share_answer a = share_one(p, op);
        assert_int_equal(a.code, 0);
        assert_true(a.done[0].value.length < sizeof value + 64);
        op.at = a.done[0].number;
        pages += 1;
        rig_forget_inbox(p);
    } while (op.at != 0);
    assert_int_equal(pages, 3);
}

static void
a_page_has_a_thousand_entries_at_most_and_goes_on_behind_them(void **state)
{
    struct rig_peer *p = begin(state);
    struct rec_op op = share_op("d", OP_PAGE);
    char key[8];

    for (int i = 0; i < 1500; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        (void)share_one(p, share_set("d", key, ""));
        rig_forget_inbox(p);
    }
    op.at = share_one(p, op).done[0].number;
    assert_true(op.at > 0);
    /* What comes and goes meanwhile moves nobody. */
    for (int i = 0; i < 900; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        (void)share_one(p, share_key("d", OP_DELETE, key));
        rig_forget_inbox(p);
    }
    struct share_answer a = share_one(p, op);
    assert_int_equal(a.done[0].number, 0);
    struct slice page = a.done[0].value;
    struct cursor c = { page.bytes, page.bytes + page.length };
    struct rec_entry e;
    const char *where;
    unsigned count = 0;
    for (; c.at < c.end; count++) {
        assert_int_equal(record_read(&c, RECORD_entry, &e, &where), 0);
        if (count == 0) assert_true(rig_is(e.key, "1000"));
    }
    assert_int_equal(count, 500);
}

static void
append_many(struct rig_peer *p, unsigned count)
{
    enum { OPS = 4096 };
    static struct rec_op ops[OPS];

    for (unsigned i = 0; i < OPS; i++)
        ops[i] = share_value("l", OP_APPEND, "");
    for (; count >= OPS; count -= OPS) {
        (void)share_ask(p, ops, OPS);
        rig_turn(p->rig);
        rig_forget_inbox(p);
    }
}

/* Each moves a hundred thousand places. */
static void
a_batch_may_take_only_so_many_from_the_middle_of_a_long_list(void **state)
{
    enum { OPS = 4096 };
    static struct rec_op ops[OPS];
    struct rig_peer *p = begin(state);

    append_many(p, 50 * OPS);
    for (unsigned i = 0; i < OPS; i++)
        ops[i] = share_at("l", OP_DELETE, 25 * OPS);
    struct share_answer a = share_all(p, ops, OPS);
    assert_int_equal(a.code, STINT_ELIMIT);
    assert_true(a.failed < 1000);
    assert_int_equal(share_all(p, ops, 100).code, 0);
    for (unsigned i = 0; i < OPS; i++)
        ops[i] = share_at("l", OP_DELETE, 0);
    assert_int_equal(share_all(p, ops, OPS).code, 0);
}

static void
one_operation_goes_through_a_million_entries_at_most(void **state)
{
    static const enum op_verb verbs[] = { OP_INDEX, OP_COUNT, OP_CONTAINS };
    struct rig_peer *p = begin(state);
    struct msg_object_open open = { .object = slice_of("v"),
        .kind = SHARE_VALUES,
        .type = 1,
        .size = OPS_LOOKED_MAX };

    assert_int_equal(share_open_as(p, open), 0);
    open.object = slice_of("w");
    open.size += 2;
    assert_int_equal(share_open_as(p, open), 0);
    for (unsigned i = 0; i < 3; i++) {
        struct rec_op op = share_op("v", verbs[i]);
        op.value = share_packed(1);
        int64_t code = share_one(p, op).code;
        assert_int_equal(code, i == 0 ? STINT_ENOENTRY : 0);
        op.object = slice_of("w");
        assert_int_equal(share_one(p, op).code, STINT_ELIMIT);
        op.value = share_packed(0);
        assert_int_equal(
            share_one(p, op).code, verbs[i] == OP_COUNT ? STINT_ELIMIT : 0);
    }
}

static void
a_list_of_more_than_a_million_is_not_reversed_or_searched_to_its_end(
    void **state)
{
    struct rig_peer *p = begin(state);

    append_many(p, OPS_LOOKED_MAX);
    assert_int_equal(share_one(p, share_op("l", OP_REVERSE)).code, 0);
    (void)share_one(p, share_value("l", OP_APPEND, "last"));
    assert_int_equal(
        share_one(p, share_op("l", OP_REVERSE)).code, STINT_ELIMIT);
    assert_int_equal(
        share_one(p, share_value("l", OP_REMOVE, "none")).code, STINT_ELIMIT);
    assert_int_equal(share_length(p, "l"), OPS_LOOKED_MAX + 1);
}

/* As many before the first as behind the last. */
static void
a_batch_puts_thousands_before_the_first_of_a_long_list(void **state)
{
    enum { OPS = 4096 };
    static struct rec_op ops[OPS];
    struct rig_peer *p = begin(state);

    append_many(p, 50 * OPS);
    for (unsigned i = 0; i < OPS; i++)
        ops[i] = share_at("l", OP_INSERT, 0);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(share_all(p, ops, OPS).code, 0);
        rig_forget_inbox(p);
    }
    assert_int_equal(share_length(p, "l"), 100 * OPS);
}

/* The budget knows of it until it is freed, some of it in each turn. */
static void
what_was_cleared_is_freed_in_steps(void **state)
{
    struct rig *rig = *state;
    struct rec_op ops[] = { share_op("d", OP_CLEAR),
        share_set("d", "new", "1") };
    char key[8];

    core_free(rig->core);
    rig->config.steps_max = 100;
    rig_start(rig);
    struct rig_peer *p = begin(state);
    size_t empty = core_totals(rig->core).memory;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        (void)share_one(p, share_set("d", key, "value"));
        rig_forget_inbox(p);
    }
    assert_int_equal(share_all(p, ops, 2).code, 0);
    assert_string_equal(share_show(p, "d"), "new=1");
    size_t before = core_totals(rig->core).memory;
    for (int turns = 0; core_next_deadline(rig->core) <= rig->now; turns++) {
        assert_true(turns < 20);
        rig_turn(rig);
        assert_true(core_totals(rig->core).memory < before);
        before = core_totals(rig->core).memory;
    }
    assert_true(before < empty + 2000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(who_watches_hears_the_next_change),
        ON_A_RIG(who_watches_what_has_changed_hears_at_once),
        ON_A_RIG(a_watch_of_an_entry_sleeps_through_changes_of_others),
        ON_A_RIG(a_batch_that_fails_wakes_nobody),
        ON_A_RIG(who_watches_a_deleted_object_is_told),
        ON_A_RIG(a_batch_over_the_budget_is_refused_and_undone),
        ON_A_RIG(values_are_cleared_only_where_there_is_room),
        ON_A_RIG(an_answer_is_no_longer_than_the_largest_payload),
        ON_A_RIG(a_value_larger_than_the_largest_payload_is_refused),
        ON_A_RIG(a_page_of_large_values_has_few_of_them),
        ON_A_RIG(a_batch_may_take_only_so_many_from_the_middle_of_a_long_list),
        ON_A_RIG(one_operation_goes_through_a_million_entries_at_most),
        ON_A_RIG(
            a_list_of_more_than_a_million_is_not_reversed_or_searched_to_its_end),
        ON_A_RIG(a_batch_puts_thousands_before_the_first_of_a_long_list),
        ON_A_RIG(what_was_cleared_is_freed_in_steps),
        ON_A_RIG(a_page_has_a_thousand_entries_at_most_and_goes_on_behind_them),
    };

    return cmocka_run_group_tests_name(
        "share: watching, and bounds", tests, NULL, NULL);
}
