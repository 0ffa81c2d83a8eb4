#include "master/core/jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/keyed_hash.h"
#include "master/core/lane.h"
#include "master/core/life.h"
#include "master/core/reply.h"
#include "master/core/spare.h"

static bool
forget_sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct job *x = CONTAINER_OF_CONST(a, struct job, forget);
    const struct job *y = CONTAINER_OF_CONST(b, struct job, forget);

    return tick_after(x->ended, x->keep) < tick_after(y->ended, y->keep);
}

void
jobs_init(struct core *core)
{
    list_init(&core->jobs.order);
    list_init(&core->jobs.due);
    list_init(&core->jobs.later);
    list_init(&core->jobs.spare);
    list_init(&core->jobs.forgotten);
    heap_init(&core->jobs.forget, forget_sooner);
}

static void
free_all(struct core *core, struct list *head)
{
    for (;;) {
        struct list *node = list_pop(head);
        if (node == NULL) return;
        struct job *job = CONTAINER_OF(node, struct job, order);
        struct queue *q = job->queue;
        if (job->lane != NULL) lane_leave(core, job);
        job_free(job);
        queue_free(q);
    }
}

void
jobs_fini(struct core *core)
{
    HASH_CLEAR(by_number, core->jobs.by_number);
    HASH_CLEAR(by_key, core->jobs.by_key);
    free_all(core, &core->jobs.order);
    free_all(core, &core->jobs.forgotten);
}

struct job *
jobs_find(const struct core *core, uint64_t number)
{
    struct job *found;

    HASH_FIND(by_number, core->jobs.by_number, &number, sizeof number, found);
    return found;
}

static uint64_t
hash_key(const struct core *core, const uint8_t owner[PROTO_KEY_BYTES],
    struct slice key)
{
    uint8_t bytes[PROTO_KEY_BYTES + PROTO_NAME_MAX];

    CHECK(key.length <= PROTO_NAME_MAX);
    memcpy(bytes, owner, PROTO_KEY_BYTES);
    if (key.length > 0) memcpy(bytes + PROTO_KEY_BYTES, key.bytes, key.length);
    return keyed_hash((struct slice){ bytes, PROTO_KEY_BYTES + key.length },
        core->journal.secret);
}

struct job *
jobs_of_key(const struct core *core, const uint8_t owner[PROTO_KEY_BYTES],
    struct slice key)
{
    uint64_t hash = hash_key(core, owner, key);
    struct job *found;

    HASH_FIND(by_key, core->jobs.by_key, &hash, sizeof hash, found);
    if (found == NULL || !slice_equal(slice_of(found->key), key)
        || memcmp(found->owner, owner, PROTO_KEY_BYTES) != 0) {
        return NULL;
    }
    return found;
}

bool
jobs_key_add(struct core *core, struct job *job)
{
    if (job->key[0] == '\0') return true;
    job->key_hash = hash_key(core, job->owner, slice_of(job->key));
    HASH_ADD(by_key, core->jobs.by_key, key_hash, sizeof job->key_hash, job);
    return HASH_IS_IN(by_key, job);
}

bool
jobs_may(const struct session *s, const struct job *job)
{
    return (s->key->role & ROLE_ADMIN) != 0
           || memcmp(s->key->public_key, job->owner, PROTO_KEY_BYTES) == 0;
}

struct job *
jobs_of_request(
    struct core *core, struct session *s, uint64_t number, uint64_t request)
{
    struct job *job = jobs_find(core, number);

    if (job == NULL) {
        reply_error(core, s, request, STINT_ENOJOB, NULL);
        return NULL;
    }
    if (!jobs_may(s, job)) {
        reply_error(core, s, request, STINT_EROLE,
            "the job was submitted with another key: use that one, or an admin "
            "key");
        return NULL;
    }
    return job;
}

/* ---- coming -------------------------------------------------------------- */

size_t
jobs_memory(const struct job *job)
{
    return sizeof *job + sizeof *job->queue + job->command.length
           + needs_memory(&job->needs);
}

/* Those of the store are taken in any case. */
static bool
is_full(const struct core *core)
{
    return core->load == NULL
           && HASH_CNT(by_number, core->jobs.by_number) >= JOBS_MAX;
}

/* Nobody finds it any more. */
static void
forget_names(struct core *core, struct job *job)
{
    HASH_DELETE(by_number, core->jobs.by_number, job);
    if (HASH_IS_IN(by_key, job)) HASH_DELETE(by_key, core->jobs.by_key, job);
}

