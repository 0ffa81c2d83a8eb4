/* A peer that writes a User-Id into its own metadata: what the master reads is
 * the key that was proved.  No library lets a client send that, so this one
 * speaks CurveZMQ (ZeroMQ RFC 26) by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "common/buf.h"
#include "master/server/router.h"
#include "master/server/zap.h"

enum { KEY = PROTO_KEY_BYTES, BOX = crypto_box_MACBYTES, NONCE = 24 };

static void
random_pair(struct auth_pair *pair)
{
    uint8_t seed[32];

    auth_seed_random(seed);
    auth_pair_from_seed(pair, seed);
}

static void
append(struct buf *b, const void *bytes, size_t length)
{
    buf_append(b, bytes, length);
    assert_false(b->failed);
}

/* Append a box of `plain` whose nonce is `prefix` and `tail`. */
static void
append_box(struct buf *b, struct slice plain, const char *prefix,
    const uint8_t *tail, const uint8_t *to, const uint8_t *from)
{
    uint8_t nonce[NONCE], box[1024];
    size_t length = strlen(prefix);

    memcpy(nonce, prefix, length);
    memcpy(nonce + length, tail, NONCE - length);
    assert_int_equal(
        crypto_box_easy(box, plain.bytes, plain.length, nonce, to, from), 0);
    append(b, box, plain.length + BOX);
}

static void
append_property(struct buf *b, const char *name, const char *value)
{
    const uint8_t name_length = (uint8_t)strlen(name);
    const uint32_t length = htonl((uint32_t)strlen(value));

    append(b, &name_length, 1);
    append(b, name, name_length);
    append(b, &length, sizeof length);
    append(b, value, strlen(value));
}

static void
send_all(int fd, const void *bytes, size_t length)
{
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL), length);
}

static void
receive_all(int fd, void *bytes, size_t length)
{
    assert_int_equal(recv(fd, bytes, length, MSG_WAITALL), length);
}

static void
send_frame(int fd, uint8_t flags, const struct buf *body)
{
    uint8_t head[9] = { flags | 2 };

    for (size_t i = 0; i < 8; i++) {
        head[8 - i] = (uint8_t)((uint64_t)body->length >> 8 * i);
    }
    send_all(fd, head, sizeof head);
    send_all(fd, body->bytes, body->length);
}

