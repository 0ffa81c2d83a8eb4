#include "master/core/shared/pipe_flow.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/park.h"
#include "master/core/verbs.h"

enum {
    ENTRY_BYTES = 10,        /* More than msgpack adds to a message. */
    ANSWER_BYTES = 1 << 20,  /* Of an answer with several messages. */
    ANSWER_EXTRA = 16 << 10, /* A longer one begins a frame. */
};

struct pipe *
pipe_flow_held(const struct core *core, const struct session *s,
    uint64_t number, uint64_t end, uint64_t grip)
{
    struct object *o = object_numbered(core, number);

    if (o == NULL || o->kind != OBJECT_PIPE) return NULL;
    const struct pipe_end *e = &o->is.pipe->ends[end];
    if (e->hold == NULL || e->hold->session != s || e->grip != grip) {
        return NULL;
    }
    return o->is.pipe;
}

/* To which end it goes. */
static unsigned
end_of(const struct pipe *p, const struct pipe_way *way)
{
    return way == &p->ways[1];
}

/* ---- waiting ------------------------------------------------------------- */

static void
end_wait(struct core *core, struct wait *w)
{
    if (w->kind == WAIT_SEND) {
        pipe_drop(core, w->as.object.object->is.pipe, &w->as.send.messages);
    }
    wait_end(&core->waits, w);
}

static void
refuse(struct core *core, struct wait *w, int code)
{
    reply_error(core, w->session, w->request, code, NULL);
    end_wait(core, w);
}

void
pipe_flow_refuse(struct core *core, struct list *line, int code)
{
    for (struct wait *w; (w = park_first(line)) != NULL;)
        refuse(core, w, code);
}

void
pipe_flow_turn_away(struct core *core, struct pipe *p)
{
    for (unsigned i = 0; i < 2; i++) {
        pipe_flow_refuse(core, &p->ways[i].senders, STINT_EEOF);
        pipe_flow_refuse(core, &p->ways[i].receivers, STINT_EEOF);
    }
}

void
pipe_flow_give_up(struct core *core, struct wait *w, int code)
{
    struct pipe *p = w->as.object.object->is.pipe;
    bool sends = w->kind == WAIT_SEND;

    refuse(core, w, code);
    if (!sends) return;
    /* Who stands behind it may fit where it did not. */
    pipe_flow_serve(core, p, &p->ways[0]);
    pipe_flow_serve(core, p, &p->ways[1]);
}

void
pipe_flow_touch(struct core *core, const struct wait *w)
{
    struct pipe *p = w->as.object.object->is.pipe;

    if (list_is_empty(&p->due)) list_push(&core->objects.pipes, &p->due);
}

void
pipe_flow_tick(struct core *core)
{
    for (struct list *node; (node = list_pop(&core->objects.pipes)) != NULL;) {
        struct pipe *p = CONTAINER_OF(node, struct pipe, due);
        pipe_flow_serve(core, p, &p->ways[0]);
        pipe_flow_serve(core, p, &p->ways[1]);
    }
}

/* ---- handing out --------------------------------------------------------- */

struct order {
    uint64_t request, bytes;
    uint64_t count;
    bool take;
};

/* How many of the next ones suit an order; at least one is there. */
static uint64_t
suitable(const struct pipe_way *way, const struct order *order, size_t *length)
{
    uint64_t count = 0;
    size_t sum = 0;

    for (const struct list *node = way->next; node != &way->messages;
         node = node->next) {
        size_t more =
            CONTAINER_OF_CONST(node, struct pipe_message, node)->length;
        if (count > 0 && (count >= order->count || sum + more > order->bytes)) {
            break;
        }
        sum += more;
        count += 1;
    }
    *length = sum;
    return count;
}

static void
hand_out(struct core *core, struct pipe *p, struct pipe_way *way,
    struct session *s, const struct order *order)
{
    const struct pipe_end *from = &p->ends[1 - end_of(p, way)];
    struct msg m = { .type = MSG_piped };
    struct buf b;
    size_t length;

