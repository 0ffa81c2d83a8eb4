#include "tests/sim/ask.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "proto/codec.h"
#include "tests/sim/consume.h"
#include "tests/sim/gaze.h"
#include "tests/sim/jobs.h"
#include "tests/sim/pipes.h"
#include "tests/sim/produce.h"
#include "tests/sim/syncs.h"
#include "tests/sim/tally.h"

enum { ASKS_MAX = 40, UNANSWERED_MAX = 512 << 10 };

static void answered(
    struct rpc_request *r, int code, const struct msg *m, bool last);

struct ask *
ask_begin(struct client *c, enum msg_type verb, uint32_t count, size_t bytes,
    bool slow)
{
    struct ask *ask = calloc(1, sizeof *ask);

    CHECK(ask != NULL);
    ask->client = c;
    ask->verb = verb;
    ask->asked = c->world->now;
    ask->r.answered = answered;
    ask->r.slow = slow;
    CHECK(rpc_begin(c->rpc, &ask->r, count, bytes) == 0);
    c->asks += 1;
    if (verb == MSG_get) c->open_gets += 1;
    return ask;
}

bool
ask_may(const struct client *c)
{
    return !c->leaving && c->asks < ASKS_MAX
           && rpc_unanswered_bytes(c->rpc) < UNANSWERED_MAX;
}

uint32_t
ask_any_queue(struct client *c)
{
    return rnd_below(&c->world->rnd, c->world->queues_count);
}

struct slice
ask_queue_name(struct client *c, uint32_t queue)
{
    return slice_of(c->world->queues[queue].name);
}

size_t
ask_size(struct client *c, size_t least)
{
    struct world *w = c->world;

    if (rnd_one_in(&w->rnd, w->plan.large)) {
        if (rnd_one_in(&w->rnd, 20)) return w->config.payload_max + 1;
        return least + rnd_below(&w->rnd, 20000);
    }
    return least + rnd_below(&w->rnd, 64);
}

/* The number is the first member of every message. */
static struct ask *
write_alone(struct client *c, struct msg *m, bool slow)
{
    struct ask *ask = ask_begin(c, m->type, 1, 200, slow);

    m->as.bye.request = ask->r.number;
    codec_message(rpc_message(c->rpc), m);
    return ask;
}

static struct ask *
write_cancel(struct client *c, uint64_t task)
{
    struct msg m = { .type = MSG_cancel };
    struct ask *ask = ask_begin(c, MSG_cancel, 1, 32, false);

    m.as.cancel.request = ask->r.number;
    struct buf *b = rpc_message(c->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_fence, &(struct rec_fence){ task, 1, 0 });
    codec_list_end(b, &list);
    return ask;
}

static uint64_t
any_task(struct client *c)
{
    return 1 + rnd_next(&c->world->rnd) % (c->world->ledger.count + 1);
}

void
ask_cancel(struct client *c)
{
    if (ask_may(c)) (void)write_cancel(c, any_task(c));
}

void
ask_trespass(struct client *c)
{
    struct slice queue = ask_queue_name(c, ask_any_queue(c));
    struct msg tries[] = {
        { .type = MSG_shutdown,
            .as.shutdown = { .queue = queue, .immediate = 1 } },
        { .type = MSG_key_add,
            .as.key_add = { .name = slice_of("mine"),
                .role = ROLE_ADMIN,
                .public_key = { (const uint8_t *)"0123456789abcdef"
                                                 "0123456789abcdef",
                    PROTO_KEY_BYTES } } },
        { .type = MSG_key_revoke,
            .as.key_revoke = { .name = slice_of(c->world->keys[0].name) } },
        { .type = MSG_stop },
        { .type = MSG_job_open, .as.job_open.queue = queue },
        { .type = MSG_job_close, .as.job_close.job = 1 },
        { .type = MSG_end_tasks, .as.end_tasks = { .first = 1 } },
        { .type = MSG_list, .as.list = { .what = 3 } },
        { .type = MSG_declare,
            .as.declare = { .queue = slice_of("mine"),
                .set = 1,
                .max_tasks = 1 } },
    };

    if (!ask_may(c) || c->role != ROLE_WORK) return;
    uint32_t which = rnd_below(&c->world->rnd, ARRAY_LEN(tries) + 1);
    struct ask *ask = which < ARRAY_LEN(tries)
                          ? write_alone(c, &tries[which], false)
                          : write_cancel(c, any_task(c));
    ask->trespass = true;
    c->world->stats.trespasses += 1;
}

