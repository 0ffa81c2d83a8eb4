#include "master/core/load.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/greet.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/load_job.h"
#include "master/core/load_schedule.h"
#include "master/core/load_task.h"
#include "master/core/outcome.h"
#include "master/core/pieces.h"
#include "master/core/queues.h"
#include "master/core/receipt.h"
#include "master/core/shared/load_objects.h"
#include "proto/record.h"

/* Serial numbers of sessions, ascending as they are loaded. */
struct known {
    uint64_t serial;
    struct session *session;
};

struct load {
    struct known *sessions; /* Owned. */
    size_t count, capacity;
    bool has_master;
};

void
load_fini(struct core *core)
{
    if (core->load == NULL) return;
    free(core->load->sessions);
    free(core->load);
    core->load = NULL;
}

void
load_abandon(struct core *core)
{
    if (core->load == NULL) return;
    for (struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        LIST_FOREACH (node, after, &s->leases) {
            struct lease *l = CONTAINER_OF(node, struct lease, of_session);
            l->task->state = TASK_READY;
            lease_end(&core->leases, l);
        }
        s->leased = 0;
    }
}

static uint64_t
at_least(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- sessions ------------------------------------------------------------ */

static bool
know(struct load *l, uint64_t serial, struct session *s)
{
    if (l->count == l->capacity) {
        size_t want = l->capacity == 0 ? 64 : l->capacity * 2;
        struct known *grown = realloc(l->sessions, want * sizeof *grown);
        if (grown == NULL) return false;
        l->sessions = grown;
        l->capacity = want;
    }
    l->sessions[l->count++] = (struct known){ serial, s };
    return true;
}

/* The session of a row; NULL when it is not kept (any more).  Its number is
 * never given again. */
static struct session *
session_of(struct core *core, uint64_t serial)
{
    const struct load *l = core->load;
    size_t low = 0, high = l->count;

    core->journal.sessions = at_least(core->journal.sessions, serial);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->sessions[middle].serial < serial) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == l->count || l->sessions[low].serial != serial) return NULL;
    return l->sessions[low].session;
}

static int
load_session(
    struct core *core, uint64_t serial, const struct rec_kept_session *row)
{
    struct key *key = keyring_find(&core->keys, row->public_key.bytes);
    struct session *s = NULL;

    core->journal.sessions = at_least(core->journal.sessions, serial);
    if (key == NULL || key->revoked) {
        journal_drop(core, ROW_session, serial);
        return 0;
    }
    int rc = greet_restore(core, 0, key, row, &s);
    if (rc != 0) return rc;
    s->serial = serial;
    return know(core->load, serial, s) ? 0 : STINT_ENOMEM;
}

/* ---- queues -------------------------------------------------------------- */

static uint64_t
unbound(uint64_t value)
{
    return value == 0 ? UINT64_MAX : value;
}

static int
load_queue(struct core *core, uint64_t id, const struct rec_kept_queue *row,
    const char **why)
{
    const struct queue_policy policy = {
        .kind = (uint8_t)row->kind,
        .durability = (uint8_t)row->durability,
        .max_tasks = unbound(row->max_tasks),
        .max_bytes = unbound(row->max_bytes),
        .lease = (tick_ns)row->lease_ns,
        .retry = {
            .attempts_max = (uint32_t)row->attempts_max,
            .delay_first = (tick_ns)row->backoff_ns,
            .delay_max = (tick_ns)row->backoff_max_ns,
        },
    };
    struct queue *q;

    if (row->job != 0) {
        int code = load_job_queue(core, id, row->job, &policy, &q, why);
        if (code == 0) q->paused = row->paused != 0;
        return code;
    }
    *why = "a queue is missing, or is there twice";
    if (id != core->queues_count || queues_find(core, row->queue) != NULL) {
        return STINT_EDAMAGED;
    }
    if (core->config.queues_max <= core->queues_count) {
        core->config.queues_max = core->queues_count + 1;
    }
    int rc = queues_restore(core, row->queue, &policy, &q);
    if (rc == STINT_EINVAL) return STINT_EDAMAGED;
    if (rc != 0) return rc;
    if (row->maker.length == PROTO_KEY_BYTES) {
        queues_made_by(q, keyring_find(&core->keys, row->maker.bytes));
    }
    q->shut = row->shut != 0;
    q->emptied = row->shut == 2;
    q->paused = row->paused != 0;
    return 0;
}

static struct queue *
queue_of(const struct core *core, uint64_t id)
{
    if ((id & JOB_QUEUES) != 0) {
        const struct job *job = jobs_find(core, id & ~(uint64_t)JOB_QUEUES);
        return job != NULL ? job->queue : NULL;
    }
    return id < core->queues_count ? core->queues[id] : NULL;
}

