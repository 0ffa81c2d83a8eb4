/* Pipes in the core: who holds the ends, and when they die.  What a caller sees
 * is in tests/integration/test_pipe.c. */
#include "tests/unit/core/pipe_rig.h"

/* ---- closing and dying --------------------------------------------------- */

static void
behind_a_close_come_the_messages_and_then_the_end(void **state)
{
    struct two t = pipe_meet_apart(state);

    pipe_put(&t.ends[0], "a");
    pipe_put(&t.ends[0], "b");
    (void)pipe_do(&t.ends[0], PIPE_CLOSE);
    uint64_t got = pipe_recv(&t.ends[1], 1, 0);
    assert_int_equal(pipe_answer(t.b, got).ended, 0);
    got = pipe_recv(&t.ends[1], 1, 0);
    assert_string_equal(pipe_texts(t.b, got), "b");
    assert_int_equal(pipe_answer(t.b, got).ended, 1);
    assert_int_equal(
        pipe_code(t.b, pipe_recv(&t.ends[1], 1, TICK_NEVER)), STINT_EEOF);
    assert_int_equal(
        pipe_code(t.b, pipe_send(&t.ends[1], "c", TICK_NEVER)), STINT_EEOF);
    assert_int_equal(
        pipe_code(t.a, pipe_do(&t.ends[0], PIPE_CLOSE)), STINT_ESTALE);
}

static void
a_holder_that_dies_while_the_other_receives_is_the_end(void **state)
{
    struct two t = pipe_meet_apart(state);
    uint64_t waiting = pipe_recv(&t.ends[1], 1, TICK_NEVER);

    assert_int_equal(pipe_code(t.b, waiting), PIPE_PARKED);
    pipe_die(t.a);
    assert_int_equal(pipe_code(t.b, waiting), STINT_EEOF);
}

static void
a_holder_that_dies_while_the_other_waits_for_room_is_the_end(void **state)
{
    struct two t = pipe_meet_apart(state);

    pipe_put(&t.ends[1], "0123456789");
    uint64_t waiting = pipe_send(&t.ends[1], "more", TICK_NEVER);
    assert_int_equal(pipe_code(t.b, waiting), PIPE_PARKED);
    pipe_die(t.a);
    assert_int_equal(pipe_code(t.b, waiting), STINT_EEOF);
}

static void
what_the_dead_had_not_room_for_is_not_sent(void **state)
{
    struct two t = pipe_meet_apart(state);

    pipe_put(&t.ends[0], "0123456789");
    assert_int_equal(
        pipe_code(t.a, pipe_send(&t.ends[0], "more", TICK_NEVER)), PIPE_PARKED);
    pipe_die(t.a);
    pipe_get(&t.ends[1], "0123456789");
    assert_int_equal(
        pipe_code(t.b, pipe_recv(&t.ends[1], 1, TICK_NEVER)), STINT_EEOF);
}

static void
a_clean_bye_and_a_revoked_key_close_as_well(void **state)
{
    struct two t = pipe_meet_apart(state);
    struct held more[2], moved;

    pipe_make(t.a, (struct msg_pipe){ .window = 0 }, more);
    assert_int_equal(pipe_hand_over(&more[0], t.b, &moved), 0);
    uint64_t ours = pipe_recv(&t.ends[0], 1, TICK_NEVER);
    assert_int_equal(
        core_key_revoke(t.rig->core, t.rig->now, slice_of("second")), 0);
    rig_turn(t.rig);
    assert_int_equal(pipe_code(t.a, ours), STINT_EEOF);
    assert_int_equal(pipe_objects(t.rig), 2);
    (void)rig_say(t.a, (struct msg){ .type = MSG_bye });
    rig_turn(t.rig);
    assert_int_equal(pipe_objects(t.rig), 0);
}

static void
a_pipe_nobody_holds_is_gone_with_all_it_had(void **state)
{
    struct two t = pipe_meet(state);
    size_t before = t.rig->core->memory;
    struct held more[2];

    pipe_make(t.a, (struct msg_pipe){ .window = 100 }, more);
    pipe_put(&more[0], "something");
    (void)pipe_do(&more[0], PIPE_CLOSE);
    assert_int_equal(pipe_objects(t.rig), 2);
    (void)pipe_do(&more[1], PIPE_CLOSE);
    assert_int_equal(pipe_objects(t.rig), 1);
    assert_int_equal(t.rig->core->memory, before);
}

/* ---- names --------------------------------------------------------------- */

