/* The loop and its disk, as raw peers see them. */
#include "tests/unit/server/world.h"

#include <poll.h>

#include "common/sys/say.h"
#include "tests/unit/server/gate.h"

enum { MEGA = 1 << 20, RESERVE = 3 * MEGA };

struct rig {
    struct world w;
    struct gate gate;
    struct vault vault;
    struct core_config config;
    char path[64];
    void *sockets[8]; /* Of peers that are there: a failed test leaves some. */
};

static void
start(struct rig *r)
{
    const struct store_config config = { .segment = MEGA };

    vault_init(&r->vault, false);
    assert_true(gate_init(&r->gate, r->path));
    assert_int_equal(store_open(&r->gate.disk, &config, &r->vault.store), 0);
    r->vault.disk = &r->gate.disk;
    world_open(&r->w, &r->vault, &r->config);
    /* What the gate shuts out afterwards is not the making of the reserve. */
    while (store_stat(r->vault.store).free < RESERVE)
        (void)usleep(1000);
}

/* The gate is the test's, so the vault is not closed as a whole. */
static void
stop(struct rig *r)
{
    for (size_t i = 0; i < ARRAY_LEN(r->sockets); i++) {
        if (r->sockets[i] != NULL) (void)zmq_close(r->sockets[i]);
        r->sockets[i] = NULL;
    }
    (void)world_close(&r->w);
    store_close(r->vault.store);
    gate_fini(&r->gate);
}

static int
set_up(void **state)
{
    static struct rig r;

    memset(&r, 0, sizeof r);
    (void)snprintf(r.path, sizeof r.path, "%s", gate_folder());
    core_config_init(&r.config);
    r.config.silence = TICK_S * 60; /* These peers ping only when told to. */
    start(&r);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct rig *r = *state;

    gate_shut(&r->gate, false);
    gate_fill(&r->gate, false);
    stop(r);
    gate_remove_folder(r->path);
    return 0;
}

/* ---- a peer -------------------------------------------------------------- */

struct peer {
    void *socket;
    uint64_t frames, requests; /* Sent so far. */
    uint8_t *in;
    struct codec_frame frame; /* That is being read. */
    uint64_t seen;
};

enum { IN_MAX = 8 << 20 };

static void
hello(struct rig *r, struct peer *p)
{
    static uint8_t session[PROTO_SESSION_BYTES];
    struct msg m = { .type = MSG_hello,
        .as.hello = { .version = PROTO_VERSION,
            .session = { session, sizeof session } } };

    *p = (struct peer){ .socket = come_as(&r->w, &r->w.admin, NULL) };
    size_t i = 0;
    while (r->sockets[i] != NULL) {
        assert_true(++i < ARRAY_LEN(r->sockets));
    }
    r->sockets[i] = p->socket;
    p->in = malloc(IN_MAX);
    assert_non_null(p->in);
    randombytes_buf(session, sizeof session);
    send_message(p->socket, &m, 0, 0);
}

static void
leave(struct rig *r, struct peer *p)
{
    for (size_t i = 0; i < ARRAY_LEN(r->sockets); i++) {
        if (r->sockets[i] == p->socket) r->sockets[i] = NULL;
    }
    (void)zmq_close(p->socket);
    free(p->in);
}

