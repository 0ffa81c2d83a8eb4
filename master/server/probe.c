#include "master/server/probe.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <zmq.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "proto/auth.h"

enum { PATIENCE_MS = 10000, EVENT_BYTES = 6 };

enum verdict { NO_VERDICT, LET_IN, REFUSED };

/* The first event of the handshake: 16 bits of event, 32 of value, then a
 * second frame with the address. */
static enum verdict
await_verdict(void *monitor)
{
    uint8_t event[EVENT_BYTES];
    char address[256];
    uint16_t number = 0;

    if (zmq_recv(monitor, event, sizeof event, 0) != EVENT_BYTES) {
        return NO_VERDICT;
    }
    (void)zmq_recv(monitor, address, sizeof address, 0);
    memcpy(&number, event, sizeof number);
    return number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? LET_IN : REFUSED;
}

static bool
set_keys(void *socket, const struct auth_pair *pair, const uint8_t *server_key)
{
    int none = 0, never = -1;

    return zmq_setsockopt(
               socket, ZMQ_CURVE_SERVERKEY, server_key, PROTO_KEY_BYTES)
               == 0
           && zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair->public_key,
                  PROTO_KEY_BYTES)
                  == 0
           && zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair->secret_key,
                  PROTO_KEY_BYTES)
                  == 0
           && zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0
           && zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &never, sizeof never)
                  == 0;
}

static enum verdict
knock_with(void *socket, void *monitor, const char *watch, const char *door)
{
    int patience = PATIENCE_MS, none = 0;
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                       | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                       | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
                       | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

    (void)zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &patience, sizeof patience);
    (void)zmq_setsockopt(monitor, ZMQ_LINGER, &none, sizeof none);
    if (zmq_socket_monitor(socket, watch, events) != 0
        || zmq_connect(monitor, watch) != 0 || zmq_connect(socket, door) != 0) {
        return NO_VERDICT;
    }
    enum verdict verdict = await_verdict(monitor);
    (void)zmq_socket_monitor(socket, NULL, 0);
    return verdict;
}

static enum verdict
knock(void *context, const char *watch, const char *door,
    const struct auth_pair *pair, const uint8_t *server_key)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    enum verdict verdict = NO_VERDICT;

    if (socket != NULL && monitor != NULL
        && set_keys(socket, pair, server_key)) {
        verdict = knock_with(socket, monitor, watch, door);
    }
    if (monitor != NULL) (void)zmq_close(monitor);
    if (socket != NULL) (void)zmq_close(socket);
    return verdict;
}

/* Knock as a stranger, then as a friend. */
static int
try_door(
    void *context, struct zap *zap, const char *door, const uint8_t *server_key)
{
    struct auth_pair pair;
    struct zap_key key;
    uint8_t seed[32];

    auth_seed_random(seed);
    auth_pair_from_seed(&pair, seed);
    memcpy(key.public_key, pair.public_key, sizeof key.public_key);

    int rc = zap_admit(zap, NULL, 0);
    if (rc != 0) return rc;
    switch (
        knock(context, "inproc://stint-stranger", door, &pair, server_key)) {
    case LET_IN:
        return say(STINT_EAUTH,
            "a stranger's key was let in when the authentication was tried "
            "out: this libzmq does not enforce it, the master does not start");
    case NO_VERDICT:
        return say(STINT_EAUTH,
            "the authentication did not answer when it was tried out: the "
            "master does not start");
    case REFUSED:
        break;
    }
    rc = zap_admit(zap, &key, 1);
    if (rc != 0) return rc;
    if (knock(context, "inproc://stint-friend", door, &pair, server_key)
        != LET_IN) {
        return say(STINT_EAUTH,
            "a known key was not let in when the authentication was tried "
            "out: the master does not start");
    }
    return zap_admit(zap, NULL, 0);
}

int
probe_door(void *context, void *router, struct zap *zap,
    const uint8_t server_key[PROTO_KEY_BYTES])
{
    char door[64];
    uint8_t chance[16];
    char hex[2 * sizeof chance + 1];

    /* An abstract socket: needs no interface, no file, no free port, and is
     * gone before anybody can know of it. */
    randombytes_buf(chance, sizeof chance);
    (void)sodium_bin2hex(hex, sizeof hex, chance, sizeof chance);
    (void)snprintf(door, sizeof door, "ipc://@stint-%s", hex);
    if (zmq_bind(router, door) != 0) {
        return say(STINT_ESYSTEM, "the authentication cannot be tried out: %s",
            zmq_strerror(errno));
    }
    int rc = try_door(context, zap, door, server_key);
    (void)zmq_unbind(router, door);
    return rc;
}
