/* The client's side of a session. */
#include "tests/unit/rpc/world.h"

/* ---- greeting ------------------------------------------------------------ */

static void
hello_comes_first_and_alone(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    ask(w, a);
    assert_int_equal(pass_on(w, true, false), 0);
    rpc_connected(w->rpc, w->now);
    assert_int_equal(pass_on(w, true, false), 1);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.types[0], MSG_hello);
    assert_int_equal(rpc_state(w->rpc), RPC_GREETING);
}

static void
what_was_asked_before_the_welcome_is_sent_after_it(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    ask(w, a);
    rpc_connected(w->rpc, w->now);
    (void)pass_on(w, true, false);
    assert_int_equal(welcome(w, false), 0);
    assert_int_equal(rpc_state(w->rpc), RPC_UP);
    assert_int_equal(w->restarts, 0);
    (void)pass_on(w, false, false);
    assert_int_equal(w->master.count, 2);
    assert_int_equal(w->master.numbers[1], a->r.number);
}

static void
a_refusal_is_told_with_its_sentence(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_refused };
    const char *text;

    rpc_connected(w->rpc, w->now);
    (void)pass_on(w, true, false);
    m.as.refused.code = STINT_EPROTO;
    m.as.refused.text = slice_of("speak version 2");
    assert_int_equal(answer_bare(w, &m), 0);
    assert_int_equal(rpc_state(w->rpc), RPC_REFUSED);
    assert_int_equal(rpc_refusal(w->rpc, &text), STINT_EPROTO);
    assert_string_equal(text, "speak version 2");
}

static void
who_was_refused_greets_again_on_the_next_connection(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_refused };

    rpc_connected(w->rpc, w->now);
    (void)pass_on(w, true, false);
    m.as.refused.code = STINT_ELIMIT;
    m.as.refused.text = slice_of("answers are not acknowledged");
    assert_int_equal(answer_bare(w, &m), 0);
    rpc_disconnected(w->rpc);
    assert_int_equal(rpc_state(w->rpc), RPC_DOWN);
    rpc_connected(w->rpc, w->now);
    assert_int_equal(pass_on(w, true, false), 1);
}

static void
a_master_that_forgot_the_connection_gets_a_new_hello(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_refused };

    m.as.refused.code = STINT_ELOST;
    assert_int_equal(answer_bare(w, &m), 0);
    assert_int_equal(rpc_state(w->rpc), RPC_GREETING);
    (void)pass_on(w, true, false);
    assert_int_equal(w->master.types[0], MSG_hello);
    assert_true(w->master.resume);
}

/* Two hellos would get two welcomes. */
static void
frames_of_an_old_connection_need_only_one_hello(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_refused };

    m.as.refused.code = STINT_ELOST;
    rpc_disconnected(w->rpc);
    rpc_connected(w->rpc, w->now);
    assert_int_equal(pass_on(w, true, false), 1);
    assert_int_equal(answer_bare(w, &m), 0);
    assert_int_equal(answer_bare(w, &m), 0);
    assert_int_equal(pass_on(w, true, false), 0);
    assert_int_equal(welcome(w, true), 0);
    assert_int_equal(rpc_state(w->rpc), RPC_UP);
}

/* ---- answers ------------------------------------------------------------- */

static void
an_answer_goes_to_its_request_only(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    ask(w, a);
    ask(w, b);
    (void)pass_on(w, true, false);
    assert_int_equal(ok(w, b->r.number), 0);
    assert_int_equal(a->answers, 0);
    assert_true(b->over);
    assert_int_equal(b->type, MSG_ok);
}

static void
put_oks_answer_a_put_from_its_start(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 10);
    (void)pass_on(w, true, false);
    assert_int_equal(put_ok(w, a->r.number, 4), 0);
    assert_false(a->over);
    assert_int_equal(put_ok(w, a->r.number + 4, 6), 0);
    assert_true(a->over);
    assert_int_equal(a->answers, 2);
}

static void
a_put_ok_out_of_order_is_malformed(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 10);
    (void)pass_on(w, true, false);
    assert_int_equal(put_ok(w, a->r.number + 1, 1), STINT_EMALFORMED);
    assert_int_equal(a->answers, 0);
}

static void
a_put_ok_of_more_than_was_put_is_malformed(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 10);
    (void)pass_on(w, true, false);
    assert_int_equal(put_ok(w, a->r.number, 11), STINT_EMALFORMED);
}

