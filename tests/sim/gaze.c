#include "tests/sim/gaze.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "master/core/task.h"
#include "proto/codec.h"

/* ---- who looks ----------------------------------------------------------- */

void
gaze_peek(struct client *c)
{
    struct world *w = c->world;
    struct msg m = { .type = MSG_peek };

    if (!ask_may(c) || w->ledger.count == 0) return;
    m.as.peek.task = 1 + rnd_next(&w->rnd) % (w->ledger.count + 1);
    m.as.peek.wait_ns = (uint64_t)rnd_time(&w->rnd, 5 * TICK_S);
    if (rnd_one_in(&w->rnd, 200)) m.as.peek.wait_ns = 0;
    struct ask *ask = ask_begin(c, MSG_peek, 1, 64, m.as.peek.wait_ns > 0);
    ask->after = m.as.peek.task;
    m.as.peek.request = ask->r.number;
    codec_message(rpc_message(c->rpc), &m);
}

void
gaze_seen(const struct ask *ask, const struct msg *m)
{
    struct world *w = ask->client->world;
    const struct msg_peeked *p = &m->as.peeked;
    const struct ledger_entry *e = ledger_find(&w->ledger, ask->after);
    uint64_t told;

    if (ask->verb != MSG_peek || m->type != MSG_peeked) return;
    w->stats.peeks += 1;
    /* What a crash undid may have been seen. */
    if (w->starts > 1 || e == NULL) return;
    if (p->state == TASK_LEASED && p->out.length == sizeof told) {
        memcpy(&told, p->out.bytes, sizeof told);
        if (told == ask->after) return;
        world_fail(w, "peek", "task %" PRIu64 " is shown as %" PRIu64,
            ask->after, told);
    }
    if (p->state != TASK_DONE) return;
    if (e->end != TASK_DONE
        || (p->more == 0 && p->out_from == 0
            && ledger_hash(p->out) != e->hash)) {
        world_fail(w, "peek", "task %" PRIu64 " is seen done, and is not so",
            ask->after);
    }
}

/* ---- who is looked at ---------------------------------------------------- */

static void
show(struct client *c, const struct msg_show *s)
{
    struct msg m = { .type = MSG_shown };

    if (rnd_one_in(&c->world->rnd, 200)) return; /* It has nothing to say. */
    m.as.shown.number = s->number;
    m.as.shown.out =
        (struct slice){ (const uint8_t *)&s->task, sizeof s->task };
    struct buf *b = rpc_tell(c->rpc, 64);
    if (b != NULL) codec_message(b, &m);
}

/* Nobody is called back from what is still his. */
static void
leave(struct client *c, const struct rec_fence *fence)
{
    struct world *w = c->world;
    const struct ledger_entry *e = ledger_find(&w->ledger, fence->task);

    w->stats.recalls += 1;
    if (w->starts == 1 && e != NULL && e->end < 0 && e->state == TASK_LEASED
        && e->attempts == fence->attempt && e->nonce == fence->nonce) {
        world_fail(
            w, "recall", "task %" PRIu64 " is held in good order", fence->task);
    }
    LIST_FOREACH (node, after, &c->held) {
        struct client_held *h = CONTAINER_OF(node, struct client_held, node);
        if (h->task != fence->task || h->nonce != fence->nonce) continue;
        list_remove(node);
        free(h);
        c->held_count -= 1;
    }
}

void
gaze_duty(struct client *c, const struct msg *m)
{
    struct proto_list list = m->as.recall.tasks;
    struct rec_fence fence;

    if (m->type == MSG_show) show(c, &m->as.show);
    if (m->type != MSG_recall || rnd_one_in(&c->world->rnd, 200)) return;
    while (codec_list_next(&list, RECORD_fence, &fence))
        leave(c, &fence);
}

void
gaze_progress(struct client *c)
{
    struct msg m = { .type = MSG_progress };

    if (c->held_count == 0) return;
    struct buf *b = rpc_tell(c->rpc, 128);
    if (b == NULL) return;
    const struct client_held *h =
        CONTAINER_OF(c->held.next, struct client_held, node);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_progress,
        &(struct rec_progress){
            h->task, h->attempt, h->nonce, 1, 2, slice_of("half of it") });
    codec_list_end(b, &list);
}
