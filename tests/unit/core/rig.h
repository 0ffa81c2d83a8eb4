/**
 * rig.h - a master and its peers on a bench: no network, a clock that stands
 * still until told.                                                    [tests]
 */
#ifndef RIG_H
#define RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/core.h"
#include "proto/stream.h"

enum { RIG_PEERS = 16, RIG_INBOX = 512, RIG_KEYS = 16 };

struct rig;

struct rig_peer {
    struct rig *rig;
    uint64_t conn; /* 0: none. */
    uint8_t key[PROTO_KEY_BYTES];
    uint8_t session[PROTO_SESSION_BYTES];
    struct stream stream;
    uint64_t window;
    bool mute; /* Acknowledges nothing, sends no ping. */
    bool deaf; /* Frames to it are lost. */
    struct frame *frames[RIG_INBOX];
    struct msg inbox[RIG_INBOX];
    unsigned frames_count, count;
    uint64_t last; /* Request number. */
};

struct rig {
    struct core_config config;
    struct core *core;
    tick_ns now;
    uint64_t conns;
    struct rig_peer *peers[RIG_PEERS];
    unsigned peers_count;
};

/* What a task record says, kept. */
struct rig_task {
    uint64_t task, attempt, nonce, queue, lease_ns;
    char payload[32];
};

static inline void
rig_begin(struct rig *rig)
{
    core_config_init(&rig->config);
    rig->config.seed = 7;
    rig->config.payload_max = 1 << 20;
    rig->config.frame_max = (1 << 20) + (64 << 10);
    rig->now = TICK_S;
    rig->conns = 0;
    rig->peers_count = 0;
    rig->core = NULL;
}

static inline void
rig_start(struct rig *rig)
{
    rig->core = core_new(&rig->config, rig->now);
    assert_non_null(rig->core);
}

static inline void
rig_forget_inbox(struct rig_peer *p)
{
    for (unsigned i = 0; i < p->frames_count; i++)
        frame_drop(p->frames[i]);
    p->frames_count = p->count = 0;
}

static inline void
rig_end(struct rig *rig)
{
    for (unsigned i = 0; i < rig->peers_count; i++) {
        rig_forget_inbox(rig->peers[i]);
        stream_fini(&rig->peers[i]->stream);
        free(rig->peers[i]);
    }
    core_free(rig->core);
}

/* ---- frames -------------------------------------------------------------- */

static inline void
rig_give(struct rig_peer *p, struct frame *f)
{
    struct rig *rig = p->rig;

    core_receive(rig->core, rig->now, p->conn, p->key,
        (struct slice){ f->bytes, f->length });
    core_check(rig->core);
}

static inline void
rig_bare(struct rig_peer *p, const struct msg *m)
{
    struct frame *f = stream_bare(&p->stream, m);

    assert_non_null(f);
    rig_give(p, f);
    frame_drop(f);
}

/* Send the messages that were written to the stream of `p`. */
static inline void
rig_send(struct rig_peer *p)
{
    assert_int_equal(stream_seal(&p->stream), 0);
    for (struct frame *f; (f = stream_next(&p->stream)) != NULL;)
        rig_give(p, f);
}

static inline void
rig_take(struct rig_peer *p, struct frame *f)
{
    struct codec_frame reader;
    struct msg m;
    const char *where;

    assert_int_equal(
        codec_open((struct slice){ f->bytes, f->length }, &reader), 0);
    int rc = reader.number == 0
                 ? 1
                 : stream_accept(&p->stream, reader.number, reader.ack);
    assert_true(rc >= 0);
    assert_true(p->frames_count < RIG_INBOX);
    p->frames[p->frames_count++] = frame_hold(f);
    while (rc == 1 && (rc = codec_next(&reader, &m, &where)) > 0) {
        assert_true(p->count < RIG_INBOX);
        if (m.type == MSG_welcome && m.as.welcome.resumed == 0) {
            stream_fini(&p->stream);
        }
        if (m.type == MSG_welcome) {
            (void)stream_resume(&p->stream, reader.ack);
        }
        p->inbox[p->count++] = m;
        rc = 1;
    }
}

