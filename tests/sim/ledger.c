#include "tests/sim/ledger.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/greet.h"
#include "master/core/jobs.h"
#include "proto/codec.h"
#include "tests/sim/client.h"
#include "tests/sim/suit.h"

/* No lease of a simulation is longer. */
#define LEASE_MAX (30 * TICK_S)

void
ledger_init(struct ledger *l)
{
    *l = (struct ledger){ .count = 0 };
    l->claims = calloc(LEDGER_CLAIMS_MAX, sizeof *l->claims);
    CHECK(l->claims != NULL);
}

void
ledger_fini(struct ledger *l)
{
    free(l->entries);
    free(l->claims);
}

uint64_t
ledger_hash(struct slice bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ bytes.length;

    for (size_t i = 0; i < bytes.length && i < 64; i++)
        h = (h ^ bytes.bytes[i]) * UINT64_C(0x100000001b3);
    return h;
}

const struct ledger_entry *
ledger_find(const struct ledger *l, uint64_t task)
{
    return task >= 1 && task <= l->count ? &l->entries[task] : NULL;
}

static struct ledger_entry *
entry_of(struct world *w, uint64_t task)
{
    struct ledger *l = &w->ledger;

    if (task < 1 || task > l->count) {
        world_fail(w, "I2", "task %" PRIu64 " was never put", task);
    }
    return &l->entries[task];
}

static uint32_t
uid_of(const struct session *s)
{
    uint32_t uid;

    memcpy(&uid, s->id, sizeof uid);
    return uid;
}

/* ---- what a frame may do ------------------------------------------------- */

static void
claim(struct ledger *l, enum msg_type verb, uint64_t task, uint64_t attempt,
    uint64_t nonce, uint64_t how)
{
    bool first = true;

    CHECK(l->claims_count < LEDGER_CLAIMS_MAX);
    for (uint32_t i = 0; i < l->claims_count; i++) {
        if (l->claims[i].task == task) first = false;
    }
    l->claims[l->claims_count++] = (struct ledger_claim){
        .verb = verb,
        .task = task,
        .attempt = attempt,
        .nonce = nonce,
        .how = how,
        .first = first,
    };
}

static void
claim_fences(
    struct ledger *l, enum msg_type verb, struct proto_list list, uint64_t how)
{
    struct rec_fence f;

    while (codec_list_next(&list, RECORD_fence, &f))
        claim(l, verb, f.task, f.attempt, f.nonce, how);
}

static void
read_claims(struct ledger *l, const struct msg *m)
{
    struct proto_list list = m->as.done.tasks;
    struct rec_completion c;

    if (m->type == MSG_done) {
        while (codec_list_next(&list, RECORD_completion, &c)) {
            claim(
                l, MSG_done, c.task, c.attempt, c.nonce, ledger_hash(c.result));
        }
    }
    if (m->type == MSG_fail) {
        claim_fences(l, MSG_fail, m->as.fail.tasks, m->as.fail.final);
    }
    if (m->type == MSG_renew) {
        if (m->as.renew.all != 0) l->shows = true;
        claim_fences(l, MSG_renew, m->as.renew.tasks, m->as.renew.lease_ns);
    }
    if (m->type == MSG_release) {
        claim_fences(l, MSG_release, m->as.release.tasks, 0);
    }
    if (m->type == MSG_cancel) {
        claim_fences(l, MSG_cancel, m->as.cancel.tasks, 0);
    }
    if (m->type == MSG_end_tasks) {
        l->cancels = l->cancels || m->as.end_tasks.verb == 0;
        l->retries = l->retries || m->as.end_tasks.verb == 1;
        l->remakes = l->remakes || m->as.end_tasks.cancelled == 1;
        l->drops = l->drops || m->as.end_tasks.verb == 2;
    }
    if (m->type == MSG_hello || m->type == MSG_bye) l->closes = true;
    if (m->type == MSG_cancel || m->type == MSG_shutdown) l->cancels = true;
}

static bool
is_fresh(const struct world *w, const struct net_conn *conn, uint64_t number)
{
    const struct session *s = greet_find(w->core, conn->id);

    return number != 0 && s != NULL && s->key == w->ledger.from_key
           && number == s->stream.seen + 1;
}

