/* Pipes in the core: messages, credit, bounds.  What a caller sees is in
 * tests/integration/test_pipe.c. */
#include "tests/unit/core/pipe_rig.h"

/* ---- messages and credit ------------------------------------------------- */

static void
messages_come_in_order_and_keep_their_bounds(void **state)
{
    struct two t = pipe_meet(state);
    static const char *const three[] = { "a", "", "bc" };

    uint64_t sent = pipe_send_many(&t.ends[0], 3, three, 0);
    assert_int_equal(pipe_answer(t.a, sent).count, 3);
    uint64_t got = pipe_recv(&t.ends[1], 64, 0);
    assert_int_equal(pipe_answer(t.a, got).messages.count, 3);
    assert_int_equal(pipe_answer(t.a, got).number, 1);
    assert_string_equal(pipe_texts(t.a, got), "a  bc");
}

static void
a_send_beyond_the_window_waits_until_a_message_was_received(void **state)
{
    struct two t = pipe_meet(state);

    pipe_put(&t.ends[0], "12345678");
    assert_int_equal(
        pipe_code(t.a, pipe_send(&t.ends[0], "abc", 0)), STINT_ETIMEOUT);
    uint64_t waiting = pipe_send(&t.ends[0], "abc", TICK_NEVER);
    assert_int_equal(pipe_code(t.a, waiting), PIPE_PARKED);
    /* Handed out is not received. */
    uint64_t got = pipe_recv(&t.ends[1], 64, 0);
    assert_string_equal(pipe_texts(t.a, got), "12345678");
    assert_int_equal(pipe_code(t.a, waiting), PIPE_PARKED);
    t.ends[1].received = 1;
    (void)pipe_do(&t.ends[1], PIPE_RECEIVED);
    assert_int_equal(pipe_answer(t.a, waiting).count, 1);
    pipe_get(&t.ends[1], "abc");
}

static void
a_message_larger_than_the_window_passes_alone(void **state)
{
    struct two t = pipe_meet(state);

    pipe_put(&t.ends[0], "0123456789abcdef");
    assert_int_equal(
        pipe_code(t.a, pipe_send(&t.ends[0], "x", 0)), STINT_ETIMEOUT);
    pipe_get(&t.ends[1], "0123456789abcdef");
    (void)pipe_do(&t.ends[1], PIPE_RECEIVED);
    pipe_put(&t.ends[0], "x");
}

static void
of_several_messages_those_that_fit_are_taken_and_nobody_overtakes(void **state)
{
    struct two t = pipe_meet(state);
    static const char *const three[] = { "12345", "6789abc", "d" };

    uint64_t sent = pipe_send_many(&t.ends[0], 3, three, TICK_NEVER);
    assert_int_equal(pipe_answer(t.a, sent).count, 1);
    uint64_t large = pipe_send(&t.ends[0], "6789abc", TICK_NEVER);
    uint64_t small = pipe_send(&t.ends[0], "d", TICK_NEVER);
    assert_int_equal(pipe_code(t.a, large), PIPE_PARKED);
    assert_int_equal(pipe_code(t.a, small), PIPE_PARKED);
    assert_int_equal(
        pipe_code(t.a, pipe_send(&t.ends[0], "e", 0)), STINT_ETIMEOUT);
    pipe_get(&t.ends[1], "12345");
    pipe_get(&t.ends[1], "6789abc");
    assert_int_equal(pipe_code(t.a, large), 0);
    assert_int_equal(pipe_code(t.a, small), 0);
    pipe_get(&t.ends[1], "d");
}

static void
who_stands_behind_one_that_gave_up_may_fit(void **state)
{
    struct two t = pipe_meet(state);

    pipe_put(&t.ends[0], "12345");
    uint64_t large = pipe_send(&t.ends[0], "6789abc", TICK_S);
    uint64_t small = pipe_send(&t.ends[0], "d", TICK_NEVER);
    rig_sleep(t.rig, 2 * TICK_S);
    assert_int_equal(pipe_code(t.a, large), STINT_ETIMEOUT);
    assert_int_equal(pipe_code(t.a, small), 0);
}

