#include "client/call.h"

#include "client/pump.h"
#include "common/error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

static bool
is_over(const void *arg)
{
    const struct call *c = arg;

    return c->over;
}

int
call_say(int code, struct slice text)
{
    if (text.length == 0) return say(code, "%s", error_text(code));
    return say(code, "%.*s", (int)text.length, (const char *)text.bytes);
}

/* The first refusal of an outcome is the error of a call for one task. */
static int
first_refusal(struct proto_list refused)
{
    struct rec_refusal refusal;

    if (!codec_list_next(&refused, RECORD_refusal, &refusal)) return 0;
    return (int)refusal.code;
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct call *c = r->arg;

    c->over = last;
    if (code != 0) c->code = code;
    if (m == NULL) return;
    if (m->type == MSG_put_ok) {
        c->accepted += m->as.put_ok.count;
        return;
    }
    if (m->type == MSG_outcome && code == 0) {
        c->code = first_refusal(m->as.outcome.refused);
    }
    c->m = *m;
    if (c->in == NULL) c->in = inbound_hold(c->s->current);
}

static int
begin(struct call *c, struct stint *s, uint32_t count, size_t bytes, bool slow)
{
    *c = (struct call){ .s = s };
    c->r.answered = take_answer;
    c->r.arg = c;
    c->r.slow = slow;
    c->r.asked_at = clock_now();

    int rc = pump_obstacle(s);
    if (rc != 0) return rc;
    if (rpc_begin(s->rpc, &c->r, count, bytes) == 0) return 0;
    return say(STINT_ENOMEM, "no memory for a request");
}

int
call_begin(struct call *c, struct stint *s, uint32_t count, size_t bytes)
{
    return begin(c, s, count, bytes, false);
}

int
call_begin_slow(struct call *c, struct stint *s, uint32_t count, size_t bytes)
{
    return begin(c, s, count, bytes, true);
}

int
call_send(struct call *c, struct msg *m, tick_ns deadline)
{
    m->as.ok.request = c->r.number; /* The first field of every request. */
    codec_message(rpc_message(c->s->rpc), m);
    return call_wait(c, deadline);
}

int
call_wait(struct call *c, tick_ns deadline)
{
    struct slice text = { NULL, 0 };
    int rc = pump_wait(c->s, is_over, c, deadline);

    if (!c->over) rpc_forget(c->s->rpc, &c->r);
    if (rc == 0 && c->code != 0) {
        rc = c->code;
        if (c->m.type == MSG_error) text = c->m.as.error.text;
        if (pump_obstacle(c->s) == 0) rc = call_say(rc, text);
    }
    if (rc != 0) call_end(c);
    return rc;
}

void
call_end(struct call *c)
{
    inbound_drop(c->in);
    c->in = NULL;
}

tick_ns
call_deadline(const struct stint *s)
{
    return tick_after(clock_now(), s->timeout);
}
