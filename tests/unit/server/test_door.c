/* The door from outside: what a stranger, an old greeting, a flood and a peer
 * that squats a routing id get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/server/outbox.h"
#include "master/server/probe.h"
#include "master/server/router.h"
#include "master/server/zap.h"

enum { FRAME_MAX = 4096, LONG_MS = 20000, SHORT_MS = 400 };

struct door {
    void *context, *clients; /* The master's context and everybody else's. */
    struct zap *zap;
    void *router;
    struct auth_pair server, friend;
    struct router_place place;
};

static void
random_pair(struct auth_pair *pair)
{
    uint8_t seed[32];

    auth_seed_random(seed);
    auth_pair_from_seed(pair, seed);
}

static void
set_int(void *socket, int option, int value)
{
    assert_int_equal(zmq_setsockopt(socket, option, &value, sizeof value), 0);
}

static void
open_door(struct door *d, bool with_handler)
{
    struct address where;
    struct zap_key key;
    const char *why = NULL;

    memset(d, 0, sizeof *d);
    random_pair(&d->server);
    random_pair(&d->friend);
    d->context = router_context();
    d->clients = zmq_ctx_new();
    if (with_handler) {
        assert_int_equal(zap_start(d->context, &d->zap), 0);
        memcpy(key.public_key, d->friend.public_key, sizeof key.public_key);
        assert_int_equal(zap_admit(d->zap, &key, 1), 0);
    }
    assert_int_equal(
        router_open(d->context, &d->server, FRAME_MAX, &d->router), 0);
    assert_int_equal(address_parse("127.0.0.1:0", &where, &why), 0);
    assert_int_equal(router_bind(d->router, &where, &d->place), 0);
}

static void
close_door(struct door *d)
{
    (void)zmq_close(d->router);
    (void)zmq_ctx_shutdown(d->context);
    zap_stop(d->zap);
    (void)zmq_ctx_term(d->context);
    (void)zmq_ctx_term(d->clients);
}

static void *
dealer(struct door *d)
{
    void *socket = zmq_socket(d->clients, ZMQ_DEALER);

    assert_non_null(socket);
    set_int(socket, ZMQ_LINGER, 0);
    return socket;
}

static void *
curve_dealer(struct door *d, const struct auth_pair *pair)
{
    void *s = dealer(d);

    assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY,
                         d->server.public_key, PROTO_KEY_BYTES),
        0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, pair->public_key,
                         PROTO_KEY_BYTES),
        0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, pair->secret_key,
                         PROTO_KEY_BYTES),
        0);
    return s;
}

static void
say_hello(struct door *d, void *socket)
{
    assert_int_equal(zmq_connect(socket, d->place.address), 0);
    assert_int_equal(zmq_send(socket, "hello", 5, 0), 5);
}

/* The next frame, with the id of its peer; -1 if none comes. */
static int
receive(struct door *d, int patience_ms, zmq_msg_t *id, zmq_msg_t *frame)
{
    set_int(d->router, ZMQ_RCVTIMEO, patience_ms);
    (void)zmq_msg_init(id);
    (void)zmq_msg_init(frame);
    if (zmq_msg_recv(id, d->router, 0) < 0) return -1;
    return zmq_msg_recv(frame, d->router, 0);
}

static bool
comes_through(struct door *d, int patience_ms)
{
    zmq_msg_t id, frame;

    bool came = receive(d, patience_ms, &id, &frame) >= 0;
    (void)zmq_msg_close(&id);
    (void)zmq_msg_close(&frame);
    return came;
}

static void
a_known_key_comes_in_and_is_the_user_id(void **unused)
{
    struct door d;
    zmq_msg_t id, frame;
    char hex[2 * PROTO_KEY_BYTES + 1];

    (void)unused;
    open_door(&d, true);
    void *s = curve_dealer(&d, &d.friend);
    say_hello(&d, s);
    assert_int_equal(receive(&d, LONG_MS, &id, &frame), 5);
    (void)sodium_bin2hex(hex, sizeof hex, d.friend.public_key, PROTO_KEY_BYTES);
    assert_string_equal(zmq_msg_gets(&frame, "User-Id"), hex);
    assert_true(outbox_conn(zmq_msg_data(&id), zmq_msg_size(&id)) != 0);
    (void)zmq_msg_close(&id);
    (void)zmq_msg_close(&frame);
    (void)zmq_close(s);
    close_door(&d);
}

