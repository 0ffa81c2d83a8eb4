#include "client/pipe/pipe_take.h"

#include <stdlib.h>

#include "client/call.h"
#include "client/pipe/pipe_tell.h"
#include "client/pump.h"
#include "common/sys/say.h"

enum { TAKE_BYTES = 640 };

struct taking {
    struct rpc_request r;
    struct stint *s;
    bool over;
    bool left; /* Nobody waits for the answer. */
    int code;
    struct msg_piped answer;
    struct slice text; /* Of an error; in `in`. */
    struct inbound *in;
};

static void
drop(struct taking *t)
{
    inbound_drop(t->in);
    free(t);
}

static void
close_end(
    struct stint *s, const struct msg_piped *m, uint64_t end, uint64_t grip)
{
    const struct stint_pipe p = {
        .s = s, .number = m->pipe, .end = end, .grip = grip
    };

    pipe_tell(&p, PIPE_CLOSE);
}

/* What came too late is closed again. */
static void
undo(const struct taking *t)
{
    const struct msg_piped *m = &t->answer;

    if (t->code != 0) return;
    close_end(t->s, m, m->end, m->grip);
    if (m->other_grip != 0) close_end(t->s, m, 1, m->other_grip);
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct taking *t = r->arg;

    (void)last; /* One answer is all. */
    t->over = true;
    t->code = code;
    if (code == 0 && (m == NULL || m->type != MSG_piped)) {
        t->code = STINT_EMALFORMED;
    }
    if (m != NULL && m->type == MSG_piped) t->answer = m->as.piped;
    if (m != NULL && m->type == MSG_error && !t->left) {
        t->text = m->as.error.text;
        t->in = inbound_hold(t->s->current);
    }
    if (!t->left) return;
    undo(t);
    drop(t);
}

/* NULL without memory. */
static struct taking *
begin(struct stint *s, const struct msg_pipe *want)
{
    struct taking *t = calloc(1, sizeof(*t));

    if (t == NULL) return NULL;
    t->s = s;
    t->r = (struct rpc_request){ .answered = take_answer, .arg = t };
    if (rpc_begin(s->rpc, &t->r, 1, TAKE_BYTES) != 0) {
        drop(t);
        return NULL;
    }
    struct msg m = { .type = MSG_pipe, .as.pipe = *want };
    m.as.pipe.request = t->r.number;
    codec_message(rpc_message(s->rpc), &m);
    return t;
}

static bool
is_over(const void *arg)
{
    const struct taking *t = arg;

    return t->over;
}

int
pipe_take(
    struct stint *s, const struct msg_pipe *want, struct msg_piped *answer)
{
    int rc = pump_obstacle(s);

    if (rc != 0) return rc;
    struct taking *t = begin(s, want);
    if (t == NULL) return say(STINT_ENOMEM, "no memory for a request");
    rc = pump_wait(s, is_over, t, call_deadline(s));
    if (!t->over) {
        t->left = true;
        return rc;
    }
    if (rc == 0 && t->code != 0) {
        rc = pump_obstacle(s);
        if (rc == 0) rc = call_say(t->code, t->text);
    }
    /* Interrupted just when it came. */
    if (rc != 0 && pump_obstacle(s) == 0) undo(t);
    *answer = t->answer;
    drop(t);
    return rc;
}
