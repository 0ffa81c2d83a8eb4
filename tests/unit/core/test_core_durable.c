/* What survives a master, told by what its clients hear before and after. */
#include "tests/unit/core/kept.h"

static void
declare(struct rig_peer *p, const char *queue, struct msg_declare d)
{
    struct msg m = { .type = MSG_declare, .as.declare = d };

    m.as.declare.queue = slice_of(queue);
    m.as.declare.set = 1;
    uint64_t request = rig_say(p, m);
    kept_settle(p->rig);
    assert_int_equal(rig_code(p, request), 0);
}

/* ---- before it is on the disk -------------------------------------------- */

static void
a_put_is_not_acknowledged_before_its_commit(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t put = rig_put(p, "q", "a");

    rig_turn(rig);
    rig_sleep(rig, TICK_S);
    assert_null(rig_find(p, MSG_put_ok, put));
    assert_true(kept_commit(rig));
    rig_turn(rig);
    assert_non_null(rig_find(p, MSG_put_ok, put));
}

static void
a_task_is_handed_out_before_its_commit(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    assert_int_equal(p->count, 1); /* The welcome, and nothing else. */
}

static void
an_end_is_expected_of_what_was_handed_out_and_is_not_on_the_disk(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    rig_turn(rig);
    assert_false(core_expects_ends(rig->core));
    struct rig_task t = rig_get_one(w, "q");
    assert_true(core_expects_ends(rig->core));
    unsigned syncs = kept_table.syncs;
    rig_done(w, &t, "b");
    rig_turn(rig);
    assert_false(core_expects_ends(rig->core));
    kept_settle(rig);
    assert_int_equal(kept_table.syncs, syncs + 1);
}

static void
neither_a_completion_nor_a_result_is_told_before_its_commit(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    kept_settle(rig);
    uint64_t done = rig_done(w, &t, "b");
    rig_turn(rig);
    assert_null(rig_find(w, MSG_outcome, done));
    assert_int_equal(rig_results(p, &r), 0);
    kept_settle(rig);
    assert_int_equal(rig_outcome(w, done), 0);
    assert_int_equal(rig_results(p, &r), 1);
}

static void
what_comes_during_a_commit_waits_for_the_next_one(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct core_batch first, second;

    uint64_t a = rig_put(p, "q", "a");
    rig_turn(rig);
    assert_true(core_take(rig->core, &first));
    uint64_t b = rig_put(p, "q", "b");
    rig_turn(rig);
    assert_false(core_take(rig->core, &second));
    core_committed(rig->core, first.number);
    rig_turn(rig);
    assert_non_null(rig_find(p, MSG_put_ok, a));
    assert_null(rig_find(p, MSG_put_ok, b));
    assert_true(core_take(rig->core, &second));
    core_committed(rig->core, second.number);
    rig_turn(rig);
    assert_non_null(rig_find(p, MSG_put_ok, b));
    buf_fini(&first.ops);
    buf_fini(&second.ops);
}

static void
a_queue_in_memory_waits_for_no_disk_and_leaves_no_row(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    declare(p, "q", (struct msg_declare){ .durability = QUEUE_MEMORY + 1 });
    unsigned batches = kept_table.batches;
    uint64_t put = rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    rig_done(w, &t, "b");
    rig_turn(rig);
    assert_non_null(rig_find(p, MSG_put_ok, put));
    assert_false(kept_commit(rig));
    assert_int_equal(kept_table.batches, batches);
    assert_int_equal(kept_count_rows(ROW_task), 0);
}

static void
a_written_queue_asks_for_no_sync(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    declare(p, "q", (struct msg_declare){ .durability = QUEUE_WRITTEN + 1 });
    unsigned syncs = kept_table.syncs;
    rig_put(p, "q", "a");
    kept_settle(rig);
    assert_int_equal(kept_table.syncs, syncs);
    assert_int_equal(kept_count_rows(ROW_task), 1);
}

/* ---- rows come and go ---------------------------------------------------- */