/* The next message; false if none comes in time. */
static bool
next(struct peer *p, int patience_ms, struct msg *m)
{
    const char *where = NULL;

    while (
        p->frame.rest.bytes == NULL || codec_next(&p->frame, m, &where) != 1) {
        (void)zmq_setsockopt(
            p->socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
        int n = zmq_recv(p->socket, p->in, IN_MAX, 0);
        if (n < 0) return false;
        assert_int_equal(
            codec_open((struct slice){ p->in, (size_t)n }, &p->frame), 0);
        if (p->frame.number != 0) p->seen = p->frame.number;
    }
    return true;
}

/* The next message of this type. */
static struct msg
await(struct peer *p, enum msg_type type)
{
    struct msg m;

    do {
        assert_true(next(p, LONG_MS, &m));
    } while (m.type != type);
    return m;
}

static void
come(struct rig *r, struct peer *p)
{
    hello(r, p);
    (void)await(p, MSG_welcome);
}

/* Send a message with a list of one record. */
static void
say_one(struct peer *p, struct msg m, enum record_type type, const void *record)
{
    struct buf b;

    buf_init(&b);
    assert_non_null(buf_reserve(&b, FRAME_HEADER_BYTES));
    b.length = FRAME_HEADER_BYTES;
    m.as.bye.request = ++p->requests;
    struct codec_list list = codec_list_begin(&b, &m);
    codec_list_add(&b, &list, type, record);
    codec_list_end(&b, &list);
    assert_false(b.failed);
    codec_header(b.bytes, ++p->frames, p->seen, 1);
    assert_int_equal(zmq_send(p->socket, b.bytes, b.length, 0), b.length);
    buf_fini(&b);
}

static void
put(struct peer *p, const char *queue, size_t size)
{
    static uint8_t bytes[2 * MEGA];

    say_one(p,
        (struct msg){ .type = MSG_put, .as.put = { .queue = slice_of(queue) } },
        RECORD_payload, &(struct rec_payload){ .payload = { bytes, size } });
}

static void
get(struct peer *p, const char *queue)
{
    const struct msg_get one = { .tasks = 1, .wait_ns = INT64_MAX };

    say_one(p, (struct msg){ .type = MSG_get, .as.get = one }, RECORD_name,
        &(struct rec_name){ slice_of(queue) });
}

static struct rec_task
await_task(struct peer *p)
{
    struct rec_task task;
    struct msg m = await(p, MSG_tasks);

    assert_true(codec_list_next(&m.as.tasks.tasks, RECORD_task, &task));
    return task;
}

/* ---- the promises -------------------------------------------------------- */

static void
a_put_is_acknowledged_when_it_is_on_the_disk_and_not_before(void **state)
{
    struct rig *r = *state;
    struct peer p;
    struct msg m;

    come(r, &p);
    gate_shut(&r->gate, true);
    put(&p, "q", 10);
    assert_false(next(&p, SHORT_MS, &m));
    gate_shut(&r->gate, false);
    assert_int_equal(await(&p, MSG_put_ok).as.put_ok.count, 1);
    leave(r, &p);
}

static void
a_task_is_handed_out_before_it_is_on_the_disk(void **state)
{
    struct rig *r = *state;
    struct peer p, worker;

    come(r, &p);
    come(r, &worker);
    gate_shut(&r->gate, true);
    put(&p, "q", 10);
    get(&worker, "q");
    assert_int_equal(await_task(&worker).payload.length, 10);
    gate_shut(&r->gate, false);
    (void)await(&p, MSG_put_ok);
    leave(r, &p);
    leave(r, &worker);
}

static void
what_was_acknowledged_is_there_at_the_next_start(void **state)
{
    struct rig *r = *state;
    struct peer p;

    come(r, &p);
    for (int i = 0; i < 10; i++)
        put(&p, "q", 100);
    for (uint64_t count = 0; count < 10;)
        count += await(&p, MSG_put_ok).as.put_ok.count;
    leave(r, &p);
    stop(r);
    start(r);
    come(r, &p);
    for (int i = 0; i < 10; i++) {
        get(&p, "q");
        assert_int_equal(await_task(&p).payload.length, 100);
    }
    leave(r, &p);
}

static void
what_was_put_when_it_is_stopped_is_committed_and_answered(void **state)
{
    struct rig *r = *state;
    struct peer p;

    come(r, &p);
    gate_shut(&r->gate, true);
    put(&p, "q", 100);
    while (!gate_is_waited_for(&r->gate))
        (void)usleep(1000);
    loop_quit(&r->w.loop);
    (void)usleep(SHORT_MS * 1000);
    gate_shut(&r->gate, false);
    assert_int_equal(world_join(&r->w), 0);
    assert_int_equal(await(&p, MSG_put_ok).as.put_ok.count, 1);
    leave(r, &p);
}

static void
it_stops_within_seconds_though_the_disk_is_full(void **state)
{
    struct rig *r = *state;
    struct peer p;

    come(r, &p);
    gate_fill(&r->gate, true);
    for (int i = 0; i < 20; i++)
        put(&p, "q", MEGA);
    (void)usleep(SHORT_MS * 1000);
    tick_ns began = clock_now();
    loop_quit(&r->w.loop);
    assert_int_equal(world_join(&r->w), 0);
    assert_in_range(clock_now() - began, 0, 8 * TICK_S);
    leave(r, &p);
}

static void
a_failed_sync_ends_the_master_and_answers_nothing(void **state)
{
    struct rig *r = *state;
    struct peer p;
    struct msg m;

    come(r, &p);
    gate_break(&r->gate, 0, -EIO);
    put(&p, "q", 10);
    assert_int_equal(world_join(&r->w), STINT_EDISK);
    assert_false(next(&p, SHORT_MS, &m));
    leave(r, &p);
}

static void
a_failed_write_does_too(void **state)
{
    struct rig *r = *state;
    struct peer p;
    struct msg m;

    come(r, &p);
    gate_break(&r->gate, -EIO, 0);
    put(&p, "q", 10);
    assert_int_equal(world_join(&r->w), STINT_EDISK);
    assert_false(next(&p, SHORT_MS, &m));
    leave(r, &p);
}

/* What comes of a put of `size` bytes: 0 or an error. */
static int
put_and_hear(struct peer *p, size_t size)
{
    struct msg m;

    put(p, "q", size);
    for (;;) {
        assert_true(next(p, LONG_MS, &m));
        if (m.type == MSG_put_ok && m.as.put_ok.request == p->requests) {
            return 0;
        }
        if (m.type == MSG_error && m.as.error.request == p->requests) {
            return (int)m.as.error.code;
        }
    }
}

static void
a_full_disk_refuses_new_work_finishes_the_old_and_goes_on_by_itself(
    void **state)
{
    struct rig *r = *state;
    struct peer p, worker;
    int rc = 0;

    come(r, &p);
    come(r, &worker);
    assert_int_equal(put_and_hear(&p, 10), 0);
    get(&worker, "q");
    struct rec_task task = await_task(&worker);

    gate_fill(&r->gate, true);
    for (int i = 0; i < 100 && rc == 0; i++)
        rc = put_and_hear(&p, MEGA / 8);
    assert_int_equal(rc, STINT_ENOSPACE);
    say_one(&worker, (struct msg){ .type = MSG_done }, RECORD_completion,
        &(struct rec_completion){
            .task = task.task, .attempt = task.attempt, .nonce = task.nonce });
    assert_int_equal(await(&worker, MSG_outcome).as.outcome.refused.count, 0);

    gate_fill(&r->gate, false);
    for (int i = 0; i < 50 && rc != 0; i++) {
        (void)usleep(100 * 1000);
        rc = put_and_hear(&p, 10);
    }
    assert_int_equal(rc, 0);
    leave(r, &p);
    leave(r, &worker);
}

/* 12 MiB against a bound of 8: it stops listening, for longer than a peer may
 * be silent. */
static void
who_is_not_heard_because_of_a_slow_disk_is_not_silent(void **state)
{
    struct rig *r = *state;
    struct peer p, worker;

    stop(r);
    r->config.silence = 2 * TICK_S;
    start(r);
    come(r, &p);
    come(r, &worker);
    put(&p, "q", 10);
    (void)await(&p, MSG_put_ok);
    get(&worker, "q");
    struct rec_task task = await_task(&worker);

    gate_shut(&r->gate, true);
    for (int i = 0; i < 12; i++)
        put(&p, "big", MEGA);
    for (int i = 0; i < 40; i++) {
        const struct msg ping = { .type = MSG_ping, .as.ping = { .echo = 1 } };
        send_message(worker.socket, &ping, 0, 0);
        (void)usleep(100 * 1000);
    }
    say_one(&worker, (struct msg){ .type = MSG_done }, RECORD_completion,
        &(struct rec_completion){
            .task = task.task, .attempt = task.attempt, .nonce = task.nonce });
    gate_shut(&r->gate, false);
    struct msg m = await(&worker, MSG_outcome);
    assert_int_equal(m.as.outcome.refused.count, 0);
    leave(r, &p);
    leave(r, &worker);
}

static void
of_two_masters_on_one_store_the_second_is_refused(void **state)
{
    struct rig *r = *state;
    struct vault first, second;

    vault_init(&first, false);
    vault_init(&second, false);
    assert_int_equal(vault_open(&first, r->path), 0);
    assert_int_equal(vault_open(&second, r->path), STINT_EBUSY);
    assert_non_null(strstr(say_message(), "in use by another master"));
    vault_close(&second);
    vault_close(&first);
    assert_int_equal(vault_open(&second, r->path), 0);
    vault_close(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_put_is_acknowledged_when_it_is_on_the_disk_and_not_before),
        TEST(a_task_is_handed_out_before_it_is_on_the_disk),
        TEST(what_was_acknowledged_is_there_at_the_next_start),
        TEST(what_was_put_when_it_is_stopped_is_committed_and_answered),
        TEST(it_stops_within_seconds_though_the_disk_is_full),
        TEST(a_failed_sync_ends_the_master_and_answers_nothing),
        TEST(a_failed_write_does_too),
        TEST(
            a_full_disk_refuses_new_work_finishes_the_old_and_goes_on_by_itself),
        TEST(who_is_not_heard_because_of_a_slow_disk_is_not_silent),
        TEST(of_two_masters_on_one_store_the_second_is_refused),
    };

    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
