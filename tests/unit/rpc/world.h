/**
 * world.h - a client's rpc and a master that is a stream and a codec.
 *                                                              [layer: tests]
 * No socket, no clock.
 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/rpc/numbers.h"
#include "client/rpc/rpc.h"
#include "common/stint_error.h"
#include "proto/codec.h"
#include "proto/stream.h"

enum { SEEN_MAX = 8192 };

#define SILENCE (4 * TICK_S)
#define START (1000 * TICK_S)

/* What the master saw: types and numbers of messages, in order. */
struct master {
    struct stream stream;
    unsigned frames;
    unsigned count;
    enum msg_type types[SEEN_MAX];
    uint64_t numbers[SEEN_MAX];
    uint32_t items[SEEN_MAX];
    uint64_t waits[SEEN_MAX];
    struct msg last; /* Its slices are gone. */
    uint64_t hello_ack;
    bool resume;
};

struct waiting {
    struct rpc_request r;
    unsigned answers;
    bool over;
    int code;
    enum msg_type type;
};

struct world {
    struct rpc *rpc;
    struct master master;
    tick_ns now;
    unsigned restarts;
    uint64_t echo;
    uint64_t result_ref;
    enum msg_type duty;         /* Asked of us last. */
    struct waiting slots[3];    /* Requests outlive their test. */
    struct waiting *at_restart; /* To be asked then, or NULL. */
};

static void ask(struct world *w, struct waiting *waiting);

static void
note_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct waiting *w = r->arg;

    w->answers++;
    w->code = code;
    if (m != NULL) w->type = m->type;
    assert_false(w->over);
    w->over = last;
}

static void
note_restart(void *arg)
{
    struct world *w = arg;

    w->restarts++;
    if (w->at_restart != NULL) ask(w, w->at_restart);
}

static void
note_duty(void *arg, const struct msg *m)
{
    struct world *w = arg;

    w->duty = m->type;
}

static void
note_pong(void *arg, uint64_t echo)
{
    struct world *w = arg;

    w->echo = echo;
}

static void
note_result(void *arg, const struct rec_result *result)
{
    struct world *w = arg;

    w->result_ref = result->ref;
}

/* ---- the master ---------------------------------------------------------- */

static uint64_t
number_of(const struct msg *m)
{
    return m->as.ok.request;
}

static uint32_t
items_of(const struct msg *m)
{
    if (m->type == MSG_put) return m->as.put.payloads.count;
    if (m->type == MSG_done) return m->as.done.tasks.count;
    return 0;
}

static uint64_t
wait_of(const struct msg *m)
{
    if (m->type == MSG_put) return m->as.put.wait_ns;
    if (m->type == MSG_get) return m->as.get.wait_ns;
    if (m->type == MSG_join) return m->as.join.wait_ns;
    if (m->type == MSG_job_ends) return m->as.job_ends.wait_ns;
    if (m->type == MSG_peek) return m->as.peek.wait_ns;
    return 0;
}

static void
master_take(struct master *master, const struct frame *frame)
{
    struct codec_frame f;
    const char *where;
    struct msg m;

    assert_int_equal(
        codec_open((struct slice){ frame->bytes, frame->length }, &f), 0);
    master->frames++;
    if (f.number != 0) {
        int rc = stream_accept(&master->stream, f.number, f.ack);
        assert_true(rc >= 0);
        if (rc == 0) return;
    }
    while (codec_next(&f, &m, &where) > 0) {
        assert_true(master->count < SEEN_MAX);
        if (m.type == MSG_hello) {
            master->hello_ack = f.ack;
            master->resume = m.as.hello.resume != 0;
        }
        master->types[master->count] = m.type;
        master->numbers[master->count] = number_of(&m);
        master->items[master->count] = items_of(&m);
        master->waits[master->count] = wait_of(&m);
        master->last = m;
        master->count++;
    }
}

/* Let the client send all it wants; `lost`: the network eats it. */
static unsigned
pass_on(struct world *w, bool flush, bool lost)
{
    struct frame *f;
    unsigned count = 0;

    while ((f = rpc_send(w->rpc, w->now, flush)) != NULL) {
        if (!lost) master_take(&w->master, f);
        frame_drop(f);
        count++;
    }
    return count;
}

static int
receive(struct world *w, const struct frame *f)
{
    return rpc_receive(w->rpc, w->now, (struct slice){ f->bytes, f->length });
}

