#include "client/rpc/rpc.h"

#include <stdlib.h>

#include "client/rpc/again.h"
#include "client/rpc/answer.h"
#include "client/rpc/gather.h"
#include "client/rpc/inside.h"
#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "proto/codec.h"
#include "proto/stream.h"

enum {
    ACK_FRAMES = 8
}; /* Well under the frames a master keeps for one peer. */

#define SILENCE_DEFAULT (3 * TICK_S)

struct rpc *
rpc_new(const struct rpc_config *config, tick_ns now)
{
    struct rpc *rpc = calloc(1, sizeof(*rpc));

    if (rpc == NULL) return NULL;
    rpc->config = *config;
    stream_init(&rpc->stream);
    numbers_init(&rpc->table);
    list_init(&rpc->open);
    parcel_init(&rpc->parcels);
    rpc->state = RPC_DOWN;
    pulse_start(&rpc->pulse, now);
    return rpc;
}

void
rpc_free(struct rpc *rpc)
{
    if (rpc == NULL) return;
    CHECK(list_is_empty(&rpc->open));
    parcel_fini(&rpc->parcels);
    numbers_fini(&rpc->table);
    stream_fini(&rpc->stream);
    free(rpc);
}

/* ---- requests ------------------------------------------------------------ */

uint64_t
rpc_next_number(const struct rpc *rpc)
{
    return rpc->last + 1;
}

int
rpc_begin(struct rpc *rpc, struct rpc_request *r, uint32_t count, size_t bytes)
{
    CHECK(count > 0 && rpc->begun == NULL);
    if (gather_room(rpc, count, bytes) != 0) return STINT_ENOMEM;
    if (numbers_add(&rpc->table, rpc->last + 1, count, r) != 0) {
        return STINT_ENOMEM;
    }
    r->number = r->next = rpc->last + 1;
    r->count = r->open = count;
    r->taken = 0;
    rpc->last += count;
    list_push(&rpc->open, &r->node);
    parcel_add(&rpc->parcels, r, count);
    rpc->begun = r;
    return 0;
}

struct buf *
rpc_message(struct rpc *rpc)
{
    rpc->growing = rpc->begun;
    rpc->begun = NULL;
    return stream_message(&rpc->stream);
}

struct buf *
rpc_tell(struct rpc *rpc, size_t bytes)
{
    CHECK(rpc->begun == NULL);
    if (gather_room(rpc, 1, bytes) != 0) return NULL;
    return rpc_message(rpc);
}

struct buf *
rpc_extend(struct rpc *rpc, struct rpc_request *r, uint32_t more, size_t bytes)
{
    if (rpc->growing != r || !gather_has_room(rpc, more, bytes)) return NULL;
    if (r->number + r->count != rpc->last + 1) return NULL;
    if (numbers_add(&rpc->table, rpc->last + 1, more, r) != 0) return NULL;
    r->count += more;
    r->open += more;
    rpc->last += more;
    rpc->parcels.items += more;
    return &rpc->stream.open;
}

static void
finish(struct rpc *rpc, struct rpc_request *r)
{
    if (rpc->growing == r) rpc->growing = NULL;
    numbers_remove(&rpc->table, r->number, r->count);
    list_remove(&r->node);
    parcel_remove(&rpc->parcels, r);
}

void
rpc_forget(struct rpc *rpc, struct rpc_request *r)
{
    finish(rpc, r);
}

void
rpc_fail_all(struct rpc *rpc, int code)
{
    struct list ending;

    list_init(&ending);
    for (struct list *node; (node = list_pop(&rpc->open)) != NULL;)
        list_push(&ending, node);
    for (struct list *node; (node = list_first(&ending)) != NULL;) {
        struct rpc_request *r = CONTAINER_OF(node, struct rpc_request, node);
        finish(rpc, r);
        r->answered(r, code, NULL, true);
    }
}

size_t
rpc_unanswered_bytes(const struct rpc *rpc)
{
    return rpc->parcels.bytes + stream_open_bytes(&rpc->stream);
}

bool
rpc_is_idle(const struct rpc *rpc)
{
    return list_is_empty(&rpc->open) && rpc->stream.open_messages == 0
           && rpc->stream.next == &rpc->stream.kept;
}

/* ---- receiving ----------------------------------------------------------- */

static int
take_welcome(
    struct rpc *rpc, tick_ns now, const struct msg_welcome *w, uint64_t ack)
{
    /* It may know the session since a welcome that we never got: then it knows
     * none of the frames that the session before it had acknowledged. */
    bool known = w->resumed != 0 && ack >= rpc->stream.acked;
    bool restarted = rpc->welcomed && !known;

    if (rpc->state != RPC_GREETING) return STINT_EMALFORMED;
    if (w->version != PROTO_VERSION) {
        gather_refuse(rpc, STINT_EPROTO,
            slice_of("the master speaks another version of the protocol"));
        return 0;
    }
    if (restarted && again_all(rpc, now) != 0) return STINT_ENOMEM;
    if (stream_resume(&rpc->stream, known ? ack : 0) != 0) {
        return STINT_EMALFORMED;
    }
    rpc->welcome = *w;
    rpc->welcome.software = (struct slice){ NULL, 0 };
    memcpy(rpc->master, w->master.bytes, sizeof rpc->master);
    rpc->welcomed = true;
    rpc->state = RPC_UP;
    rpc->answered = true;
    if (restarted && rpc->config.restarted != NULL) {
        rpc->config.restarted(rpc->config.arg);
    }
    return 0;
}