static void
an_error_ends_the_rest_of_a_put(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 10);
    (void)pass_on(w, true, false);
    assert_int_equal(put_ok(w, a->r.number, 4), 0);
    assert_int_equal(refuse_put(w, a->r.number, STINT_EFULL, 6), 0);
    assert_true(a->over);
    assert_int_equal(a->code, STINT_EFULL);
}

static void
a_get_lives_until_its_end(void **state)
{
    struct world *w = *state;
    struct rec_task task = {
        .task = 7, .attempt = 1, .nonce = 2, .lease_ns = TICK_S
    };
    struct msg m = { .type = MSG_tasks };
    struct msg end = { .type = MSG_get_end };
    struct waiting *a = &w->slots[0];

    ask(w, a); /* Any request; only the answers matter here. */
    (void)pass_on(w, true, false);
    for (int i = 0; i < 2; i++) {
        struct buf *b = stream_message(&w->master.stream);
        m.as.tasks.request = a->r.number;
        struct codec_list list = codec_list_begin(b, &m);
        codec_list_add(b, &list, RECORD_task, &task);
        codec_list_end(b, &list);
        assert_int_equal(stream_seal(&w->master.stream), 0);
        assert_int_equal(receive(w, stream_next(&w->master.stream)), 0);
        assert_false(a->over);
    }
    end.as.get_end.request = a->r.number;
    end.as.get_end.code = STINT_EEMPTY;
    assert_int_equal(answer(w, &end), 0);
    assert_true(a->over);
    assert_int_equal(a->answers, 3);
    assert_int_equal(a->code, STINT_EEMPTY);
}

static void
answers_to_a_forgotten_request_are_swallowed(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 3);
    (void)pass_on(w, true, false);
    rpc_forget(w->rpc, &a->r);
    assert_int_equal(put_ok(w, a->r.number, 3), 0);
    assert_int_equal(a->answers, 0);
    assert_true(rpc_is_idle(w->rpc));
}

static void
a_client_message_from_the_master_is_malformed(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_status, .as.status.request = 1 };

    assert_int_equal(answer(w, &m), STINT_EMALFORMED);
}

static void
results_go_to_the_config(void **state)
{
    struct world *w = *state;
    struct rec_result result = { .ref = 42, .task = 7 };
    struct msg m = { .type = MSG_results };

    struct buf *b = stream_message(&w->master.stream);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_result, &result);
    codec_list_end(b, &list);
    assert_int_equal(stream_seal(&w->master.stream), 0);
    assert_int_equal(receive(w, stream_next(&w->master.stream)), 0);
    assert_int_equal(w->result_ref, 42);
}

static void
giving_up_tells_every_request_once(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    ask(w, a);
    (void)pass_on(w, true, false);
    (void)put(w, b, 5);
    rpc_fail_all(w->rpc, STINT_EAUTH);
    assert_true(a->over && b->over);
    assert_int_equal(a->code, STINT_EAUTH);
    assert_int_equal(b->answers, 1);
}

/* ---- gathering ----------------------------------------------------------- */

static void
one_request_leaves_at_once(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    ask(w, a);
    assert_int_equal(pass_on(w, false, false), 1);
}

static void
while_one_is_unanswered_others_gather(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];
    struct waiting *c = &w->slots[2];

    ask(w, a);
    (void)pass_on(w, false, false);
    ask(w, b);
    ask(w, c);
    assert_int_equal(pass_on(w, false, false), 0);
    assert_int_equal(ok(w, a->r.number), 0);
    assert_int_equal(pass_on(w, false, false), 1);
    assert_int_equal(w->master.count, 3);
}

static void
flush_gathers_no_longer(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    ask(w, a);
    (void)pass_on(w, false, false);
    ask(w, b);
    assert_int_equal(pass_on(w, true, false), 1);
}

static void
gathering_ends_after_a_millisecond(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    ask(w, a);
    (void)pass_on(w, false, false);
    ask(w, b);
    assert_int_equal(pass_on(w, false, false), 0);
    assert_true(rpc_next_deadline(w->rpc) == w->now + TICK_MS);
    w->now += TICK_MS;
    assert_int_equal(pass_on(w, false, false), 1);
}

static void
gathering_ends_at_1024_items(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];
    struct waiting *c = &w->slots[2];

    ask(w, a);
    (void)pass_on(w, false, false);
    (void)put(w, b, 1023);
    assert_int_equal(pass_on(w, false, false), 0);
    ask(w, c);
    assert_int_equal(pass_on(w, false, false), 1);
    assert_int_equal(w->master.count, 3);
}