void
ledger_expect(struct world *w, const struct net_conn *conn, struct slice wire)
{
    struct ledger *l = &w->ledger;
    struct codec_frame f;
    struct msg m;
    const char *where;

    l->claims_count = 0;
    l->closes = l->cancels = l->shows = false;
    l->retries = l->remakes = l->drops = false;
    l->from = conn->client;
    l->from_key = keyring_find(&w->core->keys, conn->key);
    if (codec_open(wire, &f) != 0) return;
    l->fresh = is_fresh(w, conn, f.number);
    if (!l->fresh && f.number != 0) return;
    while (codec_next(&f, &m, &where) > 0)
        read_claims(l, &m);
}

/* It shows a grant that the crash came before. */
static bool
is_adopted(const struct ledger_entry *e, const struct ledger_claim *c)
{
    return e->may_adopt && e->state == TASK_READY
           && c->attempt == (uint64_t)e->attempts + 1
           && c->nonce == e->lost_nonce;
}

/* The claim that could have changed `e`: its fence is that of the live lease
 * and its key the one that took it. */
static const struct ledger_claim *
find_claim(const struct ledger *l, uint64_t id, const struct ledger_entry *e,
    enum msg_type verb)
{
    for (uint32_t i = 0; i < l->claims_count; i++) {
        const struct ledger_claim *c = &l->claims[i];
        if (c->verb != verb || c->task != id) continue;
        if (verb == MSG_cancel) return c;
        if (is_adopted(e, c)) return c;
        if (e->state != TASK_LEASED || c->attempt != e->attempts) continue;
        if (c->nonce == e->nonce && l->from_key == e->key) return c;
    }
    return NULL;
}

/* ---- ends ---------------------------------------------------------------- */

static void
end(struct world *w, uint64_t id, struct ledger_entry *e, int8_t how)
{
    if (e->end >= 0) {
        world_fail(
            w, "I4", "task %" PRIu64 " ended as %d and as %d", id, e->end, how);
    }
    e->end = how;
    w->ledger.open -= 1;
    if (how == TASK_DEAD) w->ledger.dead += 1;
    if (how == TASK_DONE) w->stats.done += 1;
    if (how == TASK_DEAD) w->stats.dead += 1;
    if (how == TASK_CANCELLED) w->stats.cancelled += 1;
    if (how == TASK_EXPIRED) w->stats.expired += 1;
    world_trace(w, "task %" PRIu64 " ended: %d", id, how);
}

static bool
may_retry(const struct ledger *l, enum ledger_cause cause)
{
    return cause == LEDGER_RECEIVED ? l->retries : l->sweeping;
}

static bool
may_remake(const struct ledger *l, enum ledger_cause cause)
{
    return cause == LEDGER_RECEIVED ? l->remakes : l->sweeping;
}

/* It has all its attempts again. */
static void
forgive(struct ledger_entry *e)
{
    e->is_final = false;
    e->spent_least = e->spent_most = 0;
    e->once_from = e->attempts;
}

/* A dead letter is tried again, with all its attempts; or what was cancelled or
 * expired. */
static void
revived(struct world *w, enum ledger_cause cause, uint64_t id,
    struct ledger_entry *e)
{
    struct ledger *l = &w->ledger;
    bool dead = e->end == TASK_DEAD;
    bool may = e->end != TASK_DONE
               && (dead ? may_retry(l, cause) : may_remake(l, cause));

    if (!may || e->job == 0) {
        world_fail(w, "I4", "task %" PRIu64 " ended as %d and is open again",
            id, e->end);
    }
    if (dead) l->dead -= 1;
    if (!dead) {
        e->state = TASK_READY; /* Its lease ended with it. */
        e->is_remade = true;
        w->stats.remade += 1;
    }
    e->end = -1;
    forgive(e);
    l->open += 1;
    w->stats.retried += 1;
    world_trace(w, "task %" PRIu64 " is tried again", id);
}

static void
done(struct world *w, enum ledger_cause cause, uint64_t id,
    struct ledger_entry *e)
{
    const struct ledger_claim *c = find_claim(&w->ledger, id, e, MSG_done);

    if (cause != LEDGER_RECEIVED || c == NULL || !w->ledger.fresh) {
        world_fail(w, "I5",
            "task %" PRIu64 " is done by a fence that was not live", id);
    }
    e->hash = c->how;
}

