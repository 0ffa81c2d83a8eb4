/* What a master that was started again is asked again. */
#include "tests/unit/rpc/world.h"

/* ---- what is asked ------------------------------------------------------- */

static void
ask_to_wait(struct world *w, struct waiting *waiting, tick_ns wait)
{
    struct msg m = { .type = MSG_join };

    begin(w, waiting, 1, true);
    waiting->r.asked_at = w->now;
    m.as.join.request = waiting->r.number;
    m.as.join.queue = slice_of("q");
    m.as.join.wait_ns = (uint64_t)wait;
    codec_message(rpc_message(w->rpc), &m);
}

static void
ask_tasks(struct world *w, struct waiting *waiting, uint64_t tasks, bool keep)
{
    struct rec_name name = { .queue = slice_of("q") };
    struct msg m = { .type = MSG_get };

    begin(w, waiting, 1, true);
    waiting->r.asked_at = w->now;
    m.as.get = (struct msg_get){ .request = waiting->r.number,
        .tasks = tasks,
        .bytes = 1000 * tasks,
        .wait_ns = 10 * TICK_S,
        .keep = keep };
    struct buf *b = rpc_message(w->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_name, &name);
    codec_list_end(b, &list);
}

static void
put_later(struct world *w, struct waiting *waiting, tick_ns wait, tick_ns delay,
    tick_ns expires)
{
    struct rec_payload payload = { .payload = slice_of("data") };
    struct msg m = { .type = MSG_put };

    begin(w, waiting, 1, false);
    waiting->r.asked_at = w->now;
    m.as.put = (struct msg_put){ .request = waiting->r.number,
        .queue = slice_of("q"),
        .wait_ns = (uint64_t)wait,
        .delay_ns = (uint64_t)delay,
        .expires_ns = (uint64_t)expires };
    struct buf *b = rpc_message(w->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_payload, &payload);
    codec_list_end(b, &list);
}

static void
give_tasks(struct world *w, const struct waiting *waiting, unsigned count)
{
    struct rec_task task = {
        .task = 7, .attempt = 1, .nonce = 2, .lease_ns = TICK_S
    };
    struct msg m = { .type = MSG_tasks };

    m.as.tasks.request = waiting->r.number;
    struct buf *b = stream_message(&w->master.stream);
    struct codec_list list = codec_list_begin(b, &m);
    for (unsigned i = 0; i < count; i++)
        codec_list_add(b, &list, RECORD_task, &task);
    codec_list_end(b, &list);
    assert_int_equal(stream_seal(&w->master.stream), 0);
    assert_int_equal(receive(w, stream_next(&w->master.stream)), 0);
}

static int
give_up(struct world *w, const struct waiting *waiting, enum msg_type type)
{
    struct msg m = { .type = type };

    if (type == MSG_get_end) {
        m.as.get_end.request = waiting->r.number;
        m.as.get_end.code = STINT_ELOST;
    } else {
        m.as.error.request = waiting->r.number;
        m.as.error.code = STINT_ELOST;
    }
    return answer(w, &m);
}

/* The master is away for so long, and then another one. */
static void
restart_after(struct world *w, tick_ns away)
{
    rpc_disconnected(w->rpc);
    w->now += away;
    reconnect(w, false);
    (void)pass_on(w, true, false);
}

/* ---- waits --------------------------------------------------------------- */

static void
a_wait_goes_on_for_what_remains_of_it(void **state)
{
    struct world *w = *state;

    ask_to_wait(w, &w->slots[0], 10 * TICK_S);
    (void)pass_on(w, true, false);
    restart_after(w, 3 * TICK_S);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.types[0], MSG_join);
    assert_true(w->master.waits[0] == 7 * TICK_S);
}

static void
so_does_that_for_a_lock(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_sync };

    begin(w, &w->slots[0], 1, true);
    w->slots[0].r.asked_at = w->now;
    m.as.sync = (struct msg_sync){ .request = w->slots[0].r.number,
        .object = slice_of("lock"),
        .verb = 1,
        .wait_ns = 10 * TICK_S,
        .again_ns = 20 * TICK_S };
    codec_message(rpc_message(w->rpc), &m);
    (void)pass_on(w, true, false);
    restart_after(w, 3 * TICK_S);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.types[0], MSG_sync);
    assert_true(w->master.last.as.sync.wait_ns == 7 * TICK_S);
    assert_true(w->master.last.as.sync.again_ns == 20 * TICK_S);
}