static void
by_a_name_messages_wait_for_the_other_end_to_be_taken(void **state)
{
    struct two t = pipe_meet(state);
    struct held a, b;

    assert_int_equal(pipe_open_named(t.a, "P", 0, 0, &a), 0);
    pipe_put(&a, "early");
    assert_int_equal(pipe_code(t.a, pipe_recv(&a, 1, 0)), STINT_ETIMEOUT);
    assert_int_equal(pipe_open_named(t.b, "P", 0, 0, &b), STINT_EBUSY);
    assert_int_equal(pipe_open_named(t.b, "P", 1, 5, &b), STINT_EEXISTS);
    assert_int_equal(pipe_open_named(t.b, "P", 1, 0, &b), 0);
    pipe_get(&b, "early");
    (void)pipe_do(&b, PIPE_CLOSE);
    assert_int_equal(pipe_code(t.a, pipe_recv(&a, 1, TICK_NEVER)), STINT_EEOF);
    assert_int_equal(pipe_open_named(t.b, "P", 1, 0, &b), STINT_EEOF);
    (void)pipe_do(&a, PIPE_CLOSE);
    assert_int_equal(pipe_open_named(t.b, "P", 1, 0, &b), 0);
}

static void
who_gives_no_options_takes_the_pipe_however_it_was_made(void **state)
{
    struct two t = pipe_meet(state);
    struct held a, b;

    assert_int_equal(pipe_open_named(t.a, "P", 0, 3, &a), 0);
    assert_int_equal(pipe_open_named(t.b, "P", 1, 4, &b), STINT_EEXISTS);
    assert_int_equal(pipe_open_named(t.b, "P", 1, 0, &b), 0);
    pipe_put(&a, "one");
    pipe_get(&b, "one");
}

static void
a_name_is_that_of_one_object_only(void **state)
{
    struct two t = pipe_meet(state);
    struct msg m = { .type = MSG_object_open };
    struct held a;

    m.as.object_open.object = slice_of("N");
    m.as.object_open.kind = OBJECT_EVENT;
    (void)rig_say(t.a, m);
    rig_turn(t.rig);
    assert_int_equal(pipe_open_named(t.a, "N", 0, 0, &a), STINT_EEXISTS);
    assert_int_equal(pipe_open_named(t.a, "", 0, 0, &a), STINT_EINVAL);
    assert_int_equal(pipe_open_named(t.a, "a\nb", 0, 0, &a), STINT_EINVAL);
    assert_int_equal(pipe_open_named(t.a, "P", 0, 0, &a), 0);
    m.as.object_open.object = slice_of("P");
    m.as.object_open.kind = OBJECT_EVENT;
    uint64_t request = rig_say(t.a, m);
    rig_turn(t.rig);
    assert_int_equal(rig_code(t.a, request), STINT_EEXISTS);
}

/* However many sessions it has; what is gone counts no more. */
static void
a_work_key_has_a_few_pipes_with_names(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *w = rig_peer(rig, "work", ROLE_WORK),
                    *s = rig_peer(rig, "submit", ROLE_SUBMIT);
    struct held end, first = { .pipe = 0 };
    char name[16];

    for (int i = 0; i < 256; i++) {
        (void)snprintf(name, sizeof name, "p-%d", i);
        assert_int_equal(pipe_open_named(w, name, 0, 0, &end), 0);
        if (i == 0) first = end;
        rig_forget_inbox(w);
    }
    assert_int_equal(pipe_open_named(w, "more", 0, 0, &end), STINT_EROLE);
    assert_int_equal(pipe_open_named(w, "p-7", 1, 0, &end), 0);
    assert_int_equal(pipe_open_named(s, "more", 0, 0, &end), 0);
    assert_int_equal(pipe_code(w, pipe_do(&first, PIPE_CLOSE)), 0);
    assert_int_equal(pipe_open_named(w, "again", 0, 0, &end), 0);
    assert_int_equal(pipe_open_named(w, "over", 0, 0, &end), STINT_EROLE);
}

static void
pipes_of_work_keys_leave_room_for_the_objects_of_others(void **state)
{
    struct rig *rig = *state;

    core_free(rig->core);
    rig->config.objects_max = 16;
    rig_start(rig);
    struct rig_peer *w = rig_peer(rig, "work", ROLE_WORK),
                    *s = rig_peer(rig, "submit", ROLE_SUBMIT);
    struct msg_pipe ask = { .verb = PIPE_NEW };
    for (int i = 0; i < 14; i++)
        assert_int_equal(pipe_code(w, pipe_ask(w, ask)), 0);
    assert_int_equal(pipe_code(w, pipe_ask(w, ask)), STINT_ELIMIT);
    assert_int_equal(pipe_code(s, pipe_ask(s, ask)), 0);
}

