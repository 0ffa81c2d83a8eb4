/* Bytes to sequences of messages against a master: mostly sensible ones, so
 * that they get far, with wild values, old frames and garbage between them.
 * Every invariant is checked after each. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/core.h"
#include "proto/stream.h"
#include "proto/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { PEERS = 4, STEPS_MAX = 300, FENCES = 8, TURNS_MAX = 50 };

/* What is left of the input; behind its end it reads zeros. */
struct input {
    const uint8_t *bytes;
    size_t left;
};

struct peer {
    uint8_t key[PROTO_KEY_BYTES];
    uint8_t session[PROTO_SESSION_BYTES];
    uint64_t conn, last;
    struct stream stream;
    struct frame *old;
};

struct bench {
    struct core *core;
    tick_ns now;
    uint64_t conns;
    struct peer peers[PEERS];
    struct rec_fence fences[FENCES]; /* The last ones that were handed out. */
    uint32_t fences_count;
};

static const unsigned roles[PEERS] = {
    ROLE_SUBMIT,
    ROLE_WORK,
    ROLE_ADMIN,
    ROLE_SUBMIT | ROLE_WORK,
};
static const char *const names[] = { "k0", "k1", "k2", "k3", "a", "b", "c" };

static uint8_t
next(struct input *in)
{
    if (in->left == 0) return 0;
    in->left -= 1;
    return *in->bytes++;
}

/* ---- what the master sends ----------------------------------------------- */

static void
note_fences(struct bench *b, struct proto_list list)
{
    struct rec_task t;

    while (codec_list_next(&list, RECORD_task, &t)) {
        b->fences[b->fences_count++ % FENCES] =
            (struct rec_fence){ t.task, t.attempt, t.nonce };
    }
}

static void
hear(struct bench *b, struct peer *p, const struct frame *f)
{
    struct codec_frame reader;
    struct msg m;
    const char *where;

    CHECK(codec_open((struct slice){ f->bytes, f->length }, &reader) == 0);
    if (reader.number != 0) {
        /* Of a session that this peer gave up it may be anything. */
        if (stream_accept(&p->stream, reader.number, reader.ack) <= 0) return;
    }
    int rc;
    while ((rc = codec_next(&reader, &m, &where)) > 0) {
        CHECK(codec_roles(m.type) == 0 || m.type == MSG_ping);
        if (m.type == MSG_tasks) note_fences(b, m.as.tasks.tasks);
        if (m.type != MSG_welcome) continue;
        if (m.as.welcome.resumed == 0) stream_fini(&p->stream);
        (void)stream_resume(&p->stream, reader.ack);
    }
    CHECK(rc == 0);
}

static void
turn(struct bench *b)
{
    uint64_t conn;
    struct frame *f;

    core_turn(b->core, b->now);
    core_check(b->core);
    /* What takes many steps takes many turns, and comes to an end. */
    for (int i = 0; core_next_deadline(b->core) <= b->now; i++) {
        CHECK(i < TURNS_MAX);
        core_turn(b->core, b->now);
        core_check(b->core);
    }
    while (core_send(b->core, &conn, &f)) {
        for (size_t i = 0; i < PEERS; i++) {
            if (b->peers[i].conn == conn) hear(b, &b->peers[i], f);
        }
        frame_drop(f);
    }
}

/* ---- what peers send ----------------------------------------------------- */

static void
give(struct bench *b, const struct peer *p, struct slice wire)
{
    core_receive(b->core, b->now, p->conn, p->key, wire);
    core_check(b->core);
}

static void
hello(struct bench *b, struct peer *p, struct input *in)
{
    struct msg m = { .type = MSG_hello };
    uint8_t how = next(in);

    p->conn = ++b->conns;
    p->session[1] = how >> 6;
    m.as.hello.version = how == 1 ? 2 : PROTO_VERSION;
    m.as.hello.session = (struct slice){ p->session, PROTO_SESSION_BYTES };
    m.as.hello.window_bytes = how & 1;
    m.as.hello.kind = how % 3;
    struct frame *f = stream_bare(&p->stream, &m);
    CHECK(f != NULL);
    give(b, p, (struct slice){ f->bytes, f->length });
    frame_drop(f);
}

static int64_t
draw_number(struct input *in, int64_t min, int64_t max)
{
    uint8_t how = next(in);
    int64_t value = (int64_t)(how - 127) * TICK_MS * 50;

    if (how < 128) value = how < 64 ? how % 8 : how % 32;
    if (how == 255) value = max;
    if (value < min) value = min;
    return value > max ? max : value;
}

static struct slice
draw_bytes(struct input *in, const struct table_field *field)
{
    static uint8_t large[200000];
    uint8_t how = next(in);

    if (field->type == TABLE_STR) {
        struct slice name = slice_of(names[how % ARRAY_LEN(names)]);
        return (int64_t)name.length > field->max ? slice_of("a") : name;
    }
    int64_t size = how < 250 ? how % 40 : (int64_t)(how - 249) * 30000;
    if (size < field->min) size = field->min;
    if (size > field->max) size = field->max;
    return (struct slice){ large, (size_t)size };
}

static void
fill(struct input *in, const struct table_shape *shape, void *base)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *field = &shape->fields[i];
        uint8_t *slot = (uint8_t *)base + field->offset;
        if (field->type == TABLE_LIST) continue;
        if (field->presence == TABLE_MAY && next(in) < 128) continue;
        if (field->type == TABLE_STR || field->type == TABLE_BIN) {
            struct slice bytes = draw_bytes(in, field);
            memcpy(slot, &bytes, sizeof bytes);
        } else {
            int64_t value = draw_number(in, field->min, field->max);
            memcpy(slot, &value, sizeof value);
        }
    }
}

