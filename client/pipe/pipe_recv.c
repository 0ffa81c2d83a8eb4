#include "client/pipe/pipe_recv.h"

#include <stdlib.h>
#include <unistd.h>

#include "client/pipe/pipe_answer.h"
#include "client/pipe/pipe_tell.h"
#include "client/pump.h"
#include "client/sync/ask.h"
#include "common/base.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum {
    AHEAD_ITEMS = 64,
    AHEAD_BYTES = 256 * 1024,
    ASK_BYTES = 96,
};

void
pipe_recv_drop(struct stint_pipe *p)
{
    p->ahead = (struct proto_list){ .count = 0 };
    inbound_drop(p->in);
    p->in = NULL;
}

void
pipe_recv_forget(struct stint_pipe *p)
{
    if (!p->asking) return;
    rpc_forget(p->s->rpc, &p->recv);
    p->asking = false;
    p->asked_code = STINT_ETIMEOUT;
}

/* ---- being ready --------------------------------------------------------- */

bool
pipe_recv_is_ready(const struct stint_pipe *p)
{
    if (p->ahead.count > 0 || p->ended || p->passed) return true;
    if (p->s->closed || p->s->fatal != 0) return true;
    return !p->asking && p->asked_code != 0 && p->asked_code != STINT_ETIMEOUT;
}

static int ask_for(struct stint_pipe *p, tick_ns deadline);

int
pipe_recv_expect(struct stint_pipe *p)
{
    if (p->asking || pipe_recv_is_ready(p)) return 0;
    return ask_for(p, TICK_NEVER);
}

/* Without memory to ask it is readable, so that somebody hears of that.  Who
 * waits for a message asks by himself, and shows when he has it. */
void
pipe_recv_show(struct stint_pipe *p)
{
    uint64_t number = 1;

    if (p->fd < 0) return;
    bool ready = pipe_recv_is_ready(p);
    if (!ready && p->fetching == 0) ready = pipe_recv_expect(p) != 0;
    if (ready == p->shown) return;
    ssize_t n = ready ? write(p->fd, &number, sizeof number)
                      : read(p->fd, &number, sizeof number);
    (void)n; /* It has either 0 or 1. */
    p->shown = ready;
}

/* ---- asking -------------------------------------------------------------- */

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct stint_pipe *p = r->arg;

    (void)last; /* One answer is all. */
    p->asking = false;
    p->asked_code = code;
    if (code == 0 && m != NULL && m->type == MSG_piped) {
        pipe_recv_drop(p);
        p->ahead = m->as.piped.messages;
        p->in = inbound_hold(p->s->current);
        p->received = m->as.piped.number - 1;
        p->ended = m->as.piped.ended != 0;
    }
    pipe_recv_show(p);
}

static int
ask_for(struct stint_pipe *p, tick_ns deadline)
{
    struct msg m = { .type = MSG_pipe_recv,
        .as.pipe_recv = { .pipe = p->number,
            .end = p->end,
            .grip = p->grip,
            .wait_ns = pump_remaining(deadline),
            .received = p->received,
            .count = p->passed ? 1 : AHEAD_ITEMS,
            .bytes = AHEAD_BYTES,
            .take = p->passed } };

    p->recv = (struct rpc_request){
        .answered = take_answer, .arg = p, .slow = m.as.pipe_recv.wait_ns > 0
    };
    if (rpc_begin(p->s->rpc, &p->recv, 1, ASK_BYTES) != 0) {
        return say(STINT_ENOMEM, "no memory for a request");
    }
    m.as.pipe_recv.request = p->recv.number;
    codec_message(rpc_message(p->s->rpc), &m);
    p->asking = true;
    p->asked_until = deadline;
    p->asked_code = 0;
    list_remove(&p->node);
    return 0;
}

static bool
is_answered(const void *arg)
{
    const struct stint_pipe *p = arg;

    return !p->asking;
}

/* Wait for the answer to what another thread asked, who has more time. */
static int
wait_for_others(struct stint_pipe *p, tick_ns deadline)
{
    bool at_once = clock_now() >= deadline;
    int rc = pump_wait(p->s, is_answered, p, deadline);

    /* What was there may be on its way. */
    if (rc != STINT_ETIMEOUT || !at_once) return rc;
    rc = pipe_answer_look(p, deadline);
    if (rc != 0 || p->ahead.count > 0) return rc;
    return p->asking ? say(STINT_ETIMEOUT, "no message came in time") : 0;
}