static void
a_slow_request_holds_nobody_up(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_join };
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    begin(w, a, 1, true);
    m.as.join.request = a->r.number;
    m.as.join.queue = slice_of("q");
    codec_message(rpc_message(w->rpc), &m);
    (void)pass_on(w, false, false);
    ask(w, b);
    assert_int_equal(pass_on(w, false, false), 1);
}

static void
a_put_grows_until_its_frame_is_sealed(void **state)
{
    struct world *w = *state;
    struct rec_payload payload = { .payload = slice_of("more") };
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    ask(w, a);
    (void)pass_on(w, false, false);
    struct codec_list list = put(w, b, 1);
    for (int i = 0; i < 9; i++) {
        struct buf *buf = rpc_extend(w->rpc, &b->r, 1, 10);
        assert_non_null(buf);
        codec_list_add(buf, &list, RECORD_payload, &payload);
        codec_list_end(buf, &list);
    }
    assert_int_equal(b->r.count, 10);
    assert_true(rpc_next_number(w->rpc) == b->r.number + 10);
    (void)pass_on(w, true, false);
    assert_null(rpc_extend(w->rpc, &b->r, 1, 10));
    assert_int_equal(w->master.items[1], 10);
    assert_int_equal(put_ok(w, b->r.number, 10), 0);
    assert_true(b->over);
}

static void
a_put_does_not_grow_behind_another_message(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    (void)put(w, a, 1);
    ask(w, b);
    assert_null(rpc_extend(w->rpc, &a->r, 1, 10));
}

/* ---- broken connections -------------------------------------------------- */

static void
what_a_broken_connection_lost_is_sent_again(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    ask(w, a);
    (void)pass_on(w, true, false);
    ask(w, b);
    (void)pass_on(w, true, true);
    reconnect(w, true);
    assert_true(w->master.resume);
    (void)pass_on(w, false, false);
    assert_int_equal(w->master.types[w->master.count - 1], MSG_join);
    assert_int_equal(w->master.numbers[w->master.count - 1], b->r.number);
    assert_int_equal(ok(w, b->r.number), 0);
    assert_true(b->over);
}

static void
an_answer_that_comes_twice_is_taken_once(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_ok };
    struct waiting *a = &w->slots[0];

    ask(w, a);
    (void)pass_on(w, true, false);
    m.as.ok.request = a->r.number;
    codec_message(stream_message(&w->master.stream), &m);
    assert_int_equal(stream_seal(&w->master.stream), 0);
    struct frame *f = frame_hold(stream_next(&w->master.stream));
    assert_int_equal(receive(w, f), 0);
    assert_int_equal(receive(w, f), 0);
    assert_int_equal(a->answers, 1);
    frame_drop(f);
}

static void
a_new_session_gets_what_is_open_under_old_numbers(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];
    struct waiting *c = &w->slots[2];

    ask(w, a);
    ask(w, b);
    (void)pass_on(w, true, false);
    assert_int_equal(ok(w, a->r.number), 0);
    ask(w, c); /* Not sent yet. */
    reconnect(w, false);
    assert_int_equal(w->restarts, 1);
    (void)pass_on(w, false, false);
    assert_int_equal(w->master.count, 2);
    assert_int_equal(w->master.numbers[0], b->r.number);
    assert_int_equal(w->master.numbers[1], c->r.number);
    assert_int_equal(ok(w, c->r.number), 0);
    assert_int_equal(ok(w, b->r.number), 0);
    assert_true(b->over && c->over);
    assert_true(rpc_is_idle(w->rpc));
}

static void
a_new_session_gets_only_the_rest_of_a_put(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    (void)put(w, a, 10);
    (void)pass_on(w, true, false);
    assert_int_equal(put_ok(w, a->r.number, 4), 0);
    reconnect(w, false);
    (void)pass_on(w, false, false);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.numbers[0], a->r.number + 4);
    assert_int_equal(w->master.items[0], 6);
    assert_int_equal(put_ok(w, a->r.number + 4, 6), 0);
    assert_true(a->over);
}

static void
an_answered_frame_is_not_sent_to_a_new_session(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    ask(w, a);
    (void)pass_on(w, true, false);
    assert_int_equal(ok(w, a->r.number), 0);
    reconnect(w, false);
    assert_int_equal(pass_on(w, true, false), 0);
    assert_int_equal(rpc_unanswered_bytes(w->rpc), 0);
}

