#include "tests/sim/jobs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/jobs.h"
#include "proto/codec.h"
#include "tests/sim/suit.h"

enum { TASKS_MAX = 1 << 16 };

static struct client_job *
any_job(struct client *c)
{
    if (c->jobs_count == 0) return NULL;
    return &c->jobs[rnd_below(&c->world->rnd, c->jobs_count)];
}

static struct ask *
write(struct client *c, const struct client_job *job, struct msg *m, bool slow)
{
    struct ask *ask = ask_begin(c, m->type, 1, 300, slow);

    ask->job = (uint32_t)(job - c->jobs);
    m->as.bye.request = ask->r.number;
    codec_message(rpc_message(c->rpc), m);
    return ask;
}

/* ---- opening ------------------------------------------------------------- */

static void
options(struct client *c, struct msg_job_open *o)
{
    struct rnd *r = &c->world->rnd;

    if (rnd_one_in(r, 300)) o->running_max = rnd_between(r, 1, 3);
    if (rnd_one_in(r, 500)) o->attempts_max = rnd_between(r, 1, 2);
    if (rnd_one_in(r, 300)) o->losses_plus_one = rnd_between(r, 1, 3);
    if (rnd_one_in(r, 300)) o->window = rnd_between(r, 1, 10);
    if (rnd_one_in(r, 300)) o->priority = (int64_t)rnd_below(r, 5) - 2;
    if (rnd_one_in(r, 200)) o->keep_ns = (uint64_t)rnd_time(r, 4 * TICK_S);
    if (rnd_one_in(r, 50)) o->expires_ns = (uint64_t)rnd_time(r, 9 * TICK_S);
    o->backoff_ns = (uint64_t)rnd_time(r, TICK_S);
    if (!rnd_one_in(r, 300)) return;
    o->halt = rnd_between(r, 1, 2);
    if (rnd_one_in(r, 500)) o->halt_count = rnd_between(r, 1, 5);
    if (rnd_one_in(r, 500)) o->halt_percent = rnd_between(r, 1, 100);
}

static void
open_one(struct client *c)
{
    struct msg m = { .type = MSG_job_open };
    uint32_t queue = ask_any_queue(c);

    if (c->jobs_count == CLIENT_JOBS) return;
    struct client_job *job = &c->jobs[c->jobs_count++];
    *job = (struct client_job){ .queue = queue };
    options(c, &m.as.job_open);
    m.as.job_open.queue = ask_queue_name(c, queue);
    m.as.job_open.needs = suit_needs(&c->world->rnd);
    (void)write(c, job, &m, false);
}

uint64_t
jobs_any_open(struct client *c, uint32_t *queue)
{
    const struct client_job *job = any_job(c);

    if (job == NULL || job->closed || job->gone) return 0;
    *queue = job->queue;
    return job->number;
}

/* ---- reading ------------------------------------------------------------- */

static void
begin_pass(struct client_job *job, uint8_t by)
{
    job->by = by;
    job->after = 0;
    job->read = false;
    if (job->shown_count > 0) memset(job->shown, 0, job->shown_count);
}

static void
read_on(struct client *c, struct client_job *job)
{
    struct rnd *r = &c->world->rnd;
    bool healed = c->world->healed;
    struct msg m = {
        .type = MSG_job_ends,
        .as.job_ends = {
            .job = job->number,
            .by = job->by,
            .after = job->after,
            .limit = rnd_between(r, 1, 50),
            .wait_ns = (uint64_t)rnd_time(r, healed ? TICK_S : 5 * TICK_S),
        },
    };

    if (rnd_one_in(r, 200)) m.as.job_ends.wait_ns = 0;
    if (rnd_one_in(r, 200)) m.as.job_ends.bytes = rnd_between(r, 1, 500);
    if (rnd_one_in(r, 200)) m.as.job_ends.bare = 1;
    if (!c->consumes && !healed && rnd_one_in(r, 100)) {
        m.as.job_ends.drop = job->after;
        job->drops = true;
    }
    struct ask *ask = write(c, job, &m, m.as.job_ends.wait_ns > 0);
    ask->after = job->after;
    ask->bare = m.as.job_ends.bare != 0;
    job->reading = true;
}

