/* The master as its peers see it: puts, sessions, roles. */
#include "tests/unit/core/rig.h"

#include <stdio.h>

/* ---- puts ---------------------------------------------------------------- */

static void
a_put_is_answered_with_the_id_of_its_task(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t request = rig_put(p, "q", "a");

    rig_turn(rig);
    const struct msg *m = rig_see(p, MSG_put_ok, request);
    assert_int_equal(m->as.put_ok.count, 1);
    assert_int_equal(m->as.put_ok.task, 1);
    assert_int_equal(core_totals(rig->core).accepted, 1);
}

static void
a_frame_that_comes_twice_puts_once(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    p->mute = true;
    rig_put(p, "q", "a");
    rig_hello(p, PROTO_VERSION);
    assert_int_equal(stream_resume(&p->stream, 0), 0);
    rig_send(p);
    assert_int_equal(core_totals(rig->core).accepted, 1);
}

static void
an_unknown_queue_is_refused_where_queues_are_not_made(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p;

    core_free(rig->core);
    rig->config.no_create = true;
    rig_start(rig);
    p = rig_submitter(rig);
    uint64_t put = rig_put(p, "q", "a");
    uint64_t get = rig_get(p, "q", 1, 0);
    struct msg join = { .type = MSG_join };
    join.as.join.queue = slice_of("q");
    uint64_t joined = rig_say(p, join);
    rig_turn(rig);
    assert_int_equal(rig_code(p, put), STINT_ENOQUEUE);
    assert_int_equal(rig_code(p, get), STINT_ENOQUEUE);
    assert_int_equal(rig_code(p, joined), STINT_ENOQUEUE);
    rig_declare(p, "q", (struct msg_declare){ .kind = 0 });
    put = rig_put(p, "q", "a");
    rig_turn(rig);
    assert_non_null(rig_find(p, MSG_put_ok, put));
}

static void
a_payload_over_the_bound_is_refused_with_all_of_its_put(void **state)
{
    struct rig *rig = *state;
    const char *both[] = { "ok", "0123456789" };
    struct msg_put put = { .queue = slice_of("q") };

    core_free(rig->core);
    rig->config.payload_max = 9;
    rig_start(rig);
    struct rig_peer *p = rig_submitter(rig);
    uint64_t request = rig_put_as(p, put, 2, both);
    rig_turn(rig);
    assert_int_equal(rig_code(p, request), STINT_ETOOLARGE);
    assert_int_equal(rig_see(p, MSG_error, request)->as.error.count, 2);
    assert_int_equal(core_totals(rig->core).accepted, 0);
}

static void
a_full_queue_refuses_who_does_not_wait(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    rig_declare(p, "q", (struct msg_declare){ .max_tasks = 1 });
    rig_put(p, "q", "a");
    uint64_t request = rig_put(p, "q", "b");
    rig_turn(rig);
    assert_int_equal(rig_code(p, request), STINT_EFULL);
}

static void
a_put_that_waits_is_accepted_in_parts_as_room_comes(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    const char *three[] = { "a", "b", "c" };
    struct msg_put put = {
        .queue = slice_of("q"),
        .wait_ns = 10 * (uint64_t)TICK_S,
    };

    rig_declare(p, "q", (struct msg_declare){ .max_tasks = 1 });
    uint64_t request = rig_put_as(p, put, 3, three);
    rig_turn(rig);
    assert_int_equal(rig_see(p, MSG_put_ok, request)->as.put_ok.count, 1);
    assert_null(rig_find(p, MSG_put_ok, request + 1));
    (void)rig_get_one(w, "q");
    rig_turn(rig);
    assert_int_equal(rig_see(p, MSG_put_ok, request + 1)->as.put_ok.count, 1);
    rig_sleep(rig, 11 * TICK_S);
    const struct msg *m = rig_see(p, MSG_error, request + 2);
    assert_int_equal(m->as.error.code, STINT_EFULL);
    assert_int_equal(m->as.error.count, 1);
}