static int
fetch_one(struct stint_pipe *p, tick_ns deadline)
{
    bool tried = false;

    while (p->ahead.count == 0) {
        int rc = pump_obstacle(p->s);
        if (rc != 0) return rc;
        if (p->ended) return pipe_answer_say(p, STINT_EEOF);
        if (tried && clock_now() >= deadline) {
            return say(STINT_ETIMEOUT, "no message came in time");
        }
        if (p->asking && deadline < p->asked_until) {
            rc = wait_for_others(p, deadline);
        } else {
            if (!p->asking) {
                rc = ask_for(p, deadline);
                tried = true;
            }
            if (rc == 0) {
                rc = pump_wait(p->s, is_answered, p, pump_grace(deadline));
            }
        }
        if (rc != 0) return rc;
        if (!p->asking && p->asked_code != 0
            && p->asked_code != STINT_ETIMEOUT) {
            return pipe_answer_say(p, p->asked_code);
        }
    }
    return 0;
}

/* Until a message is here.  Whoever asks, it is for the first who comes. */
static int
fetch(struct stint_pipe *p, tick_ns deadline)
{
    p->fetching += 1;
    int rc = fetch_one(p, deadline);
    p->fetching -= 1;
    return rc;
}

/* Nobody may be there who waits: what is asked for leaves at once. */
static void
show(struct stint_pipe *p)
{
    if (p->fd < 0) return;
    pipe_recv_show(p);
    if (p->asking && !p->s->closed) pump_push(p->s, true);
}

/* ---- receiving ----------------------------------------------------------- */

/* What this thread was lent; NULL without memory. */
static struct pipe_lent *
lent_to(struct stint_pipe *p, uint64_t thread)
{
    for (size_t i = 0; i < p->lent_count; i++) {
        if (p->lent[i].thread == thread) return &p->lent[i];
    }
    struct pipe_lent *more =
        realloc(p->lent, (p->lent_count + 1) * sizeof(*more));
    if (more == NULL) return NULL;
    p->lent = more;
    p->lent[p->lent_count] = (struct pipe_lent){ thread, NULL };
    return &p->lent[p->lent_count++];
}

static int
receive(struct stint_pipe *p, struct stint_bytes *message, tick_ns deadline)
{
    struct rec_payload each = { { NULL, 0 } };
    int rc = fetch(p, deadline);

    if (rc != 0) return rc;
    struct pipe_lent *lent = lent_to(p, ask_thread());
    if (lent == NULL) return say(STINT_ENOMEM, "no memory for a message");
    (void)codec_list_next(&p->ahead, RECORD_payload, &each);
    p->received += 1;
    pipe_tell_later(p);
    inbound_drop(lent->in);
    lent->in = inbound_hold(p->in);
    *message = (struct stint_bytes){ each.payload.bytes, each.payload.length };
    if (p->ahead.count == 0) pipe_recv_drop(p);
    return 0;
}

int
pipe_recv_check(const struct stint_pipe *p)
{
    if (!p->one_way || p->end == 0) return 0;
    return say(STINT_EINVAL,
        "connection is write-only: the second end of a one-way pipe only "
        "sends");
}

static int
check(const struct stint_pipe *p, int64_t timeout_ms)
{
    int rc = pipe_recv_check(p);

    return rc == 0 ? pump_check_timeout(timeout_ms) : rc;
}

int
stint_pipe_recv(
    struct stint_pipe *p, struct stint_bytes *message, int64_t timeout_ms)
{
    *message = (struct stint_bytes){ NULL, 0 };
    int rc = check(p, timeout_ms);
    if (rc != 0) return rc;
    pump_enter(p->s);
    rc = receive(p, message, pump_deadline(timeout_ms));
    show(p);
    pump_leave(p->s);
    return rc;
}

int
stint_pipe_poll(struct stint_pipe *p, int64_t timeout_ms)
{
    int rc = check(p, timeout_ms);

    if (rc != 0) return rc;
    pump_enter(p->s);
    rc = fetch(p, pump_deadline(timeout_ms));
    show(p);
    pump_leave(p->s);
    if (rc == STINT_ETIMEOUT) return 0;
    return rc == 0 || rc == STINT_EEOF ? 1 : rc;
}
