#include "client/job/flight.h"

#include <poll.h>

#include "client/pump.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

/* How often is looked whether it is cancelled. */
#define LOOK (100 * TICK_MS)

void
flight_begin(struct flight *f, struct stint *s, int cancel_fd)
{
    *f = (struct flight){ .s = s, .cancel_fd = cancel_fd };
}

static void
give_up(struct flight *f, struct call *c)
{
    if (!c->over) rpc_forget(f->s->rpc, &c->r);
    call_end(c);
}

/* The answer that was lent is the oldest one's. */
static void
let_go(struct flight *f)
{
    if (!f->shown) return;
    call_end(&f->calls[f->first]);
    f->first = (f->first + 1) % FLIGHT_PIECES;
    f->count -= 1;
    f->shown = false;
}

void
flight_end(struct flight *f)
{
    pump_enter(f->s);
    let_go(f);
    for (; f->count > 0; f->count--) {
        give_up(f, &f->calls[f->first]);
        f->first = (f->first + 1) % FLIGHT_PIECES;
    }
    pump_leave(f->s);
}

int
flight_ask(struct flight *f, struct msg *m, size_t bytes)
{
    pump_enter(f->s);
    let_go(f);
    struct call *c = &f->calls[(f->first + f->count) % FLIGHT_PIECES];
    int rc = call_begin(c, f->s, 1, bytes);
    if (rc == 0) {
        m->as.ok.request = c->r.number; /* The first field of every request. */
        codec_message(rpc_message(f->s->rpc), m);
        pump_push(f->s, false);
        f->count += 1;
    }
    pump_leave(f->s);
    return rc;
}

static bool
is_over(const void *arg)
{
    const struct call *c = arg;

    return c->over;
}

static bool
is_cancelled(const struct flight *f)
{
    struct pollfd cancel = { .fd = f->cancel_fd, .events = POLLIN };

    return f->cancel_fd >= 0 && poll(&cancel, 1, 0) > 0;
}

/* Until the answer is there, or may not be waited for. */
static int
wait_for(struct flight *f, const struct call *c, tick_ns deadline)
{
    while (!c->over && f->cancel_fd >= 0) {
        tick_ns until = tick_min(deadline, tick_after(clock_now(), LOOK));
        int rc = pump_wait(f->s, is_over, c, until);

        if (is_cancelled(f)) return say(STINT_ECANCELLED, "it was cancelled");
        if (rc != STINT_ETIMEOUT && rc != STINT_EUNREACHABLE) break;
        if (until >= deadline) break;
    }
    return 0;
}

int
flight_next(struct flight *f, tick_ns deadline, const struct msg **answer)
{
    pump_enter(f->s);
    let_go(f);
    struct call *c = &f->calls[f->first];
    int rc = wait_for(f, c, deadline);
    if (rc == 0) {
        rc = call_wait(c, deadline);
    } else {
        give_up(f, c);
    }
    if (rc == 0) {
        *answer = &c->m;
        f->shown = true;
    } else {
        /* Its request is over already. */
        f->first = (f->first + 1) % FLIGHT_PIECES;
        f->count -= 1;
    }
    pump_leave(f->s);
    return rc;
}

size_t
flight_piece(struct stint *s)
{
    pump_enter(s);
    uint64_t most = rpc_welcome(s->rpc).payload_max;
    pump_leave(s);
    if (most == 0 || most > FLIGHT_BYTES) return FLIGHT_BYTES;
    /* A frame holds 64 KiB more than a payload. */
    return most < 32 << 10 ? 32 << 10 : (size_t)most;
}