static void
of_a_task_whose_result_was_heard_nothing_is_left(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    kept_settle(rig);
    rig_done(w, &t, "b");
    kept_settle(rig);
    rig_put(p, "q", "the next one takes the drops along");
    kept_settle(rig);
    assert_int_equal(kept_count_rows(ROW_task), 1);
    assert_int_equal(kept_count_rows(ROW_state), 0);
    assert_int_equal(kept_count_rows(ROW_result), 0);
}

/* ---- after a restart ----------------------------------------------------- */

static void
tasks_come_back_in_their_order(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    rig_put(p, "q", "b");
    rig_put(p, "q", "c");
    kept_settle(rig);
    kept_restart(rig);
    assert_int_equal(core_totals(rig->core).ready, 3);
    rig_hello(w, PROTO_VERSION);
    assert_string_equal(rig_get_one(w, "q").payload, "a");
    assert_string_equal(rig_get_one(w, "q").payload, "b");
    assert_string_equal(rig_get_one(w, "q").payload, "c");
}

static void
a_put_that_is_asked_again_is_not_put_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    p->deaf = true;
    p->mute = true;
    uint64_t put = rig_put(p, "q", "a");
    kept_settle(rig);
    kept_restart(rig);
    p->deaf = p->mute = false;
    rig_hello(p, PROTO_VERSION);
    kept_again(p, put);
    rig_put(p, "q", "a");
    kept_settle(rig);
    assert_int_equal(rig_see(p, MSG_put_ok, put)->as.put_ok.task, 1);
    assert_int_equal(core_totals(rig->core).accepted, 1);
}

static void
a_put_and_a_bye_that_are_asked_again_put_nothing_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    const struct msg bye = { .type = MSG_bye };

    p->deaf = p->mute = true;
    uint64_t put = rig_put(p, "q", "a");
    rig_say(p, bye);
    kept_settle(rig);
    kept_restart(rig);
    p->deaf = p->mute = false;
    rig_hello(p, PROTO_VERSION);
    kept_again(p, put);
    rig_put(p, "q", "a");
    rig_say(p, bye);
    kept_settle(rig);
    assert_int_equal(core_totals(rig->core).accepted, 1);
}

static void
a_put_that_was_taken_in_part_is_asked_again_whole_and_only_the_rest_is_new(
    void **state)
{
    static const char *const three[] = { "a", "b", "c" };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct msg_put all = { .queue = slice_of("q"), .wait_ns = INT64_MAX };

    declare(p, "q", (struct msg_declare){ .max_tasks = 2 });
    kept_settle(rig);
    p->deaf = p->mute = true;
    uint64_t put = rig_put_as(p, all, 3, three);
    kept_settle(rig);
    kept_restart(rig);
    p->deaf = p->mute = false;
    rig_hello(p, PROTO_VERSION);
    kept_again(p, put);
    rig_put_as(p, all, 3, three);
    kept_settle(rig);
    assert_int_equal(core_totals(rig->core).accepted, 2);
    assert_int_equal(rig_see(p, MSG_put_ok, put)->as.put_ok.count, 2);
    struct rig_peer *w = rig_worker(rig);
    (void)rig_get_one(w, "q");
    kept_settle(rig);
    assert_int_equal(core_totals(rig->core).accepted, 3);
    assert_int_equal(rig_see(p, MSG_put_ok, put + 2)->as.put_ok.task, 3);
}

static void
copy_table(struct kept_row *to, const struct kept_row *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        buf_init(&to[i].value);
        buf_append(&to[i].value, from[i].value.bytes, from[i].value.length);
    }
}

/* A backup is restored: it is started as often as what was lost. */
static void
what_a_lost_store_granted_is_stale_in_its_copy(void **state)
{
    static struct kept_row copy[KEPT_ROWS_MAX];
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    kept_settle(rig);
    size_t count = kept_table.count;
    copy_table(copy, kept_table.rows, count);
    kept_restart(rig);
    rig_hello(w, PROTO_VERSION);
    struct rig_task lost = rig_get_one(w, "q");
    kept_settle(rig);

    while (kept_table.count > 0)
        buf_fini(&kept_table.rows[--kept_table.count].value);
    memcpy(kept_table.rows, copy, count * sizeof copy[0]);
    kept_table.count = count;
    kept_restart(rig);
    rig_hello(w, PROTO_VERSION);
    struct rig_task again = rig_get_one(w, "q");
    assert_int_equal(again.task, lost.task);
    assert_int_equal(again.attempt, lost.attempt);
    uint64_t done = rig_done(w, &lost, "of the lost one");
    kept_settle(rig);
    assert_int_equal(rig_outcome(w, done), STINT_ESTALE);
    assert_int_equal(core_totals(rig->core).leased, 1);
}