static void
who_waits_for_room_is_not_overtaken(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    const char *late = "late";
    struct msg_put put = {
        .queue = slice_of("q"),
        .wait_ns = 10 * (uint64_t)TICK_S,
    };

    rig_declare(p, "q", (struct msg_declare){ .max_tasks = 1 });
    rig_put(p, "q", "a");
    (void)rig_put_as(p, put, 1, &late);
    (void)rig_get(w, "q", 1, 0);
    uint64_t sudden = rig_put(p, "q", "sudden");
    rig_turn(rig);
    assert_int_equal(rig_code(p, sudden), STINT_EFULL);
    assert_string_equal(rig_get_one(w, "q").payload, "late");
}

static void
the_memory_budget_refuses_with_its_own_error(void **state)
{
    struct rig *rig = *state;

    core_free(rig->core);
    rig->config.memory_max = 1000;
    rig_start(rig);
    struct rig_peer *p = rig_submitter(rig);
    uint64_t last = 0;
    for (int i = 0; i < 20; i++)
        last = rig_put(p, "q", "a");
    rig_turn(rig);
    assert_int_equal(rig_code(p, last), STINT_EBUDGET);
    assert_true(core_totals(rig->core).memory < 1500);
}

/* Each stays below what one may leave unacknowledged; together they do not. */
static void
answers_that_nobody_acknowledges_are_bounded_in_all(void **state)
{
    enum { LISTENERS = 8, LISTS = 8, NAME = 200, QUEUES = 500 };
    struct rig *rig = *state;
    struct msg declare = { .type = MSG_declare };
    char name[NAME + 1];

    core_free(rig->core);
    rig->config.memory_max = 1 << 20;
    rig_start(rig);
    struct rig_peer *honest = rig_submitter(rig);
    for (int i = 0; i < QUEUES; i++) {
        (void)snprintf(name, sizeof name, "%0*d", NAME, i);
        declare.as.declare.queue = slice_of(name);
        rig_say(honest, declare);
    }
    rig_turn(rig);
    for (int i = 0; i < LISTENERS; i++) {
        struct rig_peer *p = rig_peer(rig, "silent", ROLE_SUBMIT);
        p->deaf = p->mute = true;
        for (int k = 0; k < LISTS; k++)
            rig_say(p, (struct msg){ .type = MSG_list });
        rig_turn(rig);
    }
    assert_true(core_totals(rig->core).memory <= (1 << 20) + (1 << 19));
    uint64_t open = rig_say(honest, declare);
    rig_turn(rig);
    assert_int_equal(rig_code(honest, open), 0);
}

static void
a_put_that_waited_longer_than_its_task_lives_is_not_run(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct msg_put put = {
        .queue = slice_of("q"),
        .result = 1,
        .wait_ns = 10 * (uint64_t)TICK_S,
        .expires_ns = (uint64_t)TICK_S,
    };
    const char *late = "late";
    struct rig_task out[4];
    struct rec_result r;

    rig_declare(p, "q", (struct msg_declare){ .max_tasks = 1 });
    rig_put(p, "q", "a");
    (void)rig_put_as(p, put, 1, &late);
    rig_sleep(rig, 2 * TICK_S);
    uint64_t first = rig_get(w, "q", 1, TICK_S);
    uint64_t second = rig_get(w, "q", 1, TICK_S);
    rig_turn(rig);
    assert_int_equal(rig_tasks(w, first, out, 4), 1);
    assert_int_equal(rig_tasks(w, second, out, 4), 0);
    assert_int_equal(rig_results(p, &r), 1);
    assert_int_equal(r.code, STINT_EEXPIRED);
}

/* ---- sessions ------------------------------------------------------------ */

static void
another_version_is_refused_with_ours(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_stranger(rig, "submit", ROLE_SUBMIT);

    rig_hello(p, PROTO_VERSION + 1);
    const struct msg *m = rig_see(p, MSG_refused, 0);
    assert_int_equal(m->as.refused.code, STINT_EPROTO);
    assert_int_equal(m->as.refused.version, PROTO_VERSION);
    assert_int_equal(core_totals(rig->core).sessions, 0);
}