static inline struct rig_peer *
rig_peer_on(struct rig *rig, uint64_t conn)
{
    for (unsigned i = 0; i < rig->peers_count; i++) {
        if (rig->peers[i]->conn == conn) return rig->peers[i];
    }
    return NULL;
}

/* A turn of the master; who hears it acknowledges. */
static inline void
rig_turn(struct rig *rig)
{
    uint64_t conn;
    struct frame *f;

    core_turn(rig->core, rig->now);
    core_check(rig->core);
    while (core_send(rig->core, &conn, &f)) {
        struct rig_peer *p = rig_peer_on(rig, conn);
        if (p != NULL && !p->deaf) rig_take(p, f);
        frame_drop(f);
    }
    for (unsigned i = 0; i < rig->peers_count; i++) {
        struct rig_peer *p = rig->peers[i];
        if (p->conn != 0 && !p->mute && stream_owes_ack(&p->stream)) {
            rig_bare(p, NULL);
        }
    }
}

/* Let time pass; who is not mute pings. */
static inline void
rig_sleep(struct rig *rig, tick_ns length)
{
    static const struct msg ping = { .type = MSG_ping };
    tick_ns until = rig->now + length;

    while (rig->now < until) {
        rig->now = tick_min(until, rig->now + TICK_S / 2);
        for (unsigned i = 0; i < rig->peers_count; i++) {
            struct rig_peer *p = rig->peers[i];
            if (p->conn != 0 && !p->mute) rig_bare(p, &ping);
        }
        rig_turn(rig);
    }
}

/* ---- peers --------------------------------------------------------------- */

static inline void
rig_hello(struct rig_peer *p, uint64_t version)
{
    struct msg m = { .type = MSG_hello };

    p->conn = ++p->rig->conns;
    m.as.hello.version = version;
    m.as.hello.session = (struct slice){ p->session, PROTO_SESSION_BYTES };
    m.as.hello.name = slice_of("peer");
    m.as.hello.window_bytes = p->window;
    rig_bare(p, &m);
    rig_turn(p->rig);
}

static inline void
rig_disconnect(struct rig_peer *p)
{
    core_conn_lost(p->rig->core, p->conn);
    p->conn = 0;
    core_check(p->rig->core);
}

/* A peer that has said nothing yet; `key` names one, made with `role`. */
static inline struct rig_peer *
rig_stranger(struct rig *rig, const char *key, unsigned role)
{
    struct rig_peer *p = calloc(1, sizeof *p);

    assert_non_null(p);
    assert_true(rig->peers_count < RIG_PEERS);
    p->rig = rig;
    stream_init(&p->stream);
    memcpy(p->key, key, strlen(key));
    p->session[0] = (uint8_t)(rig->peers_count + 1);
    if (role != 0) {
        assert_int_equal(
            core_key_add(rig->core, slice_of(key), role, p->key), 0);
    }
    rig->peers[rig->peers_count++] = p;
    return p;
}

static inline struct rig_peer *
rig_peer(struct rig *rig, const char *key, unsigned role)
{
    struct rig_peer *p = rig_stranger(rig, key, role);

    rig_hello(p, PROTO_VERSION);
    assert_int_equal(p->inbox[0].type, MSG_welcome);
    return p;
}

/* ---- messages ------------------------------------------------------------ */

/* Write a message that has no list; returns its request number, which is the
 * first member of every request. */
static inline uint64_t
rig_say(struct rig_peer *p, struct msg m)
{
    m.as.bye.request = ++p->last;
    codec_message(stream_message(&p->stream), &m);
    rig_send(p);
    return p->last;
}