static void
a_worker_goes_on_over_a_restart_and_its_result_is_accepted(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    kept_settle(rig);
    kept_restart(rig);
    assert_int_equal(core_totals(rig->core).leased, 1);
    rig_hello(p, PROTO_VERSION);
    rig_hello(w, PROTO_VERSION);
    uint64_t shown = kept_show_all(w, &t);
    uint64_t done = rig_done(w, &t, "b");
    kept_settle(rig);
    assert_int_equal(rig_outcome(w, shown), 0);
    assert_int_equal(rig_outcome(w, done), 0);
    assert_int_equal(rig_results(p, &r), 1);
    assert_int_equal(r.attempts, 1);
    assert_true(rig_is(r.result, "b"));
}

static void
a_grant_that_the_crash_came_before_is_known_by_its_nonce(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    kept_settle(rig);
    struct rig_task t = rig_get_one(w, "q");
    kept_restart(rig);
    assert_int_equal(core_totals(rig->core).ready, 1);
    rig_hello(w, PROTO_VERSION);
    struct rig_task forged = t;
    forged.nonce ^= 1;
    uint64_t no = rig_done(w, &forged, "x");
    uint64_t yes = rig_done(w, &t, "b");
    kept_settle(rig);
    assert_int_equal(rig_outcome(w, no), STINT_ESTALE);
    assert_int_equal(rig_outcome(w, yes), 0);
    assert_int_equal(core_totals(rig->core).done, 1);
}

static void
a_completion_that_is_asked_again_gets_the_same_answer(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    kept_settle(rig);
    w->deaf = w->mute = true;
    uint64_t done = rig_done(w, &t, "b");
    kept_settle(rig);
    kept_restart(rig);
    w->deaf = w->mute = false;
    rig_hello(w, PROTO_VERSION);
    kept_again(w, done);
    rig_done(w, &t, "b");
    kept_settle(rig);
    assert_int_equal(rig_outcome(w, done), 0);
    assert_int_equal(core_totals(rig->core).done, 1);
}

static void
a_result_that_was_not_heard_is_told_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    uint64_t put = rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    kept_settle(rig);
    p->deaf = p->mute = true;
    rig_done(w, &t, "b");
    kept_settle(rig);
    kept_restart(rig);
    p->deaf = p->mute = false;
    rig_hello(p, PROTO_VERSION);
    kept_settle(rig);
    assert_int_equal(rig_results(p, &r), 1);
    assert_int_equal(r.ref, put);
    assert_true(rig_is(r.result, "b"));
}

static void
what_a_worker_does_not_show_goes_back_at_once_and_costs_no_attempt(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    rig_put(p, "q", "b");
    struct rig_task a = rig_get_one(w, "q");
    (void)rig_get_one(w, "q");
    kept_settle(rig);
    kept_restart(rig);
    rig_hello(w, PROTO_VERSION);
    kept_show_all(w, &a);
    kept_settle(rig);
    assert_int_equal(core_totals(rig->core).leased, 1);
    assert_int_equal(core_totals(rig->core).ready, 1);
    struct rig_task b = rig_get_one(w, "q");
    assert_string_equal(b.payload, "b");
    kept_settle(rig);
    assert_int_equal(rig_tries(w, b.task), 0);
}

static void
who_shows_an_empty_hand_gives_all_back(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    kept_settle(rig);
    kept_restart(rig);
    rig_hello(w, PROTO_VERSION);
    kept_show_all(w, NULL);
    kept_settle(rig);
    assert_int_equal(core_totals(rig->core).ready, 1);
}

static void
a_worker_that_does_not_come_back_is_found_dead_after_the_grace(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    kept_settle(rig);
    kept_restart(rig);
    rig_hello(p, PROTO_VERSION);
    rig_sleep(rig, rig->config.grace - TICK_S);
    assert_int_equal(core_totals(rig->core).leased, 1);
    rig_sleep(rig, 2 * TICK_S);
    assert_int_equal(core_totals(rig->core).ready, 1);
}