static void
a_receive_waits_for_a_message_and_not_longer_than_it_said(void **state)
{
    struct two t = pipe_meet(state);

    assert_int_equal(
        pipe_code(t.a, pipe_recv(&t.ends[1], 1, 0)), STINT_ETIMEOUT);
    uint64_t late = pipe_recv(&t.ends[1], 1, TICK_S);
    rig_sleep(t.rig, 2 * TICK_S);
    assert_int_equal(pipe_code(t.a, late), STINT_ETIMEOUT);
    uint64_t waiting = pipe_recv(&t.ends[1], 1, TICK_NEVER);
    pipe_put(&t.ends[0], "now");
    assert_string_equal(pipe_texts(t.a, waiting), "now");
}

static void
an_answer_has_no_more_messages_and_bytes_than_were_asked_for(void **state)
{
    struct two t = pipe_meet(state);
    static const char *const four[] = { "11", "22", "33", "44" };

    (void)pipe_send_many(&t.ends[0], 4, four, 0);
    uint64_t two = pipe_recv(&t.ends[1], 2, 0);
    assert_string_equal(pipe_texts(t.a, two), "11 22");
    uint64_t one = pipe_recv_as(
        &t.ends[1], (struct msg_pipe_recv){ .count = 64, .bytes = 1 });
    assert_string_equal(pipe_texts(t.a, one), "33");
}

static void
a_frame_that_comes_twice_is_one_message(void **state)
{
    struct two t = pipe_meet_apart(state);

    /* Its answer is lost with the connection. */
    t.a->deaf = true;
    uint64_t sent = pipe_send(&t.ends[0], "once", 0);
    rig_disconnect(t.a);
    t.a->deaf = false;
    rig_hello(t.a, PROTO_VERSION);
    for (struct frame *f; (f = stream_next(&t.a->stream)) != NULL;)
        rig_give(t.a, f);
    rig_turn(t.rig);
    assert_int_equal(pipe_answer(t.a, sent).count, 1);
    pipe_get(&t.ends[1], "once");
    assert_int_equal(
        pipe_code(t.b, pipe_recv(&t.ends[1], 1, 0)), STINT_ETIMEOUT);
}

static void
a_pipe_that_goes_one_way_is_refused_the_other_way(void **state)
{
    struct two t = pipe_meet_with(state, (struct msg_pipe){ .one_way = 1 });

    assert_int_equal(
        pipe_code(t.a, pipe_send(&t.ends[0], "no", 0)), STINT_EINVAL);
    assert_int_equal(pipe_code(t.a, pipe_recv(&t.ends[1], 1, 0)), STINT_EINVAL);
    pipe_put(&t.ends[1], "yes");
    pipe_get(&t.ends[0], "yes");
}

/* ---- bounds -------------------------------------------------------------- */

static void
messages_count_against_the_budget(void **state)
{
    struct rig *rig = *state;

    core_free(rig->core);
    rig->config.memory_max = 64 << 10;
    rig_start(rig);
    struct two t =
        pipe_meet_with(state, (struct msg_pipe){ .window = 1 << 20 });
    char large[16 << 10];
    int64_t code = 0;

    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (unsigned i = 0; i < 8 && code == 0; i++)
        code = pipe_code(t.a, pipe_send(&t.ends[0], large, 0));
    assert_int_equal(code, STINT_EBUDGET);
    (void)pipe_do(&t.ends[0], PIPE_CLOSE);
    (void)pipe_do(&t.ends[1], PIPE_CLOSE);
    pipe_make(t.a, (struct msg_pipe){ .window = 1 << 20 }, t.ends);
    assert_int_equal(pipe_code(t.a, pipe_send(&t.ends[0], large, 0)), 0);
}

static void
empty_messages_are_bounded_too(void **state)
{
    struct two t = pipe_meet(state);
    const char *many[256];
    uint64_t taken = 0, request;

    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = "";
    do {
        request = pipe_send_many(&t.ends[0], ARRAY_LEN(many), many, 0);
        if (pipe_code(t.a, request) != 0) break;
        taken += pipe_answer(t.a, request).count;
        rig_forget_inbox(t.a);
    } while (taken <= PIPE_MESSAGES);
    assert_int_equal(taken, PIPE_MESSAGES);
    assert_int_equal(pipe_code(t.a, request), STINT_ETIMEOUT);
}