static bool
code_fits(const struct ledger_entry *e, const struct rec_end *r)
{
    if (r->code == 0) return e->end == TASK_DONE;
    /* Since then it may have been tried again, or dropped. */
    if (r->code == STINT_ECANCELLED) {
        return e->end == TASK_CANCELLED || e->is_remade;
    }
    if (r->code == STINT_EEXPIRED) {
        return e->end == TASK_EXPIRED || e->is_remade;
    }
    return (r->code == STINT_EDEAD || r->code == STINT_EWORKERLOST)
           && r->attempts >= 1;
}

static void
check_bytes(const struct ask *ask, const struct ledger_entry *e,
    const struct rec_end *r)
{
    struct world *w = ask->client->world;
    struct ledger_name name;

    if (ask->bare) return;
    if (r->code == 0 && ledger_hash(r->output) != e->hash) {
        world_fail(w, "I4", "task %" PRIu64 ": another output", r->task);
    }
    if (r->payload.length < sizeof name || r->size != r->payload.length) {
        world_fail(w, "I2", "task %" PRIu64 " has lost its payload", r->task);
    }
    memcpy(&name, r->payload.bytes, sizeof name);
    /* Cancelled or expired in the turn that accepted it: the ledger never saw
     * whose it was. */
    bool unseen =
        e->end == TASK_CANCELLED || e->end == TASK_EXPIRED || e->is_remade;
    if (e->uid == 0 && unseen) return;
    if (name.uid != e->uid || name.number != e->number) {
        world_fail(w, "I2", "task %" PRIu64 " is another", r->task);
    }
}

static void
grow_shown(struct client_job *job, uint64_t seq)
{
    CHECK(seq < TASKS_MAX);
    uint64_t count = job->shown_count == 0 ? 64 : job->shown_count;
    while (count <= seq)
        count *= 2;
    if (count == job->shown_count) return;
    job->shown = realloc(job->shown, count);
    CHECK(job->shown != NULL);
    memset(job->shown + job->shown_count, 0, count - job->shown_count);
    job->shown_count = count;
}

static void
take_end(struct ask *ask, struct client_job *job, const struct rec_end *r,
    uint64_t *last)
{
    struct world *w = ask->client->world;
    const struct ledger_entry *e = ledger_find(&w->ledger, r->task);
    uint64_t place = job->by == 0 ? r->seq : r->number;

    if (e == NULL || e->job != job->number) {
        world_fail(w, "I2", "job %" PRIu64 " has no task %" PRIu64, job->number,
            r->task);
    }
    if (place <= *last || (job->by == 0 && !job->drops && place != *last + 1)) {
        world_fail(w, "I8", "job %" PRIu64 ": end %" PRIu64 " after %" PRIu64,
            job->number, place, *last);
    }
    *last = place;
    if (!code_fits(e, r)) {
        world_fail(w, "I4", "task %" PRIu64 " ended as %d and its job says %d",
            r->task, e->end, (int)r->code);
    }
    check_bytes(ask, e, r);
    grow_shown(job, r->seq);
    /* One that was tried again has another end, with another number. */
    bool before = job->shown[r->seq] != 0;
    if (before
        && (job->by == 0 || (job->shown[r->seq] != 2 && !e->is_remade))) {
        world_fail(w, "I7", "task %" PRIu64 " is shown twice", r->task);
    }
    bool may_go_on = r->code == STINT_EDEAD || r->code == STINT_EWORKERLOST;
    job->shown[r->seq] = may_go_on ? 2 : 1;
    w->stats.ends += 1;
    struct client_item *item = client_item(ask->client, e->number);
    if (!may_go_on && item != NULL && e->uid == ask->client->uid) {
        item->ended = true;
    }
}

