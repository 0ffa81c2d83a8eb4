/* The loop with a real core, seen by raw peers. */
#include "tests/unit/server/world.h"

static int
make_world(void **state)
{
    static struct world w;
    struct core_config config;

    memset(&w, 0, sizeof w);
    core_config_init(&config);
    world_open(&w, NULL, &config);
    *state = &w;
    return 0;
}

static int
end_world(void **state)
{
    return world_close(*state);
}

static void
a_hello_is_welcomed_with_the_role_of_the_key(void **state)
{
    struct world *w = *state;
    struct msg m;
    void *s = come_as(w, &w->admin, NULL);

    send_hello(s, 0);
    assert_int_equal(answer(s, LONG_MS, &m), MSG_welcome);
    assert_int_equal(m.as.welcome.role, ROLE_ADMIN);
    (void)zmq_close(s);
}

static void
who_chooses_its_routing_id_is_not_heard(void **state)
{
    struct world *w = *state;
    struct msg m;
    void *s = come_as(w, &w->admin, "mine");

    send_hello(s, 0);
    assert_int_equal(answer(s, SHORT_MS, &m), -1);
    (void)zmq_close(s);
}

static void
a_message_of_two_parts_is_passed_over_whole(void **state)
{
    struct world *w = *state;
    struct msg m;
    void *s = come_as(w, &w->admin, NULL);

    send_hello(s, ZMQ_SNDMORE);
    send_hello(s, 0);
    assert_int_equal(answer(s, SHORT_MS, &m), -1);
    send_hello(s, 0);
    assert_int_equal(answer(s, LONG_MS, &m), MSG_welcome);
    assert_int_equal(answer(s, SHORT_MS, &m), -1);
    (void)zmq_close(s);
}

static void
garbage_is_refused_and_the_next_one_is_served(void **state)
{
    struct world *w = *state;
    struct msg m;
    uint8_t junk[300];
    void *s = come_as(w, &w->admin, NULL), *t = come_as(w, &w->admin, NULL);

    for (size_t length = 0; length < sizeof junk; length++) {
        randombytes_buf(junk, sizeof junk);
        assert_int_equal(zmq_send(s, junk, length, 0), length);
    }
    send_hello(t, 0);
    assert_int_equal(answer(t, LONG_MS, &m), MSG_welcome);
    (void)zmq_close(s);
    (void)zmq_close(t);
}

static void
a_new_key_comes_in_as_soon_as_its_answer_is_there(void **state)
{
    struct world *w = *state;
    struct auth_pair pair;
    struct msg m;
    void *s = come_as(w, &w->admin, NULL);

    random_pair(&pair);
    send_hello(s, 0);
    assert_int_equal(answer(s, LONG_MS, &m), MSG_welcome);
    const struct msg add = { .type = MSG_key_add,
        .as.key_add = { .request = 1,
            .name = slice_of("new"),
            .role = ROLE_WORK,
            .public_key = { pair.public_key, PROTO_KEY_BYTES } } };
    send_message(s, &add, 1, 0);
    assert_int_equal(answer(s, LONG_MS, &m), MSG_ok);
    void *t = come_as(w, &pair, NULL);
    send_hello(t, 0);
    assert_int_equal(answer(t, LONG_MS, &m), MSG_welcome);
    assert_int_equal(m.as.welcome.role, ROLE_WORK);

    const struct msg revoke = { .type = MSG_key_revoke,
        .as.key_revoke = { .request = 2, .name = slice_of("new") } };
    send_message(s, &revoke, 2, 0);
    assert_int_equal(answer(s, LONG_MS, &m), MSG_ok);
    const struct msg ping = { .type = MSG_ping, .as.ping = { .echo = 7 } };
    send_message(t, &ping, 0, 0);
    assert_int_not_equal(answer(t, SHORT_MS, &m), MSG_pong);
    void *late = come_as(w, &pair, NULL);
    send_hello(late, 0);
    assert_int_equal(answer(late, SHORT_MS, &m), -1);
    (void)zmq_close(s);
    (void)zmq_close(t);
    (void)zmq_close(late);
}

static void
an_admin_hears_that_the_master_stops(void **state)
{
    struct world *w = *state;
    struct msg m;
    void *s = come_as(w, &w->admin, NULL);
    const struct msg stop = { .type = MSG_stop, .as.stop = { .request = 1 } };

    send_hello(s, 0);
    assert_int_equal(answer(s, LONG_MS, &m), MSG_welcome);
    send_message(s, &stop, 1, 0);
    assert_int_equal(answer(s, LONG_MS, &m), MSG_ok);
    (void)zmq_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hello_is_welcomed_with_the_role_of_the_key),
        TEST(who_chooses_its_routing_id_is_not_heard),
        TEST(a_message_of_two_parts_is_passed_over_whole),
        TEST(garbage_is_refused_and_the_next_one_is_served),
        TEST(a_new_key_comes_in_as_soon_as_its_answer_is_there),
        TEST(an_admin_hears_that_the_master_stops),
    };

    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