void
ledger_told(struct world *w, uint64_t task)
{
    struct ledger_entry *e = entry_of(w, task);

    if (e->end != TASK_DONE) {
        world_fail(w, "I4", "task %" PRIu64 " is said to be done", task);
    }
    e->told_done = true;
}

static void
look_at_ends(struct world *w, enum ledger_cause cause)
{
    const struct core *core = w->core;
    struct ledger *l = &w->ledger;

    for (; l->ended_seen < core->ended_count; l->ended_seen++) {
        const struct ended *x = &core->ended[l->ended_seen % ENDED_MAX];
        struct ledger_entry *e = entry_of(w, x->task);
        if (x->state == TASK_DONE) done(w, cause, x->task, e);
        end(w, x->task, e, (int8_t)x->state);
    }
}

/* How tasks of a job ended, but for the dead: these are still there. */
static int8_t
end_of_code(int64_t code)
{
    if (code == 0) return TASK_DONE;
    if (code == STINT_ECANCELLED) return TASK_CANCELLED;
    return code == STINT_EEXPIRED ? TASK_EXPIRED : TASK_DEAD;
}

static void
look_at_job(struct world *w, enum ledger_cause cause, const struct job *job)
{
    CHECK(job->number < LEDGER_JOBS);
    uint64_t *seen = &w->ledger.given[job->number];

    while (*seen < job->ends.given) {
        struct ends_place at = ends_at(&job->ends, ENDS_BY_NUMBER, ++*seen);
        if (at.kind != ENDS_END) continue;
        struct ledger_entry *e = entry_of(w, at.is.end->task);
        int8_t how = end_of_code(at.is.end->code);
        e->job = job->number;
        if (how == TASK_DEAD) continue;
        /* It was tried again and cancelled anew in one frame. */
        if (e->end >= 0 && e->end != TASK_DEAD) {
            revived(w, cause, at.is.end->task, e);
        }
        if (how == TASK_DONE) done(w, cause, at.is.end->task, e);
        end(w, at.is.end->task, e, how);
    }
}

static void
look_at_jobs(struct world *w, enum ledger_cause cause)
{
    LIST_FOREACH (node, after, &w->core->jobs.order) {
        look_at_job(w, cause, CONTAINER_OF(node, struct job, order));
    }
    LIST_FOREACH (node, after, &w->core->jobs.forgotten) {
        look_at_job(w, cause, CONTAINER_OF(node, struct job, order));
    }
}

void
ledger_catch_up(struct world *w)
{
    LIST_FOREACH (node, after, &w->core->jobs.order) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        w->ledger.given[job->number] = job->ends.given;
    }
    LIST_FOREACH (node, after, &w->core->jobs.forgotten) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        w->ledger.given[job->number] = job->ends.given;
    }
}

/* Those that are not there any more were dropped. */
static void
look_at_dead(struct world *w, uint64_t there)
{
    struct ledger *l = &w->ledger;

    for (uint64_t id = 1; id <= l->count && l->dead > there; id++) {
        struct ledger_entry *e = &l->entries[id];
        if (e->end != TASK_DEAD || task_table_find(&w->core->tasks, id)) {
            continue;
        }
        bool may = l->drops || l->sweeping
                   || (e->job != 0 && jobs_find(w->core, e->job) == NULL);
        if (!may) world_fail(w, "I2", "task %" PRIu64 " is not kept", id);
        e->end = TASK_CANCELLED;
        l->dead -= 1;
        w->stats.dropped += 1;
    }
    if (l->dead != there) {
        world_fail(w, "I2", "%" PRIu64 " tasks are dead, not %" PRIu64, there,
            l->dead);
    }
}

/* No more side by side than the job may have. */
static void
check_running(struct world *w)
{
    LIST_FOREACH (node, after, &w->core->jobs.order) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        uint32_t granted = w->ledger.leased[job->number];
        if (job->end == JOB_HALTED) w->stats.halted += job->ended == w->now;
        w->ledger.leased[job->number] = 0;
        if (granted == 0 || job->running_max == 0
            || job->queue->now[TASK_LEASED] <= job->running_max) {
            continue;
        }
        world_fail(w, "the bound of a job",
            "job %" PRIu64 " runs %" PRIu64 " tasks", job->number,
            job->queue->now[TASK_LEASED]);
    }
}

/* ---- new tasks ----------------------------------------------------------- */

