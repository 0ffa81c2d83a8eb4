/* Making pipes, taking their ends, passing them on.          [layer: client] */
#include "client/pipe/pipe.h"

#include <stdlib.h>
#include <unistd.h>

#include "client/call.h"
#include "client/pipe/pipe_answer.h"
#include "client/pipe/pipe_recv.h"
#include "client/pipe/pipe_take.h"
#include "client/pipe/pipe_tell.h"
#include "client/pump.h"
#include "client/stint_value.h"
#include "common/sys/say.h"

enum { CALL_BYTES = 64 };

/* ---- handles ------------------------------------------------------------- */

static struct stint_pipe *
make(struct stint *s)
{
    struct stint_pipe *p = calloc(1, sizeof(*p));

    if (p == NULL) return NULL;
    p->s = s;
    p->fd = -1;
    list_init(&p->node);
    list_init(&p->outgoing);
    return p;
}

static void
destroy(struct stint_pipe *p)
{
    if (p == NULL) return;
    for (size_t i = 0; i < p->lent_count; i++)
        inbound_drop(p->lent[i].in);
    free(p->lent);
    if (p->fd >= 0) (void)close(p->fd);
    free(p);
}

/* It has the end that was given. */
static void
begin(struct stint_pipe *p, const struct msg_piped *m, uint64_t end,
    uint64_t grip)
{
    p->number = m->pipe;
    p->end = end;
    p->grip = grip;
    p->one_way = m->one_way != 0;
    p->received = m->number;
    inside_hold(p->s);
}

int
stint_pipe_new(struct stint *s, const struct stint_pipe_options *options,
    struct stint_pipe **first, struct stint_pipe **second)
{
    struct msg_pipe want = { .verb = PIPE_NEW };
    struct stint_pipe *a = make(s), *b = make(s);
    struct msg_piped m;

    *first = *second = NULL;
    if (a == NULL || b == NULL) {
        destroy(a);
        destroy(b);
        return say(STINT_ENOMEM, "no memory for a pipe");
    }
    if (options != NULL) {
        want.one_way = options->one_way;
        want.window = options->window;
    }
    pump_enter(s);
    int rc = pipe_take(s, &want, &m);
    if (rc == 0) {
        begin(a, &m, 0, m.grip);
        begin(b, &m, 1, m.other_grip);
    }
    pump_leave(s);
    if (rc != 0) {
        destroy(a);
        destroy(b);
        return rc;
    }
    *first = a;
    *second = b;
    return 0;
}

/* Take the end that `want` asks for. */
static int
take(struct stint *s, const struct msg_pipe *want, struct stint_pipe **out)
{
    struct stint_pipe *p = make(s);
    struct msg_piped m;

    if (p == NULL) return say(STINT_ENOMEM, "no memory for a pipe");
    pump_enter(s);
    int rc = pipe_take(s, want, &m);
    if (rc == 0) begin(p, &m, m.end, m.grip);
    pump_leave(s);
    if (rc != 0) {
        destroy(p);
        return rc;
    }
    *out = p;
    return 0;
}

int
stint_pipe_open(struct stint *s, const char *name, int end,
    const struct stint_pipe_options *options, struct stint_pipe **out)
{
    size_t length = name != NULL ? strlen(name) : 0;

    *out = NULL;
    if (length < 1 || length > PROTO_NAME_MAX) {
        return say(STINT_EINVAL,
            "a pipe's name has 1 to %d bytes, this one has %zu", PROTO_NAME_MAX,
            length);
    }
    if (end != 0 && end != 1) {
        return say(
            STINT_EINVAL, "a pipe has the ends 0 and 1, and no end %d", end);
    }
    struct msg_pipe want = {
        .verb = PIPE_OPEN, .object = slice_of(name), .end = (uint64_t)end
    };
    if (options != NULL) {
        want.set = 1;
        want.one_way = options->one_way;
        want.window = options->window;
    }
    int rc = take(s, &want, out);
    if (rc != STINT_EEXISTS) return rc;
    return say(rc,
        "\"%s\" is there already, made with other options or as something else "
        "than a pipe: NULL for the options takes the pipe that is there; else "
        "use another name",
        name);
}

/* ---- passing it on ------------------------------------------------------- */

static int
keep_ticket(struct slice bytes, struct stint_bytes *ticket)
{
    void *copy = malloc(bytes.length + 1);

    if (copy == NULL) return say(STINT_ENOMEM, "no memory for a ticket");
    if (bytes.length > 0) memcpy(copy, bytes.bytes, bytes.length);
    ticket->data = copy;
    ticket->size = bytes.length;
    return 0;
}

/* What came ahead is for who accepts the end; from now on what comes is ours
 * for good, one by one. */
static void
stop_reading_ahead(struct stint_pipe *p)
{
    if (p->passed) return;
    p->passed = true;
    pipe_recv_forget(p);
    pipe_recv_drop(p);
    p->ended = false;
    pipe_recv_show(p);
    pump_wake(p->s);
}

int
stint_pipe_pass(struct stint_pipe *p, struct stint_bytes *ticket)
{
    struct call call;

    *ticket = (struct stint_bytes){ NULL, 0 };
    pump_enter(p->s);
    struct msg m = { .type = MSG_pipe,
        .as.pipe = pipe_tell_about(p, PIPE_PASS) };
    int rc = call_begin(&call, p->s, 1, CALL_BYTES);
    if (rc == 0) {
        stop_reading_ahead(p);
        rc = call_send(&call, &m, call_deadline(p->s));
    }
    if (rc == 0) {
        rc = call.m.type == MSG_piped
                 ? keep_ticket(call.m.as.piped.ticket, ticket)
                 : say(STINT_EPROTO, "the master did not answer with a ticket");
        call_end(&call);
    } else if (rc == STINT_ESTALE) {
        rc = pipe_answer_say(p, rc);
    }
    pump_leave(p->s);
    return rc;
}

int
stint_pipe_accept(
    struct stint *s, const void *ticket, size_t size, struct stint_pipe **out)
{
    const struct msg_pipe want = { .verb = PIPE_ACCEPT,
        .ticket = { ticket, size } };

    *out = NULL;
    if (ticket == NULL || size == 0 || size > PROTO_NAME_MAX) {
        return say(
            STINT_EINVAL, "these %zu bytes are no ticket of a pipe", size);
    }
    return take(s, &want, out);
}

/* ---- closing ------------------------------------------------------------- */

void
pipe_finish(struct stint_pipe *p)
{
    const struct stint *s = p->s;

    if (!s->closed && s->fatal == 0) pipe_tell(p, PIPE_CLOSE);
    destroy(p);
}

void
stint_pipe_close(struct stint_pipe *p)
{
    if (p == NULL) return;

    struct stint *s = p->s;
    pump_enter(s);
    pipe_recv_forget(p);
    pipe_recv_drop(p);
    list_remove(&p->node);
    bool lingers = !list_is_empty(&p->outgoing);
    if (lingers) {
        p->freed = true;
    } else {
        pipe_finish(p);
    }
    if (!s->closed) pump_push(s, false);
    pump_leave(s);
    if (lingers) return; /* Its last message frees it. */
    (void)pthread_mutex_lock(&s->lock);
    inside_drop(s);
}