static void
over_two_restarts_a_wait_is_not_counted_twice(void **state)
{
    struct world *w = *state;

    ask_to_wait(w, &w->slots[0], 10 * TICK_S);
    (void)pass_on(w, true, false);
    restart_after(w, 3 * TICK_S);
    restart_after(w, 3 * TICK_S);
    assert_int_equal(w->master.count, 1);
    assert_true(w->master.waits[0] == 4 * TICK_S);
}

static void
a_wait_that_is_over_tries_once(void **state)
{
    struct world *w = *state;

    ask_tasks(w, &w->slots[0], 1, false);
    (void)pass_on(w, true, false);
    restart_after(w, 11 * TICK_S);
    assert_int_equal(w->master.types[0], MSG_get);
    assert_true(w->master.waits[0] == 0);
    assert_int_equal(w->master.last.as.get.queues.count, 1);
}

static void
what_waits_for_ever_goes_on_for_ever(void **state)
{
    struct world *w = *state;

    ask_to_wait(w, &w->slots[0], INT64_MAX);
    (void)pass_on(w, true, false);
    restart_after(w, 3 * TICK_S);
    assert_true(w->master.waits[0] == INT64_MAX);
}

static void
a_task_that_was_put_late_is_not_delayed_longer(void **state)
{
    struct world *w = *state;

    put_later(w, &w->slots[0], 5 * TICK_S, 60 * TICK_S, 100 * TICK_S);
    (void)pass_on(w, true, false);
    restart_after(w, 10 * TICK_S);
    assert_true(w->master.waits[0] == 0);
    assert_true(w->master.last.as.put.delay_ns == 50 * TICK_S);
    assert_true(w->master.last.as.put.expires_ns == 90 * TICK_S);
}

static void
a_task_that_expired_meanwhile_does_not_live_for_ever(void **state)
{
    struct world *w = *state;

    put_later(w, &w->slots[0], 0, 0, TICK_S);
    (void)pass_on(w, true, false);
    restart_after(w, 10 * TICK_S);
    assert_true(w->master.last.as.put.expires_ns == 1);
}

/* ---- gets ---------------------------------------------------------------- */

static void
a_get_asks_only_for_the_credit_that_is_left(void **state)
{
    struct world *w = *state;

    ask_tasks(w, &w->slots[0], 10, true);
    (void)pass_on(w, true, false);
    give_tasks(w, &w->slots[0], 4);
    restart_after(w, TICK_S);
    assert_int_equal(w->master.last.type, MSG_get);
    assert_int_equal(w->master.last.as.get.tasks, 6);
    assert_int_equal(w->master.last.as.get.bytes, 6001);
    give_tasks(w, &w->slots[0], 1);
    restart_after(w, TICK_S);
    assert_int_equal(w->master.last.as.get.tasks, 5);
    assert_false(w->slots[0].over);
}

static void
a_get_that_had_what_it_wanted_is_over(void **state)
{
    struct world *w = *state;
    struct waiting *one = &w->slots[0], *all = &w->slots[1];

    ask_tasks(w, one, 10, false);
    ask_tasks(w, all, 2, true);
    (void)pass_on(w, true, false);
    give_tasks(w, one, 1);
    give_tasks(w, all, 2);
    restart_after(w, TICK_S);
    assert_int_equal(w->master.count, 0);
    assert_true(one->over && all->over);
    assert_int_equal(one->code, 0);
    assert_true(rpc_is_idle(w->rpc));
}

static void
what_means_nothing_to_a_new_session_ends_there(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0], *b = &w->slots[1];

    ask_tasks(w, a, 1, false);
    ask(w, b);
    (void)pass_on(w, true, false);
    a->r.once = true;
    restart_after(w, TICK_S);
    assert_true(a->over);
    assert_int_equal(a->code, STINT_ECANCELLED);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.numbers[0], b->r.number);
}

/* ---- what a master gave up ----------------------------------------------- */

static void
a_wait_that_was_given_up_is_asked_again_for_the_rest(void **state)
{
    struct world *w = *state;
    struct waiting *get = &w->slots[0], *join = &w->slots[1];

    ask_tasks(w, get, 3, true);
    ask_to_wait(w, join, 20 * TICK_S);
    (void)pass_on(w, true, false);
    w->now += 6 * TICK_S;
    assert_int_equal(give_up(w, get, MSG_get_end), 0);
    assert_int_equal(give_up(w, join, MSG_error), 0);
    w->master.count = 0;
    (void)pass_on(w, true, false);
    assert_int_equal(get->answers + join->answers, 0);
    assert_int_equal(w->master.count, 2);
    assert_int_equal(w->master.numbers[0], get->r.number);
    assert_true(w->master.waits[0] == 4 * TICK_S);
    assert_true(w->master.waits[1] == 14 * TICK_S);
    assert_int_equal(ok(w, join->r.number), 0);
    assert_true(join->over);
}