static void
a_lease_ends_after_a_restart_though_nobody_shows_it(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    declare(p, "q", (struct msg_declare){ .lease_ns = 5 * TICK_S });
    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    kept_settle(rig);
    kept_restart(rig);
    rig_hello(w, PROTO_VERSION);
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(core_totals(rig->core).leased, 1);
    rig_sleep(rig, 2 * TICK_S);
    assert_int_equal(core_totals(rig->core).leased, 0);
}

static void
a_short_lease_gives_its_holder_time_to_come_back(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    declare(p, "q", (struct msg_declare){ .lease_ns = TICK_S / 2 });
    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    kept_settle(rig);
    kept_restart(rig);
    rig_sleep(rig, rig->config.silence - TICK_S);
    rig_hello(w, PROTO_VERSION);
    uint64_t done = rig_done(w, &t, "b");
    kept_settle(rig);
    assert_int_equal(rig_outcome(w, done), 0);
}

static void
delays_dead_letters_and_shut_queues_come_back_as_they_were(void **state)
{
    static const char *const one[] = { "x" };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct msg fail = { .type = MSG_fail, .as.fail.final = 1 };

    fail.as.fail.reason = slice_of("no");
    rig_put_as(p,
        (struct msg_put){ .queue = slice_of("q"), .delay_ns = 3 * TICK_S }, 1,
        one);
    rig_put(p, "dead", "x");
    struct rig_task t = rig_get_one(w, "dead");
    rig_show(w, fail, &t);
    rig_put(p, "shut", "x");
    struct msg shut = { .type = MSG_shutdown };
    shut.as.shutdown.queue = slice_of("shut");
    rig_say(p, shut);
    kept_settle(rig);
    kept_restart(rig);
    struct core_totals sum = core_totals(rig->core);
    assert_int_equal(sum.delayed, 1);
    assert_int_equal(sum.dead, 1);
    rig_hello(p, PROTO_VERSION);
    uint64_t put = rig_put(p, "shut", "y");
    kept_settle(rig);
    assert_int_equal(rig_code(p, put), STINT_ESHUTDOWN);
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(core_totals(rig->core).delayed, 0);
}

static void
large_payloads_need_not_be_in_memory(void **state)
{
    static char large[100001];
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rec_task t;

    memset(large, 'x', sizeof large - 1);
    rig->config.memory_max = 1 << 20;
    kept_restart(rig);
    rig_hello(p, PROTO_VERSION);
    for (int i = 0; i < 50; i++) {
        rig_put(p, "q", large);
        kept_settle(rig);
    }
    assert_int_equal(core_totals(rig->core).ready, 50);
    assert_true(core_totals(rig->core).memory < rig->config.memory_max);
    kept_restart(rig);
    assert_true(core_totals(rig->core).memory < rig->config.memory_max);
    struct rig_peer *w = rig_worker(rig);
    for (int i = 0; i < 50; i++) {
        uint64_t get = rig_get(w, "q", 1, 0);
        kept_settle(rig);
        struct proto_list list = rig_see(w, MSG_tasks, get)->as.tasks.tasks;
        assert_true(codec_list_next(&list, RECORD_task, &t));
        assert_int_equal(t.payload.length, sizeof large - 1);
        assert_memory_equal(t.payload.bytes, large, t.payload.length);
    }
}

static void
a_task_that_is_missing_does_not_pass_unseen(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    const char *why = "";

    rig_put(p, "q", "a");
    rig_put(p, "q", "b");
    kept_settle(rig);
    kept_apply(&(struct row){ .kind = ROW_task, .id = 1, .deleted = true });
    core_free(rig->core);
    rig_start(rig);
    qsort(kept_table.rows, kept_table.count, sizeof kept_table.rows[0],
        kept_by_key);
    for (size_t i = 0; i < kept_table.count; i++) {
        struct row row = { .kind = kept_table.rows[i].kind,
            .id = kept_table.rows[i].id,
            .value = { kept_table.rows[i].value.bytes,
                kept_table.rows[i].value.length } };
        assert_int_equal(core_load(rig->core, &row, &why), 0);
    }
    assert_int_equal(core_loaded(rig->core, rig->now, &why), STINT_EDAMAGED);
}