static int
greet(const char *endpoint)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    uint8_t greeting[64] = { 0xff, [9] = 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E' };
    char host[256];
    unsigned port = 0;

    assert_true(address_split(endpoint, host, &port));
    to.sin_port = htons((uint16_t)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct timeval patience = { .tv_sec = 5 };
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    send_all(fd, greeting, sizeof greeting);
    receive_all(fd, greeting, sizeof greeting);
    return fd;
}

static void
send_hello(int fd, const struct auth_pair *us, const uint8_t *server)
{
    static const uint8_t zeros[72], number[8] = { [7] = 1 };
    struct buf b;

    buf_init(&b);
    append(&b, "\5HELLO\1\0", 8);
    append(&b, zeros, sizeof zeros);
    append(&b, us->public_key, KEY);
    append(&b, number, sizeof number);
    append_box(&b, (struct slice){ zeros, 64 }, "CurveZMQHELLO---", number,
        server, us->secret_key);
    uint8_t head[2] = { 4, (uint8_t)b.length };
    send_all(fd, head, sizeof head);
    send_all(fd, b.bytes, b.length);
    buf_fini(&b);
}

/* The server's key of this connection, and its cookie. */
static void
receive_welcome(int fd, const struct auth_pair *us, const uint8_t *server,
    uint8_t out[KEY + 96])
{
    uint8_t frame[2 + 168], nonce[NONCE];

    receive_all(fd, frame, sizeof frame);
    assert_int_equal(frame[0], 4);
    assert_int_equal(frame[1], 168);
    memcpy(nonce, "WELCOME-", 8);
    memcpy(nonce + 8, frame + 10, 16);
    assert_int_equal(crypto_box_open_easy(
                         out, frame + 26, 144, nonce, server, us->secret_key),
        0);
}

static void
send_initiate(int fd, const struct auth_pair *us, const struct auth_pair *own,
    const uint8_t *server, const uint8_t welcome[KEY + 96],
    const char *claimed_user_id)
{
    static const uint8_t number[8] = { [7] = 2 };
    uint8_t vouched[2 * KEY], vouch_nonce[16];
    struct buf inner, b;

    buf_init(&inner);
    buf_init(&b);
    randombytes_buf(vouch_nonce, sizeof vouch_nonce);
    memcpy(vouched, us->public_key, KEY);
    memcpy(vouched + KEY, server, KEY);
    append(&inner, own->public_key, KEY);
    append(&inner, vouch_nonce, sizeof vouch_nonce);
    append_box(&inner, (struct slice){ vouched, sizeof vouched }, "VOUCH---",
        vouch_nonce, welcome, own->secret_key);
    append_property(&inner, "User-Id", claimed_user_id);
    append_property(&inner, "Socket-Type", "DEALER");
    append_property(&inner, "Identity", "");
    append_property(&inner, "X-Claim", claimed_user_id);

    append(&b, "\10INITIATE", 9);
    append(&b, welcome + KEY, 96);
    append(&b, number, sizeof number);
    append_box(&b, (struct slice){ inner.bytes, inner.length },
        "CurveZMQINITIATE", number, welcome, us->secret_key);
    send_frame(fd, 4, &b);
    buf_fini(&inner);
    buf_fini(&b);
}

/* Messages may follow when the server has said READY, and not before. */
static void
receive_ready(int fd)
{
    uint8_t head[2], body[256];

    receive_all(fd, head, sizeof head);
    assert_int_equal(head[0], 4);
    receive_all(fd, body, head[1]);
    assert_memory_equal(body, "\5READY", 6);
}

static void
send_message(int fd, const struct auth_pair *us, const uint8_t *to)
{
    static const uint8_t number[8] = { [7] = 3 };
    struct buf b;

    buf_init(&b);
    append(&b, "\7MESSAGE", 8);
    append(&b, number, sizeof number);
    append_box(&b, (struct slice){ (const uint8_t *)"\0hello", 6 },
        "CurveZMQMESSAGEC", number, to, us->secret_key);
    send_frame(fd, 0, &b);
    buf_fini(&b);
}

static void
a_claimed_user_id_does_not_count(void **unused)
{
    struct auth_pair server, own, other, us;
    struct zap_key keys[2];
    struct zap *zap = NULL;
    struct address where;
    struct router_place place;
    const char *why = NULL;
    uint8_t welcome[KEY + 96];
    char proved[2 * KEY + 1], claimed[2 * KEY + 1];
    void *router = NULL, *context = router_context();
    int patience_ms = 5000;
    zmq_msg_t frame;

    (void)unused;
    random_pair(&server);
    random_pair(&own);
    random_pair(&other);
    random_pair(&us);
    memcpy(keys[0].public_key, own.public_key, KEY);
    memcpy(keys[1].public_key, other.public_key, KEY);
    (void)sodium_bin2hex(proved, sizeof proved, own.public_key, KEY);
    (void)sodium_bin2hex(claimed, sizeof claimed, other.public_key, KEY);
    assert_int_equal(zap_start(context, &zap), 0);
    assert_int_equal(zap_admit(zap, keys, 2), 0);
    assert_int_equal(router_open(context, &server, 4096, &router), 0);
    assert_int_equal(address_parse("127.0.0.1:0", &where, &why), 0);
    assert_int_equal(router_bind(router, &where, &place), 0);

    int fd = greet(place.address);
    send_hello(fd, &us, server.public_key);
    receive_welcome(fd, &us, server.public_key, welcome);
    send_initiate(fd, &us, &own, server.public_key, welcome, claimed);
    receive_ready(fd);
    send_message(fd, &us, welcome);

    (void)zmq_setsockopt(
        router, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
    (void)zmq_msg_init(&frame);
    assert_int_equal(zmq_msg_recv(&frame, router, 0), 5); /* Routing id. */
    assert_int_equal(zmq_msg_recv(&frame, router, 0), 5);
    assert_memory_equal(zmq_msg_data(&frame), "hello", 5);
    /* The metadata did arrive, or the rest would mean nothing. */
    assert_string_equal(zmq_msg_gets(&frame, "X-Claim"), claimed);
    assert_string_equal(zmq_msg_gets(&frame, "User-Id"), proved);

    (void)zmq_msg_close(&frame);
    (void)close(fd);
    (void)zmq_close(router);
    (void)zmq_ctx_shutdown(context);
    zap_stop(zap);
    (void)zmq_ctx_term(context);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claimed_user_id_does_not_count),
    };

    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
