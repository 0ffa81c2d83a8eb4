/* The loop with a real core, seen by raw peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>
#include <zmq.h>

#include "common/buf.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "master/server/loop.h"
#include "master/server/router.h"
#include "master/server/zap.h"
#include "proto/codec.h"

enum { LONG_MS = 5000, SHORT_MS = 300 };

struct world {
    void *context, *clients, *router;
    struct zap *zap;
    struct core *core;
    struct loop loop;
    pthread_t thread;
    struct auth_pair server, admin;
    struct router_place place;
};

static void
random_pair(struct auth_pair *pair)
{
    uint8_t seed[32];

    auth_seed_random(seed);
    auth_pair_from_seed(pair, seed);
}

static void *
run(void *arg)
{
    struct world *w = arg;
    int rc = loop_run(&w->loop);

    (void)zmq_close(w->router);
    return rc == 0 ? NULL : w;
}

static int
make_world(void **state)
{
    static struct world w;
    struct core_config config;
    struct address where;
    const char *why = NULL;

    memset(&w, 0, sizeof w);
    random_pair(&w.server);
    random_pair(&w.admin);
    core_config_init(&config);
    w.core = core_new(&config, clock_now());
    assert_int_equal(
        core_key_add(w.core, slice_of("admin"), ROLE_ADMIN, w.admin.public_key),
        0);
    w.context = router_context();
    w.clients = zmq_ctx_new();
    assert_int_equal(zap_start(w.context, &w.zap), 0);
    assert_int_equal(
        router_open(w.context, &w.server, config.frame_max, &w.router), 0);
    assert_int_equal(address_parse("127.0.0.1:0", &where, &why), 0);
    assert_int_equal(router_bind(w.router, &where, &w.place), 0);
    struct door door = { .core = w.core, .zap = w.zap };
    door_update(&door, clock_now());
    const struct loop_parts parts = { .router = w.router, .door = door };
    assert_int_equal(loop_init(&w.loop, &parts), 0);
    assert_int_equal(pthread_create(&w.thread, NULL, run, &w), 0);
    *state = &w;
    return 0;
}

static int
end_world(void **state)
{
    struct world *w = *state;
    void *failed = NULL;

    loop_quit(&w->loop);
    (void)pthread_join(w->thread, &failed);
    loop_fini(&w->loop);
    (void)zmq_ctx_shutdown(w->context);
    zap_stop(w->zap);
    (void)zmq_ctx_term(w->context);
    (void)zmq_ctx_term(w->clients);
    core_free(w->core);
    return failed == NULL ? 0 : -1;
}

static void *
come_as(struct world *w, const struct auth_pair *pair, const char *routing_id)
{
    int none = 0;
    void *s = zmq_socket(w->clients, ZMQ_DEALER);

    (void)zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none);
    (void)zmq_setsockopt(
        s, ZMQ_CURVE_SERVERKEY, w->server.public_key, PROTO_KEY_BYTES);
    (void)zmq_setsockopt(
        s, ZMQ_CURVE_PUBLICKEY, pair->public_key, PROTO_KEY_BYTES);
    (void)zmq_setsockopt(
        s, ZMQ_CURVE_SECRETKEY, pair->secret_key, PROTO_KEY_BYTES);
    if (routing_id != NULL) {
        (void)zmq_setsockopt(s, ZMQ_ROUTING_ID, routing_id, strlen(routing_id));
    }
    assert_int_equal(zmq_connect(s, w->place.address), 0);
    return s;
}

/* A frame of one message. */
static void
send_message(void *s, const struct msg *m, uint64_t number, int flags)
{
    struct buf b;

    buf_init(&b);
    uint8_t *header = buf_reserve(&b, FRAME_HEADER_BYTES);
    assert_non_null(header);
    b.length = FRAME_HEADER_BYTES;
    codec_message(&b, m);
    codec_header(b.bytes, number, 0, 1);
    assert_false(b.failed);
    assert_int_equal(zmq_send(s, b.bytes, b.length, flags), b.length);
    buf_fini(&b);
}

static void
send_hello(void *s, int flags)
{
    static uint8_t session[PROTO_SESSION_BYTES];
    struct msg m = { .type = MSG_hello,
        .as.hello = { .version = PROTO_VERSION,
            .session = { session, sizeof session } } };

    randombytes_buf(session, sizeof session);
    send_message(s, &m, 0, flags);
}

/* The type of the first message that comes; -1 if none does. */
static int
answer(void *s, int patience_ms, struct msg *m)
{
    static uint8_t bytes[1 << 16];
    struct codec_frame f;
    const char *where = NULL;

    (void)zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
    int n = zmq_recv(s, bytes, sizeof bytes, 0);
    if (n < 0) return -1;
    assert_int_equal(codec_open((struct slice){ bytes, (size_t)n }, &f), 0);
    assert_int_equal(codec_next(&f, m, &where), 1);
    return (int)m->type;
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
