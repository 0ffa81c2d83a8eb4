#include "master/core/shared/pipe_end.h"

#include "common/base.h"
#include "common/check.h"
#include "common/error.h"
#include "master/core/reply.h"
#include "master/core/shared/pipe_flow.h"
#include "master/core/verbs.h"

/* What an answer says of an end that is ours now. */
static struct msg
taken(const struct msg_pipe *m, const struct pipe *p, uint64_t end)
{
    return (struct msg){ .type = MSG_piped,
        .as.piped = { .request = m->request,
            .pipe = p->object->number,
            .end = end,
            .grip = p->ends[end].grip,
            .one_way = p->one_way,
            .number = p->ways[end].received } };
}

static void
give(struct core *core, struct pipe *p, uint64_t end, struct session *s,
    struct hold *h)
{
    struct pipe_end *e = &p->ends[end];

    core->objects.fence += 1;
    h->holder = end;
    h->count = 1;
    h->fence = core->objects.fence;
    holds_begin(core, h, p->object, s);
    e->hold = h;
    e->taken = true;
    e->grip = h->fence;
    e->secret = chance_draw(&core->chance);
}

/* ---- closing ------------------------------------------------------------- */

static void
remove_if_alone(struct core *core, struct pipe *p)
{
    struct object *o = p->object;

    if (p->ends[0].hold != NULL || p->ends[1].hold != NULL) return;
    pipe_flow_turn_away(core, p);
    pipe_strip(core, o);
    object_remove(core, o);
}

/* What its holder waits for, and what is on its way to him, is in vain. */
static void
drop_incoming(struct core *core, struct pipe *p, uint64_t end)
{
    struct pipe_way *way = &p->ways[end];

    pipe_flow_refuse(core, &way->receivers, STINT_ESTALE);
    pipe_flow_refuse(core, &way->senders, STINT_EEOF);
    pipe_drop(core, p, &way->messages);
    way->next = &way->messages;
    way->received = way->handed;
    way->count = 0;
    way->bytes = 0;
}

static void
close_end(struct core *core, struct pipe *p, uint64_t end)
{
    struct pipe_end *e = &p->ends[end];
    struct hold *h = e->hold;

    holds_end(core, h);
    holds_free(core, h);
    e->hold = NULL;
    drop_incoming(core, p, end);
    pipe_flow_refuse(core, &p->ways[1 - end].senders, STINT_ESTALE);
    pipe_flow_serve(core, p, &p->ways[1 - end]);
    remove_if_alone(core, p);
}

void
pipe_end_died(struct core *core, struct hold *h)
{
    close_end(core, h->object->is.pipe, h->holder);
}

/* ---- making -------------------------------------------------------------- */

static int
may_take(const struct core *core, const struct session *s, size_t ends)
{
    if (s->pipe_ends + ends > PIPE_ENDS_MAX) return STINT_ELIMIT;
    if (!object_has_room(core, ends * sizeof(struct hold))) {
        return STINT_EBUDGET;
    }
    return 0;
}

static int
may_make(const struct core *core, const struct session *s, size_t ends)
{
    uint32_t most = core->config.objects_max;

    /* However many sessions a worker has, it leaves an eighth to others. */
    if (!key_may_submit(s->key)) most -= most / 8;
    if (HASH_CNT(by_number, core->objects.by_number) >= most) {
        return STINT_ELIMIT;
    }
    if (!object_has_room(core, sizeof(struct object) + sizeof(struct pipe))) {
        return STINT_EBUDGET;
    }
    return may_take(core, s, ends);
}

/* A pipe without holders, which may not stay so; NULL without memory. */
static struct pipe *
make(struct core *core, const struct msg_pipe *m, uint8_t flags)
{
    struct object *o = object_add(core, m->object, OBJECT_PIPE, flags);

    if (o == NULL) return NULL;
    o->durability = QUEUE_MEMORY;
    if (pipe_furnish(core, o) != 0) {
        object_remove(core, o);
        return NULL;
    }
    o->size = m->window;
    o->is.pipe->window = m->window > 0 ? m->window : PIPE_WINDOW;
    o->is.pipe->one_way = m->one_way != 0;
    return o->is.pipe;
}

static int
make_new(struct core *core, struct session *s, const struct msg_pipe *m,
    struct msg *answer)
{
    int code = may_make(core, s, 2);

