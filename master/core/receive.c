#include "master/core/receive.h"

#include "common/base.h"
#include "common/error.h"
#include "master/core/backlog.h"
#include "master/core/greet.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
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

/* Tasks that a message is about: some of them cost a step. */
static uint64_t
items_of(const struct msg *m)
{
    if (m->type == MSG_put) return m->as.put.payloads.count;
    if (m->type == MSG_done) return m->as.done.tasks.count;
    if (m->type == MSG_fail) return m->as.fail.tasks.count;
    if (m->type == MSG_release) return m->as.release.tasks.count;
    if (m->type == MSG_renew) return m->as.renew.tasks.count;
    if (m->type == MSG_cancel) return m->as.cancel.tasks.count;
    return 0;
}

/* What people ask for, to be told when it is on the disk. */
static bool
waits_for_disk(enum msg_type type)
{
    static const enum msg_type changes[] = { MSG_declare, MSG_cancel,
        MSG_end_tasks, MSG_job_change, MSG_job_forget, MSG_shutdown, MSG_pause,
        MSG_object_delete, MSG_schedule_remove };

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        if (changes[i] == type) return true;
    }
    return false;
}

/* Nothing can be committed, not even in the reserve: better refused at once,
 * and nothing changed, than not answered. */
static bool
refuses(struct core *core, struct session *s, const struct msg *m)
{
    if (!core->disk_full || !journal_is_stuck(core)
        || !waits_for_disk(m->type)) {
        return false;
    }
    reply_error(core, s, m->as.bye.request, STINT_ENOSPACE,
        "the disk is full, and the reserve is used up: nothing was changed, "
        "and nothing can be before there is room on the disk of --data");
    return true;
}

static void
obey(struct core *core, tick_ns now, struct session *s, verb_fn *verb,
    const struct msg *m)
{
    enum { ITEMS_A_STEP = 4, BYTES_A_STEP = 128 };
    uint64_t before = core->spent;
    size_t out = session_out_bytes(s);

    core->spent += 1 + items_of(m) / ITEMS_A_STEP;
    if (!verbs_may(s, m)) {
        verbs_refuse(core, s, m);
    } else if (core->doors_closed
               && (m->type == MSG_put || m->type == MSG_job_open)) {
        /* Unanswered, it is put to the next start. */
    } else if (!receipt_answers(core, s, m) && !refuses(core, s, m)) {
        verb(core, now, s, m);
    }
    if (session_out_bytes(s) > out) {
        core->spent += (session_out_bytes(s) - out) / BYTES_A_STEP;
    }
    backlog_charge(core, s, before);
}

enum acted { ACTED, ACTED_IN_PART, GONE };

/* A hello that is not the first message of its connection is a resumed one. */
static enum acted
act(struct core *core, tick_ns now, struct session *s, struct codec_frame *f)
{
    uint64_t conn = s->conn;
    struct msg m;
    const char *where = NULL;

    for (;;) {
        if (f->number != 0 && f->left > 0 && backlog_has_had(core, s)) {
            return ACTED_IN_PART;
        }
        int rc = codec_next(f, &m, &where);
        if (rc == 0) return ACTED;
        if (rc < 0) {
            misbehaved(core, now, s, rc, where);
            return GONE;
        }
        if (m.type == MSG_hello && f->number == 0) {
            greet_hello(core, now, conn, s->key, &m.as.hello, f->ack);
            return GONE;
        }
        verb_fn *verb = verbs_find(m.type);
        if (verb == NULL || !fits_frame(f, &m)) {
            misbehaved(core, now, s, STINT_EMALFORMED,
                "a message that does not belong there");
            return GONE;
        }
        /* Behind a bye there is nothing. */
        if (s->leaving && m.type != MSG_ping) continue;
        obey(core, now, s, verb, &m);
        /* One frame may be as long as the longest payload. */
        if (session_out_bytes(s)
            > s->window + OUT_BYTES_HARD + core->config.frame_max) {
            misbehaved(
                core, now, s, STINT_ELIMIT, "answers are not acknowledged");
            return GONE;
        }
        if (session_out_bytes(s) > OUT_BYTES_FAIR && !shed(core, now, s)) {
            return GONE;
        }
    }
}

/* End whoever has most that is not done, until it is not too much. */
static void
shorten(struct core *core, tick_ns now)
{
    while (backlog_is_long(core)) {
        struct session *most = core->by_id;
        for (struct session *p = most; p != NULL; p = p->by_id.next) {
            if (p->backlog_bytes > most->backlog_bytes) most = p;
        }
        if (most == NULL) return;
        misbehaved(core, now, most, STINT_ELIMIT,
            "more is asked for than the master gets to");
    }
}

/* Act upon a numbered frame, as far as the share of its session goes. */
static void
take(struct core *core, tick_ns now, struct session *s, struct codec_frame *f)
{
    if (list_is_empty(&s->backlog) && act(core, now, s, f) != ACTED_IN_PART) {
        return;
    }
    int rc = backlog_add(core, s, f);
    if (rc != 0) {
        misbehaved(
            core, now, s, rc, "more is asked for than the master gets to");
    }
    shorten(core, now);
}

/* Returns whether there is more to do, later. */
static bool
go_on(struct core *core, tick_ns now, struct session *s)
{
    struct codec_frame *f;

    while ((f = backlog_first(s)) != NULL) {
        enum acted acted = act(core, now, s, f);
        if (acted == GONE) return false;
        if (acted == ACTED_IN_PART) return true;
        backlog_pop(core, s);
    }
    return false;
}

void
receive_tick(struct core *core, tick_ns now)
{
    enum { SHARES = 4 };
    uint64_t most = (uint64_t)SHARES * core->config.share_max;

    while (core->spent <= most) {
        struct list *node = list_first(&core->behind);
        if (node == NULL) return;
        struct session *s = CONTAINER_OF(node, struct session, behind);
        if (backlog_has_had(core, s)) return; /* All have. */
        if (!go_on(core, now, s)) continue;
        list_remove(&s->behind);
        list_push(&core->behind, &s->behind);
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
    if (rc != 1) return;
    if (f.number != 0) {
        take(core, now, s, &f);
    } else {
        (void)act(core, now, s, &f);
    }
}