/* Until the end `accepted` is what the row says; what is there is counted. */
static int
load_tally(const struct core *core, uint64_t id,
    const struct rec_kept_tally *row, const char **why)
{
    struct queue *q = queue_of(core, id);

    *why = "a tally of no queue";
    if (q == NULL) return STINT_EDAMAGED;
    q->accepted = row->accepted;
    q->now[TASK_DONE] = row->done;
    q->now[TASK_CANCELLED] = row->cancelled;
    q->now[TASK_EXPIRED] = row->expired;
    q->failures = row->failures;
    q->lost = row->lost;
    q->timeouts = row->timeouts;
    q->released = row->released;
    q->gone = (struct queue_sum){
        .now = { [TASK_DONE] = row->gone_done,
            [TASK_CANCELLED] = row->gone_cancelled,
            [TASK_EXPIRED] = row->gone_expired },
        .accepted = row->gone_done + row->gone_cancelled + row->gone_expired,
        .failures = row->gone_failures,
        .lost = row->gone_lost,
        .timeouts = row->gone_timeouts,
        .released = row->gone_released,
    };
    if (q->job != NULL) {
        q->job->ends.dropped = row->dropped;
        q->job->ends.given = row->ends;
    }
    return 0;
}

/* ---- results and receipts ------------------------------------------------ */

static int
load_result(struct core *core, uint64_t id, const struct rec_kept_result *row)
{
    struct session *s = session_of(core, row->session);
    bool cold = row->result.length > TASK_INLINE && core->config.fetch != NULL
                && !load_task_has_room(core);
    const struct rec_result r = {
        .ref = row->ref,
        .task = id,
        .code = row->code,
        .attempts = row->attempts,
        .worker = row->worker,
        .result = { cold ? NULL : row->result.bytes, row->result.length },
    };

    core->tasks.last = at_least(core->tasks.last, id);
    if (s == NULL) {
        journal_drop(core, ROW_result, id);
        return 0;
    }
    return outcome_restore(core, s, &r) ? 0 : STINT_ENOMEM;
}

static int
load_receipt(struct core *core, uint64_t id, const struct rec_kept_receipt *row)
{
    struct session *s = session_of(core, row->session);

    core->journal.receipts = at_least(core->journal.receipts, id);
    if (s == NULL) {
        journal_drop(core, ROW_receipt, id);
        return 0;
    }
    return receipt_add(s, id, row) ? 0 : STINT_ENOMEM;
}

/* A job that is not there was being forgotten. */
static int
load_file(struct core *core, uint64_t id, const struct rec_kept_file *row,
    const char **why)
{
    struct job *job = jobs_find(core, row->job);

    if (job != NULL) return pieces_load(core, job, id, row, why);
    core->files.rows = id;
    journal_drop(core, ROW_file, id);
    return 0;
}

/* ---- all ----------------------------------------------------------------- */

static int
load_master(
    struct core *core, const struct rec_kept_master *row, const char **why)
{
    struct journal *j = &core->journal;

    *why = "its rows are of another version of stint";
    if (row->format != JOURNAL_FORMAT) return STINT_EFORMAT;
    memcpy(j->id, row->id.bytes, sizeof j->id);
    memcpy(j->secret, row->secret.bytes, sizeof j->secret);
    j->starts = row->starts < INT64_MAX ? row->starts + 1 : INT64_MAX;
    j->before = row->start != 0 ? row->start : row->starts;
    core->load->has_master = true;
    return 0;
}

static void
load_clock(struct core *core, const struct rec_kept_clock *row)
{
    struct core_clock *clock = &core->journal.clock;

    clock->tick = (tick_ns)row->tick;
    clock->wall = row->wall;
    clock->boottime = row->boottime;
    memcpy(clock->boot, row->boot.bytes, sizeof clock->boot);
}

union record {
#define ROW(name, number, record) struct rec_##record name;
#include "proto/messages.def"
};