    buf_init(&b);
    uint64_t count = suitable(way, order, &length);
    if (buf_reserve(&b, length + count * ENTRY_BYTES) == NULL) {
        reply_broken(core, s);
        buf_fini(&b);
        return;
    }
    m.as.piped.request = order->request;
    m.as.piped.number = way->handed + 1;
    for (uint64_t i = 0; i < count; i++) {
        const struct pipe_message *each = pipe_next(way);
        struct rec_payload record = { { each->bytes, each->length } };
        codec_record(&b, RECORD_payload, &record);
        pipe_advance(way);
    }
    m.as.piped.messages =
        (struct proto_list){ { b.bytes, b.length }, (uint32_t)count };
    m.as.piped.ended = !pipe_has_more(way) && pipe_is_closed(from);
    if (b.length > ANSWER_EXTRA) reply_seal(core, s);
    reply(core, s, &m);
    if (b.failed) reply_broken(core, s);
    buf_fini(&b);
    if (order->take) (void)pipe_received(core, p, way, way->handed);
}

/* ---- serving who waits --------------------------------------------------- */

/* Take as many as fit, from the first.  Returns how many. */
static uint64_t
take_in(struct pipe *p, struct pipe_way *way, struct list *messages)
{
    uint64_t count = 0;

    for (struct list *node; (node = list_first(messages)) != NULL; count++) {
        struct pipe_message *m = CONTAINER_OF(node, struct pipe_message, node);
        if (!pipe_fits(p, way, m->length)) break;
        list_remove(node);
        pipe_push(way, m);
    }
    return count;
}

static void
tell_sent(
    struct core *core, struct session *s, uint64_t request, uint64_t count)
{
    reply(core, s,
        &(struct msg){
            .type = MSG_piped,
            .as.piped = { .request = request, .count = count },
        });
}

static bool
serve_sender(struct core *core, struct pipe *p, struct pipe_way *way)
{
    struct wait *w = park_first(&way->senders);

    if (w == NULL) return false;
    uint64_t count = take_in(p, way, &w->as.send.messages);
    if (count == 0) return false;
    tell_sent(core, w->session, w->request, count);
    end_wait(core, w);
    return true;
}

static bool
serve_receiver(struct core *core, struct pipe *p, struct pipe_way *way)
{
    struct wait *w = park_first(&way->receivers);

    if (w == NULL || !pipe_has_more(way)
        || !reply_has_window(core, w->session)) {
        return false;
    }
    struct order order = { .request = w->request,
        .bytes = w->as.receive.bytes,
        .count = w->as.receive.count,
        .take = w->as.receive.take };
    struct session *s = w->session;
    end_wait(core, w);
    hand_out(core, p, way, s, &order);
    return true;
}

void
pipe_flow_serve(struct core *core, struct pipe *p, struct pipe_way *way)
{
    while (serve_sender(core, p, way) || serve_receiver(core, p, way)) {}
    if (pipe_has_more(way) || !pipe_is_closed(&p->ends[1 - end_of(p, way)])) {
        return;
    }
    pipe_flow_refuse(core, &way->receivers, STINT_EEOF);
}

/* ---- sending ------------------------------------------------------------- */

static int
check_sizes(const struct core *core, struct proto_list list, size_t *memory)
{
    struct rec_payload each;

    *memory = 0;
    while (codec_list_next(&list, RECORD_payload, &each)) {
        if (each.payload.length > core->config.payload_max) {
            return STINT_ETOOLARGE;
        }
        *memory += pipe_message_memory(each.payload.length);
    }
    return object_has_room(core, *memory) ? 0 : STINT_EBUDGET;
}

static int
may_send(const struct core *core, const struct session *s,
    const struct msg_pipe_send *m, const struct pipe *p, size_t *memory)
{
    if (p == NULL) return STINT_ESTALE;
    if (p->one_way && m->end == 0) return STINT_EINVAL;
    int code = check_sizes(core, m->messages, memory);
    if (code != 0) return code;
    if (pipe_is_closed(&p->ends[1 - m->end])) return STINT_EEOF;
    return wait_check(&core->waits, s, m->wait_ns);
}