static void
a_forgotten_request_is_not_sent_to_a_new_session(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];
    struct waiting *b = &w->slots[1];

    ask(w, a);
    ask(w, b);
    (void)pass_on(w, true, false);
    rpc_forget(w->rpc, &a->r);
    reconnect(w, false);
    (void)pass_on(w, true, false);
    assert_int_equal(w->master.count, 1);
    assert_int_equal(w->master.numbers[0], b->r.number);
}

static void
an_acknowledged_request_survives_two_new_sessions(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_pong };
    struct waiting *a = &w->slots[0];

    ask(w, a);
    (void)pass_on(w, true, false);
    assert_int_equal(answer_bare(w, &m), 0); /* Acknowledges the frame. */
    for (int i = 0; i < 2; i++) {
        reconnect(w, false);
        (void)pass_on(w, true, false);
        assert_int_equal(w->master.count, 1);
        assert_int_equal(w->master.numbers[0], a->r.number);
    }
    assert_int_equal(ok(w, a->r.number), 0);
    assert_true(a->over);
}

/* ---- staying alive ------------------------------------------------------- */

static void
a_quiet_client_pings_at_a_quarter_of_the_silence(void **state)
{
    struct world *w = *state;

    assert_int_equal(pass_on(w, false, false), 0);
    assert_true(rpc_next_deadline(w->rpc) == w->now + SILENCE / 4);
    w->now += SILENCE / 4;
    assert_int_equal(pass_on(w, false, false), 1);
    assert_int_equal(w->master.types[0], MSG_ping);
    assert_int_equal(pass_on(w, false, false), 0);
}

static void
a_master_that_answers_no_ping_is_gone_after_its_silence(void **state)
{
    struct world *w = *state;
    tick_ns end = w->now + SILENCE;

    while (w->now < end) {
        assert_false(rpc_is_silent(w->rpc, w->now));
        (void)pass_on(w, false, false);
        w->now = rpc_next_deadline(w->rpc);
    }
    assert_true(w->now == end);
    assert_true(rpc_is_silent(w->rpc, w->now));
}

static void
a_master_that_takes_nothing_is_gone_after_its_silence(void **state)
{
    struct world *w = *state;
    tick_ns end = w->now + SILENCE;

    ask(w, &w->slots[0]);
    (void)pass_on(w, true, false);
    assert_int_equal(ok(w, w->slots[0].r.number), 0);
    ask(w, &w->slots[1]);
    while (w->now < end) {
        assert_false(rpc_is_silent(w->rpc, w->now));
        rpc_blocked(w->rpc, w->now);
        tick_ns next = rpc_next_deadline(w->rpc);
        assert_true(next > w->now);
        w->now = next;
    }
    assert_true(w->now == end);
    assert_true(rpc_is_silent(w->rpc, w->now));
}

static void
a_client_that_slept_asks_before_it_gives_the_master_up(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_pong };

    w->now += 100 * SILENCE;
    assert_false(rpc_is_silent(w->rpc, w->now));
    assert_int_equal(pass_on(w, false, false), 1);
    assert_int_equal(answer_bare(w, &m), 0);
    assert_false(rpc_is_silent(w->rpc, w->now + SILENCE / 2));
}

static void
an_echo_comes_back(void **state)
{
    struct world *w = *state;
    struct msg m = { .type = MSG_pong, .as.pong.echo = 77 };

    rpc_ping(w->rpc, 77);
    assert_int_equal(pass_on(w, false, false), 1);
    assert_int_equal(w->master.types[0], MSG_ping);
    assert_int_equal(answer_bare(w, &m), 0);
    assert_int_equal(w->echo, 77);
}

static void
an_acknowledgement_is_told_soon(void **state)
{
    struct world *w = *state;
    struct waiting *a = &w->slots[0];

    ask(w, a);
    (void)pass_on(w, true, false);
    assert_int_equal(ok(w, a->r.number), 0);
    assert_int_equal(pass_on(w, false, false), 0);
    assert_true(rpc_next_deadline(w->rpc) == w->now + 5 * TICK_MS);
    w->now += 5 * TICK_MS;
    assert_int_equal(pass_on(w, false, false), 1);
    w->now += TICK_MS;
    assert_int_equal(pass_on(w, false, false), 0);
}

static void
a_greeting_without_welcome_is_given_up(void **state)
{
    struct world *w = *state;

    rpc_connected(w->rpc, w->now);
    (void)pass_on(w, true, false);
    w->now = rpc_next_deadline(w->rpc);
    assert_true(w->now <= START + 3 * TICK_S);
    assert_true(rpc_is_silent(w->rpc, w->now));
}