    if (code != 0) return code;
    struct hold *first = holds_new(core), *second = holds_new(core);
    struct pipe *p =
        first != NULL && second != NULL ? make(core, m, OBJECT_HIDDEN) : NULL;
    if (p == NULL) {
        holds_free(core, first);
        holds_free(core, second);
        return STINT_ENOMEM;
    }
    give(core, p, 0, s, first);
    give(core, p, 1, s, second);
    *answer = taken(m, p, 0);
    answer->as.piped.other_grip = p->ends[1].grip;
    return 0;
}

/* ---- taking an end of a named one ---------------------------------------- */

static int
find_named(const struct core *core, const struct msg_pipe *m, struct pipe **out)
{
    struct object *o = object_find(core, m->object);

    *out = NULL;
    if (o == NULL) return 0;
    if (o->kind != OBJECT_PIPE) return STINT_EEXISTS;
    struct pipe *p = o->is.pipe;
    bool is_alike = o->size == m->window && p->one_way == (m->one_way != 0);
    if (m->set != 0 && !is_alike) return STINT_EEXISTS;
    if (p->ends[m->end].hold != NULL) return STINT_EBUSY;
    *out = p;
    return p->ends[m->end].taken ? STINT_EEOF : 0;
}

static int
open_named(struct core *core, struct session *s, const struct msg_pipe *m,
    struct msg *answer)
{
    struct pipe *p;

    if (!object_is_name(m->object)) return STINT_EINVAL;
    int code = find_named(core, m, &p);
    if (code == 0) {
        if (p == NULL && object_made_enough(s->key)) return STINT_EROLE;
        code = p != NULL ? may_take(core, s, 1) : may_make(core, s, 1);
    }
    if (code != 0) return code;
    struct hold *h = holds_new(core);
    if (h == NULL) return STINT_ENOMEM;
    bool is_new = p == NULL;
    if (is_new) p = make(core, m, 0);
    if (p == NULL) {
        holds_free(core, h);
        return STINT_ENOMEM;
    }
    if (is_new) {
        p->maker = s->key;
        p->maker->pipes += 1;
    }
    give(core, p, m->end, s, h);
    *answer = taken(m, p, m->end);
    return 0;
}

/* ---- passing it on ------------------------------------------------------- */

static const char ticket_mark[] = { 'S', 't', 'P', '1' };

struct ticket {
    char mark[sizeof ticket_mark];
    uint64_t pipe, grip, secret;
    uint8_t end;
};

static uint8_t *
write_64(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < sizeof value; i++)
        at[i] = (uint8_t)(value >> (8 * i));
    return at + sizeof value;
}

static uint64_t
read_64(const uint8_t **at)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < sizeof value; i++)
        value |= (uint64_t)(*at)[i] << (8 * i);
    *at += sizeof value;
    return value;
}

static void
write_ticket(uint8_t out[PIPE_TICKET_BYTES], const struct pipe *p, uint64_t end)
{
    memcpy(out, ticket_mark, sizeof ticket_mark);
    uint8_t *at = write_64(out + sizeof ticket_mark, p->object->number);
    at = write_64(at, p->ends[end].grip);
    at = write_64(at, p->ends[end].secret);
    *at = (uint8_t)end;
}

static bool
read_ticket(struct slice bytes, struct ticket *t)
{
    const uint8_t *at = bytes.bytes;

    if (bytes.length != PIPE_TICKET_BYTES
        || memcmp(at, ticket_mark, sizeof ticket_mark) != 0) {
        return false;
    }
    at += sizeof ticket_mark;
    t->pipe = read_64(&at);
    t->grip = read_64(&at);
    t->secret = read_64(&at);
    t->end = *at;
    return t->end <= 1;
}

/* What was handed out ahead and not received is for who accepts it. */
static int
pass(struct core *core, struct session *s, const struct msg_pipe *m,
    struct msg *answer, uint8_t bytes[PIPE_TICKET_BYTES])
{
    struct pipe *p = pipe_flow_held(core, s, m->pipe, m->end, m->grip);

    if (p == NULL) return STINT_ESTALE;
    struct pipe_way *way = &p->ways[m->end];
    if (!pipe_received(core, p, way, m->received)) return STINT_EINVAL;
    pipe_flow_refuse(core, &way->receivers, STINT_ETIMEOUT);
    pipe_rewind(way);
    pipe_flow_serve(core, p, way);
    write_ticket(bytes, p, m->end);
    *answer = taken(m, p, m->end);
    answer->as.piped.ticket = (struct slice){ bytes, PIPE_TICKET_BYTES };
    return 0;
}