static struct ledger_entry *
append(struct ledger *l)
{
    if (l->count + 1 >= l->capacity) {
        l->capacity = l->capacity == 0 ? 1024 : l->capacity * 2;
        l->entries = realloc(l->entries, l->capacity * sizeof *l->entries);
        CHECK(l->entries != NULL);
    }
    l->open += 1;
    return &l->entries[++l->count];
}

/* Whether the session of the client is another one than when the put was
 * accepted last, by the same start of the master: it was forgotten, and the
 * welcome that said so was lost. */
static bool
was_forgotten(const struct world *w, struct client_item *item, uint32_t uid)
{
    uint8_t id[PROTO_SESSION_BYTES] = { 0 };
    struct session *s;

    memcpy(id, &uid, sizeof uid);
    HASH_FIND(by_id, w->core->by_id, id, PROTO_SESSION_BYTES, s);
    tick_ns since = s != NULL ? s->since : 0;
    bool is_other = item->accepted > 1 && item->start == w->starts
                    && item->since != since
                    && w->clients[uid]->restarts == item->restarts;
    item->since = since;
    item->start = w->starts;
    return is_other;
}

static void
note_put(struct world *w, uint64_t id, const struct ledger_entry *e)
{
    struct client *c = w->clients[e->uid];
    struct client_item *item = client_item(c, e->number);

    if (item == NULL || !item->is_put) {
        world_fail(w, "I6", "task %" PRIu64 " comes from no put", id);
    }
    item->accepted += 1;
    if (was_forgotten(w, item, c->uid)) item->forgotten += 1;
    /* Who has been told of a task does not ask for it again. */
    if (item->answered || item->refused
        || item->accepted
               > 1 + c->restarts - item->restarts + item->forgotten) {
        world_fail(w, "I6", "client %u, request %" PRIu64 ": accepted %u times",
            e->uid, e->number, item->accepted);
    }
}

/* Of a task that came and went in one turn only its put can tell. */
void
ledger_reveal(
    struct world *w, uint64_t task, const struct ledger_name *name, bool wants)
{
    struct ledger_entry *e = entry_of(w, task);

    if (e->is_known) return;
    e->is_known = true;
    e->uid = name->uid;
    e->number = name->number;
    e->wants = wants;
    note_put(w, task, e);
}

/* I9: no put goes over the bound of its queue, however long it waited. */
static void
check_bound(struct world *w, const struct queue *q)
{
    uint64_t open = q->now[TASK_READY] + q->now[TASK_DELAYED];

    if (open <= q->policy.max_tasks) return;
    world_fail(w, "I9", "%s holds %" PRIu64 " tasks and may hold %" PRIu64,
        q->name, open, q->policy.max_tasks);
}

static void
look_at_new(struct world *w, enum ledger_cause cause)
{
    struct ledger *l = &w->ledger;
    /* What is given back may be more than the bound; so may grants be that were
     * undone by a crash. */
    bool gives_back =
        l->claims_count > 0 || l->closes || l->retries || w->starts > 1;
    bool exact = !gives_back || (cause == LEDGER_TURNED && w->starts <= 1);

    while (l->count < w->core->tasks.last) {
        const struct task *t = task_table_find(&w->core->tasks, l->count + 1);
        struct ledger_entry *e = append(l);
        *e = (struct ledger_entry){
            .end = -1,
            .state = TASK_READY,
            .accepted = w->now,
        };
        w->stats.tasks += 1;
        if (t == NULL) continue;
        struct ledger_name name;
        if (t->size < sizeof name) {
            world_fail(w, "I2", "task %" PRIu64 " comes from no put", t->id);
        }
        memcpy(&name, task_payload(t).bytes, sizeof name);
        e->queue = name.queue;
        e->priority = t->priority;
        e->job = t->queue->job != NULL ? t->queue->job->number : 0;
        ledger_reveal(w, t->id, &name, t->ref != 0);
        if (exact) check_bound(w, t->queue);
    }
}

/* ---- leases -------------------------------------------------------------- */

static bool
holder_is_silent(const struct world *w, const struct ledger_entry *e)
{
    const struct client *c = w->clients[e->holder];

    return w->now - c->heard >= w->config.silence;
}

/* A lease ended without a result: was there a reason, and did it use up an
 * attempt?  Of one whose holder was lost that depends on whether it had heard
 * of the task. */