static int
answer(struct world *w, const struct msg *m)
{
    codec_message(stream_message(&w->master.stream), m);
    assert_int_equal(stream_seal(&w->master.stream), 0);
    return receive(w, stream_next(&w->master.stream));
}

static int
answer_bare(struct world *w, const struct msg *m)
{
    struct frame *f = stream_bare(&w->master.stream, m);

    assert_non_null(f);
    int rc = receive(w, f);
    frame_drop(f);
    return rc;
}

static int
welcome(struct world *w, bool resumed)
{
    static const uint8_t start[PROTO_SESSION_BYTES] = { 1 };
    struct msg m = { .type = MSG_welcome };

    m.as.welcome = (struct msg_welcome){ .version = PROTO_VERSION,
        .resumed = resumed,
        .master = { start, sizeof(start) },
        .payload_max = 1 << 20,
        .frame_max = (1 << 20) + 65536,
        .silence_ns = SILENCE,
        .role = 7 };
    if (!resumed) {
        stream_fini(&w->master.stream);
    } else {
        assert_int_equal(
            stream_resume(&w->master.stream, w->master.hello_ack), 0);
    }
    return answer_bare(w, &m);
}

static int
ok(struct world *w, uint64_t number)
{
    struct msg m = { .type = MSG_ok, .as.ok.request = number };

    return answer(w, &m);
}

static int
put_ok(struct world *w, uint64_t number, uint64_t count)
{
    struct msg m = { .type = MSG_put_ok };

    m.as.put_ok = (struct msg_put_ok){
        .request = number, .count = count, .task = 100 + number
    };
    return answer(w, &m);
}

static int
refuse_put(struct world *w, uint64_t number, int code, uint64_t count)
{
    struct msg m = { .type = MSG_error };

    m.as.error =
        (struct msg_error){ .request = number, .code = code, .count = count };
    return answer(w, &m);
}

/* ---- the client ---------------------------------------------------------- */

static void
begin(struct world *w, struct waiting *waiting, uint32_t count, bool slow)
{
    *waiting = (struct waiting){ .over = false };
    waiting->r.answered = note_answer;
    waiting->r.arg = waiting;
    waiting->r.slow = slow;
    assert_int_equal(rpc_begin(w->rpc, &waiting->r, count, 100), 0);
}

static void
ask(struct world *w, struct waiting *waiting)
{
    struct msg m = { .type = MSG_join };

    begin(w, waiting, 1, false);
    m.as.join.request = waiting->r.number;
    m.as.join.queue = slice_of("q");
    codec_message(rpc_message(w->rpc), &m);
}

static struct codec_list
put(struct world *w, struct waiting *waiting, uint32_t count)
{
    struct rec_payload payload = { .payload = slice_of("data") };
    struct msg m = { .type = MSG_put };

    begin(w, waiting, count, false);
    m.as.put.request = waiting->r.number;
    m.as.put.queue = slice_of("q");
    struct buf *b = rpc_message(w->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    for (uint32_t i = 0; i < count; i++)
        codec_list_add(b, &list, RECORD_payload, &payload);
    codec_list_end(b, &list);
    return list;
}

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct rpc_config config = { .result = note_result,
        .restarted = note_restart,
        .pong = note_pong,
        .duty = note_duty,
        .arg = w };

    assert_non_null(w);
    w->now = START;
    stream_init(&w->master.stream);
    w->rpc = rpc_new(&config, w->now);
    assert_non_null(w->rpc);
    *state = w;
    return 0;
}

static int
set_up_welcomed(void **state)
{
    (void)set_up(state);

    struct world *w = *state;
    rpc_connected(w->rpc, w->now);
    assert_int_equal(pass_on(w, true, false), 1);
    assert_int_equal(welcome(w, false), 0);
    w->master.count = w->master.frames = 0;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    rpc_fail_all(w->rpc, STINT_ECLOSED);
    rpc_free(w->rpc);
    stream_fini(&w->master.stream);
    free(w);
    return 0;
}

static void
reconnect(struct world *w, bool resumed)
{
    rpc_disconnected(w->rpc);
    rpc_connected(w->rpc, w->now);
    assert_int_equal(pass_on(w, true, false), 1);
    assert_int_equal(welcome(w, resumed), 0);
    w->master.count = w->master.frames = 0;
}

#endif