/* ---- numbers ------------------------------------------------------------- */

static void
numbers_are_found_until_they_are_removed(void **state)
{
    struct numbers t;
    int values[3];

    (void)state;
    numbers_init(&t);
    assert_int_equal(numbers_add(&t, 1, 1, &values[0]), 0);
    assert_int_equal(numbers_add(&t, 2, 5000, &values[1]), 0);
    assert_int_equal(numbers_add(&t, 5002, 1, &values[2]), 0);
    assert_ptr_equal(numbers_find(&t, 1), &values[0]);
    assert_ptr_equal(numbers_find(&t, 5001), &values[1]);
    assert_ptr_equal(numbers_find(&t, 5002), &values[2]);
    assert_null(numbers_find(&t, 5003));
    assert_null(numbers_find(&t, 1000000));
    numbers_remove(&t, 2, 5000);
    assert_null(numbers_find(&t, 4000));
    assert_ptr_equal(numbers_find(&t, 1), &values[0]);
    numbers_fini(&t);
}

static void
numbers_use_little_memory_however_high_they_get(void **state)
{
    struct numbers t;
    int value;

    (void)state;
    numbers_init(&t);
    for (uint64_t n = 1; n < 300000; n += 3) {
        assert_int_equal(numbers_add(&t, n, 3, &value), 0);
        if (n > 3000) numbers_remove(&t, n - 3000, 3);
    }
    assert_true(t.capacity <= 16);
    numbers_fini(&t);
}

#define WELCOMED(name) \
    cmocka_unit_test_setup_teardown(name, set_up_welcomed, tear_down)
#define FRESH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(hello_comes_first_and_alone),
        FRESH(what_was_asked_before_the_welcome_is_sent_after_it),
        FRESH(a_refusal_is_told_with_its_sentence),
        FRESH(who_was_refused_greets_again_on_the_next_connection),
        WELCOMED(a_master_that_forgot_the_connection_gets_a_new_hello),
        WELCOMED(frames_of_an_old_connection_need_only_one_hello),
        WELCOMED(an_answer_goes_to_its_request_only),
        WELCOMED(put_oks_answer_a_put_from_its_start),
        WELCOMED(a_put_ok_out_of_order_is_malformed),
        WELCOMED(a_put_ok_of_more_than_was_put_is_malformed),
        WELCOMED(an_error_ends_the_rest_of_a_put),
        WELCOMED(a_get_lives_until_its_end),
        WELCOMED(answers_to_a_forgotten_request_are_swallowed),
        WELCOMED(a_client_message_from_the_master_is_malformed),
        WELCOMED(results_go_to_the_config),
        WELCOMED(giving_up_tells_every_request_once),
        WELCOMED(one_request_leaves_at_once),
        WELCOMED(while_one_is_unanswered_others_gather),
        WELCOMED(flush_gathers_no_longer),
        WELCOMED(gathering_ends_after_a_millisecond),
        WELCOMED(gathering_ends_at_1024_items),
        WELCOMED(a_slow_request_holds_nobody_up),
        WELCOMED(a_put_grows_until_its_frame_is_sealed),
        WELCOMED(a_put_does_not_grow_behind_another_message),
        WELCOMED(what_a_broken_connection_lost_is_sent_again),
        WELCOMED(an_answer_that_comes_twice_is_taken_once),
        WELCOMED(a_new_session_gets_what_is_open_under_old_numbers),
        WELCOMED(a_new_session_gets_only_the_rest_of_a_put),
        WELCOMED(an_answered_frame_is_not_sent_to_a_new_session),
        WELCOMED(a_forgotten_request_is_not_sent_to_a_new_session),
        WELCOMED(an_acknowledged_request_survives_two_new_sessions),
        WELCOMED(a_quiet_client_pings_at_a_quarter_of_the_silence),
        WELCOMED(a_master_that_answers_no_ping_is_gone_after_its_silence),
        WELCOMED(a_master_that_takes_nothing_is_gone_after_its_silence),
        WELCOMED(a_client_that_slept_asks_before_it_gives_the_master_up),
        WELCOMED(an_echo_comes_back),
        WELCOMED(an_acknowledgement_is_told_soon),
        FRESH(a_greeting_without_welcome_is_given_up),
        cmocka_unit_test(numbers_are_found_until_they_are_removed),
        cmocka_unit_test(numbers_use_little_memory_however_high_they_get),
    };

    return cmocka_run_group_tests_name("rpc", tests, NULL, NULL);
}