static void
a_strangers_key_and_a_wrong_server_key_do_not(void **unused)
{
    struct door d;
    struct auth_pair stranger;

    (void)unused;
    open_door(&d, true);
    random_pair(&stranger);
    void *s = curve_dealer(&d, &stranger);
    say_hello(&d, s);
    void *t = curve_dealer(&d, &d.friend);
    assert_int_equal(zmq_setsockopt(t, ZMQ_CURVE_SERVERKEY, stranger.public_key,
                         PROTO_KEY_BYTES),
        0);
    say_hello(&d, t);
    assert_false(comes_through(&d, SHORT_MS));
    (void)zmq_close(s);
    (void)zmq_close(t);
    close_door(&d);
}

static void
null_and_plain_do_not(void **unused)
{
    struct door d;

    (void)unused;
    open_door(&d, true);
    void *null = dealer(&d), *plain = dealer(&d);
    assert_int_equal(zmq_setsockopt(plain, ZMQ_PLAIN_USERNAME, "admin", 5), 0);
    assert_int_equal(zmq_setsockopt(plain, ZMQ_PLAIN_PASSWORD, "admin", 5), 0);
    say_hello(&d, null);
    say_hello(&d, plain);
    assert_false(comes_through(&d, SHORT_MS));
    (void)zmq_close(null);
    (void)zmq_close(plain);
    close_door(&d);
}

static void
without_a_handler_nobody_gets_in(void **unused)
{
    struct door d;

    (void)unused;
    open_door(&d, false);
    void *s = curve_dealer(&d, &d.friend);
    say_hello(&d, s);
    assert_false(comes_through(&d, SHORT_MS));
    (void)zmq_close(s);
    close_door(&d);
}

static void
a_new_table_counts_for_the_next_who_knocks(void **unused)
{
    struct door d;

    (void)unused;
    open_door(&d, true);
    assert_int_equal(zap_admit(d.zap, NULL, 0), 0);
    void *s = curve_dealer(&d, &d.friend);
    say_hello(&d, s);
    assert_false(comes_through(&d, SHORT_MS));
    (void)zmq_close(s);
    close_door(&d);
}

static void
the_largest_frame_passes_and_a_larger_one_cuts_the_peer(void **unused)
{
    static const uint8_t bytes[2 * FRAME_MAX];
    struct door d;

    (void)unused;
    open_door(&d, true);
    void *s = curve_dealer(&d, &d.friend);
    assert_int_equal(zmq_connect(s, d.place.address), 0);
    assert_int_equal(zmq_send(s, bytes, FRAME_MAX, 0), FRAME_MAX);
    assert_true(comes_through(&d, LONG_MS));
    assert_int_equal(zmq_send(s, bytes, FRAME_MAX + 64, 0), FRAME_MAX + 64);
    assert_false(comes_through(&d, SHORT_MS));
    (void)zmq_close(s);
    close_door(&d);
}

static void
an_address_in_use_is_an_error_of_its_own(void **unused)
{
    struct door d, other;
    struct address where;
    struct router_place place;
    const char *why = NULL;

    (void)unused;
    open_door(&d, true);
    open_door(&other, true);
    assert_int_equal(address_parse(d.place.address, &where, &why), 0);
    assert_int_equal(router_bind(other.router, &where, &place), STINT_EBUSY);
    assert_non_null(strstr(say_message(), d.place.address));
    assert_int_equal(address_parse("192.0.2.1:0", &where, &why), 0);
    assert_int_equal(router_bind(other.router, &where, &place), STINT_EINVAL);
    close_door(&other);
    close_door(&d);
}

