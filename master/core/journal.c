#include "master/core/journal.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/inside.h"
#include "proto/record.h"

enum { DROPS_MAX = 64 << 10 };

/* A sync takes milliseconds, on a busy disk a hundred. */
static const tick_ns STUCK = TICK_S;

void
journal_init(struct core *core)
{
    struct journal *j = &core->journal;
    const uint64_t draws[] = { chance_draw(&core->chance),
        chance_draw(&core->chance), chance_draw(&core->chance),
        chance_draw(&core->chance) };

    *j = (struct journal){ .filling = 1, .starts = 1 };
    memcpy(&j->start, core->config.master, sizeof j->start);
    j->start &= INT64_MAX;
    buf_init(&j->ops);
    list_init(&j->tallies);
    memcpy(j->id, draws, sizeof j->id);
    memcpy(j->secret, draws + 2, sizeof j->secret);
}

void
journal_fini(struct core *core)
{
    buf_fini(&core->journal.ops);
    free(core->journal.warm);
}

bool
journal_keeps(const struct core *core, const struct queue *q)
{
    return core->config.durable && q->policy.durability != QUEUE_MEMORY;
}

/* ---- gates --------------------------------------------------------------- */

uint64_t
journal_gate(const struct core *core)
{
    return core->journal.filling;
}

static bool
is_empty(const struct journal *j)
{
    return !j->due && list_is_empty(&j->tallies);
}

bool
journal_is_open(const struct core *core, uint64_t gate)
{
    const struct journal *j = &core->journal;

    if (gate <= j->committed) return true;
    return j->committed + 1 == j->filling && is_empty(j) && !j->failed;
}

/* ---- rows ---------------------------------------------------------------- */

static void
put(struct core *core, enum row_kind kind, uint64_t id, enum record_type type,
    const void *record)
{
    struct buf *b = &core->journal.ops;
    size_t begun = row_begin(b, kind, id);

    record_write(b, type, record);
    row_end(b, begun);
    core->journal.due = true;
}

void
journal_put(struct core *core, enum row_kind kind, uint64_t id,
    enum record_type type, const void *record, bool sync)
{
    put(core, kind, id, type, record);
    if (sync) core->journal.sync = true;
}

void
journal_drop(struct core *core, unsigned kind, uint64_t id)
{
    row_delete(&core->journal.ops, kind, id);
}

void
journal_master(struct core *core)
{
    struct journal *j = &core->journal;

    put(core, ROW_master, 1, RECORD_kept_master,
        &(struct rec_kept_master){
            .format = JOURNAL_FORMAT,
            .id = { j->id, sizeof j->id },
            .secret = { j->secret, sizeof j->secret },
            .starts = j->starts,
            .start = j->start,
        });
    j->sync = true;
}

void
journal_queue(struct core *core, struct queue *q)
{
    const struct queue_policy *p = &q->policy;

    if (!core->config.durable) return;
    /* Of a job that lives in memory nothing is written at all. */
    if (q->job != NULL && !journal_keeps(core, q)) return;
    put(core, ROW_queue, q->index, RECORD_kept_queue,
        &(struct rec_kept_queue){
            .queue = slice_of(q->name),
            .maker = { q->maker != NULL ? q->maker->public_key : NULL,
                q->maker != NULL ? PROTO_KEY_BYTES : 0 },
            .kind = p->kind,
            .max_tasks = queue_bound(p->max_tasks),
            .max_bytes = queue_bound(p->max_bytes),
            .lease_ns = (uint64_t)p->lease,
            .attempts_max = p->retry.attempts_max,
            .backoff_ns = (uint64_t)p->retry.delay_first,
            .backoff_max_ns = (uint64_t)p->retry.delay_max,
            .durability = p->durability,
            .shut = q->shut ? 1 + (uint64_t)q->emptied : 0,
            .job = q->job != NULL ? q->job->number : 0,
            .paused = q->paused,
        });
    core->journal.sync = true;
}

void
journal_tally(struct core *core, struct queue *q)
{
    if (journal_keeps(core, q) && list_is_empty(&q->tallied)) {
        list_push(&core->journal.tallies, &q->tallied);
    }
}