static void
who_has_not_said_hello_is_asked_to(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_stranger(rig, "submit", ROLE_SUBMIT);

    p->conn = 77;
    rig_put(p, "q", "a");
    rig_turn(rig);
    assert_int_equal(rig_see(p, MSG_refused, 0)->as.refused.code, STINT_ELOST);
    assert_int_equal(core_totals(rig->core).accepted, 0);
}

static void
an_unknown_key_does_not_come_in(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_stranger(rig, "nobody", 0);

    rig_hello(p, PROTO_VERSION);
    assert_int_equal(rig_see(p, MSG_refused, 0)->as.refused.code, STINT_EAUTH);
}

static void
a_session_of_another_key_cannot_be_taken_over(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *thief = rig_stranger(rig, "work", ROLE_WORK);

    memcpy(thief->session, p->session, sizeof p->session);
    rig_hello(thief, PROTO_VERSION);
    assert_int_equal(
        rig_see(thief, MSG_refused, 0)->as.refused.code, STINT_EROLE);
    uint64_t request = rig_put(p, "q", "a");
    rig_turn(rig);
    assert_non_null(rig_find(p, MSG_put_ok, request));
}

static void
a_revoked_key_is_cut_and_gives_back(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    assert_int_equal(core_key_revoke(rig->core, rig->now, slice_of("work")), 0);
    rig_turn(rig);
    assert_int_equal(rig_see(w, MSG_refused, 0)->as.refused.code, STINT_EAUTH);
    assert_int_equal(core_totals(rig->core).ready, 1);
    rig_forget_inbox(w);
    rig_hello(w, PROTO_VERSION);
    assert_int_equal(rig_see(w, MSG_refused, 0)->as.refused.code, STINT_EAUTH);
    assert_int_equal(
        core_key_revoke(rig->core, rig->now, slice_of("none")), STINT_ENOKEY);
}

static void
a_master_that_is_full_of_live_sessions_says_so(void **state)
{
    struct rig *rig = *state;

    core_free(rig->core);
    rig->config.sessions_max = 1;
    rig_start(rig);
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *late = rig_stranger(rig, "work", ROLE_WORK);
    rig_hello(late, PROTO_VERSION);
    assert_int_equal(
        rig_see(late, MSG_refused, 0)->as.refused.code, STINT_ELIMIT);
    p->mute = true;
    late->conn = 0;
    rig_sleep(rig, 4 * TICK_S);
    rig_forget_inbox(late);
    rig_hello(late, PROTO_VERSION);
    assert_non_null(rig_find(late, MSG_welcome, 0));
}

static void
an_answer_that_was_lost_comes_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    p->deaf = true;
    uint64_t request = rig_put(p, "q", "a");
    rig_turn(rig);
    rig_disconnect(p);
    p->deaf = false;
    rig_hello(p, PROTO_VERSION);
    assert_non_null(rig_find(p, MSG_put_ok, request));
    assert_int_equal(core_totals(rig->core).accepted, 1);
}

/* ---- roles --------------------------------------------------------------- */

static void
check_role(
    struct rig *rig, struct rig_peer *p, unsigned role, enum msg_type type)
{
    static const uint8_t key[PROTO_KEY_BYTES] = { 9 };
    struct msg m = { .type = type };
    struct rig_task t = { .task = 1, .attempt = 1 };
    uint64_t request;

