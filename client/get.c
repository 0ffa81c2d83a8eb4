#include "client/get.h"

#include <stdlib.h>

#include "client/call.h"
#include "client/pump.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { GET_BYTES = 128 };

static void
take_tasks(struct get *g, struct proto_list tasks)
{
    tick_ns now = clock_now();
    struct list beyond;
    struct rec_task rec;

    list_init(&beyond);
    while (codec_list_next(&tasks, RECORD_task, &rec)) {
        const char *queue =
            rec.queue < g->count && !g->forgotten ? g->queues[rec.queue] : "";
        struct stint_task *t =
            task_new(g->s, &rec, queue, g->lease, g->renew, now);
        /* Callers have room for what they asked for, whatever comes. */
        if (t != NULL) list_push(g->left > 0 ? &g->got : &beyond, &t->node);
        if (g->left > 0) g->left--;
    }
    task_give_back(g->s, &beyond);
}

static void
take_end(struct get *g, int code, const struct msg *m)
{
    g->over = true;
    g->code = code;
    if (m == NULL) return;
    if (m->type == MSG_get_end) g->text = m->as.get_end.text;
    if (m->type == MSG_error) g->text = m->as.error.text;
    if (g->text.length > 0) g->in = inbound_hold(g->s->current);
}

static void
get_free(struct get *g)
{
    list_remove(&g->node);
    inbound_drop(g->in);
    free(g);
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct get *g = r->arg;

    if (m != NULL && m->type == MSG_tasks) take_tasks(g, m->as.tasks.tasks);
    if (last) take_end(g, code, m);
    if (g->forgotten) {
        task_give_back(g->s, &g->got);
        if (g->over) get_free(g);
    } else if (g->changed != NULL) {
        g->changed(g);
    }
}

static void
write_get(struct get *g, const struct get_want *want)
{
    struct msg m = { .type = MSG_get };

    m.as.get = (struct msg_get){ .request = g->r.number,
        .tasks = want->tasks,
        .bytes = want->bytes,
        .wait_ns = want->wait_ns,
        .lease_ns = (uint64_t)want->lease,
        .keep = want->keep };
    struct buf *b = rpc_message(g->s->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    for (unsigned i = 0; i < want->count; i++) {
        struct rec_name name = { .queue = slice_of(want->queues[i]) };
        codec_list_add(b, &list, RECORD_name, &name);
    }
    codec_list_end(b, &list);
}

struct get *
get_begin(struct stint *s, const struct get_want *want)
{
    struct get *g = calloc(1, sizeof(*g));

    if (g != NULL) {
        g->s = s;
        g->r = (struct rpc_request){ .answered = take_answer, .arg = g };
        g->r.slow = want->wait_ns > 0;
        g->r.asked_at = clock_now();
        g->queues = want->queues;
        g->count = want->count;
        g->lease = want->lease;
        g->left = want->tasks;
        g->renew = want->renew;
        list_init(&g->node);
        list_init(&g->got);
        if (rpc_begin(s->rpc, &g->r, 1,
                GET_BYTES + (size_t)want->count * (PROTO_NAME_MAX + 1))
            == 0) {
            write_get(g, want);
            return g;
        }
    }
    free(g);
    (void)say(STINT_ENOMEM, "no memory for a request");
    return NULL;
}

static void
cancel(struct get *g)
{
    struct msg m = { .type = MSG_get_cancel };

    if (g->over || g->cancelled) return;
    g->cancelled = g->r.once = true;
    m.as.get_cancel.get = g->r.number;
    codec_message(rpc_message(g->s->rpc), &m);
}

void
get_forget(struct get *g)
{
    g->forgotten = true;
    task_give_back(g->s, &g->got);
    list_remove(&g->node);
    cancel(g);
    if (g->over) get_free(g);
}

/* ---- calls --------------------------------------------------------------- */

static bool
is_over(const void *arg)
{
    const struct get *g = arg;

    return g->over;
}

/* Move what came to `got`; returns how many. */
static size_t
move(struct get *g, struct list *got)
{
    size_t count = 0;

    for (struct list *node; (node = list_pop(&g->got)) != NULL; count++)
        list_push(got, node);
    return count;
}

/* What came counts, even if the end did not come in time or is an error. */
static int
finish(struct get *g, int rc, struct list *got, size_t *count)
{
    int code = g->code;

    *count = move(g, got);
    if (g->cancelled && code == STINT_ECANCELLED) {
        code = STINT_EEMPTY; /* We ended it, as nothing had come. */
        g->text.length = 0;
    }
    if (rc == 0 && code != 0) {
        rc = pump_obstacle(g->s);
        if (rc == 0) rc = call_say(code, g->text);
    }
    if (*count > 0) rc = 0;
    get_forget(g);
    return rc;
}

/* The master ends a get at its deadline.  If it was away then, or the request
 * was long on its way, half of the grace is left to end it ourselves: a caller
 * for whom nothing came is not to wonder what became of it. */
static int
wait_end(struct get *g, tick_ns patience)
{
    tick_ns early = patience;

    if (early != TICK_NEVER) early -= STINT_GRACE_MS * TICK_MS / 2;
    int rc = pump_wait(g->s, is_over, g, early);
    if (rc != STINT_ETIMEOUT && rc != STINT_EUNREACHABLE) return rc;
    cancel(g);
    return pump_wait(g->s, is_over, g, patience);
}

int
get_wait(struct stint *s, struct get_want *want, tick_ns deadline,
    tick_ns patience, struct list *got, size_t *count)
{
    int rc = pump_obstacle(s);

    if (rc != 0) return rc;
    want->wait_ns = pump_remaining(deadline);
    struct get *g = get_begin(s, want);
    if (g == NULL) return STINT_ENOMEM;
    return finish(g, wait_end(g, patience), got, count);
}