union record {
    struct rec_payload payload;
    struct rec_name name;
    struct rec_completion completion;
    struct rec_fence fence;
    uint8_t bytes[256];
};

static void
write_list(struct bench *b, struct input *in, struct buf *out,
    const struct table_field *field, struct codec_list *list)
{
    enum record_type type = (enum record_type)field->record;
    uint32_t count = 1 + next(in) % 4;

    for (uint32_t i = 0; i < count; i++) {
        union record r = { .bytes = { 0 } };
        uint8_t which = next(in);
        struct rec_fence known = b->fences[which % FENCES];
        fill(in, &table_records[type], &r);
        bool real = which < 200 && known.task != 0;
        if (type == RECORD_fence && real) r.fence = known;
        if (type == RECORD_completion && real) {
            r.completion.task = known.task;
            r.completion.attempt = known.attempt;
            r.completion.nonce = known.nonce;
        }
        codec_list_add(out, list, type, &r);
    }
    codec_list_end(out, list);
}

static void
write_message(struct bench *b, struct peer *p, struct input *in)
{
    uint8_t type = next(in) % TABLE_MESSAGES;
    const struct table_shape *shape = table_message(type);

    if (shape == NULL || shape->roles == 0 || type == MSG_hello) return;
    struct msg m = { .type = (enum msg_type)type };
    fill(in, shape, &m.as);
    if (type != MSG_ping && type != MSG_get_cancel) {
        m.as.bye.request = ++p->last;
    }
    const struct table_field *list = &shape->fields[shape->count - 1];
    struct buf *out = stream_message(&p->stream);
    if (list->type != TABLE_LIST) {
        codec_message(out, &m);
        return;
    }
    struct codec_list writing = codec_list_begin(out, &m);
    write_list(b, in, out, list, &writing);
    if (m.type == MSG_put) p->last += writing.count;
}

static void
send_open(struct bench *b, struct peer *p)
{
    CHECK(stream_seal(&p->stream) == 0);
    for (struct frame *f; (f = stream_next(&p->stream)) != NULL;) {
        frame_drop(p->old);
        p->old = frame_hold(f);
        give(b, p, (struct slice){ f->bytes, f->length });
    }
}

static void
acknowledge(struct bench *b, struct peer *p)
{
    struct frame *f = stream_bare(&p->stream, NULL);

    CHECK(f != NULL);
    give(b, p, (struct slice){ f->bytes, f->length });
    frame_drop(f);
}

/* ---- steps --------------------------------------------------------------- */

static void
garbage(struct bench *b, const struct peer *p, struct input *in)
{
    uint8_t bytes[64];
    size_t length = next(in) % sizeof bytes;

    for (size_t i = 0; i < length; i++)
        bytes[i] = next(in);
    give(b, p, (struct slice){ bytes, length });
}

static void
change_key(struct bench *b, const struct peer *p, struct input *in)
{
    uint8_t how = next(in);
    struct slice name = slice_of(names[p->key[0]]);

    if (how % 2 == 0) {
        (void)core_key_revoke(b->core, b->now, name);
    } else {
        (void)core_key_add(b->core, name, 1 + how % 7, p->key);
    }
    core_check(b->core);
}

static void
step(struct bench *b, struct input *in)
{
    uint8_t what = next(in);
    struct peer *p = &b->peers[what % PEERS];

    switch (what / PEERS % 16) {
    case 0:
        hello(b, p, in);
        break;
    case 1:
        b->now += (tick_ns)next(in) * next(in) * TICK_MS;
        break;
    case 2:
        acknowledge(b, p);
        break;
    case 3:
        if (p->old != NULL) {
            give(b, p, (struct slice){ p->old->bytes, p->old->length });
        }
        break;
    case 4:
        garbage(b, p, in);
        break;
    case 5:
        core_conn_lost(b->core, p->conn);
        break;
    case 6:
        change_key(b, p, in);
        break;
    case 7:
        core_stalled(b->core, (tick_ns)next(in) * TICK_S);
        b->now += TICK_S;
        break;
    case 8:
        write_message(b, p, in); /* Two in a frame. */
        write_message(b, p, in);
        send_open(b, p);
        break;
    default:
        write_message(b, p, in);
        send_open(b, p);
        break;
    }
    turn(b);
}

static void
start(struct bench *b)
{
    struct core_config config;

    core_config_init(&config);
    config.seed = 1;
    config.memory_max = 1 << 20;
    config.payload_max = 128 << 10;
    config.frame_max = 256 << 10;
    config.session_ttl = 20 * TICK_S;
    config.sessions_max = 6;
    config.queues_max = 5;
    *b = (struct bench){ .now = TICK_S };
    b->core = core_new(&config, b->now);
    CHECK(b->core != NULL);
    for (uint8_t i = 0; i < PEERS; i++) {
        struct peer *p = &b->peers[i];
        struct input none = { NULL, 0 };
        p->key[0] = p->session[0] = i;
        stream_init(&p->stream);
        CHECK(core_key_add(b->core, slice_of(names[i]), roles[i], p->key) == 0);
        hello(b, p, &none);
    }
    turn(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct input in = { bytes, length };
    struct bench b;

    start(&b);
    for (int i = 0; i < STEPS_MAX && in.left > 0; i++)
        step(&b, &in);
    for (size_t i = 0; i < PEERS; i++) {
        frame_drop(b.peers[i].old);
        stream_fini(&b.peers[i].stream);
    }
    core_free(b.core);
    return 0;
}
