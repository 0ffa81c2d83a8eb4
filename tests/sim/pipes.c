#include "tests/sim/pipes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/inside.h"
#include "master/core/shared/pipe_end.h"
#include "proto/codec.h"

enum { NAMES = 3, BATCH = 5, ASK_BYTES = 400 };

/* What a message says. */
struct text {
    uint64_t flow, number;
};

static struct world_flow *
flow(const struct world *w, uint64_t number)
{
    CHECK(number >= 1 && number <= w->pipes.flows_count);
    return &w->pipes.flows[number - 1];
}

/* A new one; its number. */
static uint64_t
flow_new(struct world *w)
{
    struct world_pipes *p = &w->pipes;

    if (p->flows_count == p->flows_room) {
        p->flows_room = p->flows_room == 0 ? 64 : p->flows_room * 2;
        p->flows = realloc(p->flows, p->flows_room * sizeof *p->flows);
        CHECK(p->flows != NULL);
    }
    p->flows[p->flows_count] = (struct world_flow){ .told = 0 };
    return ++p->flows_count;
}

static uint64_t
patience(struct client *c)
{
    return (uint64_t)rnd_time(&c->world->rnd, 3 * TICK_S);
}

/* ---- asking -------------------------------------------------------------- */

static struct ask *
ask(struct client *c, uint32_t slot, enum msg_type type, bool slow)
{
    struct ask *a = ask_begin(c, type, 1, ASK_BYTES, slow);

    a->is_pipe = true;
    a->slot = slot;
    a->grip = c->pipes[slot].grip;
    return a;
}

static void
say(struct client *c, uint32_t slot, enum pipe_verb verb, struct msg_pipe more)
{
    struct msg m = { .type = MSG_pipe, .as.pipe = more };
    const struct client_pipe *p = &c->pipes[slot];
    struct ask *a = ask(c, slot, MSG_pipe, false);

    a->pipe_verb = (uint8_t)verb;
    m.as.pipe.request = a->r.number;
    m.as.pipe.verb = (uint64_t)verb;
    m.as.pipe.received = p->received;
    if (verb != PIPE_OPEN && verb != PIPE_ACCEPT) {
        m.as.pipe.pipe = p->number;
        m.as.pipe.end = p->end;
        m.as.pipe.grip = p->grip;
    }
    codec_message(rpc_message(c->rpc), &m);
}

static void
take_one(struct client *c, uint32_t slot)
{
    static const char *const names[NAMES] = { "pipe-1", "pipe-2", "pipe-3" };
    struct rnd *r = &c->world->rnd;
    struct world_ticket *t = &c->world->pipes.ticket;

    c->pipes[slot] = (struct client_pipe){ .state = CLIENT_PIPE_ASKED };
    if (t->length > 0 && rnd_one_in(r, 700)) {
        say(c, slot, PIPE_ACCEPT,
            (struct msg_pipe){ .ticket = { t->bytes, t->length } });
        return;
    }
    say(c, slot, PIPE_OPEN,
        (struct msg_pipe){ .object = slice_of(names[rnd_below(r, NAMES)]),
            .end = rnd_below(r, 2),
            .window = 100 });
}

static void
send_some(struct client *c, uint32_t slot)
{
    struct client_pipe *p = &c->pipes[slot];
    struct ask *a = ask(c, slot, MSG_pipe_send, true);
    uint32_t count = rnd_between(&c->world->rnd, 1, BATCH);
    struct msg m = { .type = MSG_pipe_send,
        .as.pipe_send = { .request = a->r.number,
            .pipe = p->number,
            .end = p->end,
            .grip = p->grip,
            .wait_ns = patience(c) } };
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);

    for (uint32_t i = 0; i < count; i++) {
        struct text text = { p->flow, p->next + i };
        codec_list_add(b, &list, RECORD_payload,
            &(struct rec_payload){ { (const uint8_t *)&text, sizeof text } });
    }
    codec_list_end(b, &list);
    p->sending = true;
}

static void
receive_some(struct client *c, uint32_t slot)
{
    struct client_pipe *p = &c->pipes[slot];
    struct ask *a = ask(c, slot, MSG_pipe_recv, true);
    struct msg m = { .type = MSG_pipe_recv,
        .as.pipe_recv = { .request = a->r.number,
            .pipe = p->number,
            .end = p->end,
            .grip = p->grip,
            .wait_ns = patience(c),
            .received = p->received,
            .count = rnd_between(&c->world->rnd, 1, CLIENT_AHEAD),
            .bytes = 1 << 20 } };

    codec_message(rpc_message(c->rpc), &m);
    p->receiving = true;
}

/* ---- what the client's program receives ---------------------------------- */

