#include "client/ended.h"

#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/future.h"
#include "client/post.h"
#include "client/pump.h"
#include "client/submit.h"
#include "common/base.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { FENCES = 1024, ACCEPTED_MOST_S = 10 };

struct ended {
    struct stint *s;
    struct future_ends ends;
    bool woken;
    int code; /* After ended_cancel(). */
    const char *text;
};

int
ended_new(struct stint *s, struct ended **out)
{
    struct ended *e = calloc(1, sizeof *e);

    *out = e;
    if (e == NULL) return say(STINT_ENOMEM, "no memory for results");
    e->s = s;
    list_init(&e->ends.list);
    pump_enter(s);
    inside_hold(s);
    pump_leave(s);
    return 0;
}

/* One handle less; a closed connection goes with its last one. */
static void
leave(struct stint *s, unsigned handles)
{
    if (!s->closed) {
        s->refs -= handles;
        pump_leave(s);
        return;
    }
    s->refs -= handles - 1;
    inside_drop(s);
}

void
ended_free(struct ended *e)
{
    if (e == NULL) return;

    struct stint *s = e->s;
    pump_enter(s);
    free(e);
    leave(s, 1);
}

/* ---- submitting ---------------------------------------------------------- */

static int
submit(struct ended *e, struct stint_queue *q, struct slice data,
    const struct stint_put_options *options, void *tag)
{
    if (e->code != 0) return say(e->code, "%s", e->text);

    struct stint_future *f = future_new(e->s);
    if (f == NULL) return STINT_ENOMEM;
    f->ends = &e->ends;
    f->tag = tag;
    int rc = submit_put(q, data, options, f);
    if (rc != 0) future_recycle(f);
    /* While it waited for room all were ended: so is this one. */
    if (e->code != 0) future_fail_ends(e->s, &e->ends, e->code, e->text);
    return rc;
}

int
ended_submit(struct ended *e, struct stint_queue *q, const void *data,
    size_t size, const struct stint_put_options *options, void *tag)
{
    pump_enter(e->s);
    int rc = submit(e, q, (struct slice){ data, size }, options, tag);
    pump_leave(e->s);
    return rc;
}

/* ---- taking -------------------------------------------------------------- */

static bool
is_there(const void *arg)
{
    const struct ended *e = arg;

    return e->woken || !list_is_empty(&e->ends.list);
}

static struct ended_one
one_of(const struct stint_future *f)
{
    return (struct ended_one){ .tag = f->tag,
        .code = f->code,
        .result = f->result,
        .worker = f->block != NULL ? f->block : "",
        .attempts = f->attempts };
}

static int
take(struct ended *e, struct ended_one *out, size_t max)
{
    struct list *node;
    int count = 0;

    while ((size_t)count < max && (node = list_pop(&e->ends.list)) != NULL) {
        struct stint_future *f = CONTAINER_OF(node, struct stint_future, node);
        out[count] = one_of(f);
        out[count++].future = f;
    }
    return count;
}

int
ended_next(struct ended *e, struct ended_one *out, size_t max)
{
    struct stint *s = e->s;
    int rc = 0;

    pump_enter(s);
    if (!is_there(e)) rc = pump_wait(s, is_there, e, TICK_NEVER);
    if (rc == 0) {
        e->woken = false;
        rc = take(e, out, max);
    }
    pump_leave(s);
    return rc;
}

void
ended_wake(struct ended *e)
{
    pump_enter(e->s);
    e->woken = true;
    pump_wake(e->s);
    pump_leave(e->s);
}

void
ended_forget(struct ended *e, struct stint_future *const *futures, size_t count)
{
    struct stint *s = e->s;
    unsigned handles = 0;

    pump_enter(s);
    for (size_t i = 0; i < count; i++) {
        if (futures[i] == NULL) continue;
        future_recycle(futures[i]);
        handles++;
    }
    if (handles > 0) {
        leave(s, handles);
    } else {
        pump_leave(s);
    }
}

/* ---- ending all ---------------------------------------------------------- */

static bool
is_accepted(const void *arg)
{
    const struct stint *s = arg;

    return s->posting == 0;
}

/* What is to be ended, gathered for one message after the other. */
struct gathered {
    struct ended *e;
    struct rec_fence fences[FENCES];
    uint32_t count;
};

static void
send_gathered(struct gathered *g)
{
    struct msg m = { .type = MSG_cancel };

    /* Without memory they run to their end, for nobody. */
    if (g->count > 0) (void)post_fences(g->e->s, &m, g->fences, g->count, true);
    g->count = 0;
}

static void
gather(void *arg, uint64_t number, void *value)
{
    const struct stint_future *f = value;
    struct gathered *g = arg;

    (void)number;
    if (f->ends != &g->e->ends || f->task == 0) return;
    g->fences[g->count++] = (struct rec_fence){ .task = f->task, .attempt = 1 };
    if (g->count == FENCES) send_gathered(g);
}

/* A task that was not accepted yet has no name to end it by. */
static void
tell_master(struct ended *e)
{
    struct gathered *g = calloc(1, sizeof *g);
    struct stint *s = e->s;

    if (g == NULL) return;
    g->e = e;
    for (int i = 0; i < ACCEPTED_MOST_S; i++) {
        tick_ns second = tick_after(clock_now(), TICK_S);

        if (pump_wait(s, is_accepted, s, second) == 0) break;
        if (s->closed || rpc_state(s->rpc) != RPC_UP) break;
    }
    if (!s->closed) {
        numbers_each(&s->futures, gather, g);
        send_gathered(g);
        pump_push(s, true);
    }
    free(g);
}

void
ended_cancel(struct ended *e, int code, const char *text, bool tell)
{
    struct stint *s = e->s;

    pump_enter(s);
    if (e->code == 0) {
        e->code = code;
        e->text = text;
        if (tell && pump_obstacle(s) == 0) tell_master(e);
        future_fail_ends(s, &e->ends, code, text);
        pump_wake(s);
    }
    pump_leave(s);
}
