/* Frames on their way: in order, bounded, and nobody held up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <zmq.h>

#include "master/server/outbox.h"

enum { ROOM = 4 }; /* Messages that a pipe takes. */

struct world {
    void *context, *router;
    void *peers[4]; /* Closed at the end at the latest. */
    unsigned peer_count;
    struct outbox outbox;
    uint64_t lost[8];
    unsigned lost_count;
};

static void
note_lost(void *arg, uint64_t conn)
{
    struct world *w = arg;

    assert_true(w->lost_count < 8);
    w->lost[w->lost_count++] = conn;
}

static void
set_int(void *socket, int option, int value)
{
    assert_int_equal(zmq_setsockopt(socket, option, &value, sizeof value), 0);
}

static int
make_world(void **state)
{
    static struct world w;

    memset(&w, 0, sizeof w);
    w.context = zmq_ctx_new();
    w.router = zmq_socket(w.context, ZMQ_ROUTER);
    set_int(w.router, ZMQ_ROUTER_MANDATORY, 1);
    set_int(w.router, ZMQ_SNDHWM, ROOM);
    set_int(w.router, ZMQ_LINGER, 0);
    assert_int_equal(zmq_bind(w.router, "inproc://here"), 0);
    outbox_init(&w.outbox, w.router, note_lost, &w);
    *state = &w;
    return 0;
}

static int
end_world(void **state)
{
    struct world *w = *state;

    outbox_fini(&w->outbox);
    (void)zmq_close(w->router);
    while (w->peer_count > 0) {
        void *peer = w->peers[--w->peer_count];
        if (peer != NULL) (void)zmq_close(peer);
    }
    return zmq_ctx_term(w->context);
}

/* A peer, and its number. */
static void *
come(struct world *w, uint64_t *conn)
{
    uint8_t id[16];
    char hello[4];
    void *peer = zmq_socket(w->context, ZMQ_DEALER);

    set_int(peer, ZMQ_RCVHWM, 1);
    set_int(peer, ZMQ_LINGER, 0);
    assert_int_equal(zmq_connect(peer, "inproc://here"), 0);
    assert_int_equal(zmq_send(peer, "x", 1, 0), 1);
    int n = zmq_recv(w->router, id, sizeof id, 0);
    assert_int_equal(zmq_recv(w->router, hello, sizeof hello, 0), 1);
    *conn = outbox_conn(id, (size_t)n);
    assert_true(*conn != 0);
    w->peers[w->peer_count++] = peer;
    return peer;
}

static void
send_number(struct world *w, uint64_t conn, uint32_t number)
{
    uint8_t *bytes = malloc(sizeof number);

    assert_non_null(bytes);
    memcpy(bytes, &number, sizeof number);
    struct frame *f = frame_new(bytes, sizeof number, 0);
    assert_non_null(f);
    outbox_send(&w->outbox, conn, f);
}

/* libzmq tells the sender a while after the reader made room. */
static void
expect_number(struct world *w, void *peer, uint32_t expected)
{
    uint32_t number = 0;
    int got = -1;

    for (int i = 0; i < 2000 && got < 0; i++) {
        got = zmq_recv(peer, &number, sizeof number, ZMQ_DONTWAIT);
        if (got >= 0) break;
        (void)zmq_poll(NULL, 0, 1);
        outbox_retry(&w->outbox);
    }
    assert_int_equal(got, sizeof number);
    assert_int_equal(number, expected);
}

static void
what_a_full_pipe_refuses_comes_later_in_order(void **state)
{
    struct world *w = *state;
    uint64_t conn = 0;
    void *peer = come(w, &conn);

    for (uint32_t i = 0; i < 40; i++) {
        send_number(w, conn, i);
    }
    assert_true(outbox_waits(&w->outbox));
    for (uint32_t i = 0; i < 40; i++) {
        expect_number(w, peer, i);
    }
    assert_false(outbox_waits(&w->outbox));
    assert_int_equal(w->lost_count, 0);
}

static void
who_does_not_read_is_lost_and_holds_nobody_up(void **state)
{
    struct world *w = *state;
    uint64_t slow = 0, quick = 0;
    void *reader = come(w, &quick);

    (void)come(w, &slow);

    for (uint32_t i = 0; i < 2 * OUTBOX_FRAMES && w->lost_count == 0; i++) {
        send_number(w, slow, i);
        send_number(w, quick, i);
        expect_number(w, reader, i);
    }
    assert_int_equal(w->lost_count, 1);
    assert_true(w->lost[0] == slow);
    assert_false(outbox_waits(&w->outbox));
}

static void
who_is_gone_is_told_once_and_his_frames_are_dropped(void **state)
{
    struct world *w = *state;
    uint64_t conn = 0;
    void *peer = come(w, &conn);

    for (uint32_t i = 0; i < 20; i++) {
        send_number(w, conn, i);
    }
    assert_true(outbox_waits(&w->outbox));
    (void)zmq_close(peer);
    w->peers[0] = NULL;
    for (int i = 0; i < 1000 && outbox_waits(&w->outbox); i++) {
        char none[1]; /* The loop receives all the time, which hears of it. */
        (void)zmq_recv(w->router, none, sizeof none, ZMQ_DONTWAIT);
        (void)zmq_poll(NULL, 0, 1);
        outbox_retry(&w->outbox);
    }
    assert_false(outbox_waits(&w->outbox));
    assert_int_equal(w->lost_count, 1);
    send_number(w, conn, 99);
    assert_int_equal(w->lost_count, 2);
}

static void
nobody_of_that_number_is_lost_at_once(void **state)
{
    struct world *w = *state;

    send_number(w, (uint64_t)1 << 32 | 12345, 0);
    assert_int_equal(w->lost_count, 1);
}

static void
what_still_waits_at_the_end_is_freed(void **state)
{
    struct world *w = *state;
    uint64_t conn = 0;

    (void)come(w, &conn);
    for (uint32_t i = 0; i < 20; i++) {
        send_number(w, conn, i);
    }
    assert_true(outbox_waits(&w->outbox)); /* The leak checker does the rest. */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_full_pipe_refuses_comes_later_in_order),
        TEST(who_does_not_read_is_lost_and_holds_nobody_up),
        TEST(who_is_gone_is_told_once_and_his_frames_are_dropped),
        TEST(nobody_of_that_number_is_lost_at_once),
        TEST(what_still_waits_at_the_end_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