static inline uint64_t
rig_put_as(struct rig_peer *p, struct msg_put put, unsigned count,
    const char *const payloads[])
{
    struct msg m = { .type = MSG_put, .as.put = put };
    uint64_t first = p->last + 1;

    m.as.put.request = first;
    p->last += count;
    struct buf *b = stream_message(&p->stream);
    struct codec_list list = codec_list_begin(b, &m);
    for (unsigned i = 0; i < count; i++) {
        struct rec_payload record = { slice_of(payloads[i]) };
        codec_list_add(b, &list, RECORD_payload, &record);
    }
    codec_list_end(b, &list);
    rig_send(p);
    return first;
}

/* One task into `queue`, with a result. */
static inline uint64_t
rig_put(struct rig_peer *p, const char *queue, const char *payload)
{
    struct msg_put put = { .queue = slice_of(queue), .result = 1 };

    return rig_put_as(p, put, 1, &payload);
}

static inline uint64_t
rig_get_from(struct rig_peer *p, struct msg_get get, unsigned count,
    const char *const queues[])
{
    struct msg m = { .type = MSG_get, .as.get = get };

    m.as.get.request = ++p->last;
    struct buf *b = stream_message(&p->stream);
    struct codec_list list = codec_list_begin(b, &m);
    for (unsigned i = 0; i < count; i++) {
        struct rec_name name = { slice_of(queues[i]) };
        codec_list_add(b, &list, RECORD_name, &name);
    }
    codec_list_end(b, &list);
    rig_send(p);
    return p->last;
}

static inline uint64_t
rig_get(struct rig_peer *p, const char *queue, uint64_t tasks, tick_ns wait)
{
    struct msg_get get = { .tasks = tasks, .wait_ns = (uint64_t)wait };

    return rig_get_from(p, get, 1, &queue);
}

static inline uint64_t
rig_done(struct rig_peer *p, const struct rig_task *t, const char *result)
{
    struct msg m = { .type = MSG_done };
    struct rec_completion c = {
        .task = t->task,
        .attempt = t->attempt,
        .nonce = t->nonce,
        .result = slice_of(result),
    };

    m.as.done.request = ++p->last;
    struct buf *b = stream_message(&p->stream);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_completion, &c);
    codec_list_end(b, &list);
    rig_send(p);
    return p->last;
}

/* fail, release, renew or cancel of one task; `m` has its options. */
static inline uint64_t
rig_show(struct rig_peer *p, struct msg m, const struct rig_task *t)
{
    struct rec_fence fence = { t->task, t->attempt, t->nonce };

    m.as.renew.request = ++p->last;
    struct buf *b = stream_message(&p->stream);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_fence, &fence);
    codec_list_end(b, &list);
    rig_send(p);
    return p->last;
}

/* ---- answers ------------------------------------------------------------- */

/* The first message of a type (for a request, or 0), or NULL. */
static inline const struct msg *
rig_find(const struct rig_peer *p, enum msg_type type, uint64_t request)
{
    for (unsigned i = 0; i < p->count; i++) {
        const struct msg *m = &p->inbox[i];
        if (m->type != type) continue;
        if (request == 0 || m->as.ok.request == request) return m;
    }
    return NULL;
}

/* The same, which must be there. */
static inline const struct msg *
rig_see(const struct rig_peer *p, enum msg_type type, uint64_t request)
{
    static const struct msg none;
    const struct msg *m = rig_find(p, type, request);

    assert_non_null(m);
    return m != NULL ? m : &none;
}

/* The code of the error or the get_end of a request; 1: neither came. */
static inline int64_t
rig_code(const struct rig_peer *p, uint64_t request)
{
    const struct msg *m = rig_find(p, MSG_error, request);

    if (m != NULL) return m->as.error.code;
    m = rig_find(p, MSG_get_end, request);
    if (m != NULL) return m->as.get_end.code;
    return rig_find(p, MSG_ok, request) != NULL ? 0 : 1;
}