static void
a_session_holds_so_many_ends_and_no_more(void **state)
{
    struct two t = pipe_meet(state);
    struct held more[2];
    struct msg_pipe want = { .verb = PIPE_NEW };

    for (unsigned i = 2; i < PIPE_ENDS_MAX; i += 2) {
        pipe_make(t.a, (struct msg_pipe){ .window = 0 }, more);
        rig_forget_inbox(t.a);
    }
    assert_int_equal(pipe_code(t.a, pipe_ask(t.a, want)), STINT_ELIMIT);
    (void)pipe_do(&more[0], PIPE_CLOSE);
    (void)pipe_do(&more[1], PIPE_CLOSE);
    assert_int_equal(pipe_code(t.a, pipe_ask(t.a, want)), 0);
}

static void
a_message_beyond_the_largest_payload_is_refused_with_its_whole_request(
    void **state)
{
    struct rig *rig = *state;

    core_free(rig->core);
    rig->config.payload_max = 8;
    rig_start(rig);
    struct two t = pipe_meet(state);
    static const char *const two[] = { "fits", "does not fit" };
    uint64_t request = pipe_send_many(&t.ends[0], 2, two, 0);

    assert_int_equal(pipe_code(t.a, request), STINT_ETOOLARGE);
    assert_int_equal(
        pipe_code(t.a, pipe_recv(&t.ends[1], 1, 0)), STINT_ETIMEOUT);
}

static void
who_says_to_have_received_more_than_was_handed_out_is_refused(void **state)
{
    struct two t = pipe_meet(state);

    pipe_put(&t.ends[0], "1");
    t.ends[1].received = 1;
    assert_int_equal(
        pipe_code(t.a, pipe_do(&t.ends[1], PIPE_RECEIVED)), STINT_EINVAL);
    assert_int_equal(pipe_code(t.a, pipe_recv(&t.ends[1], 1, 0)), STINT_EINVAL);
    t.ends[1].received = 0;
    pipe_get(&t.ends[1], "1");
}

static void
who_takes_no_bytes_just_now_is_handed_nothing_until_he_does(void **state)
{
    struct two t = pipe_meet(state);
    struct held moved;
    char large[80 << 10];

    t.b = rig_stranger(t.rig, "narrow", ROLE_WORK);
    t.b->window = 64 << 10;
    rig_hello(t.b, PROTO_VERSION);
    pipe_make(t.a, (struct msg_pipe){ .window = 1 << 20 }, t.ends);
    assert_int_equal(pipe_hand_over(&t.ends[1], t.b, &moved), 0);
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    pipe_put(&t.ends[0], large);
    pipe_put(&t.ends[0], "small");
    struct msg m = { .type = MSG_pipe_recv,
        .as.pipe_recv = {
            .pipe = moved.pipe,
            .end = moved.end,
            .grip = moved.grip,
            .count = 1,
            .wait_ns = INT64_MAX,
        } };
    uint64_t one = rig_say(t.b, m), two = rig_say(t.b, m);
    const struct pipe_way *way =
        &object_numbered(t.rig->core, moved.pipe)->is.pipe->ways[1];
    assert_int_equal(way->handed, 1);
    rig_turn(t.rig); /* It is acknowledged. */
    assert_int_equal(pipe_code(t.b, one), 0);
    rig_turn(t.rig);
    assert_string_equal(pipe_texts(t.b, two), "small");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(messages_come_in_order_and_keep_their_bounds),
        ON_A_RIG(a_send_beyond_the_window_waits_until_a_message_was_received),
        ON_A_RIG(a_message_larger_than_the_window_passes_alone),
        ON_A_RIG(
            of_several_messages_those_that_fit_are_taken_and_nobody_overtakes),
        ON_A_RIG(who_stands_behind_one_that_gave_up_may_fit),
        ON_A_RIG(a_receive_waits_for_a_message_and_not_longer_than_it_said),
        ON_A_RIG(an_answer_has_no_more_messages_and_bytes_than_were_asked_for),
        ON_A_RIG(a_frame_that_comes_twice_is_one_message),
        ON_A_RIG(a_pipe_that_goes_one_way_is_refused_the_other_way),
        ON_A_RIG(messages_count_against_the_budget),
        ON_A_RIG(empty_messages_are_bounded_too),
        ON_A_RIG(a_session_holds_so_many_ends_and_no_more),
        ON_A_RIG(
            a_message_beyond_the_largest_payload_is_refused_with_its_whole_request),
        ON_A_RIG(who_says_to_have_received_more_than_was_handed_out_is_refused),
        ON_A_RIG(who_takes_no_bytes_just_now_is_handed_nothing_until_he_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
