/* Sending through a pipe.                                    [layer: client] */
#include <stdio.h>
#include <stdlib.h>

#include "client/call.h"
#include "client/pipe/pipe_answer.h"
#include "client/pump.h"
#include "common/base.h"
#include "common/error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum {
    BATCH_ITEMS = 64,
    BATCH_BYTES = 64 * 1024,
    SEND_BYTES = 64, /* Of a request without its messages. */
    ITEM_BYTES = 8,
};

static struct pipe_outgoing *
outgoing_of(struct list *node)
{
    return CONTAINER_OF(node, struct pipe_outgoing, node);
}

static size_t
cost_of(const struct pipe_outgoing *e)
{
    return sizeof(*e) + e->data.length;
}

/* ---- the line ------------------------------------------------------------ */

/* It is sent, or will not be. */
static void
end(struct stint_pipe *p, struct pipe_outgoing *e, int code)
{
    struct stint *s = p->s;

    list_remove(&e->node);
    p->outgoing_bytes -= cost_of(e);
    e->code = code;
    e->over = true;
    if (e->posted) {
        s->posting--;
        if (code != 0 && s->post_error == 0) {
            s->post_error = pipe_answer_say(p, code);
            (void)snprintf(s->post_text, sizeof(s->post_text), "%s",
                stint_error_message());
        }
    }
    if (e->left) free(e);
}

static void
end_all(struct stint_pipe *p, int code)
{
    for (struct list *node; (node = list_first(&p->outgoing)) != NULL;)
        end(p, outgoing_of(node), code);
}

/* Those that the next request takes. */
static uint32_t
choose(const struct stint_pipe *p, size_t *bytes, tick_ns *until)
{
    uint32_t count = 0;

    *bytes = 0;
    *until = TICK_NEVER;
    LIST_FOREACH (node, after, &p->outgoing) {
        const struct pipe_outgoing *e = outgoing_of(node);
        size_t more = e->data.length + ITEM_BYTES;
        if (count >= BATCH_ITEMS
            || (count > 0 && *bytes + more > BATCH_BYTES)) {
            break;
        }
        *bytes += more;
        *until = tick_min(*until, e->deadline);
        count++;
    }
    return count;
}

static void
write_messages(struct stint_pipe *p, uint32_t count, tick_ns until)
{
    struct msg m = { .type = MSG_pipe_send,
        .as.pipe_send = { .request = p->send.number,
            .pipe = p->number,
            .end = p->end,
            .grip = p->grip,
            .wait_ns = pump_remaining(until) } };
    struct buf *b = rpc_message(p->s->rpc);
    struct codec_list list = codec_list_begin(b, &m);

    LIST_FOREACH (node, after, &p->outgoing) {
        struct pipe_outgoing *e = outgoing_of(node);
        if (count-- == 0) break;
        codec_list_add(
            b, &list, RECORD_payload, &(struct rec_payload){ e->data });
        e->sent = true;
    }
    codec_list_end(b, &list);
}

static void take_answer(
    struct rpc_request *r, int code, const struct msg *m, bool last);

static void
send_next(struct stint_pipe *p)
{
    size_t bytes;
    tick_ns until;
    uint32_t count = choose(p, &bytes, &until);

    if (count == 0) return;
    p->send =
        (struct rpc_request){ .answered = take_answer, .arg = p, .slow = true };
    if (rpc_begin(p->s->rpc, &p->send, 1, SEND_BYTES + bytes) != 0) {
        end_all(p, STINT_ENOMEM);
        return;
    }
    write_messages(p, count, until);
    p->sending = true;
    p->sent_count = count;
}

/* What was not taken in has another try, unless its time is over. */
static void
try_again(struct stint_pipe *p, uint32_t count, bool late)
{
    tick_ns now = late ? clock_now() : 0;

    LIST_FOREACH (node, after, &p->outgoing) {
        struct pipe_outgoing *e = outgoing_of(node);
        if (count-- == 0) break;
        e->sent = false;
        bool given_up = e->left && !e->posted;
        if (given_up || (late && e->deadline <= now)) {
            end(p, e, STINT_ETIMEOUT);
        }
    }
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct stint_pipe *p = r->arg;
    uint32_t count = p->sent_count;

    (void)last; /* One answer is all. */
    p->sending = false;
    p->sent_count = 0;
    if (code == 0 && m != NULL && m->type == MSG_piped) {
        uint64_t accepted = m->as.piped.count;
        for (; accepted > 0 && count > 0; accepted--, count--)
            end(p, outgoing_of(list_first(&p->outgoing)), 0);
    }
    if (code == 0 || code == STINT_ETIMEOUT) {
        try_again(p, count, code != 0);
        send_next(p);
    } else {
        /* What follows what was lost would be taken for it. */
        end_all(p, code);
    }
    if (!p->freed || p->sending) return;
    p->s->refs--; /* Never the last: somebody reads the connection. */
    pipe_finish(p);
}

