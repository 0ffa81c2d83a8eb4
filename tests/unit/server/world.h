/**
 * world.h - a loop with a real core, for raw peers.            [unit: server]
 *
 * In memory, or durable on a disk of the test's.
 */
#ifndef WORLD_H
#define WORLD_H

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

enum { LONG_MS = 20000, SHORT_MS = 300 };

struct world {
    void *context, *clients, *router;
    struct zap *zap;
    struct core *core;
    struct vault *vault; /* NULL: in memory. */
    struct timeline time;
    struct committer *committer;
    struct loop loop;
    pthread_t thread;
    bool runs;
    int outcome;
    struct auth_pair server, admin;
    struct router_place place;
};

static inline void
random_pair(struct auth_pair *pair)
{
    uint8_t seed[32];

    auth_seed_random(seed);
    auth_pair_from_seed(pair, seed);
}

static inline void *
world_run(void *arg)
{
    struct world *w = arg;

    w->outcome = loop_run(&w->loop);
    (void)zmq_close(w->router);
    return NULL;
}

static inline void
world_recover(struct world *w, struct core_config *config)
{
    const struct logger silent = { .write = NULL };

    timeline_init(&w->time);
    config->durable = w->vault != NULL;
    config->fetch = w->vault != NULL ? vault_fetch : NULL;
    config->fetch_arg = w->vault;
    randombytes_buf(&config->seed, sizeof config->seed);
    randombytes_buf(config->master, sizeof config->master);
    w->core = core_new(config, timeline_now(&w->time));
    assert_int_equal(core_key_add(w->core, slice_of("admin"), ROLE_ADMIN,
                         w->admin.public_key),
        0);
    if (w->vault == NULL) return;
    assert_int_equal(vault_load(w->vault, w->core, &w->time, &silent), 0);
    assert_int_equal(vault_commit(w->vault, w->core, &w->time), 0);
    assert_int_equal(
        committer_start(w->vault->store, &silent, &w->committer), 0);
}

/* Keys are made when they are all zero. */
static inline void
world_open(struct world *w, struct vault *vault, struct core_config *config)
{
    static const struct auth_pair none;
    struct address where;
    const char *why = NULL;

    w->vault = vault;
    w->outcome = 0;
    w->committer = NULL;
    if (memcmp(&w->admin, &none, sizeof none) == 0) {
        random_pair(&w->server);
        random_pair(&w->admin);
    }
    world_recover(w, config);
    w->context = router_context();
    w->clients = zmq_ctx_new();
    assert_int_equal(zap_start(w->context, &w->zap), 0);
    assert_int_equal(
        router_open(w->context, &w->server, config->frame_max, &w->router), 0);
    assert_int_equal(address_parse("127.0.0.1:0", &where, &why), 0);
    assert_int_equal(router_bind(w->router, &where, &w->place), 0);
    struct loop_parts parts = { .router = w->router,
        .door = { .core = w->core, .zap = w->zap },
        .time = w->time,
        .vault = w->vault,
        .committer = w->committer };
    door_update(&parts.door, timeline_now(&w->time));
    assert_int_equal(loop_init(&w->loop, &parts), 0);
    assert_int_equal(pthread_create(&w->thread, NULL, world_run, w), 0);
    w->runs = true;
}

/* Wait for the loop's end.  Returns how it ended. */
static inline int
world_join(struct world *w)
{
    if (w->runs) (void)pthread_join(w->thread, NULL);
    w->runs = false;
    return w->outcome;
}

/* End it; the vault stays open.  Returns how the loop ended. */
static inline int
world_close(struct world *w)
{
    if (w->runs) loop_quit(&w->loop);
    (void)world_join(w);
    loop_fini(&w->loop);
    assert_true(committer_stop(w->committer));
    (void)zmq_ctx_shutdown(w->context);
    zap_stop(w->zap);
    (void)zmq_ctx_term(w->context);
    (void)zmq_ctx_term(w->clients);
    core_free(w->core);
    return w->outcome;
}

static inline void *
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
static inline void
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

static inline void
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
static inline int
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

#endif
