#include "master/core/receive.h"

#include "common/base.h"
#include "common/error.h"
#include "master/core/greet.h"
#include "master/core/receipt.h"
#include "master/core/verbs.h"

/* A peer that asks and does not acknowledge the answers is ended here; or at
 * the second bound, when all of them together leave too much. */
enum { OUT_BYTES_HARD = 32 << 20, OUT_BYTES_FAIR = 64 << 10 };

/* Unnumbered frames are not protected against duplicates: only what may come
 * twice travels in them.  And alone, as no window bounds the answers. */
static bool
fits_frame(const struct codec_frame *f, const struct msg *m)
{
    if (f->number != 0) return m->type != MSG_ping;
    return m->type == MSG_ping && f->left == 0;
}

static void
misbehaved(struct core *core, tick_ns now, struct session *s, int code,
    const char *text)
{
    greet_refuse(core, s->conn, code, text);
    greet_forget(core, now, s);
}

/* I9 in all: tasks and results keep within the budget by themselves, and half
 * of it again is for frames under way; what lies beyond is answers that their
 * askers do not acknowledge. */
static bool
is_flooded(const struct core *core)
{
    size_t max = core->config.memory_max;

    return core->memory + core->out > max + max / 2;
}

/* End whoever leaves most unacknowledged, until there is room.  Returns whether
 * `s` is still there. */
static bool
shed(struct core *core, tick_ns now, const struct session *s)
{
    while (is_flooded(core)) {
        struct session *most = core->by_id;
        for (struct session *p = most; p != NULL; p = p->by_id.next) {
            if (session_out_bytes(p) > session_out_bytes(most)) most = p;
        }
        bool own = most == s;
        if (session_out_bytes(most) < OUT_BYTES_FAIR
            || session_out_frames(most) <= 1) {
            break;
        }
        misbehaved(
            core, now, most, STINT_ELIMIT, "answers are not acknowledged");
        if (own) return false;
    }
    return true;
}

/* A hello that is not the first message of its connection is a resumed one. */
static void
act(struct core *core, tick_ns now, struct session *s, struct codec_frame *f)
{
    uint64_t conn = s->conn;
    struct msg m;
    const char *where = NULL;

    for (;;) {
        int rc = codec_next(f, &m, &where);
        if (rc == 0) return;
        if (rc < 0) {
            misbehaved(core, now, s, rc, where);
            return;
        }
        if (m.type == MSG_hello && f->number == 0) {
            greet_hello(core, now, conn, s->key, &m.as.hello, f->ack);
            return;
        }
        verb_fn *verb = verbs_find(m.type);
        if (verb == NULL || !fits_frame(f, &m)) {
            misbehaved(core, now, s, STINT_EMALFORMED,
                "a message that does not belong there");
            return;
        }
        /* Behind a bye there is nothing. */
        if (s->leaving && m.type != MSG_ping) continue;
        if (!verbs_may(s, &m)) {
            verbs_refuse(core, s, &m);
        } else if (core->doors_closed
                   && (m.type == MSG_put || m.type == MSG_job_open)) {
            /* Unanswered, it is put to the next start. */
            continue;
        } else if (!receipt_answers(core, s, &m)) {
            verb(core, now, s, &m);
        }
        /* One frame may be as long as the longest payload. */
        if (session_out_bytes(s)
            > s->window + OUT_BYTES_HARD + core->config.frame_max) {
            misbehaved(
                core, now, s, STINT_ELIMIT, "answers are not acknowledged");
            return;
        }
        if (session_out_bytes(s) > OUT_BYTES_FAIR && !shed(core, now, s)) {
            return;
        }
    }
}

static void
receive_hello(struct core *core, tick_ns now, uint64_t conn, struct key *key,
    struct codec_frame *f)
{
    struct msg m;
    const char *where = NULL;
    int rc = codec_next(f, &m, &where);

    if (rc < 0) {
        greet_refuse(core, conn, rc, where);
    } else if (rc == 0 || m.type != MSG_hello || f->number != 0) {
        greet_refuse(core, conn, STINT_ELOST, "say hello first");
    } else {
        greet_hello(core, now, conn, key, &m.as.hello, f->ack);
    }
}

void
receive_frame(struct core *core, tick_ns now, uint64_t conn,
    const uint8_t public_key[PROTO_KEY_BYTES], struct slice wire)
{
    struct session *s = greet_find(core, conn);
    struct key *key = keyring_find(&core->keys, public_key);
    struct codec_frame f;

    if (key == NULL || key->revoked || (s != NULL && s->key != key)) {
        greet_refuse(core, conn, STINT_EAUTH, "this key may not come in");
        return;
    }
    int rc = codec_open(wire, &f);
    if (s == NULL) {
        if (rc != 0) {
            greet_refuse(core, conn, rc, "not a frame");
        } else {
            receive_hello(core, now, conn, key, &f);
        }
        return;
    }
    size_t before = session_out_bytes(s);
    /* A hello tells what was seen in its own way: see greet_hello. */
    if (rc == 0) rc = stream_accept(&s->stream, f.number, f.ack);
    if (rc < 0) {
        misbehaved(core, now, s, rc, "not a frame, or out of order");
        return;
    }
    core->out -= before - session_out_bytes(s);
    receipt_heard(core, s);
    greet_heard(core, now, s);
    if (rc == 1) act(core, now, s, &f);
}