/* The pipe that a ticket is for. */
static int
redeem(const struct core *core, const struct ticket *t, struct pipe **out)
{
    struct object *o = object_numbered(core, t->pipe);

    if (o == NULL || o->kind != OBJECT_PIPE) return STINT_EEOF;
    struct pipe *p = o->is.pipe;
    /* The number was another one's before. */
    if (t->grip <= p->born) return STINT_EEOF;
    const struct pipe_end *e = &p->ends[t->end];
    if (e->grip != t->grip || e->secret != t->secret) return STINT_ESTALE;
    *out = p;
    return e->hold != NULL ? 0 : STINT_EEOF;
}

/* From whoever holds it, who may be ourselves. */
static int
accept(struct core *core, struct session *s, const struct msg_pipe *m,
    struct msg *answer)
{
    struct ticket t;
    struct pipe *p;

    if (!read_ticket(m->ticket, &t)) return STINT_EINVAL;
    int code = redeem(core, &t, &p);
    if (code == 0) code = may_take(core, s, 1);
    if (code != 0) return code;
    struct pipe_way *to = &p->ways[t.end], *from = &p->ways[1 - t.end];
    struct hold *h = p->ends[t.end].hold;
    pipe_flow_refuse(core, &to->receivers, STINT_ESTALE);
    pipe_flow_refuse(core, &from->senders, STINT_ESTALE);
    holds_end(core, h);
    pipe_rewind(to);
    give(core, p, t.end, s, h);
    *answer = taken(m, p, t.end);
    return 0;
}

/* ---- the rest ------------------------------------------------------------ */

static int
tell_received(
    struct core *core, const struct session *s, const struct msg_pipe *m)
{
    struct pipe *p = pipe_flow_held(core, s, m->pipe, m->end, m->grip);

    if (p == NULL) return STINT_ESTALE;
    if (!pipe_received(core, p, &p->ways[m->end], m->received)) {
        return STINT_EINVAL;
    }
    pipe_flow_serve(core, p, &p->ways[m->end]);
    return 0;
}

static int
close_by(struct core *core, const struct session *s, const struct msg_pipe *m)
{
    struct pipe *p = pipe_flow_held(core, s, m->pipe, m->end, m->grip);

    if (p == NULL) return STINT_ESTALE;
    close_end(core, p, m->end);
    return 0;
}

static const char *
why_not(const struct msg_pipe *m, int code)
{
    switch (code) {
    case STINT_EEXISTS:
        return "an object of this name is there already, made with other "
               "options or no pipe: use another name, or the same options";
    case STINT_EBUSY:
        return "this end is held already: take the other one, or another name";
    case STINT_ELIMIT:
        return "a session holds up to 2048 ends of pipes, and the master has "
               "as many named objects as it may: close some";
    case STINT_EROLE:
        return "a key with the role work may make 256 objects with names: make "
               "them with a submit key";
    case STINT_EEOF:
        return m->verb == PIPE_OPEN
                   ? "this end was closed; the pipe goes with the other one"
                   : "the pipe is gone, or this end of it was closed";
    case STINT_ESTALE:
        return m->verb == PIPE_ACCEPT
                   ? "somebody has accepted this end already"
                   : "this end of the pipe is not ours any more";
    case STINT_EINVAL:
        return m->verb == PIPE_ACCEPT
                   ? "these bytes are no ticket of a pipe"
                   : "a pipe's name has 1 to 255 bytes without control "
                     "characters";
    default:
        return error_text(code);
    }
}

static int
act(struct core *core, struct session *s, const struct msg_pipe *m,
    struct msg *answer, uint8_t ticket[PIPE_TICKET_BYTES])
{
    switch (m->verb) {
    case PIPE_NEW:
        return make_new(core, s, m, answer);
    case PIPE_OPEN:
        return open_named(core, s, m, answer);
    case PIPE_PASS:
        return pass(core, s, m, answer, ticket);
    case PIPE_ACCEPT:
        return accept(core, s, m, answer);
    case PIPE_CLOSE:
        return close_by(core, s, m);
    case PIPE_RECEIVED:
        return tell_received(core, s, m);
    default:
        return 0; /* It only asks whether we are there. */
    }
}

void
pipe_end_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg *message)
{
    const struct msg_pipe *m = &message->as.pipe;
    struct msg answer = { .type = MSG_piped, .as.piped.request = m->request };
    uint8_t ticket[PIPE_TICKET_BYTES];
    struct msg_pipe want = *m;

    (void)now;
    if (want.verb == PIPE_NEW) want.object = slice_of("");
    int code = act(core, s, &want, &answer, ticket);
    if (m->request == 0) return;
    if (code == 0) {
        reply(core, s, &answer);
    } else {
        reply_error(core, s, m->request, code, why_not(m, code));
    }
}