static int
take(struct core *core, const struct row *row, const union record *r,
    const char **why)
{
    switch ((enum row_kind)row->kind) {
    case ROW_master:
        return load_master(core, &r->master, why);
    case ROW_last:
        /* Not before the tasks, which come in order. */
        core->journal.last = r->last.task;
        core->journal.last_job = core->jobs.last = r->last.job;
        return 0;
    case ROW_clock:
        load_clock(core, &r->clock);
        return 0;
    case ROW_queue:
        return load_queue(core, row->id, &r->queue, why);
    case ROW_tally:
        return load_tally(core, row->id, &r->tally, why);
    case ROW_session:
        return load_session(core, row->id, &r->session);
    case ROW_task:
        return load_task(core, row->id, &r->task, queue_of(core, r->task.queue),
            session_of(core, r->task.session), why);
    case ROW_state:
        return load_task_state(
            core, row->id, &r->state, session_of(core, r->state.holder), why);
    case ROW_result:
        return load_result(core, row->id, &r->result);
    case ROW_receipt:
        return load_receipt(core, row->id, &r->receipt);
    case ROW_job:
        return load_job_row(core, row->id, &r->job,
            queue_of(core, r->job.parent), session_of(core, r->job.session),
            why);
    case ROW_end:
        return load_job_end(core, row->id, &r->end, why);
    case ROW_file:
        return load_file(core, row->id, &r->file, why);
    case ROW_object:
        return load_objects_row(core, row->id, &r->object, why);
    case ROW_hold:
        return load_objects_hold(
            core, row->id, &r->hold, session_of(core, r->hold.session), why);
    case ROW_entry:
        return load_objects_entry(core, row->id, &r->entry, why);
    case ROW_schedule:
        return load_schedule(core, row->id, &r->schedule,
            queue_of(core, r->schedule.queue), why);
    case ROW_due:
        return load_schedule_due(core, row->id, &r->due, why);
    }
    return STINT_EFORMAT;
}

static int
type_of(unsigned kind)
{
    switch (kind) {
#define ROW(name, number, record) \
    case ROW_##name:              \
        return RECORD_##record;
#include "proto/messages.def"
    default:
        return -1;
    }
}

int
load_row(struct core *core, const struct row *row, const char **why)
{
    struct cursor c = { row->value.bytes,
        row->value.bytes + row->value.length };
    int type = type_of(row->kind);
    union record r;

    if (core->load == NULL) core->load = calloc(1, sizeof *core->load);
    if (core->load == NULL) return STINT_ENOMEM;
    *why = "a row of a kind that this version does not know";
    if (type < 0) return STINT_EFORMAT;
    if (record_read(&c, (enum record_type)type, &r, why) != 0) {
        return STINT_EDAMAGED;
    }
    *why = "the first row is not the master's";
    if (!core->load->has_master && row->kind != ROW_master) {
        return STINT_EDAMAGED;
    }
    return take(core, row, &r, why);
}

/* I2: what was accepted is there, or has ended.  Tasks that were placed were
 * counted as if they were new. */
static bool
agrees(struct queue *q)
{
    uint64_t sum = 0;

    q->accepted -= queue_unfinished(q) + q->now[TASK_DEAD];
    for (int state = 0; state < TASK_STATES; state++)
        sum += q->now[state];
    return sum == q->accepted;
}

/* Every task into its place; then the counts are compared. */
static int
place_all(struct core *core, const char **why)
{
    bool all = true;

    for (struct task *t = task_table_next(&core->tasks, 0); t != NULL;
         t = task_table_next(&core->tasks, t->id)) {
        life_restore(core, t);
    }
    load_fini(core);
    for (uint32_t i = 0; i < core->queues_count; i++)
        all = agrees(core->queues[i]) && all;
    LIST_FOREACH (node, after, &core->jobs.order) {
        all = agrees(CONTAINER_OF(node, struct job, order)->queue) && all;
    }
    *why = "the tasks that are there are not those that were counted";
    return all ? load_job_settle(core, why) : STINT_EDAMAGED;
}

/* What was loaded counted from 0, as the clock is known only now.  Moved alike,
 * leases and alarms keep their order. */
static void
start_time(struct core *core, tick_ns now)
{
    core->born = now;
    for (struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        s->since = now;
        s->heard = tick_after(now, s->heard);
        s->alarm_at = tick_after(now, s->alarm_at);
        LIST_FOREACH (node, after, &s->leases) {
            struct lease *l = CONTAINER_OF(node, struct lease, of_session);
            l->since = now; /* As far as this start knows. */
            l->deadline = tick_after(now, l->deadline);
        }
    }
}

int
load_end(struct core *core, tick_ns now, const char **why)
{
    struct journal *j = &core->journal;

    if (core->load != NULL) {
        core->tasks.last = at_least(core->tasks.last, j->last);
        j->last = core->tasks.last;
        int rc = place_all(core, why);
        if (rc == 0) rc = load_objects_settle(core, why);
        if (rc != 0) return rc;
        load_schedule_settle(core);
        start_time(core, now);
    }
    if (core->config.durable) journal_master(core);
    return 0;
}
