#include "master/core/shared/pipe.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"

static void
init_way(struct pipe_way *way)
{
    list_init(&way->messages);
    list_init(&way->senders);
    list_init(&way->receivers);
    way->next = &way->messages;
}

int
pipe_furnish(struct core *core, struct object *o)
{
    struct pipe *p = calloc(1, sizeof *p);

    if (p == NULL) return STINT_ENOMEM;
    p->object = o;
    p->born = core->objects.fence;
    list_init(&p->due);
    init_way(&p->ways[0]);
    init_way(&p->ways[1]);
    o->is.pipe = p;
    object_grow(core, o, (int64_t)sizeof *p);
    return 0;
}

void
pipe_strip(struct core *core, struct object *o)
{
    struct pipe *p = o->is.pipe;

    pipe_drop(core, p, &p->ways[0].messages);
    pipe_drop(core, p, &p->ways[1].messages);
    list_remove(&p->due);
    if (p->maker != NULL) p->maker->pipes -= 1;
    object_grow(core, o, -(int64_t)sizeof *p);
    free(p);
}

struct pipe_message *
pipe_message_new(struct slice bytes)
{
    struct pipe_message *m = malloc(pipe_message_memory(bytes.length));

    if (m == NULL) return NULL;
    list_init(&m->node);
    m->length = bytes.length;
    if (bytes.length > 0) memcpy(m->bytes, bytes.bytes, bytes.length);
    return m;
}

bool
pipe_fits(const struct pipe *p, const struct pipe_way *way, size_t length)
{
    if (way->count == 0) return true;
    return way->count < PIPE_MESSAGES && way->bytes + length <= p->window;
}

void
pipe_push(struct pipe_way *way, struct pipe_message *m)
{
    list_push(&way->messages, &m->node);
    if (!pipe_has_more(way)) way->next = &m->node;
    way->count += 1;
    way->bytes += m->length;
}

const struct pipe_message *
pipe_next(const struct pipe_way *way)
{
    return CONTAINER_OF_CONST(way->next, struct pipe_message, node);
}

void
pipe_advance(struct pipe_way *way)
{
    way->next = way->next->next;
    way->handed += 1;
}

void
pipe_rewind(struct pipe_way *way)
{
    way->next = way->messages.next;
    way->handed = way->received;
}

bool
pipe_received(
    struct core *core, struct pipe *p, struct pipe_way *way, uint64_t received)
{
    if (received > way->handed) return false;
    for (; way->received < received; way->received++) {
        struct list *node = list_pop(&way->messages);
        CHECK(node != NULL);
        struct pipe_message *m = CONTAINER_OF(node, struct pipe_message, node);
        way->count -= 1;
        way->bytes -= m->length;
        object_grow(core, p->object, -(int64_t)pipe_message_memory(m->length));
        free(m);
    }
    return true;
}

void
pipe_drop(struct core *core, struct pipe *p, struct list *messages)
{
    for (struct list *node; (node = list_pop(messages)) != NULL;) {
        struct pipe_message *m = CONTAINER_OF(node, struct pipe_message, node);
        object_grow(core, p->object, -(int64_t)pipe_message_memory(m->length));
        free(m);
    }
}

/* ---- for tests ----------------------------------------------------------- */

static uint64_t
length_of(const struct list *line, const struct object *o, enum wait_kind kind)
{
    uint64_t length = 0;

    LIST_FOREACH (node, after, line) {
        const struct wait *w = CONTAINER_OF(node, struct wait, as.object.node);
        CHECK(w->kind == kind && w->as.object.object == o);
        CHECK(w->session->state == SESSION_LIVE);
        length += 1;
    }
    return length;
}

static void
check_messages(const struct pipe *p, const struct pipe_way *way)
{
    uint64_t count = 0, bytes = 0, handed = way->handed - way->received;
    bool found = !pipe_has_more(way);

    LIST_FOREACH (node, after, &way->messages) {
        if (node == way->next) {
            CHECK(count == handed);
            found = true;
        }
        count += 1;
        bytes += CONTAINER_OF(node, struct pipe_message, node)->length;
    }
    CHECK(found && count == way->count && bytes == way->bytes);
    CHECK(pipe_has_more(way) || count == handed);
    CHECK(count <= PIPE_MESSAGES && (count <= 1 || bytes <= p->window));
}

static uint64_t
check_way(const struct pipe *p, unsigned to)
{
    const struct pipe_way *way = &p->ways[to];
    uint64_t senders = length_of(&way->senders, p->object, WAIT_SEND);
    uint64_t receivers = length_of(&way->receivers, p->object, WAIT_RECEIVE);
    struct list *first = list_first(&way->senders);

    check_messages(p, way);
    CHECK(senders == 0 || !pipe_is_closed(&p->ends[to]));
    CHECK(receivers == 0 || p->ends[to].hold != NULL);
    if (first != NULL) {
        struct wait *w = CONTAINER_OF(first, struct wait, as.object.node);
        struct list *node = list_first(&w->as.send.messages);
        CHECK(node != NULL
              && !pipe_fits(p, way,
                  CONTAINER_OF(node, struct pipe_message, node)->length));
    }
    return senders + receivers;
}

uint64_t
pipe_check(const struct pipe *p, uint64_t holds)
{
    uint64_t held = 0;

    for (unsigned i = 0; i < 2; i++) {
        const struct pipe_end *e = &p->ends[i];
        if (e->hold == NULL) continue;
        CHECK(e->taken && e->hold->fence == e->grip && e->grip > p->born);
        CHECK(e->hold->object == p->object && e->hold->holder == i);
        held += 1;
    }
    CHECK(held == holds && held > 0);
    return check_way(p, 0) + check_way(p, 1);
}