    switch ((int)type) {
    case MSG_cancel:
        request = rig_show(p, m, &t);
        break;
    case MSG_shutdown:
        m.as.shutdown.queue = slice_of("q");
        request = rig_say(p, m);
        break;
    case MSG_key_add:
        m.as.key_add.name = slice_of("new");
        m.as.key_add.role = ROLE_WORK;
        m.as.key_add.public_key = (struct slice){ key, sizeof key };
        request = rig_say(p, m);
        break;
    case MSG_key_revoke:
        m.as.key_revoke.name = slice_of("new");
        request = rig_say(p, m);
        break;
    case MSG_list:
        m.as.list.what = 3;
        request = rig_say(p, m);
        break;
    default:
        request = rig_say(p, m);
        break;
    }
    rig_turn(rig);
    unsigned may = type == MSG_list ? ROLE_ADMIN : codec_roles(type);
    bool refused = rig_code(p, request) == STINT_EROLE;
    assert_int_equal(refused, (may & role) == 0);
}

static void
each_role_may_what_the_table_says(void **state)
{
    static const enum msg_type types[] = { MSG_cancel, MSG_shutdown, MSG_list,
        MSG_status, MSG_key_add, MSG_key_revoke, MSG_stop };
    static const unsigned roles[] = { ROLE_WORK, ROLE_SUBMIT, ROLE_ADMIN };
    static const char *const names[] = { "w", "s", "a" };
    struct rig *rig = *state;

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        struct rig_peer *p = rig_peer(rig, names[i], roles[i]);
        rig_put(p, "q", "a");
        for (size_t k = 0; k < ARRAY_LEN(types); k++)
            check_role(rig, p, roles[i], types[k]);
        assert_int_equal(core_stop_asked(rig->core), roles[i] == ROLE_ADMIN);
    }
}

static void
a_worker_makes_no_queue_with_options(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *w = rig_worker(rig);
    struct msg m = { .type = MSG_declare };

    m.as.declare.queue = slice_of("q");
    m.as.declare.set = 1;
    uint64_t request = rig_say(w, m);
    rig_turn(rig);
    assert_int_equal(rig_code(w, request), STINT_EROLE);
}

static void
a_queue_is_not_declared_twice_with_other_options(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct msg m = { .type = MSG_declare };

    rig_declare(p, "q", (struct msg_declare){ .max_tasks = 5 });
    m.as.declare.queue = slice_of("q");
    m.as.declare.set = 1;
    m.as.declare.max_tasks = 6;
    uint64_t other = rig_say(p, m);
    m.as.declare.max_tasks = 5;
    uint64_t same = rig_say(p, m);
    m.as.declare.set = 0;
    uint64_t open = rig_say(p, m);
    rig_turn(rig);
    assert_int_equal(rig_code(p, other), STINT_EEXISTS);
    assert_int_equal(rig_code(p, same), 0);
    assert_int_equal(rig_code(p, open), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(a_put_is_answered_with_the_id_of_its_task),
        ON_A_RIG(a_frame_that_comes_twice_puts_once),
        ON_A_RIG(an_unknown_queue_is_refused_where_queues_are_not_made),
        ON_A_RIG(a_payload_over_the_bound_is_refused_with_all_of_its_put),
        ON_A_RIG(a_full_queue_refuses_who_does_not_wait),
        ON_A_RIG(a_put_that_waits_is_accepted_in_parts_as_room_comes),
        ON_A_RIG(who_waits_for_room_is_not_overtaken),
        ON_A_RIG(the_memory_budget_refuses_with_its_own_error),
        ON_A_RIG(answers_that_nobody_acknowledges_are_bounded_in_all),
        ON_A_RIG(a_put_that_waited_longer_than_its_task_lives_is_not_run),
        ON_A_RIG(another_version_is_refused_with_ours),
        ON_A_RIG(who_has_not_said_hello_is_asked_to),
        ON_A_RIG(an_unknown_key_does_not_come_in),
        ON_A_RIG(a_session_of_another_key_cannot_be_taken_over),
        ON_A_RIG(a_revoked_key_is_cut_and_gives_back),
        ON_A_RIG(a_master_that_is_full_of_live_sessions_says_so),
        ON_A_RIG(an_answer_that_was_lost_comes_again),
        ON_A_RIG(each_role_may_what_the_table_says),
        ON_A_RIG(a_worker_makes_no_queue_with_options),
        ON_A_RIG(a_queue_is_not_declared_twice_with_other_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