static void
a_pipe_that_is_deleted_by_name_is_the_end_for_both(void **state)
{
    struct two t = pipe_meet(state);
    struct msg m = { .type = MSG_object_delete };
    struct held a, b;

    assert_int_equal(pipe_open_named(t.a, "P", 0, 10, &a), 0);
    assert_int_equal(pipe_open_named(t.b, "P", 1, 10, &b), 0);
    pipe_put(&a, "0123456789");
    uint64_t sends = pipe_send(&a, "more", TICK_NEVER);
    uint64_t receives = pipe_recv(&a, 1, TICK_NEVER);
    m.as.object_delete.object = slice_of("P");
    (void)rig_say(t.a, m);
    rig_turn(t.rig);
    assert_int_equal(pipe_code(t.a, sends), STINT_EEOF);
    assert_int_equal(pipe_code(t.a, receives), STINT_EEOF);
    assert_int_equal(pipe_code(t.b, pipe_recv(&b, 1, 0)), STINT_ESTALE);
}

/* ---- passing on ---------------------------------------------------------- */

static void
who_accepts_an_end_gets_what_was_handed_out_and_not_received(void **state)
{
    struct two t = pipe_meet(state);
    static const char *const three[] = { "1", "2", "3" };
    struct held moved;

    (void)pipe_send_many(&t.ends[0], 3, three, 0);
    uint64_t ahead = pipe_recv(&t.ends[1], 64, 0);
    assert_string_equal(pipe_texts(t.a, ahead), "1 2 3");
    t.ends[1].received = 1;
    assert_int_equal(pipe_hand_over(&t.ends[1], t.b, &moved), 0);
    pipe_get(&moved, "2");
    pipe_get(&moved, "3");
}

static void
an_end_that_was_accepted_is_not_its_old_holders_any_more(void **state)
{
    struct two t = pipe_meet(state);
    struct held moved;

    uint64_t waiting = pipe_recv(&t.ends[1], 1, TICK_NEVER);
    uint64_t pass = pipe_do(&t.ends[1], PIPE_PASS);
    assert_int_equal(pipe_code(t.a, waiting), STINT_ETIMEOUT);
    waiting = pipe_recv(&t.ends[1], 1, TICK_NEVER);
    struct msg_pipe want = { .verb = PIPE_ACCEPT,
        .ticket = pipe_answer(t.a, pass).ticket };
    struct msg_piped m = pipe_answer(t.b, pipe_ask(t.b, want));
    moved = (struct held){ t.b, m.pipe, m.end, m.grip, m.number };
    assert_int_equal(pipe_code(t.a, waiting), STINT_ESTALE);
    assert_int_equal(
        pipe_code(t.a, pipe_send(&t.ends[1], "no", 0)), STINT_ESTALE);
    assert_int_equal(
        pipe_code(t.a, pipe_do(&t.ends[1], PIPE_CLOSE)), STINT_ESTALE);
    /* And a ticket is good once. */
    assert_int_equal(pipe_code(t.a, pipe_ask(t.a, want)), STINT_ESTALE);
    pipe_put(&moved, "ours");
    pipe_get(&t.ends[0], "ours");
}

static void
until_it_is_accepted_a_passed_end_is_ours_and_takes_for_good(void **state)
{
    struct two t = pipe_meet(state);
    struct held moved;

    uint64_t pass = pipe_do(&t.ends[1], PIPE_PASS);
    pipe_put(&t.ends[0], "1");
    pipe_put(&t.ends[0], "2");
    uint64_t got = pipe_recv_as(
        &t.ends[1], (struct msg_pipe_recv){ .count = 1, .take = 1 });
    assert_string_equal(pipe_texts(t.a, got), "1");
    struct msg_pipe want = { .verb = PIPE_ACCEPT,
        .ticket = pipe_answer(t.a, pass).ticket };
    struct msg_piped m = pipe_answer(t.b, pipe_ask(t.b, want));
    assert_int_equal(m.number, 1);
    moved = (struct held){ t.b, m.pipe, m.end, m.grip, m.number };
    pipe_get(&moved, "2");
}