static void
write_tally(struct core *core, const struct queue *q)
{
    put(core, ROW_tally, q->index, RECORD_kept_tally,
        &(struct rec_kept_tally){
            .accepted = q->accepted,
            .done = q->now[TASK_DONE],
            .cancelled = q->now[TASK_CANCELLED],
            .expired = q->now[TASK_EXPIRED],
            .failures = q->failures,
            .lost = q->lost,
            .timeouts = q->timeouts,
            .released = q->released,
            .dropped = q->job != NULL ? q->job->ends.dropped : 0,
            .ends = q->job != NULL ? q->job->ends.given : 0,
            .gone_done = q->gone.now[TASK_DONE],
            .gone_cancelled = q->gone.now[TASK_CANCELLED],
            .gone_expired = q->gone.now[TASK_EXPIRED],
            .gone_failures = q->gone.failures,
            .gone_lost = q->gone.lost,
            .gone_timeouts = q->gone.timeouts,
            .gone_released = q->gone.released,
        });
}

/* The serial of a session that a row names. */
static uint64_t
serial_of(struct core *core, struct session *s)
{
    if (s->serial != 0) return s->serial;
    s->serial = ++core->journal.sessions;
    put(core, ROW_session, s->serial, RECORD_kept_session,
        &(struct rec_kept_session){
            .session = { s->id, sizeof s->id },
            .public_key = { s->key->public_key, PROTO_KEY_BYTES },
            .kind = s->kind,
            .name = slice_of(s->name),
            .host = slice_of(s->host),
            .pid = s->pid,
            .slots = s->slots,
        });
    return s->serial;
}

uint64_t
journal_serial(struct core *core, struct session *s)
{
    return serial_of(core, s);
}

void
journal_session_gone(struct core *core, struct session *s)
{
    if (s->serial != 0) journal_drop(core, ROW_session, s->serial);
    s->serial = 0;
}

/* ---- tasks --------------------------------------------------------------- */

/* Large payloads leave the memory, when that is half full, as soon as they are
 * on the disk.  Without memory for the ring this one stays. */
static void
note_warm(struct core *core, const struct task *t)
{
    struct journal *j = &core->journal;

    if (t->size <= TASK_INLINE || core->config.fetch == NULL
        || core->memory < core->config.memory_max / 2) {
        return;
    }
    if (j->warm_count == j->warm_capacity) {
        uint32_t want = j->warm_capacity == 0 ? 64 : j->warm_capacity * 2;
        struct journal_warm *grown = malloc(want * sizeof *grown);
        if (grown == NULL) return;
        for (uint32_t i = 0; i < j->warm_count; i++) {
            grown[i] = j->warm[(j->warm_first + i) % j->warm_capacity];
        }
        free(j->warm);
        j->warm = grown;
        j->warm_capacity = want;
        j->warm_first = 0;
    }
    j->warm[(j->warm_first + j->warm_count++) % j->warm_capacity] =
        (struct journal_warm){ t->id, j->filling };
}

void
journal_task(struct core *core, struct task *t)
{
    if (!journal_keeps(core, t->queue)) return;

    struct session *s = t->ref != 0 ? core->slots[t->submitter] : NULL;
    put(core, ROW_task, t->id, RECORD_kept_task,
        &(struct rec_kept_task){
            .queue = t->queue->index,
            .session = s != NULL ? serial_of(core, s) : 0,
            .ref = t->ref,
            .priority = t->priority,
            .born = t->born,
            .due = t->state == TASK_DELAYED ? t->is.due : 0,
            .expires = t->more != NULL ? t->more->expires : TICK_NEVER,
            .attempts_max = t->more != NULL ? t->more->attempts_max : 0,
            .handler = slice_of(t->more != NULL ? t->more->handler : ""),
            .payload = task_payload(t),
            .seq = t->seq,
            .once = t->more != NULL && t->more->once,
        });
    note_warm(core, t);
    journal_tally(core, t->queue);
}

void
journal_state(struct core *core, struct task *t)
{
    const struct task_more *more = t->more;

    if (!journal_keeps(core, t->queue)) return;
    struct rec_kept_state row = {
        .attempts = t->attempts,
        .due = t->state == TASK_DELAYED ? t->is.due : 0,
        .failures = t->failures,
        .lost = t->lost,
        .timeouts = t->timeouts,
        .released = t->released,
        .undelivered = t->undelivered,
        .unbegun = t->unbegun,
        .dead = t->state == TASK_DEAD,
    };
    if (t->state == TASK_LEASED) {
        /* Its end cannot come before the commit: match.c. */
        if (!job_is_once(t)) core->journal.granted = true;
        if (job_is_once(t) && t->queue->policy.durability == QUEUE_SYNCED)
            core->journal.sync = true;
        row.holder = serial_of(core, t->is.lease->session);
        row.start = t->is.lease->start;
        row.lease_ns = (uint64_t)t->is.lease->length;
    }
    if (more != NULL) {
        row.ended = more->ended;
        row.worker = slice_of(more->worker);
        if (more->reason != NULL) row.reason = slice_of(more->reason);
        row.notes = (struct slice){ more->notes.bytes, more->notes.length };
        row.forgiven = more->forgiven;
    }
    put(core, ROW_state, t->id, RECORD_kept_state, &row);
    t->is_stated = true;
    journal_tally(core, t->queue);
}