static void
listening_everywhere_is_reached_from_here(void **unused)
{
    struct door d;
    struct address where;
    struct router_place place;
    const char *why = NULL;

    (void)unused;
    open_door(&d, true);
    assert_int_equal(address_parse("*:0", &where, &why), 0);
    assert_int_equal(router_bind(d.router, &where, &place), 0);
    assert_null(strchr(place.address, '*'));
    void *s = curve_dealer(&d, &d.friend);
    assert_int_equal(zmq_connect(s, place.local), 0);
    assert_int_equal(zmq_send(s, "hello", 5, 0), 5);
    assert_true(comes_through(&d, LONG_MS));
    (void)zmq_close(s);
    close_door(&d);
}

/* ---- the trial at the start ---------------------------------------------- */

/* A handler that lets everybody in, as a broken one would. */
static void *
admit_all(void *socket)
{
    char part[256], request[256];
    int length = 0;

    for (;;) {
        int at = 0, more = 1;
        size_t size = sizeof more;
        for (; more; at++) {
            int n = zmq_recv(socket, part, sizeof part, 0);
            if (n < 0) goto end;
            if (at == 1) memcpy(request, part, (size_t)(length = n));
            (void)zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
        }
        (void)zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
        (void)zmq_send(socket, request, (size_t)length, ZMQ_SNDMORE);
        (void)zmq_send(socket, "200", 3, ZMQ_SNDMORE);
        (void)zmq_send(socket, "OK", 2, ZMQ_SNDMORE);
        (void)zmq_send(socket, "", 0, ZMQ_SNDMORE);
        (void)zmq_send(socket, "", 0, 0);
    }
end:
    (void)zmq_close(socket);
    return NULL;
}

static void
the_trial_passes_with_our_handler_and_leaves_the_door_shut(void **unused)
{
    struct door d;

    (void)unused;
    open_door(&d, true);
    if (probe_door(d.context, d.router, d.zap, d.server.public_key) != 0) {
        fail_msg("%s", say_message());
    }
    void *s = curve_dealer(&d, &d.friend);
    say_hello(&d, s);
    assert_false(comes_through(&d, SHORT_MS));
    (void)zmq_close(s);
    close_door(&d);
}

static void
the_trial_fails_when_a_stranger_is_let_in(void **unused)
{
    struct door d, other;
    pthread_t thread;

    (void)unused;
    open_door(&other, true); /* Its handler knows the keys, but is not asked. */
    open_door(&d, false);
    void *socket = zmq_socket(d.context, ZMQ_REP);
    assert_int_equal(zmq_bind(socket, "inproc://zeromq.zap.01"), 0);
    assert_int_equal(pthread_create(&thread, NULL, admit_all, socket), 0);
    assert_int_equal(
        probe_door(d.context, d.router, other.zap, d.server.public_key),
        STINT_EAUTH);
    assert_non_null(strstr(say_message(), "stranger"));
    (void)zmq_close(d.router);
    (void)zmq_ctx_shutdown(d.context);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)zmq_ctx_term(d.context);
    (void)zmq_ctx_term(d.clients);
    close_door(&other);
}

/* ---- squatted routing ids ------------------------------------------------ */

/* Let a peer take the next ids that a ROUTER of a process that never called
 * srand() will give, then let others come. */
static void
take_coming_ids(struct door *d, const uint8_t first[ROUTING_ID_BYTES])
{
    void *squatters[8], *others[8];
    uint8_t id[ROUTING_ID_BYTES];

    memcpy(id, first, sizeof id);
    for (int i = 0; i < 8; i++, id[4]++) {
        squatters[i] = curve_dealer(d, &d->friend);
        (void)zmq_setsockopt(squatters[i], ZMQ_ROUTING_ID, id, sizeof id);
        say_hello(d, squatters[i]);
        if (!comes_through(d, LONG_MS)) _exit(3);
    }
    for (int i = 0; i < 8; i++) {
        others[i] = curve_dealer(d, &d->friend);
        say_hello(d, others[i]);
        if (!comes_through(d, LONG_MS)) _exit(4);
    }
    for (int i = 0; i < 8; i++) {
        (void)zmq_close(squatters[i]);
        (void)zmq_close(others[i]);
    }
}