int
jobs_add(struct core *core, struct job *job, const struct queue_policy *policy)
{
    char name[32];
    int rc = STINT_ELIMIT;

    if (job->number > JOB_NUMBER_MAX) goto refuse;
    if (is_full(core)) {
        if (spare_first(core) == NULL) goto refuse;
        jobs_forget(core, spare_first(core));
    }
    rc = STINT_ENOMEM;
    (void)snprintf(name, sizeof name, "job/%" PRIu64, job->number);
    job->queue =
        queue_new(slice_of(name), policy, JOB_QUEUES | (uint32_t)job->number);
    if (job->queue == NULL) goto refuse;
    HASH_ADD(by_number, core->jobs.by_number, number, sizeof job->number, job);
    if (!HASH_IS_IN(by_number, job)) {
        queue_free(job->queue);
        goto refuse;
    }
    if (!jobs_key_add(core, job)) goto forget;
    if (job->parent != NULL && !lane_join(core, job)) goto forget;
    job->queue->job = job;
    list_push(&core->jobs.order, &job->order);
    if (job->number > core->jobs.last) core->jobs.last = job->number;
    job->memory = jobs_memory(job);
    core->memory += job->memory;
    return 0;

forget:
    forget_names(core, job);
    queue_free(job->queue);
refuse:
    job_free(job);
    return rc;
}

/* ---- tasks --------------------------------------------------------------- */

void
jobs_touch(struct core *core, struct job *job)
{
    if (job->end == JOB_FORGOTTEN) return;
    list_remove(&job->due);
    list_push(&core->jobs.due, &job->due);
}

/* What the ends of a job take was `before`. */
static void
count(struct core *core, const struct job *job, size_t before)
{
    core->memory += job->ends.memory;
    core->memory -= before;
}

bool
jobs_reserve(struct core *core, struct job *job)
{
    size_t before = job->ends.memory;
    bool done = ends_reserve(&job->ends, job->queue->accepted + 1);

    count(core, job, before);
    return done;
}

void
jobs_accepted(struct core *core, struct job *job, struct task *t)
{
    (void)core;
    ends_open(&job->ends, t);
}

/* The first bytes of the payload, so that the whole still fits a frame. */
static struct slice
head_of(struct core *core, const struct task *t, size_t output)
{
    size_t slack = (size_t)16 << 10;
    size_t max = core->config.payload_max > output + slack
                     ? core->config.payload_max - output - slack
                     : 0;
    struct slice head = task_payload(t);

    if (max > ENDS_PAYLOAD_MAX) max = ENDS_PAYLOAD_MAX;
    if (head.bytes == NULL && head.length > 0) {
        (void)journal_fetch(core, ROW_task, t->id, &head);
    }
    if (head.bytes == NULL) head.length = 0;
    if (head.length > max) head.length = max;
    return head;
}

/* Whether its bytes need not be in memory. */
static bool
is_cold(const struct core *core, const struct queue *q, const struct rec_end *r)
{
    size_t least =
        core->memory < core->config.memory_max / 2 ? ENDS_COLD : ENDS_COLD / 4;

    return journal_keeps(core, q) && core->config.fetch != NULL
           && r->payload.length + r->output.length > least;
}

bool
jobs_end(struct core *core, const struct task *t, const struct rec_end *how)
{
    struct job *job = t->queue->job;
    size_t before = job->ends.memory;
    struct rec_end r = *how;

    r.seq = t->seq;
    r.task = t->id;
    r.attempts = task_number(t);
    r.unbegun = t->unbegun;
    r.size = t->size;
    r.payload = head_of(core, t, r.output.length);
    bool cold = is_cold(core, t->queue, &r);
    /* I9: what it wrote before it failed is not worth more than the budget. */
    if (r.code != 0 && !cold
        && core->memory + core->out + r.output.length
               > core->config.memory_max) {
        r.output = slice_of("");
    }
    struct end *e = ends_make(&job->ends, &r, cold, core->journal.filling);
    if (e == NULL) {
        count(core, job, before);
        return false;
    }
    r.number = e->number;
    ends_add(&job->ends, e);
    count(core, job, before);
    journal_end(core, job, &r);
    jobs_touch(core, job);
    return true;
}

void
jobs_must_end(
    struct core *core, const struct task *t, const struct rec_end *how)
{
    struct job *job = t->queue->job;

    if (jobs_end(core, t, how)) return;
    ends_lose(&job->ends, t->seq);
    core->journal.failed = true;
}