void
journal_gone(struct core *core, struct task *t)
{
    if (!journal_keeps(core, t->queue)) return;
    core->journal.ended = true;
    journal_drop(core, ROW_task, t->id);
    if (t->is_stated) journal_drop(core, ROW_state, t->id);
    journal_tally(core, t->queue);
}

/* ---- files of jobs ------------------------------------------------------- */

void
journal_file(struct core *core, const struct queue *q, uint64_t id,
    const struct rec_kept_file *piece)
{
    if (q->policy.durability == QUEUE_SYNCED) core->journal.sync = true;
    put(core, ROW_file, id, RECORD_kept_file, piece);
}

/* ---- jobs ---------------------------------------------------------------- */

void
journal_job(struct core *core, struct job *job)
{
    struct session *s =
        job->submitter != UINT32_MAX ? core->slots[job->submitter] : NULL;
    struct buf needs;

    if (!journal_keeps(core, job->queue)) return;
    buf_init(&needs);
    needs_write(&job->needs, &needs);
    if (needs.failed) core->journal.failed = true;
    put(core, ROW_job, job->number, RECORD_kept_job,
        &(struct rec_kept_job){
            .queue = job->queue->index,
            .parent = job->parent->index,
            .name = slice_of(job->name),
            .key = slice_of(job->key),
            .owner = { job->owner, PROTO_KEY_BYTES },
            .program = job->program,
            .handler = slice_of(job->handler),
            .command = job->command,
            .timeout_ns = (uint64_t)job->timeout,
            .running_max = job->running_max,
            .halt = job->halt,
            .halt_count = job->halt_count,
            .halt_percent = job->halt_percent,
            .priority = job->priority,
            .keep_ns = (uint64_t)job->keep,
            .expires = job->expires,
            .needs = { needs.bytes, needs.length },
            .born = job->born,
            .end = job->end,
            .ended = job->ended,
            .halted = slice_of(job->halted != NULL ? job->halted : ""),
            .session = s != NULL ? serial_of(core, s) : 0,
            .request = job->request,
            .losses_plus_one = (uint64_t)job->losses + 1,
        });
    buf_fini(&needs);
    if (job->queue->policy.durability == QUEUE_SYNCED)
        core->journal.sync = true;
}

void
journal_end(struct core *core, const struct job *job, const struct rec_end *r)
{
    if (!journal_keeps(core, job->queue)) return;
    if (job->queue->policy.durability == QUEUE_SYNCED)
        core->journal.sync = true;
    put(core, ROW_end, r->task, RECORD_kept_end,
        &(struct rec_kept_end){
            .job = job->number,
            .seq = r->seq,
            .number = r->number,
            .code = r->code,
            .attempts = r->attempts,
            .unbegun = r->unbegun,
            .worker = r->worker,
            .reason = r->reason,
            .notes = r->notes,
            .payload = r->payload,
            .output = r->output,
            .size = r->size,
        });
    journal_tally(core, job->queue);
}

/* ---- results and answers ------------------------------------------------- */

void
journal_result(struct core *core, const struct queue *q, struct session *s,
    const struct rec_result *r)
{
    if (q->policy.durability == QUEUE_SYNCED) core->journal.sync = true;
    put(core, ROW_result, r->task, RECORD_kept_result,
        &(struct rec_kept_result){
            .session = serial_of(core, s),
            .ref = r->ref,
            .code = r->code,
            .attempts = r->attempts,
            .worker = r->worker,
            .result = r->result,
        });
}

uint64_t
journal_receipt(
    struct core *core, struct session *s, struct rec_kept_receipt *r, bool sync)
{
    uint64_t id = ++core->journal.receipts;

    r->session = serial_of(core, s);
    put(core, ROW_receipt, id, RECORD_kept_receipt, r);
    if (sync) core->journal.sync = true;
    return id;
}

/* ---- reading back -------------------------------------------------------- */

uint64_t
journal_nonce(
    const struct core *core, uint64_t task, uint64_t attempt, uint64_t start)
{
    return chance_of(core->journal.secret, task, attempt, start) >> 1;
}