static void
of_a_put_that_was_given_up_the_rest_is_put_again(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 10);
    (void)pass_on(w, true, false);
    assert_int_equal(put_ok(w, a->r.number, 4), 0);
    assert_int_equal(refuse_put(w, a->r.number + 4, STINT_ELOST, 6), 0);
    assert_false(a->over);
    w->master.count = 0;
    (void)pass_on(w, true, false);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.numbers[0], a->r.number + 4);
    assert_int_equal(w->master.items[0], 6);
    assert_int_equal(put_ok(w, a->r.number + 4, 6), 0);
    assert_true(a->over);
    assert_int_equal(a->code, 0);
    assert_int_equal(rpc_unanswered_bytes(w->rpc), 0);
}

static void
what_was_asked_again_survives_a_restart_as_well(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0], *b = &w->slots[1];

    (void)put(w, a, 10);
    ask(w, b);
    (void)pass_on(w, true, false);
    assert_int_equal(refuse_put(w, a->r.number, STINT_ELOST, 10), 0);
    restart_after(w, TICK_S);
    assert_int_equal(w->master.count, 2);
    assert_int_equal(put_ok(w, a->r.number, 10), 0);
    assert_int_equal(ok(w, b->r.number), 0);
    assert_true(rpc_is_idle(w->rpc));
}

static void
a_cancelled_get_that_was_given_up_is_over(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    ask_tasks(w, a, 3, true);
    (void)pass_on(w, true, false);
    a->r.once = true;
    assert_int_equal(give_up(w, a, MSG_get_end), 0);
    assert_true(a->over);
}

/* ---- jobs ---------------------------------------------------------------- */

static void
a_wait_for_ends_or_output_goes_on_for_what_remains_of_it(void **state)
{
    struct world *w = *state;
    struct waiting *ends = &w->slots[0], *peek = &w->slots[1];
    struct msg m = { .type = MSG_job_ends };

    begin(w, ends, 1, true);
    ends->r.asked_at = w->now;
    m.as.job_ends = (struct msg_job_ends){
        .request = ends->r.number, .job = 1, .wait_ns = 10 * TICK_S
    };
    codec_message(rpc_message(w->rpc), &m);
    begin(w, peek, 1, true);
    peek->r.asked_at = w->now;
    m = (struct msg){ .type = MSG_peek };
    m.as.peek = (struct msg_peek){
        .request = peek->r.number, .task = 1, .wait_ns = 5 * TICK_S
    };
    codec_message(rpc_message(w->rpc), &m);
    (void)pass_on(w, true, false);
    restart_after(w, 6 * TICK_S);
    assert_int_equal(w->master.count, 2);
    assert_int_equal(w->master.numbers[0], ends->r.number);
    assert_true(w->master.waits[0] == 4 * TICK_S);
    assert_true(w->master.waits[1] == 0);
}

static void
a_job_opened_late_expires_when_it_was_to(void **state)
{
    struct world *w = *state;
    struct waiting *open = &w->slots[0];
    struct msg m = { .type = MSG_job_open };

    begin(w, open, 1, false);
    open->r.asked_at = w->now;
    m.as.job_open = (struct msg_job_open){ .request = open->r.number,
        .queue = slice_of("q"),
        .expires_ns = 10 * TICK_S };
    codec_message(rpc_message(w->rpc), &m);
    (void)pass_on(w, true, false);
    restart_after(w, 4 * TICK_S);
    assert_int_equal(w->master.count, 1);
    assert_true(w->master.last.as.job_open.expires_ns == 6 * TICK_S);
}

/* Number 1 is an asking of the master's, not a request of ours. */
static void
what_was_only_told_is_not_asked_again(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct msg m = { .type = MSG_shown };

    ask(w, a);
    m.as.shown.number = a->r.number;
    struct buf *b = rpc_tell(w->rpc, 64);
    assert_non_null(b);
    codec_message(b, &m);
    (void)pass_on(w, true, false);
    assert_int_equal(w->master.count, 2);
    restart_after(w, TICK_S);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.types[0], MSG_join);
    assert_int_equal(ok(w, a->r.number), 0);
    assert_true(rpc_is_idle(w->rpc));
}