static void
receive_one(struct client *c, struct client_pipe *p)
{
    struct world *w = c->world;
    const struct client_message *m = &p->ahead[p->ahead_first];
    struct world_flow *f = flow(w, m->flow);

    if (p->hears != 0 && p->hears != m->flow) {
        world_fail(w, "pipes",
            "client %u hears flow %" PRIu64 " after %" PRIu64, c->uid, m->flow,
            p->hears);
    }
    if (m->number != f->received + 1) {
        world_fail(w, "pipes",
            "client %u hears message %" PRIu64 " of flow %" PRIu64
            " after %" PRIu64,
            c->uid, m->number, m->flow, f->received);
    }
    p->hears = m->flow;
    f->received = m->number;
    p->received += 1;
    p->ahead_first += 1;
    p->ahead_count -= 1;
    w->stats.heard += 1;
}

/* Nothing comes any more: all that its sender was told is sent has come. */
static void
be_at_the_end(struct client *c, const struct client_pipe *p)
{
    const struct world_flow *f;

    if (p->hears == 0 || p->state == CLIENT_PIPE_PASSED) return;
    f = flow(c->world, p->hears);
    if (f->told <= f->received) return;
    world_fail(c->world, "pipes",
        "flow %" PRIu64 " ends behind %" PRIu64 ", %" PRIu64 " were sent",
        p->hears, f->received, f->told);
}

static void
act_on(struct client *c, uint32_t slot)
{
    struct client_pipe *p = &c->pipes[slot];
    struct rnd *r = &c->world->rnd;

    if (p->ahead_count > 0 && rnd_one_in(r, 600)) {
        receive_one(c, p);
    } else if (rnd_one_in(r, 30)) {
        say(c, slot, PIPE_CLOSE, (struct msg_pipe){ .verb = 0 });
        p->state = CLIENT_PIPE_CLOSING;
    } else if (p->state == CLIENT_PIPE_PASSED) {
        return;
    } else if (rnd_one_in(r, 40) && !p->sending) {
        say(c, slot, PIPE_PASS, (struct msg_pipe){ .verb = 0 });
        p->state = CLIENT_PIPE_PASSED;
        p->ahead_count = 0; /* It is for who accepts the end. */
    } else if (rnd_one_in(r, 100)) {
        say(c, slot, PIPE_RECEIVED, (struct msg_pipe){ .verb = 0 });
    } else if (rnd_one_in(r, 500) && !p->sending && !p->silent) {
        send_some(c, slot);
    } else if (!p->receiving && p->ahead_count == 0) {
        receive_some(c, slot);
    }
}

void
pipes_act(struct client *c)
{
    uint32_t slot = rnd_below(&c->world->rnd, CLIENT_PIPES);

    if (!ask_may(c)) return;
    switch (c->pipes[slot].state) {
    case CLIENT_PIPE_NONE:
        take_one(c, slot);
        break;
    case CLIENT_PIPE_HELD:
    case CLIENT_PIPE_PASSED:
        act_on(c, slot);
        break;
    case CLIENT_PIPE_ASKED:
    case CLIENT_PIPE_CLOSING:
        break;
    }
}

void
pipes_heal(struct client *c)
{
    for (uint32_t slot = 0; slot < CLIENT_PIPES; slot++) {
        struct client_pipe *p = &c->pipes[slot];
        if ((p->state != CLIENT_PIPE_HELD && p->state != CLIENT_PIPE_PASSED)
            || !ask_may(c)) {
            continue;
        }
        say(c, slot, PIPE_CLOSE, (struct msg_pipe){ .verb = 0 });
        p->state = CLIENT_PIPE_CLOSING;
    }
}

bool
pipes_are_free(const struct client *c)
{
    for (uint32_t slot = 0; slot < CLIENT_PIPES; slot++)
        if (c->pipes[slot].state != CLIENT_PIPE_NONE) return false;
    return true;
}

/* ---- answers ------------------------------------------------------------- */

static void
take_end(struct client *c, const struct ask *a, const struct msg_piped *m)
{
    struct world *w = c->world;
    struct client_pipe *p = &c->pipes[a->slot];
    const struct world_ticket *t = &w->pipes.ticket;

    p->state = CLIENT_PIPE_HELD;
    p->number = m->pipe;
    p->end = m->end;
    p->grip = m->grip;
    p->received = m->number;
    w->stats.ends_taken += 1;
    if (a->pipe_verb == PIPE_OPEN) {
        p->flow = flow_new(w);
        p->next = 1;
        return;
    }
    /* Somebody may have passed another one meanwhile: then it is silent. */
    w->stats.ends_accepted += 1;
    if (t->length == 0 || t->pipe != m->pipe || t->end != m->end
        || t->flow == 0) {
        p->silent = true;
        return;
    }
    p->flow = t->flow;
    p->next = t->next;
    w->pipes.ticket.length = 0;
}