static void
a_full_disk_refuses_new_work_and_lets_the_old_complete(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    kept_settle(rig);
    core_disk_full(rig->core, true);
    uint64_t put = rig_put(p, "q", "b");
    uint64_t done = rig_done(w, &t, "x");
    kept_settle(rig);
    assert_int_equal(rig_code(p, put), STINT_ENOSPACE);
    assert_int_equal(rig_outcome(w, done), 0);
    core_disk_full(rig->core, false);
    put = rig_put(p, "q", "c");
    kept_settle(rig);
    assert_non_null(rig_find(p, MSG_put_ok, put));
}

static int64_t
use(struct rig_peer *w, unsigned number, bool declares)
{
    char name[16];

    (void)snprintf(name, sizeof name, "q%u", number);
    rig_forget_inbox(w);
    uint64_t request =
        declares ? rig_say(w, (struct msg){ .type = MSG_declare,
                                  .as.declare.queue = slice_of(name) })
                 : rig_put(w, name, "x");
    kept_settle(w->rig);
    int64_t code = rig_code(w, request);
    return declares || code != 1 ? code : 0;
}

static void
a_work_key_makes_256_queues_by_first_use_over_restarts_too(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *w = rig_worker(rig);
    unsigned n = 0;

    for (; n < 200; n++)
        assert_int_equal(use(w, n, n % 20 != 0), 0);
    kept_restart(rig);
    rig_hello(w, PROTO_VERSION);
    for (; n < 256; n++)
        assert_int_equal(use(w, n, true), 0);
    assert_int_equal(use(w, n, true), STINT_ELIMIT);
    assert_int_equal(use(w, n, false), STINT_ELIMIT);
    assert_int_equal(use(w, 0, true), 0);
}

#define DURABLE(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE(a_put_is_not_acknowledged_before_its_commit),
        DURABLE(a_task_is_handed_out_before_its_commit),
        DURABLE(
            an_end_is_expected_of_what_was_handed_out_and_is_not_on_the_disk),
        DURABLE(neither_a_completion_nor_a_result_is_told_before_its_commit),
        DURABLE(what_comes_during_a_commit_waits_for_the_next_one),
        DURABLE(a_queue_in_memory_waits_for_no_disk_and_leaves_no_row),
        DURABLE(a_written_queue_asks_for_no_sync),
        DURABLE(of_a_task_whose_result_was_heard_nothing_is_left),
        DURABLE(tasks_come_back_in_their_order),
        DURABLE(a_put_that_is_asked_again_is_not_put_again),
        DURABLE(a_put_and_a_bye_that_are_asked_again_put_nothing_again),
        DURABLE(
            a_put_that_was_taken_in_part_is_asked_again_whole_and_only_the_rest_is_new),
        DURABLE(what_a_lost_store_granted_is_stale_in_its_copy),
        DURABLE(a_worker_goes_on_over_a_restart_and_its_result_is_accepted),
        DURABLE(a_grant_that_the_crash_came_before_is_known_by_its_nonce),
        DURABLE(a_completion_that_is_asked_again_gets_the_same_answer),
        DURABLE(a_result_that_was_not_heard_is_told_again),
        DURABLE(
            what_a_worker_does_not_show_goes_back_at_once_and_costs_no_attempt),
        DURABLE(who_shows_an_empty_hand_gives_all_back),
        DURABLE(a_worker_that_does_not_come_back_is_found_dead_after_the_grace),
        DURABLE(a_lease_ends_after_a_restart_though_nobody_shows_it),
        DURABLE(a_short_lease_gives_its_holder_time_to_come_back),
        DURABLE(delays_dead_letters_and_shut_queues_come_back_as_they_were),
        DURABLE(large_payloads_need_not_be_in_memory),
        DURABLE(a_task_that_is_missing_does_not_pass_unseen),
        DURABLE(a_work_key_makes_256_queues_by_first_use_over_restarts_too),
        DURABLE(a_full_disk_refuses_new_work_and_lets_the_old_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