/* ---- sending ------------------------------------------------------------- */

static int
check(const struct stint_pipe *p, const void *data, size_t size)
{
    int rc = pump_obstacle(p->s);

    if (rc != 0) return rc;
    if (p->one_way && p->end == 0) {
        return say(STINT_EINVAL,
            "connection is read-only: the first end of a one-way pipe only "
            "receives");
    }
    if (data == NULL && size > 0) {
        return say(STINT_EINVAL, "%zu bytes at NULL are no message", size);
    }
    uint64_t most = rpc_welcome(p->s->rpc).payload_max;
    if (most == 0 || size <= most) return 0;
    return say(STINT_ETOOLARGE,
        "the message has %zu bytes, the master takes up to %llu", size,
        (unsigned long long)most);
}

static void
enqueue(struct stint_pipe *p, struct pipe_outgoing *e)
{
    list_push(&p->outgoing, &e->node);
    p->outgoing_bytes += cost_of(e);
    if (e->posted) p->s->posting++;
    if (!p->sending) send_next(p);
}

struct change {
    const struct pipe_outgoing *e;
    bool was_sent;
};

static bool
has_changed(const void *arg)
{
    const struct change *change = arg;

    return change->e->over || change->e->sent != change->was_sent;
}

/* Its caller does not wait any more; if it is under way, it may still arrive.
 */
static void
leave(struct stint_pipe *p, struct pipe_outgoing *e)
{
    if (e->over) {
        free(e);
        return;
    }
    e->left = true;
    if (!e->sent) {
        end(p, e, STINT_ETIMEOUT);
    } else {
        p->outgoing_bytes -= e->data.length;
        e->data = (struct slice){ NULL, 0 };
    }
}

/* Until it is over.  While others' are under way it has its own time only; but
 * one that does not wait at all is to have a try, unless those wait for room.
 */
static int
wait_for(struct stint_pipe *p, struct pipe_outgoing *e)
{
    bool looked = false;
    int rc;

    for (;;) {
        struct change change = { e, e->sent };
        rc = pump_wait(p->s, has_changed, &change,
            e->sent ? pump_grace(e->deadline) : e->deadline);
        if (e->over) return e->code;
        if (rc == 0) continue;
        if (rc != STINT_ETIMEOUT || e->sent || looked) return rc;
        looked = true;
        rc = pipe_answer_look(p, e->deadline);
        if (e->over) return e->code;
        if (rc != 0) return rc;
    }
}

int
stint_pipe_send(
    struct stint_pipe *p, const void *data, size_t size, int64_t timeout_ms)
{
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    struct pipe_outgoing *e = calloc(1, sizeof(*e));
    if (e == NULL) return say(STINT_ENOMEM, "no memory for a message");
    e->data = (struct slice){ data, size };
    e->deadline = pump_deadline(timeout_ms);
    list_init(&e->node);
    pump_enter(p->s);
    rc = check(p, data, size);
    if (rc != 0) {
        free(e);
    } else {
        enqueue(p, e);
        rc = wait_for(p, e);
        if (rc != 0 && pump_obstacle(p->s) == 0 && rc != STINT_ECANCELLED) {
            rc = pipe_answer_say(p, rc);
        }
        leave(p, e);
    }
    pump_leave(p->s);
    return rc;
}

/* ---- posting ------------------------------------------------------------- */

struct room {
    const struct stint_pipe *p;
    size_t size;
};

static bool
has_room(const void *arg)
{
    const struct room *room = arg;
    const struct stint_pipe *p = room->p;

    return list_is_empty(&p->outgoing)
           || p->outgoing_bytes + room->size <= p->s->buffer_bytes;
}

int
stint_pipe_post(struct stint_pipe *p, const void *data, size_t size)
{
    struct pipe_outgoing *e = calloc(1, sizeof(*e) + size);

    if (e == NULL) return say(STINT_ENOMEM, "no memory for a message");
    if (data != NULL && size > 0) memcpy(e->bytes, data, size);
    e->data = (struct slice){ e->bytes, size };
    e->deadline = TICK_NEVER;
    e->posted = e->left = true;
    list_init(&e->node);
    pump_enter(p->s);
    int rc = check(p, data, size);
    struct room room = { p, cost_of(e) };
    if (rc == 0 && !has_room(&room)) {
        rc = pump_wait(p->s, has_room, &room, call_deadline(p->s));
    }
    if (rc == 0) {
        enqueue(p, e);
        if (!p->s->closed) pump_push(p->s, false);
    } else {
        free(e);
    }
    pump_leave(p->s);
    return rc;
}