/* A master that forgot the connection wants a new hello, not to be rid of us.
 * While our hello is under way it means what an older connection left behind:
 * a second hello would get a second welcome. */
static void
take_refused(struct rpc *rpc, const struct msg_refused *m)
{
    if (m->code == STINT_ELOST && rpc->state == RPC_GREETING) return;
    if (m->code == STINT_ELOST && rpc->welcomed) {
        rpc->state = RPC_GREETING;
        rpc->hello_due = true;
        return;
    }
    gather_refuse(rpc, (int)m->code, m->text);
}

static void
take_results(struct rpc *rpc, struct proto_list results)
{
    struct rec_result result;

    while (codec_list_next(&results, RECORD_result, &result)) {
        if (rpc->config.result != NULL) {
            rpc->config.result(rpc->config.arg, &result);
        }
    }
}

static int
take_answer(struct rpc *rpc, tick_ns now, const struct msg *m)
{
    struct rpc_request *r = numbers_find(&rpc->table, m->as.ok.request);
    uint32_t ended;

    rpc->answered = true;
    if (r == NULL) return 0; /* Nobody waits for it any more. */
    if (answer_ends(r, m, &ended) != 0) return STINT_EMALFORMED;
    if (answer_code(m) == STINT_ELOST && ended == r->open && !r->once) {
        return again_one(rpc, now, r);
    }
    if (m->type == MSG_tasks) r->taken += m->as.tasks.tasks.count;
    r->open -= ended;
    if (m->type == MSG_put_ok) r->next += ended;
    bool last = r->open == 0;
    if (last) finish(rpc, r);
    r->answered(r, answer_code(m), m, last);
    return 0;
}

static int
take_message(struct rpc *rpc, tick_ns now, const struct msg *m, uint64_t ack)
{
    if (m->type == MSG_welcome) {
        return take_welcome(rpc, now, &m->as.welcome, ack);
    }
    if (m->type == MSG_refused) {
        take_refused(rpc, &m->as.refused);
    } else if (m->type == MSG_results) {
        take_results(rpc, m->as.results.results);
    } else if (m->type == MSG_recall || m->type == MSG_show) {
        if (rpc->config.duty != NULL) rpc->config.duty(rpc->config.arg, m);
    } else if (m->type == MSG_pong) {
        if (m->as.pong.echo != 0 && rpc->config.pong != NULL) {
            rpc->config.pong(rpc->config.arg, m->as.pong.echo);
        }
    } else if (codec_roles(m->type) == 0) {
        return take_answer(rpc, now, m);
    } else {
        return STINT_EMALFORMED; /* A client's message. */
    }
    return 0;
}

/* A welcome says what the *new* connection stands upon: its `ack` is for
 * stream_resume() or, of a new session, for nobody. */
static int
accept(struct rpc *rpc, const struct codec_frame *f)
{
    if (rpc->state == RPC_GREETING && f->number == 0) return 1;
    return stream_accept(&rpc->stream, f->number, f->ack);
}

int
rpc_receive(struct rpc *rpc, tick_ns now, struct slice wire)
{
    struct codec_frame f;
    struct msg m;
    const char *where;

    if (rpc->state == RPC_DOWN || rpc->state == RPC_REFUSED) return 0;
    int rc = codec_open(wire, &f);
    if (rc != 0) return rc;
    rc = accept(rpc, &f);
    if (rc < 0) return rc;
    pulse_hear(&rpc->pulse, now);
    if (rc == 0) return 0;
    while ((rc = codec_next(&f, &m, &where)) > 0) {
        rc = take_message(rpc, now, &m, f.ack);
        if (rc != 0) return rc;
    }
    if (stream_owes_ack(&rpc->stream)) {
        pulse_owe(&rpc->pulse, now, wire.length);
    }
    return rc;
}

/* ---- sending ------------------------------------------------------------- */

static tick_ns
silence(const struct rpc *rpc)
{
    return rpc->welcomed ? (tick_ns)rpc->welcome.silence_ns : SILENCE_DEFAULT;
}

static tick_ns
ping_every(const struct rpc *rpc)
{
    tick_ns every = rpc->config.ping_every;

    return every > 0 ? every : silence(rpc) / 4;
}

static tick_ns
ping_due(const struct rpc *rpc)
{
    return pulse_ping_due(&rpc->pulse, ping_every(rpc));
}

void
rpc_ping(struct rpc *rpc, uint64_t echo)
{
    rpc->ping_asked = true;
    rpc->ping_echo = echo;
}

static bool
ack_is_due(const struct rpc *rpc, tick_ns now)
{
    return stream_owes_ack(&rpc->stream)
           && (rpc->stream.seen - rpc->stream.told >= ACK_FRAMES
               || now >= pulse_pay_due(&rpc->pulse));
}