static void
a_recall_is_no_answer(void **state)
{
    struct world *w = *state;
    struct rec_fence fence = { .task = 1, .attempt = 1 };
    struct msg m = { .type = MSG_recall };
    struct waiting *a = &w->slots[0];

    ask(w, a);
    (void)pass_on(w, true, false);
    struct buf *b = stream_message(&w->master.stream);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_fence, &fence);
    codec_list_end(b, &list);
    assert_int_equal(stream_seal(&w->master.stream), 0);
    assert_int_equal(receive(w, stream_next(&w->master.stream)), 0);
    assert_int_equal(w->duty, MSG_recall);
    assert_int_equal(a->answers, 0);
    m = (struct msg){ .type = MSG_show };
    m.as.show =
        (struct msg_show){ .number = a->r.number, .task = 1, .attempt = 1 };
    assert_int_equal(answer(w, &m), 0);
    assert_int_equal(w->duty, MSG_show);
    assert_int_equal(a->answers, 0);
}

/* ---- answers from before ------------------------------------------------- */

static void
a_put_is_answered_again_in_any_number_of_pieces(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 10);
    (void)pass_on(w, true, false);
    assert_int_equal(put_ok(w, a->r.number, 2), 0);
    restart_after(w, TICK_S);
    assert_int_equal(put_ok(w, a->r.number + 2, 1), 0);
    assert_int_equal(put_ok(w, a->r.number + 3, 5), 0);
    assert_false(a->over);
    assert_int_equal(put_ok(w, a->r.number + 8, 2), 0);
    assert_true(a->over);
}

/* The welcome comes first, whatever the master held back for us. */
static void
a_result_may_come_before_the_answer_to_its_put(void **state)
{
    struct world *w = *state;
    struct rec_result result = { .task = 7 };
    struct msg m = { .type = MSG_results };
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 1);
    (void)pass_on(w, true, false);
    restart_after(w, TICK_S);
    result.ref = a->r.number;
    struct buf *b = stream_message(&w->master.stream);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_result, &result);
    codec_list_end(b, &list);
    assert_int_equal(stream_seal(&w->master.stream), 0);
    assert_int_equal(receive(w, stream_next(&w->master.stream)), 0);
    assert_int_equal(w->result_ref, a->r.number);
    assert_int_equal(put_ok(w, a->r.number, 1), 0);
    assert_true(a->over);
}

static void
what_is_asked_at_a_restart_comes_behind_what_is_asked_again(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    ask(w, a);
    (void)pass_on(w, true, false);
    w->at_restart = &w->slots[1];
    restart_after(w, TICK_S);
    assert_int_equal(w->master.count, 2);
    assert_int_equal(w->master.numbers[0], a->r.number);
    assert_int_equal(w->master.numbers[1], w->slots[1].r.number);
}

#define WELCOMED(name) \
    cmocka_unit_test_setup_teardown(name, set_up_welcomed, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WELCOMED(a_wait_goes_on_for_what_remains_of_it),
        WELCOMED(so_does_that_for_a_lock),
        WELCOMED(over_two_restarts_a_wait_is_not_counted_twice),
        WELCOMED(a_wait_that_is_over_tries_once),
        WELCOMED(what_waits_for_ever_goes_on_for_ever),
        WELCOMED(a_task_that_was_put_late_is_not_delayed_longer),
        WELCOMED(a_task_that_expired_meanwhile_does_not_live_for_ever),
        WELCOMED(a_get_asks_only_for_the_credit_that_is_left),
        WELCOMED(a_get_that_had_what_it_wanted_is_over),
        WELCOMED(what_means_nothing_to_a_new_session_ends_there),
        WELCOMED(a_wait_that_was_given_up_is_asked_again_for_the_rest),
        WELCOMED(of_a_put_that_was_given_up_the_rest_is_put_again),
        WELCOMED(what_was_asked_again_survives_a_restart_as_well),
        WELCOMED(a_cancelled_get_that_was_given_up_is_over),
        WELCOMED(a_wait_for_ends_or_output_goes_on_for_what_remains_of_it),
        WELCOMED(a_job_opened_late_expires_when_it_was_to),
        WELCOMED(what_was_only_told_is_not_asked_again),
        WELCOMED(a_recall_is_no_answer),
        WELCOMED(a_put_is_answered_again_in_any_number_of_pieces),
        WELCOMED(a_result_may_come_before_the_answer_to_its_put),
        WELCOMED(what_is_asked_at_a_restart_comes_behind_what_is_asked_again),
    };

    return cmocka_run_group_tests_name("again", tests, NULL, NULL);
}