/* Begin to end what is open. */
static void
stop(struct core *core, struct job *job, enum job_end end)
{
    job->end = (uint8_t)end;
    job->queue->shut = true;
    job->queue->emptied = true;
    job->swept = 0;
    job->sweeps = true;
    journal_job(core, job);
    life_touch(core, job->queue);
    jobs_touch(core, job);
}

void
jobs_died(struct core *core, struct job *job)
{
    const struct queue *q = job->queue;
    uint64_t failed = q->now[TASK_DEAD];
    uint64_t ended = q->accepted - queue_unfinished(q);

    if (job->halt == 0 || job->end > JOB_CLOSED) return;
    bool many = job->halt_count != 0 && failed >= job->halt_count;
    bool often = job->halt_percent != 0 && ended >= 3
                 && failed * 100 >= job->halt_percent * ended;
    if (!many && !often) return;
    char why[128];
    (void)snprintf(why, sizeof why,
        "%" PRIu64 " %s failed of %" PRIu64 " that ended", failed,
        failed == 1 ? "task" : "tasks", ended);
    free(job->halted);
    job->halted = strdup(why);
    stop(core, job, JOB_HALTED);
}

void
jobs_revived(struct core *core, struct job *job, struct task *t)
{
    size_t before = job->ends.memory;
    struct ends_place at = ends_at(&job->ends, ENDS_BY_SEQ, t->seq);

    CHECK(at.kind == ENDS_END);
    spare_again(job);
    ends_withdraw(&job->ends, at.is.end, t);
    count(core, job, before);
    if (journal_keeps(core, job->queue)) journal_drop(core, ROW_end, t->id);
    if (job->end > JOB_CLOSED) {
        if (job->ended != 0) heap_remove(&core->jobs.forget, &job->forget);
        job->ended = 0;
        job->end = JOB_CLOSED;
        job->sweeps = false;
        job->queue->emptied = false;
        free(job->halted);
        job->halted = NULL;
        journal_job(core, job);
    }
    jobs_touch(core, job);
}

/* ---- going --------------------------------------------------------------- */

void
jobs_close(struct core *core, struct job *job)
{
    if (job->end != JOB_OPEN) return;
    job->end = JOB_CLOSED;
    job->queue->shut = true;
    journal_job(core, job);
    life_touch(core, job->queue);
    jobs_touch(core, job);
}

void
jobs_cancel(struct core *core, struct job *job)
{
    if (job->end == JOB_CANCELLED || job->ended != 0) return;
    stop(core, job, JOB_CANCELLED);
}

void
jobs_leave(struct core *core, struct session *s)
{
    for (;;) {
        struct list *node = list_pop(&s->jobs);
        if (node == NULL) return;
        struct job *job = CONTAINER_OF(node, struct job, of_session);
        job->submitter = UINT32_MAX;
        jobs_close(core, job);
    }
}

void
jobs_orphan(struct core *core, struct session *s)
{
    LIST_FOREACH (node, after, &s->jobs) {
        struct job *job = CONTAINER_OF(node, struct job, of_session);
        job->orphan = job->queue->accepted == 0;
    }
    jobs_leave(core, s);
}

void
jobs_forget(struct core *core, struct job *job)
{
    CHECK(job->ended != 0);
    forget_names(core, job);
    heap_remove(&core->jobs.forget, &job->forget);
    list_remove(&job->of_session);
    list_remove(&job->due);
    list_remove(&job->order);
    list_remove(&job->spare);
    list_push(&core->jobs.forgotten, &job->order);
    lane_leave(core, job);
    job->end = JOB_FORGOTTEN;
    job->swept = 0;
    journal_job(core, job);
}

void
jobs_drop(struct core *core, struct job *job, struct end *e)
{
    size_t before = job->ends.memory;

    if (journal_keeps(core, job->queue)) journal_drop(core, ROW_end, e->task);
    files_drop(core, job, e->seq);
    ends_drop(&job->ends, e);
    count(core, job, before);
    journal_tally(core, job->queue);
    spare_look(core, job);
}

void
jobs_committed(struct core *core)
{
    list_splice(&core->jobs.due, &core->jobs.later);
}

tick_ns
jobs_next_deadline(const struct core *core)
{
    if (!list_is_empty(&core->jobs.due) || !list_is_empty(&core->jobs.forgotten)
        || spare_is_due(core)) {
        return core->born;
    }
    const struct heap_node *node = heap_peek(&core->jobs.forget);
    if (node == NULL) return TICK_NEVER;
    const struct job *job = CONTAINER_OF_CONST(node, struct job, forget);
    return tick_after(job->ended, job->keep);
}