static void
take_ends(
    struct ask *ask, struct client_job *job, const struct msg_job_ended *m)
{
    struct proto_list list = m->ends;
    struct rec_end r;
    uint64_t last = ask->after;

    while (codec_list_next(&list, RECORD_end, &r))
        take_end(ask, job, &r, &last);
    if (m->next < last) {
        world_fail(ask->client->world, "I7",
            "job %" PRIu64 " goes on at %" PRIu64 " after %" PRIu64,
            job->number, m->next, last);
    }
    job->after = m->next;
    if (m->over != 0) job->read = true;
}

/* ---- answers ------------------------------------------------------------- */

static void
take_opened(
    struct client *c, struct client_job *job, const struct msg_job_is *m)
{
    for (uint32_t i = 0; i < c->jobs_count; i++) {
        if (c->jobs[i].number != m->job) continue;
        world_fail(c->world, "I6", "job %" PRIu64 " is opened twice", m->job);
    }
    job->number = m->job;
    c->world->stats.jobs += 1;
}

static void
take_error(const struct ask *ask, struct client_job *job, int64_t code)
{
    struct world *w = ask->client->world;

    if (ask->verb == MSG_job_open) job->gone = true;
    if (code != STINT_ENOJOB) return;
    /* It was there, ended, and its time was over. */
    if (w->core != NULL) {
        LIST_FOREACH (node, after, &w->core->jobs.order) {
            const struct job *j = CONTAINER_OF(node, struct job, order);
            if (j->number != job->number) continue;
            world_fail(w, "I1", "job %" PRIu64 " is there and is not found",
                job->number);
        }
    }
    job->gone = true;
}

void
jobs_answered(struct ask *ask, const struct msg *m)
{
    struct client *c = ask->client;
    struct client_job *job = &c->jobs[ask->job];

    switch ((unsigned)ask->verb) {
    case MSG_job_open:
    case MSG_job_close:
    case MSG_job_change:
    case MSG_job_forget:
    case MSG_job_ends:
    case MSG_end_tasks:
        break;
    default:
        return;
    }
    if (ask->trespass) return;
    if (m->type == MSG_job_is) take_opened(c, job, &m->as.job_is);
    if (m->type == MSG_error) take_error(ask, job, m->as.error.code);
    if (m->type == MSG_job_ended) {
        job->reading = false;
        take_ends(ask, job, &m->as.job_ended);
    }
    if (m->type == MSG_error && ask->verb == MSG_job_ends) {
        job->reading = false;
    }
    if (m->type == MSG_ok && ask->verb == MSG_job_forget) job->gone = true;
    if (m->type == MSG_ok && ask->verb == MSG_end_tasks) {
        c->world->stats.swept += m->as.ok.value;
    }
}

/* ---- acting -------------------------------------------------------------- */

static void
close_one(struct client *c, struct client_job *job)
{
    struct msg m = { .type = MSG_job_close, .as.job_close.job = job->number };

    job->closed = true;
    (void)write(c, job, &m, false);
}

static void
change(struct client *c, struct client_job *job)
{
    struct rnd *r = &c->world->rnd;
    struct msg m = {
        .type = MSG_job_change,
        .as.job_change = {
            .job = job->number,
            .set = rnd_between(r, 1, 3),
            .running_max = rnd_below(r, 4),
            .priority = (int64_t)rnd_below(r, 5) - 2,
        },
    };

    (void)write(c, job, &m, false);
}

/* All of it, or some. */
static void
end_some(struct client *c, struct client_job *job, uint64_t verb)
{
    struct rnd *r = &c->world->rnd;
    struct msg m = {
        .type = MSG_end_tasks,
        .as.end_tasks = { .verb = verb, .job = job->number },
    };

    if (verb == 0 && rnd_one_in(r, 100)) {
        job->closed = true;
    } else if (c->world->ledger.count > 0) {
        uint64_t first = 1 + rnd_next(r) % c->world->ledger.count;
        m.as.end_tasks.first = first;
        m.as.end_tasks.last = first + rnd_below(r, 20);
    }
    if (verb == 1 && rnd_one_in(r, 800)) {
        m.as.end_tasks.first = m.as.end_tasks.last = 0;
    }
    if (verb == 1) m.as.end_tasks.cancelled = rnd_below(r, 2);
    (void)write(c, job, &m, false);
}