static void
a_ticket_whose_holder_died_is_the_end(void **state)
{
    struct two t = pipe_meet_apart(state);
    uint64_t pass = pipe_do(&t.ends[0], PIPE_PASS);
    uint64_t waiting = pipe_recv(&t.ends[1], 1, TICK_NEVER);
    struct msg_pipe want = { .verb = PIPE_ACCEPT,
        .ticket = pipe_answer(t.a, pass).ticket };

    pipe_die(t.a);
    assert_int_equal(pipe_code(t.b, waiting), STINT_EEOF);
    assert_int_equal(pipe_code(t.b, pipe_ask(t.b, want)), STINT_EEOF);
    (void)pipe_do(&t.ends[1], PIPE_CLOSE);
    assert_int_equal(pipe_objects(t.rig), 0);
    assert_int_equal(pipe_code(t.b, pipe_ask(t.b, want)), STINT_EEOF);
}

static void
bytes_that_are_no_ticket_are_refused(void **state)
{
    struct two t = pipe_meet(state);
    uint64_t pass = pipe_do(&t.ends[1], PIPE_PASS);
    uint8_t bytes[PIPE_TICKET_BYTES + 1] = { 0 };
    struct slice ticket = pipe_answer(t.a, pass).ticket;

    assert_int_equal(ticket.length, PIPE_TICKET_BYTES);
    for (size_t i = 0; i < PIPE_TICKET_BYTES; i++) {
        memcpy(bytes, ticket.bytes, PIPE_TICKET_BYTES);
        bytes[i] ^= 0x40;
        struct msg_pipe want = { .verb = PIPE_ACCEPT,
            .ticket = { bytes, PIPE_TICKET_BYTES } };
        int64_t code = pipe_code(t.b, pipe_ask(t.b, want));
        assert_true(
            code == STINT_EINVAL || code == STINT_EEOF || code == STINT_ESTALE);
    }
    for (size_t length = 1; length <= sizeof bytes; length++) {
        if (length == PIPE_TICKET_BYTES) continue;
        struct msg_pipe want = { .verb = PIPE_ACCEPT,
            .ticket = { bytes, length } };
        assert_int_equal(pipe_code(t.b, pipe_ask(t.b, want)), STINT_EINVAL);
    }
}

static void
the_grip_of_another_session_opens_nothing(void **state)
{
    struct two t = pipe_meet(state);
    struct held forged = t.ends[1];

    forged.peer = t.b;
    pipe_put(&t.ends[0], "mine");
    assert_int_equal(pipe_code(t.b, pipe_recv(&forged, 1, 0)), STINT_ESTALE);
    assert_int_equal(pipe_code(t.b, pipe_send(&forged, "x", 0)), STINT_ESTALE);
    assert_int_equal(
        pipe_code(t.b, pipe_do(&forged, PIPE_CLOSE)), STINT_ESTALE);
    assert_int_equal(pipe_code(t.b, pipe_do(&forged, PIPE_PASS)), STINT_ESTALE);
    pipe_get(&t.ends[1], "mine");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(behind_a_close_come_the_messages_and_then_the_end),
        ON_A_RIG(a_holder_that_dies_while_the_other_receives_is_the_end),
        ON_A_RIG(a_holder_that_dies_while_the_other_waits_for_room_is_the_end),
        ON_A_RIG(what_the_dead_had_not_room_for_is_not_sent),
        ON_A_RIG(a_clean_bye_and_a_revoked_key_close_as_well),
        ON_A_RIG(a_pipe_nobody_holds_is_gone_with_all_it_had),
        ON_A_RIG(by_a_name_messages_wait_for_the_other_end_to_be_taken),
        ON_A_RIG(who_gives_no_options_takes_the_pipe_however_it_was_made),
        ON_A_RIG(a_name_is_that_of_one_object_only),
        ON_A_RIG(a_work_key_has_a_few_pipes_with_names),
        ON_A_RIG(pipes_of_work_keys_leave_room_for_the_objects_of_others),
        ON_A_RIG(a_pipe_that_is_deleted_by_name_is_the_end_for_both),
        ON_A_RIG(who_accepts_an_end_gets_what_was_handed_out_and_not_received),
        ON_A_RIG(an_end_that_was_accepted_is_not_its_old_holders_any_more),
        ON_A_RIG(until_it_is_accepted_a_passed_end_is_ours_and_takes_for_good),
        ON_A_RIG(a_ticket_whose_holder_died_is_the_end),
        ON_A_RIG(bytes_that_are_no_ticket_are_refused),
        ON_A_RIG(the_grip_of_another_session_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