bool
rpc_is_gathering(const struct rpc *rpc)
{
    return rpc->stream.open_messages == 0
           || (rpc->gather_since != 0 && !gather_is_prompt(rpc));
}

static struct frame *
bare(struct rpc *rpc, const struct msg *m)
{
    struct frame *f = stream_bare(&rpc->stream, m);

    if (f == NULL) (void)gather_no_memory(rpc);
    return f;
}

static struct frame *
make_hello(struct rpc *rpc)
{
    struct msg m = { .type = MSG_hello, .as.hello = rpc->config.hello };

    m.as.hello.version = PROTO_VERSION;
    m.as.hello.session =
        (struct slice){ rpc->config.session, PROTO_SESSION_BYTES };
    m.as.hello.resume = rpc->welcomed;
    if (rpc->welcomed) {
        m.as.hello.master = (struct slice){ rpc->master, sizeof rpc->master };
    }
    rpc->hello_due = false;
    return bare(rpc, &m);
}

static struct frame *
make_ping(struct rpc *rpc, tick_ns now)
{
    struct msg m = { .type = MSG_ping };

    if (rpc->ping_asked) m.as.ping.echo = rpc->ping_echo;
    rpc->ping_asked = false;
    pulse_ask(&rpc->pulse, now);
    return bare(rpc, &m);
}

static struct frame *
choose(struct rpc *rpc, tick_ns now, bool flush)
{
    if (rpc->state == RPC_GREETING && rpc->hello_due) return make_hello(rpc);
    if (rpc->state != RPC_UP) return NULL;

    struct frame *f = stream_next(&rpc->stream);
    if (f != NULL) return frame_hold(f);
    if (gather_leaves(rpc, now, flush)) {
        if (gather_seal(rpc) != 0) return NULL;
        return frame_hold(stream_next(&rpc->stream));
    }
    if (rpc->ping_asked || now >= ping_due(rpc)) return make_ping(rpc, now);
    if (ack_is_due(rpc, now)) return bare(rpc, NULL);
    return NULL;
}

struct frame *
rpc_send(struct rpc *rpc, tick_ns now, bool flush)
{
    struct frame *f = choose(rpc, now, flush);

    rpc->blocked = false;
    if (f == NULL) return NULL;
    rpc->pulse.sent_at = now;
    if (!stream_owes_ack(&rpc->stream)) pulse_pay(&rpc->pulse);
    return f;
}

void
rpc_blocked(struct rpc *rpc, tick_ns now)
{
    if (rpc->state != RPC_UP) return;
    rpc->blocked = true;
    if (now < ping_due(rpc)) return;
    pulse_ask(&rpc->pulse, now);
    rpc->pulse.sent_at = now;
}

/* ---- the connection ------------------------------------------------------ */

void
rpc_connected(struct rpc *rpc, tick_ns now)
{
    if (rpc->state == RPC_REFUSED && rpc->refusal == STINT_ENOMEM) return;
    rpc->state = RPC_GREETING;
    rpc->hello_due = true;
    rpc->ping_asked = false;
    pulse_start(&rpc->pulse, now);
    rpc->blocked = false;
}

void
rpc_disconnected(struct rpc *rpc)
{
    /* Whoever was refused may be let in the next time; a refusal for good is
     * not asked about again by who drives this. */
    if (rpc->state == RPC_REFUSED && rpc->refusal == STINT_ENOMEM) return;
    rpc->state = RPC_DOWN;
}

static tick_ns
gone_at(const struct rpc *rpc)
{
    if (rpc->state == RPC_GREETING) {
        return tick_after(rpc->pulse.heard_at, silence(rpc));
    }
    if (rpc->state != RPC_UP) return TICK_NEVER;
    return pulse_gone_at(
        &rpc->pulse, silence(rpc), ping_every(rpc), rpc->stream.kept_bytes);
}

bool
rpc_is_silent(const struct rpc *rpc, tick_ns now)
{
    return now >= gone_at(rpc);
}

tick_ns
rpc_next_deadline(const struct rpc *rpc)
{
    tick_ns due = gone_at(rpc);

    if (rpc->state != RPC_UP) return due;
    due = tick_min(due, ping_due(rpc));
    if (rpc->blocked) return due;
    if (stream_owes_ack(&rpc->stream)) {
        due = tick_min(due, pulse_pay_due(&rpc->pulse));
    }
    if (rpc->stream.open_messages > 0 && rpc->gather_since != 0) {
        due = tick_min(due, gather_due(rpc));
    }
    return due;
}

enum rpc_state
rpc_state(const struct rpc *rpc)
{
    return rpc->state;
}

int
rpc_refusal(const struct rpc *rpc, const char **text)
{
    *text = rpc->refusal_text;
    return rpc->refusal;
}

struct msg_welcome
rpc_welcome(const struct rpc *rpc)
{
    struct msg_welcome w = rpc->welcome;

    w.master = (struct slice){ NULL, 0 };
    return w;
}