static void
forget(struct client *c, struct client_job *job)
{
    struct msg m = { .type = MSG_job_forget, .as.job_forget.job = job->number };

    (void)write(c, job, &m, false);
}

/* So that more is tried again than blind chance would hit upon. */
static bool
has_lost_some(const struct client *c, const struct client_job *job)
{
    const struct job *j =
        c->world->core != NULL ? jobs_find(c->world->core, job->number) : NULL;

    return j != NULL
           && (j->queue->now[TASK_DEAD] > 0
               || (j->queue->now[TASK_CANCELLED] > 0 && j->ended != 0));
}

void
jobs_act(struct client *c)
{
    struct rnd *r = &c->world->rnd;
    struct client_job *job = any_job(c);
    uint32_t what = rnd_below(r, 115);

    if (!ask_may(c)) return;
    if (job == NULL || what < 10) {
        open_one(c);
        return;
    }
    if (job->number == 0 || job->gone) return;
    if (has_lost_some(c, job) && rnd_one_in(r, 300)) what = 22;
    if (what < 15) {
        close_one(c, job);
    } else if (what < 19) {
        change(c, job);
    } else if (what < 42) {
        end_some(c, job, what < 22 ? 0 : what < 40 ? 1 : 2);
    } else if (what < 45) {
        forget(c, job);
    } else if (what < 49) {
        ask_pause(c, slice_of(""), job->number, what < 47);
    } else if (!job->reading) {
        if (job->read || rnd_one_in(r, 50)) {
            begin_pass(job, (uint8_t)rnd_below(r, 2));
        }
        read_on(c, job);
    }
}

/* ---- the end ------------------------------------------------------------- */

void
jobs_heal(struct client *c)
{
    for (uint32_t i = 0; i < c->jobs_count; i++) {
        struct client_job *job = &c->jobs[i];
        if (job->number == 0 || job->gone || !ask_may(c)) continue;
        if (!job->healing && !job->reading) {
            job->healing = true;
            begin_pass(job, 0);
            close_one(c, job);
        }
        if (job->healing && !job->read && !job->reading) read_on(c, job);
    }
}

bool
jobs_are_read(const struct client *c)
{
    for (uint32_t i = 0; i < c->jobs_count; i++) {
        const struct client_job *job = &c->jobs[i];
        if (job->gone || job->number == 0) continue;
        if (!job->healing || !job->read) return false;
    }
    return true;
}

static void
check_job(const struct client *c, const struct client_job *job)
{
    uint64_t tasks = 0, shown = 0, lost = 0;

    for (uint64_t id = 1; id <= c->world->ledger.count; id++) {
        const struct ledger_entry *e = ledger_find(&c->world->ledger, id);
        if (e->job != job->number) continue;
        tasks += 1;
        if (e->end != TASK_DONE) lost += 1; /* Could not have been dropped. */
    }
    for (uint64_t seq = 1; seq < job->shown_count; seq++)
        shown += job->shown[seq] != 0;
    if (shown == tasks || (job->drops && shown < tasks && shown >= lost)) {
        return;
    }
    world_fail(c->world, "I7",
        "client %u: of %" PRIu64 " ends of job %" PRIu64 " %" PRIu64
        " were shown",
        c->uid, tasks, job->number, shown);
}

void
jobs_check(const struct client *c)
{
    for (uint32_t i = 0; i < c->jobs_count; i++) {
        const struct client_job *job = &c->jobs[i];
        if (!job->gone && job->number != 0) check_job(c, job);
    }
}