static void
keep_ticket(struct client *c, const struct client_pipe *p, struct slice bytes)
{
    struct world_ticket *t = &c->world->pipes.ticket;

    CHECK(bytes.length <= sizeof t->bytes);
    *t = (struct world_ticket){ .length = bytes.length,
        .pipe = p->number,
        .end = p->end,
        .flow = p->flow,
        .next = p->next };
    memcpy(t->bytes, bytes.bytes, bytes.length);
}

static void
take_messages(
    struct client *c, struct client_pipe *p, const struct msg_piped *m)
{
    struct proto_list list = m->messages;
    struct rec_payload each;

    if (p->state != CLIENT_PIPE_HELD) return; /* Passed on. */
    CHECK(p->ahead_count == 0 && list.count <= CLIENT_AHEAD);
    if (m->number != p->received + 1) {
        world_fail(c->world, "pipes",
            "client %u gets %" PRIu64 " after %" PRIu64, c->uid, m->number,
            p->received);
    }
    p->ahead_first = 0;
    while (codec_list_next(&list, RECORD_payload, &each)) {
        struct text text;
        CHECK(each.payload.length == sizeof text);
        memcpy(&text, each.payload.bytes, sizeof text);
        p->ahead[p->ahead_count++] =
            (struct client_message){ text.flow, text.number };
    }
}

static void
take_piped(struct client *c, const struct ask *a, const struct msg_piped *m)
{
    struct client_pipe *p = &c->pipes[a->slot];

    if (a->verb == MSG_pipe_send) {
        p->next += m->count;
        flow(c->world, p->flow)->told = p->next - 1;
        c->world->stats.sent += m->count;
    } else if (a->verb == MSG_pipe_recv) {
        take_messages(c, p, m);
    } else if (a->pipe_verb == PIPE_OPEN || a->pipe_verb == PIPE_ACCEPT) {
        take_end(c, a, m);
    } else if (a->pipe_verb == PIPE_PASS && p->state == CLIENT_PIPE_PASSED) {
        keep_ticket(c, p, m->ticket);
    } else if (a->pipe_verb == PIPE_CLOSE) {
        p->state = CLIENT_PIPE_NONE;
    }
}

/* What may be said, besides that there is no room. */
static bool
is_fine(
    const struct client_pipe *p, const struct ask *a, int64_t code, bool calm)
{
    if (a->verb == MSG_pipe && a->pipe_verb == PIPE_OPEN) {
        return code == STINT_EBUSY || code == STINT_EEOF;
    }
    if (code == STINT_ESTALE || code == STINT_EEOF) {
        /* Lost, or passed on. */
        return !calm || code == STINT_EEOF || a->pipe_verb == PIPE_ACCEPT
               || p->state != CLIENT_PIPE_HELD;
    }
    return code == STINT_ETIMEOUT && a->verb != MSG_pipe;
}

static void
take_error(struct client *c, const struct ask *a, int64_t code)
{
    struct world *w = c->world;
    struct client_pipe *p = &c->pipes[a->slot];
    bool is_full = code == STINT_EBUDGET || code == STINT_ELIMIT;

    if (!is_full && !is_fine(p, a, code, w->plan.calm)) {
        world_fail(w, "pipes", "client %u: %s, verb %u: %" PRId64, c->uid,
            codec_message_name(a->verb), a->pipe_verb, code);
    }
    if (a->verb == MSG_pipe_recv && code == STINT_EEOF) be_at_the_end(c, p);
    if (a->pipe_verb == PIPE_ACCEPT && !is_full) w->pipes.ticket.length = 0;
    if (p->state == CLIENT_PIPE_ASKED || code == STINT_ESTALE
        || a->pipe_verb == PIPE_CLOSE) {
        p->state = CLIENT_PIPE_NONE;
    }
}

/* Of an end that it had before, nobody wants to know any more. */
void
pipes_answered(const struct ask *a, const struct msg *m)
{
    struct client *c = a->client;

    if (!a->is_pipe || a->grip != c->pipes[a->slot].grip) return;
    if (a->verb == MSG_pipe_send) c->pipes[a->slot].sending = false;
    if (a->verb == MSG_pipe_recv) c->pipes[a->slot].receiving = false;
    if (m->type == MSG_piped) take_piped(c, a, &m->as.piped);
    if (m->type == MSG_error) take_error(c, a, m->as.error.code);
}

/* ---- the end ------------------------------------------------------------- */

void
pipes_check(struct world *w)
{
    for (const struct object *o = w->core->objects.by_number; o != NULL;
         o = o->by_number.next) {
        if (o->kind != OBJECT_PIPE) continue;
        world_fail(w, "pipes", "\"%s\" is left, and nobody holds it", o->name);
    }
}

void
pipes_fini(struct world *w)
{
    free(w->pipes.flows);
}