/* Returns false when it cannot be read. */
static bool
fetch(struct core *core, unsigned kind, uint64_t id, struct cursor *c)
{
    struct buf *b = &core->fetched;

    buf_clear(b);
    if (core->config.fetch == NULL
        || !core->config.fetch(core->config.fetch_arg, kind, id, b)
        || b->failed) {
        return false;
    }
    *c = (struct cursor){ b->bytes, b->bytes + b->length };
    return true;
}

bool
journal_fetch_end(struct core *core, uint64_t task, struct slice *payload,
    struct slice *output)
{
    struct rec_kept_end row;
    struct cursor c;
    const char *where;

    if (!fetch(core, ROW_end, task, &c)
        || record_read(&c, RECORD_kept_end, &row, &where) != 0) {
        return false;
    }
    *payload = row.payload;
    *output = row.output;
    return true;
}

bool
journal_fetch(struct core *core, unsigned kind, uint64_t id, struct slice *out)
{
    const char *where;
    struct cursor c;
    union {
        struct rec_kept_task task;
        struct rec_kept_result result;
        struct rec_kept_file file;
    } row;

    if (!fetch(core, kind, id, &c)) return false;
    if (kind == ROW_task) {
        if (record_read(&c, RECORD_kept_task, &row, &where) != 0) return false;
        *out = row.task.payload;
    } else if (kind == ROW_file) {
        if (record_read(&c, RECORD_kept_file, &row, &where) != 0) return false;
        *out = row.file.bytes;
    } else {
        if (record_read(&c, RECORD_kept_result, &row, &where) != 0) {
            return false;
        }
        *out = row.result.result;
    }
    return true;
}

bool
journal_has_end(const struct core *core, const struct end *e)
{
    return !e->cold || e->batch <= core->journal.committed;
}

/* ---- batches ------------------------------------------------------------- */

static void
finish(struct core *core)
{
    struct journal *j = &core->journal;

    for (;;) {
        struct list *node = list_pop(&j->tallies);
        if (node == NULL) break;
        write_tally(core, CONTAINER_OF(node, struct queue, tallied));
    }
    if (j->last != core->tasks.last || j->last_job != core->jobs.last) {
        j->last = core->tasks.last;
        j->last_job = core->jobs.last;
        put(core, ROW_last, 1, RECORD_kept_last,
            &(struct rec_kept_last){ .task = j->last, .job = j->last_job });
    }
    put(core, ROW_clock, 1, RECORD_kept_clock,
        &(struct rec_kept_clock){
            .tick = (uint64_t)(j->clock.tick > 0 ? j->clock.tick : 0),
            .wall = j->clock.wall,
            .boottime = j->clock.boottime,
            .boot = { j->clock.boot, sizeof j->clock.boot },
        });
}

bool
journal_take(struct core *core, struct core_batch *batch)
{
    struct journal *j = &core->journal;

    if (!core->config.durable || j->committed + 1 != j->filling) return false;
    /* What is only dropped can wait for company. */
    if (is_empty(j) && j->ops.length < DROPS_MAX) return false;
    finish(core);
    /* Without memory there is no telling what is missing: this master must not
     * go on, and nothing that waits for this batch ever leaves. */
    if (j->ops.failed) j->failed = true;
    if (j->failed) return false;
    *batch = (struct core_batch){
        .ops = j->ops, .number = j->filling, .sync = j->sync
    };
    buf_init(&j->ops);
    j->filling += 1;
    j->sync = j->due = j->granted = j->ended = false;
    return true;
}

static void
chill(struct core *core, uint64_t number)
{
    struct journal *j = &core->journal;

    while (j->warm_count > 0 && j->warm[j->warm_first].batch <= number) {
        struct task *t =
            task_table_find(&core->tasks, j->warm[j->warm_first].task);
        j->warm_first = (j->warm_first + 1) % j->warm_capacity;
        j->warm_count -= 1;
        if (t == NULL) continue;
        core->memory -= task_memory(t);
        task_chill(t);
        core->memory += task_memory(t);
    }
}

void
journal_committed(struct core *core, uint64_t number)
{
    CHECK(number == core->journal.committed + 1);
    CHECK(number < core->journal.filling);
    core->journal.committed = number;
    list_splice(&core->sending, &core->gated);
    chill(core, number);
}

/* ---- a disk that does not go on ------------------------------------------ */

void
journal_tick(struct core *core, tick_ns now)
{
    struct journal *j = &core->journal;
    bool idle = j->committed + 1 == j->filling;

    if (idle || j->committed != j->watched) j->moved = now;
    j->watched = j->committed;
    j->stuck = now - j->moved >= STUCK;
}

bool
journal_is_stuck(const struct core *core)
{
    return core->journal.stuck;
}