static void
returned(struct world *w, enum ledger_cause cause, uint64_t id,
    struct ledger_entry *e)
{
    const struct ledger *l = &w->ledger;
    const struct ledger_claim *fail = find_claim(l, id, e, MSG_fail);
    bool received = cause == LEDGER_RECEIVED;
    bool lost = (cause == LEDGER_TURNED && holder_is_silent(w, e))
                || (cause == LEDGER_OTHER && w->clients[e->holder]->barred)
                || (received && l->closes && l->from == e->holder);

    if (received && fail != NULL) {
        e->once_from = e->attempts;
        e->is_final = fail->how != 0;
        e->spent_least += 1;
        e->spent_most += 1;
    } else if (cause == LEDGER_TURNED && e->deadline <= w->now) {
        /* None, if its frame has not left by then. */
        e->spent_most += 1;
    } else if (received && find_claim(l, id, e, MSG_release) != NULL) {
        e->once_from = e->attempts;
        return;
    } else if (lost || (received && l->shows && l->from == e->holder)) {
        e->spent_most += 1;
    } else {
        world_fail(w, "I5",
            "task %" PRIu64 " was taken from client %u without a reason", id,
            e->holder);
    }
}

/* I3: a task dies of as many attempts as it may have, not of fewer, not later.
 */
static void
check_attempts(
    struct world *w, const struct task *t, const struct ledger_entry *e)
{
    uint64_t may = t->queue->policy.retry.attempts_max;
    bool dead = t->state == TASK_DEAD;

    if (t->more != NULL && t->more->attempts_max != 0) {
        may = t->more->attempts_max;
    }
    if (dead && (e->is_final || e->spent_most >= may)) return;
    if (dead && job_is_once(t) && e->spent_most > 0) return;
    if (!dead && !e->is_final && e->spent_least < may) return;
    world_fail(w, "I3",
        "task %" PRIu64 " is in state %u after %u to %u of %" PRIu64
        " attempts",
        t->id, t->state, e->spent_least, e->spent_most, may);
}

/* What must not run twice is begun a second time only when the first one said
 * that it ended, or never began. */
void
ledger_begun(struct world *w, const struct rec_task *t)
{
    struct ledger_entry *e = entry_of(w, t->task);

    if (!e->is_once || t->attempt <= e->once_from) return;
    if (e->begun_attempt > e->once_from && e->begun_nonce != t->nonce) {
        world_fail(w, "once",
            "task %" PRIu64 " is begun again: grant %" PRIu64 " after %" PRIu64,
            t->task, t->attempt, e->begun_attempt);
    }
    e->begun_attempt = t->attempt;
    e->begun_nonce = t->nonce;
    w->stats.onces += 1;
}

static void
renewed(struct world *w, enum ledger_cause cause, uint64_t id,
    struct ledger_entry *e, tick_ns deadline)
{
    if (cause == LEDGER_RECEIVED
        && find_claim(&w->ledger, id, e, MSG_renew) == NULL) {
        world_fail(w, "I5",
            "task %" PRIu64 " is renewed by a fence that was not live", id);
    }
    e->deadline = deadline;
    e->deadline_set = w->now;
}

static bool
is_paused(const struct queue *q)
{
    return q->paused || (q->job != NULL && q->job->parent->paused);
}

static void
granted(struct world *w, enum ledger_cause cause, const struct task *t,
    struct ledger_entry *e)
{
    const struct lease *l = t->is.lease;
    bool adopted = cause == LEDGER_RECEIVED && e->may_adopt
                   && l->nonce == e->lost_nonce
                   && t->attempts == e->attempts + 1;

    if (adopted) w->stats.adopted += 1;
    e->may_adopt = false;
    if ((cause != LEDGER_TURNED && !adopted)
        || t->attempts != e->attempts + 1) {
        world_fail(w, "I5", "task %" PRIu64 ": attempt %u follows %u", t->id,
            t->attempts, e->attempts);
    }
    if (!adopted && is_paused(t->queue)) {
        world_fail(w, "pause", "task %" PRIu64 " is handed out", t->id);
    }
    if (e->job != 0 && !adopted) w->ledger.leased[e->job] += 1;
    e->nonce = l->nonce;
    e->key = l->session->key;
    e->holder = uid_of(l->session);
    e->deadline = l->deadline;
    e->deadline_set = w->now;
    e->length = l->length;
    w->stats.grants += 1;
    world_trace(w, "task %" PRIu64 " to client %u, attempt %u", t->id,
        e->holder, t->attempts);
}