/* ---- looking and managing ------------------------------------------------ */

void
ask_look(struct client *c)
{
    struct rnd *r = &c->world->rnd;
    struct msg looks[] = {
        { .type = MSG_join,
            .as.join = { .queue = ask_queue_name(c, ask_any_queue(c)),
                .wait_ns = (uint64_t)rnd_time(r, 5 * TICK_S) } },
        { .type = MSG_status },
        { .type = MSG_list, .as.list = { .what = rnd_below(r, 3) } },
        { .type = MSG_list, .as.list = { .what = 2, .state = 4, .limit = 5 } },
        { .type = MSG_list, .as.list = { .what = 4, .limit = 3 } },
        { .type = MSG_explain, .as.explain = { .task = any_task(c) } },
        { .type = MSG_explain, .as.explain = { .job = 1 } },
    };

    if (!ask_may(c)) return;
    struct msg *m = &looks[rnd_below(r, ARRAY_LEN(looks))];
    (void)write_alone(c, m, m->type == MSG_join);
}

void
ask_declare(struct client *c, uint32_t queue, const struct msg_declare *d)
{
    struct msg m = { .type = MSG_declare, .as.declare = *d };

    m.as.declare.queue = ask_queue_name(c, queue);
    (void)write_alone(c, &m, false);
}

void
ask_shutdown(struct client *c, uint32_t queue, bool immediate)
{
    struct msg m = { .type = MSG_shutdown };

    m.as.shutdown.queue = ask_queue_name(c, queue);
    m.as.shutdown.immediate = immediate;
    (void)write_alone(c, &m, false);
}

void
ask_pause(struct client *c, struct slice queue, uint64_t job, bool undo)
{
    struct msg m = { .type = MSG_pause };

    m.as.pause.queue = queue;
    m.as.pause.job = job;
    m.as.pause.undo = undo;
    (void)write_alone(c, &m, false);
}

void
ask_bye(struct client *c)
{
    struct msg m = { .type = MSG_bye };

    (void)write_alone(c, &m, false);
    c->leaving = true;
}

/* ---- answers ------------------------------------------------------------- */

static void
check_trespass(const struct ask *ask, const struct msg *m)
{
    if (m->type == MSG_error && m->as.error.code == STINT_EROLE) return;
    world_fail(ask->client->world, "I14",
        "client %u may only work, and its %s was answered by message %d",
        ask->client->uid, codec_message_name(ask->verb), (int)m->type);
}

static void
tell_done(const struct ask *ask, struct proto_list refused)
{
    bool is_refused[ASK_BATCH] = { false };
    struct rec_refusal refusal;

    while (codec_list_next(&refused, RECORD_refusal, &refusal)) {
        if (refusal.index < ASK_BATCH) is_refused[refusal.index] = true;
    }
    for (uint32_t i = 0; i < ask->done_count; i++) {
        if (!is_refused[i]) ledger_told(ask->client->world, ask->done[i]);
    }
}

static void
take_answer(struct ask *ask, const struct msg *m)
{
    struct client *c = ask->client;

    if (ask->trespass) check_trespass(ask, m);
    if (m->type == MSG_put_ok) produce_accepted(c, &m->as.put_ok);
    if (m->type == MSG_error && ask->verb == MSG_put) {
        produce_refused(c, &m->as.error);
    }
    if (m->type == MSG_tasks) consume_tasks(c, m->as.tasks.tasks);
    if (m->type == MSG_outcome) {
        c->world->stats.stale += m->as.outcome.refused.count;
        tell_done(ask, m->as.outcome.refused);
    }
    jobs_answered(ask, m);
    gaze_seen(ask, m);
    syncs_answered(ask, m);
    tally_answered(ask, m);
    pipes_answered(ask, m);
    if (m->type == MSG_ok && ask->verb == MSG_join) c->world->stats.joins += 1;
}

static void
answered(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct ask *ask = CONTAINER_OF(r, struct ask, r);

    (void)code;
    if (m != NULL) take_answer(ask, m);
    if (m == NULL && last) tally_answered(ask, NULL);
    if (!last) return;
    ask->client->asks -= 1;
    if (ask->verb == MSG_get) ask->client->open_gets -= 1;
    free(ask);
}