/* A wait with all of the messages; NULL without memory. */
static struct wait *
make_send(struct proto_list list)
{
    struct wait *w = wait_new(WAIT_SEND, 0);
    struct rec_payload each;

    if (w == NULL) return NULL;
    while (codec_list_next(&list, RECORD_payload, &each)) {
        struct pipe_message *m = pipe_message_new(each.payload);
        if (m == NULL) goto give_up;
        list_push(&w->as.send.messages, &m->node);
    }
    return w;

give_up:
    for (struct list *node; (node = list_pop(&w->as.send.messages)) != NULL;)
        free(CONTAINER_OF(node, struct pipe_message, node));
    free(w);
    return NULL;
}

static const char *
why_not_send(int code)
{
    if (code == STINT_EINVAL) return "this end only reads: send by the other";
    if (code == STINT_ESTALE)
        return "this end of the pipe is not ours any more";
    return NULL;
}

void
pipe_flow_send(struct core *core, tick_ns now, struct session *s,
    const struct msg *message)
{
    const struct msg_pipe_send *m = &message->as.pipe_send;
    struct pipe *p = pipe_flow_held(core, s, m->pipe, m->end, m->grip);
    size_t memory;
    int code = may_send(core, s, m, p, &memory);
    struct wait *w = code == 0 ? make_send(m->messages) : NULL;

    if (w == NULL) {
        if (code == 0) code = STINT_ENOMEM;
        reply_error(core, s, m->request, code, why_not_send(code));
        return;
    }
    struct pipe_way *way = &p->ways[1 - m->end];
    object_grow(core, p->object, (int64_t)memory);
    wait_begin(
        &core->waits, w, s, m->request, tick_after(now, (tick_ns)m->wait_ns));
    wait_stand(w, p->object, &way->senders);
    pipe_flow_serve(core, p, way);
    /* Served, it was the only one; else it is the last one. */
    if (list_last(&way->senders) != NULL && m->wait_ns == 0) {
        refuse(core, w, STINT_ETIMEOUT);
    }
}

/* ---- receiving ----------------------------------------------------------- */

static void
park_receive(struct core *core, tick_ns now, struct session *s,
    const struct msg_pipe_recv *m, struct pipe *p, const struct order *order)
{
    int code = wait_check(&core->waits, s, m->wait_ns);
    struct wait *w = code == 0 ? wait_new(WAIT_RECEIVE, 0) : NULL;

    if (w == NULL) {
        reply_error(core, s, m->request, code != 0 ? code : STINT_ENOMEM, NULL);
        return;
    }
    w->as.receive.bytes = order->bytes;
    w->as.receive.count = (uint32_t)order->count;
    w->as.receive.take = order->take;
    wait_begin(
        &core->waits, w, s, m->request, tick_after(now, (tick_ns)m->wait_ns));
    wait_stand(w, p->object, &p->ways[m->end].receivers);
}

void
pipe_flow_receive(struct core *core, tick_ns now, struct session *s,
    const struct msg *message)
{
    const struct msg_pipe_recv *m = &message->as.pipe_recv;
    struct pipe *p = pipe_flow_held(core, s, m->pipe, m->end, m->grip);
    struct order order = { .request = m->request,
        .bytes = m->bytes < ANSWER_BYTES ? m->bytes : ANSWER_BYTES,
        .count = m->count,
        .take = m->take != 0 };

    if (p == NULL) {
        reply_error(core, s, m->request, STINT_ESTALE,
            "this end of the pipe is not ours any more");
        return;
    }
    struct pipe_way *way = &p->ways[m->end];
    if ((p->one_way && m->end == 1)
        || !pipe_received(core, p, way, m->received)) {
        reply_error(core, s, m->request, STINT_EINVAL,
            p->one_way && m->end == 1
                ? "this end only writes: receive from the other"
                : "received is more than was handed out");
        return;
    }
    pipe_flow_serve(core, p, way);
    bool waits =
        m->wait_ns > 0
        && (!list_is_empty(&way->receivers) || !reply_has_window(core, s));
    if (pipe_has_more(way) && !waits) {
        hand_out(core, p, way, s, &order);
        pipe_flow_serve(core, p, way);
    } else if (!pipe_has_more(way) && pipe_is_closed(&p->ends[1 - m->end])) {
        reply_error(core, s, m->request, STINT_EEOF, NULL);
    } else if (m->wait_ns == 0) {
        reply_error(core, s, m->request, STINT_ETIMEOUT, NULL);
    } else {
        park_receive(core, now, s, m, p, &order);
    }
}