/* I13, I10: nobody holds anything who is not there, or for ever. */
static void
check_holder(struct world *w, uint64_t id, const struct ledger_entry *e)
{
    if (e->deadline <= w->now || e->deadline > e->deadline_set + LEASE_MAX) {
        world_fail(w, "I10", "the lease of task %" PRIu64 " does not end", id);
    }
    if (holder_is_silent(w, e) || w->clients[e->holder]->barred) {
        world_fail(w, "I13", "client %u is dead and holds task %" PRIu64,
            e->holder, id);
    }
}

/* ---- order --------------------------------------------------------------- */

struct place {
    int64_t rank, id;
};

static bool
place_less(struct place a, struct place b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.id < b.id;
}

/* For each queue the last that was handed out in this turn and the first that
 * was not. */
struct order {
    struct {
        bool has_out, has_in;
        struct place out, in;
    } of[WORLD_QUEUES + 1 + LEDGER_JOBS];
};

/* Each job is a queue. */
static uint64_t
line_of(const struct task *t)
{
    const struct job *job = t->queue->job;

    return job != NULL ? WORLD_QUEUES + 1 + job->number : t->queue->index;
}

static struct place
place_of(const struct task *t)
{
    int64_t id = (int64_t)t->id;

    if (t->queue->policy.kind == QUEUE_LIFO) return (struct place){ 0, -id };
    if (t->queue->policy.kind == QUEUE_FIFO) return (struct place){ 0, id };
    return (struct place){ t->priority, id };
}

static void
order_out(struct order *o, const struct task *t)
{
    struct place p = place_of(t);
    uint64_t q = line_of(t);

    if (o->of[q].has_out && place_less(p, o->of[q].out)) return;
    o->of[q].has_out = true;
    o->of[q].out = p;
}

static void
order_in(struct order *o, const struct task *t)
{
    struct place p = place_of(t);
    uint64_t q = line_of(t);

    if (o->of[q].has_in && !place_less(p, o->of[q].in)) return;
    o->of[q].has_in = true;
    o->of[q].in = p;
}

static void
check_order(struct world *w, const struct order *o)
{
    for (uint32_t q = 0; q < ARRAY_LEN(o->of); q++) {
        if (!o->of[q].has_in || !o->of[q].has_out) continue;
        if (place_less(o->of[q].out, o->of[q].in)) continue;
        world_fail(w, "I8",
            "queue %u: task %" PRId64 " was handed out before %" PRId64, q,
            o->of[q].out.id, o->of[q].in.id);
    }
}

/* ---- looking ------------------------------------------------------------- */

/* It was cancelled and tried again at once: it is ready, and was never lost. */
static bool
was_remade(const struct world *w, enum ledger_cause cause, const struct task *t)
{
    return may_remake(&w->ledger, cause) && t->queue->job != NULL
           && t->state != TASK_DEAD && t->failures == 0 && t->lost == 0
           && t->timeouts == 0 && t->released == 0 && t->undelivered == 0;
}

static void
look_at_task(struct world *w, enum ledger_cause cause, const struct task *t,
    struct ledger_entry *e)
{
    bool leased = t->state == TASK_LEASED;
    bool same = leased && e->state == TASK_LEASED && e->attempts == t->attempts
                && e->nonce == t->is.lease->nonce;

    if (e->end >= 0 && (e->end != TASK_DEAD || t->state != TASK_DEAD)) {
        revived(w, cause, t->id, e);
    }
    if (e->state == TASK_LEASED && !same) {
        if (was_remade(w, cause, t)) {
            forgive(e);
        } else {
            returned(w, cause, t->id, e);
        }
    }
    if (leased && !same) granted(w, cause, t, e);
    if (same && t->is.lease->deadline != e->deadline) {
        renewed(w, cause, t->id, e, t->is.lease->deadline);
    }
    if (t->state == TASK_DEAD && e->state != TASK_DEAD) {
        end(w, t->id, e, TASK_DEAD);
    }
    if (e->is_final && t->state != TASK_DEAD && may_retry(&w->ledger, cause)) {
        forgive(e); /* It died and was tried again in one frame. */
    }
    if (e->state == TASK_LEASED && !same) check_attempts(w, t, e);
    e->state = t->state;
    e->attempts = t->attempts;
    /* What lives in memory, or may do so, is begun anew after a crash. */
    e->is_once = job_is_once(t) && t->queue->policy.durability == QUEUE_SYNCED;
    if (leased && cause == LEDGER_TURNED) check_holder(w, t->id, e);
}