/* The id that the first peer of a ROUTER gets in a fresh process. */
static void
first_id_unseeded(uint8_t id[ROUTING_ID_BYTES])
{
    int fds[2], status = 0;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        void *context = zmq_ctx_new();
        void *router = zmq_socket(context, ZMQ_ROUTER);
        void *peer = zmq_socket(context, ZMQ_DEALER);
        (void)zmq_bind(router, "inproc://here");
        (void)zmq_connect(peer, "inproc://here");
        (void)zmq_send(peer, "x", 1, 0);
        int n = zmq_recv(router, id, ROUTING_ID_BYTES, 0);
        _exit(write(fds[1], id, ROUTING_ID_BYTES) == n ? 0 : 1);
    }
    assert_int_equal(read(fds[0], id, ROUTING_ID_BYTES), ROUTING_ID_BYTES);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* How a process fares whose rand() is as it was at its start, or is seeded as
 * router_open() does. */
static int
fate_of_squatted(const uint8_t first[ROUTING_ID_BYTES], bool plain)
{
    const struct rlimit no_core = { 0, 0 };
    int status = 0;

    pid_t child = fork();
    if (child == 0) {
        struct door d;
        (void)setrlimit(RLIMIT_CORE, &no_core);
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(2);
        (void)signal(SIGABRT, SIG_DFL);
        srand(1); /* As every process begins. */
        open_door(&d, true);
        if (plain) {
            srand(1);
            (void)zmq_close(d.router);
            d.router = zmq_socket(d.context, ZMQ_ROUTER);
            /* The rest as ours; only the seed is missing. */
            set_int(d.router, ZMQ_CURVE_SERVER, 1);
            (void)zmq_setsockopt(d.router, ZMQ_CURVE_SECRETKEY,
                d.server.secret_key, PROTO_KEY_BYTES);
            (void)zmq_setsockopt(d.router, ZMQ_ZAP_DOMAIN, "stint", 5);
            size_t size = sizeof d.place.address;
            (void)zmq_bind(d.router, "tcp://127.0.0.1:*");
            (void)zmq_getsockopt(
                d.router, ZMQ_LAST_ENDPOINT, d.place.address, &size);
        }
        take_coming_ids(&d, first);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void
squatting_the_coming_routing_ids_aborts_nothing(void **unused)
{
    uint8_t first[ROUTING_ID_BYTES];

    (void)unused;
    first_id_unseeded(first);
    assert_int_equal(first[0], 0);
    int plain = fate_of_squatted(first, true);
    /* The trap is there in this libzmq, so that the test means something. */
    assert_true(WIFSIGNALED(plain) && WTERMSIG(plain) == SIGABRT);
    assert_int_equal(fate_of_squatted(first, false), 0);
}

static void
only_automatic_routing_ids_have_a_number(void **unused)
{
    (void)unused;
    assert_true(outbox_conn((const uint8_t *)"\0\0\0\0\0", 5) != 0);
    assert_true(outbox_conn((const uint8_t *)"\0\1\2\3\4", 5)
                == (UINT64_C(1) << 32 | 0x01020304));
    assert_true(outbox_conn((const uint8_t *)"\1\1\2\3\4", 5) == 0);
    assert_true(outbox_conn((const uint8_t *)"\0\1\2\3\4\5", 6) == 0);
    assert_true(outbox_conn((const uint8_t *)"", 0) == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squatting_the_coming_routing_ids_aborts_nothing),
        cmocka_unit_test(only_automatic_routing_ids_have_a_number),
        cmocka_unit_test(a_known_key_comes_in_and_is_the_user_id),
        cmocka_unit_test(a_strangers_key_and_a_wrong_server_key_do_not),
        cmocka_unit_test(null_and_plain_do_not),
        cmocka_unit_test(without_a_handler_nobody_gets_in),
        cmocka_unit_test(a_new_table_counts_for_the_next_who_knocks),
        cmocka_unit_test(
            the_largest_frame_passes_and_a_larger_one_cuts_the_peer),
        cmocka_unit_test(an_address_in_use_is_an_error_of_its_own),
        cmocka_unit_test(listening_everywhere_is_reached_from_here),
        cmocka_unit_test(
            the_trial_passes_with_our_handler_and_leaves_the_door_shut),
        cmocka_unit_test(the_trial_fails_when_a_stranger_is_let_in),
    };

    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