/* What became of the one fence of a request: 0 or why it was refused. */
static inline int64_t
rig_outcome(const struct rig_peer *p, uint64_t request)
{
    const struct msg *m = rig_see(p, MSG_outcome, request);
    struct rec_refusal refusal = { .code = 0 };

    struct proto_list list = m->as.outcome.refused;
    (void)codec_list_next(&list, RECORD_refusal, &refusal);
    return refusal.code;
}

/* The tasks that came for a request, in order. */
static inline unsigned
rig_tasks(const struct rig_peer *p, uint64_t request, struct rig_task out[],
    unsigned room)
{
    unsigned count = 0;
    struct rec_task t;

    for (unsigned i = 0; i < p->count; i++) {
        const struct msg *m = &p->inbox[i];
        if (m->type != MSG_tasks || m->as.tasks.request != request) continue;
        struct proto_list list = m->as.tasks.tasks;
        while (codec_list_next(&list, RECORD_task, &t)) {
            assert_true(count < room);
            struct rig_task *kept = &out[count++];
            *kept = (struct rig_task){ .task = t.task };
            kept->attempt = t.attempt;
            kept->nonce = t.nonce;
            kept->queue = t.queue;
            kept->lease_ns = t.lease_ns;
            size_t length = t.payload.length < 31 ? t.payload.length : 31;
            if (length > 0) memcpy(kept->payload, t.payload.bytes, length);
        }
    }
    return count;
}

/* Get one task now. */
static inline struct rig_task
rig_get_one(struct rig_peer *p, const char *queue)
{
    struct rig_task t = { .task = 0 };
    uint64_t request = rig_get(p, queue, 1, 0);

    rig_turn(p->rig);
    assert_int_equal(rig_tasks(p, request, &t, 1), 1);
    return t;
}

/* How many results came; the last one in *out. */
static inline unsigned
rig_results(const struct rig_peer *p, struct rec_result *out)
{
    unsigned count = 0;

    for (unsigned i = 0; i < p->count; i++) {
        if (p->inbox[i].type != MSG_results) continue;
        struct proto_list list = p->inbox[i].as.results.results;
        while (codec_list_next(&list, RECORD_result, out))
            count++;
    }
    return count;
}

static inline bool
rig_is(struct slice bytes, const char *text)
{
    return slice_equal(bytes, slice_of(text));
}

/* ---- for each test ------------------------------------------------------- */

static inline int
rig_set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    rig_start(rig);
    *state = rig;
    return 0;
}

static inline int
rig_tear_down(void **state)
{
    rig_end(*state);
    free(*state);
    return 0;
}

static inline struct rig_peer *
rig_submitter(struct rig *rig)
{
    return rig_peer(rig, "submit", ROLE_SUBMIT);
}

static inline struct rig_peer *
rig_worker(struct rig *rig)
{
    return rig_peer(rig, "work", ROLE_WORK);
}

/* Another worker with a key of its own. */
static inline struct rig_peer *
rig_other_worker(struct rig *rig)
{
    return rig_peer(rig, "work too", ROLE_WORK);
}

static inline void
rig_declare(struct rig_peer *p, const char *queue, struct msg_declare d)
{
    struct msg m = { .type = MSG_declare, .as.declare = d };

    m.as.declare.queue = slice_of(queue);
    m.as.declare.set = 1;
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    assert_int_equal(rig_code(p, request), 0);
}

/* Attempts that a task has used up, as `stint show` tells them. */
static inline uint64_t
rig_tries(struct rig_peer *p, uint64_t task)
{
    struct msg m = { .type = MSG_list };
    struct rec_task_row row = { .task = 0 };

    m.as.list.what = 2;
    m.as.list.task = task;
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    struct proto_list list =
        rig_see(p, MSG_task_rows, request)->as.task_rows.rows;
    assert_true(codec_list_next(&list, RECORD_task_row, &row));
    return row.failures + row.lost + row.timeouts;
}

#define ON_A_RIG(name) \
    cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

#endif