static void
look_at_tasks(struct world *w, enum ledger_cause cause, uint64_t known)
{
    static struct order order;
    uint64_t open = 0, dead = 0;
    size_t bytes = 0;

    memset(&order, 0, sizeof order);
    for (const struct task *t = task_table_next(&w->core->tasks, 0); t != NULL;
         t = task_table_next(&w->core->tasks, t->id)) {
        struct ledger_entry *e = entry_of(w, t->id);
        uint32_t before = e->attempts;
        look_at_task(w, cause, t, e);
        if (t->state != TASK_DEAD) open += 1;
        if (t->state == TASK_DEAD) dead += 1;
        bytes += t->size;
        if (t->state == TASK_LEASED && t->attempts != before) {
            order_out(&order, t);
        }
        if (t->state == TASK_READY && t->id <= known) order_in(&order, t);
    }
    look_at_dead(w, dead);
    if (open != w->ledger.open) {
        world_fail(w, "I2", "%" PRIu64 " tasks are open, not %" PRIu64, open,
            w->ledger.open);
    }
    if (bytes > w->config.memory_max && !w->plan.durable) {
        world_fail(w, "I9", "%zu bytes of payloads, and the budget is %zu",
            bytes, w->config.memory_max);
    }
    if (cause == LEDGER_TURNED) check_order(w, &order);
}

static bool
is_live(const struct ledger *l, const struct ledger_claim *c,
    const struct ledger_entry *e)
{
    return e->end < 0 && e->state == TASK_LEASED && e->attempts == c->attempt
           && e->nonce == c->nonce && e->key == l->from_key;
}

/* A result for which there is no room in the budget may be refused (I9). */
static bool
is_crowded(const struct world *w)
{
    enum { RESULT_MAX = 64 << 10 };

    return core_totals(w->core).memory + RESULT_MAX > w->config.memory_max;
}

/* I4: the first completion with the live fence wins; and a renewal with it
 * renews. */
static void
check_accepted(struct world *w)
{
    struct ledger *l = &w->ledger;

    for (uint32_t i = 0; i < l->claims_count; i++) {
        const struct ledger_claim *c = &l->claims[i];
        if (!c->first || c->task > l->count) continue;
        const struct ledger_entry *e = &l->entries[c->task];
        tick_ns length = c->how != 0 ? (tick_ns)c->how : e->length;
        bool refused = c->verb == MSG_done;
        bool stays = c->verb == MSG_renew && e->deadline < w->now + length;
        /* Had it an older lease until the sender showed what it holds? */
        if (e->end < 0 && is_adopted(e, c) && !l->shows && !is_crowded(w)) {
            world_fail(w, "I16",
                "task %" PRIu64 ": a grant that a crash undid is refused",
                c->task);
        }
        if (!is_live(l, c, e) || (!refused && !stays)) continue;
        if (refused && is_crowded(w)) continue;
        world_fail(
            w, "I4", "task %" PRIu64 ": a live fence is refused", c->task);
    }
}

void
ledger_look(struct world *w, enum ledger_cause cause)
{
    uint64_t known = w->ledger.count;

    core_check(w->core);
    look_at_new(w, cause);
    look_at_ends(w, cause);
    look_at_jobs(w, cause);
    look_at_tasks(w, cause, known);
    if (cause == LEDGER_RECEIVED && w->ledger.fresh) check_accepted(w);
    if (cause == LEDGER_TURNED) check_running(w);
    if (cause == LEDGER_TURNED) suit_check(w);
    w->ledger.sweeping = !list_is_empty(&w->core->sweeps);
}

void
ledger_stalled(struct world *w, tick_ns gap)
{
    for (uint64_t id = 1; id <= w->ledger.count; id++) {
        struct ledger_entry *e = &w->ledger.entries[id];
        e->deadline_set += gap;
    }
    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        w->clients[uid]->heard += gap;
}
