#include "master/core/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "master/core/ahead.h"
#include "master/core/inside.h"
#include "master/core/lane.h"
#include "master/core/place.h"
#include "master/core/queues.h"
#include "master/core/seek.h"
#include "master/core/show.h"
#include "master/core/totals.h"
#include "proto/record.h"

static uint64_t
since(tick_ns now, tick_ns then)
{
    return now > then ? (uint64_t)(now - then) : 0;
}

static uint64_t
until(tick_ns now, tick_ns then)
{
    return since(then, now);
}

/* ---- queues -------------------------------------------------------------- */

const struct queue *
view_queue(const struct core *core, uint64_t index)
{
    return index < core->queues_count ? core->queues[index] : NULL;
}

const struct queue *
view_queue_named(const struct core *core, struct slice name)
{
    return queues_find(core, name);
}

struct rec_queue_row
view_queue_row(const struct queue *q)
{
    const struct queue_sum *jobs = &q->of_jobs;

    return (struct rec_queue_row){
        .queue = slice_of(q->name),
        .kind = q->policy.kind,
        .max_tasks = queue_bound(q->policy.max_tasks),
        .max_bytes = queue_bound(q->policy.max_bytes),
        .shut = q->shut,
        .ready = q->now[TASK_READY],
        .delayed = q->now[TASK_DELAYED],
        .leased = q->now[TASK_LEASED],
        .bytes = q->bytes,
        .accepted = q->accepted,
        .done = q->now[TASK_DONE],
        .dead = q->now[TASK_DEAD],
        .cancelled = q->now[TASK_CANCELLED],
        .expired = q->now[TASK_EXPIRED],
        .failures = q->failures,
        .lost = q->lost,
        .timeouts = q->timeouts,
        .released = q->released,
        .getters = q->getters_count,
        .putters = q->putters_count,
        .lease_ns = (uint64_t)q->policy.lease,
        .attempts_max = q->policy.retry.attempts_max,
        .open_bytes = q->open_bytes,
        .durability = q->policy.durability,
        .workers = q->workers,
        .paused = q->paused,
        .running = q->now[TASK_LEASED] - q->ahead,
        .jobs_accepted = jobs->accepted,
        .jobs_ready = jobs->now[TASK_READY],
        .jobs_delayed = jobs->now[TASK_DELAYED],
        .jobs_leased = jobs->now[TASK_LEASED],
        .jobs_running = jobs->now[TASK_LEASED] - jobs->ahead,
        .jobs_done = jobs->now[TASK_DONE],
        .jobs_dead = jobs->now[TASK_DEAD],
        .jobs_cancelled = jobs->now[TASK_CANCELLED],
        .jobs_expired = jobs->now[TASK_EXPIRED],
        .jobs_failures = jobs->failures,
        .jobs_lost = jobs->lost,
        .jobs_timeouts = jobs->timeouts,
        .jobs_released = jobs->released,
    };
}

struct rec_queue_row
view_queue_whole(const struct queue *q)
{
    struct rec_queue_row row = view_queue_row(q);

    row.accepted += row.jobs_accepted;
    row.ready += row.jobs_ready;
    row.delayed += row.jobs_delayed;
    row.leased += row.jobs_leased;
    row.running += row.jobs_running;
    row.done += row.jobs_done;
    row.dead += row.jobs_dead;
    row.cancelled += row.jobs_cancelled;
    row.expired += row.jobs_expired;
    row.failures += row.jobs_failures;
    row.lost += row.jobs_lost;
    row.timeouts += row.jobs_timeouts;
    row.released += row.jobs_released;
    return row;
}

static bool
is_drained(const struct core *core, const struct session *s)
{
    return s->draining || (core->drains_all && s->kind == 1);
}

/* Of all queues at once, and now and then: who asks for a queue's size again
 * and again must not go through a crowd each time. */
void
view_count_workers(struct core *core, tick_ns now)
{
    enum { COUNTS_MS = 10 };

    if (core->workers_counted != 0
        && now - core->workers_counted < COUNTS_MS * TICK_MS) {
        return;
    }
    core->workers_counted = now;
    for (uint32_t i = 0; i < core->queues_count; i++)
        core->queues[i]->workers = 0;
    for (uint32_t i = 0; i < core->slots_count; i++) {
        const struct session *s = core->slots[i];
        if (s == NULL || !place_is_open(core, s)) continue;
        for (uint32_t k = 0; k < s->serves_count; k++)
            core->queues[s->serves[k]]->workers += 1;
    }
}

tick_ns
view_next_age(const struct queue *q, tick_ns now)
{
    const struct task *t = queue_peek(q);
    tick_ns own = t != NULL && now > t->born ? now - t->born : 0;
    tick_ns jobs = lane_age(q, now);

    return jobs > own ? jobs : own;
}

/* ---- jobs ---------------------------------------------------------------- */

struct job *
view_job(const struct core *core, uint64_t after)
{
    LIST_FOREACH (node, behind, &core->jobs.order) {
        struct job *job = CONTAINER_OF(node, struct job, order);
        if (job->number > after) return job;
    }
    return NULL;
}

struct job *
view_job_behind(const struct core *core, struct job *job)
{
    struct list *node = job->order.next;

    return node != &core->jobs.order ? CONTAINER_OF(node, struct job, order)
                                     : NULL;
}

uint64_t
view_job_state(const struct core *core, const struct job *job)
{
    enum { OPEN, RUNNING, DONE, HALTED, CANCELLED, ORPHANED };
    const uint64_t *tasks = job->queue->now;

    switch ((enum job_end)job->end) {
    case JOB_OPEN: {
        const struct session *s = core->slots[job->submitter];
        return s->state == SESSION_LIVE && !s->restored ? OPEN : ORPHANED;
    }
    case JOB_CLOSED:
        return RUNNING;
    case JOB_HALTED:
        return HALTED;
    case JOB_CANCELLED:
        return CANCELLED;
    case JOB_ENDED:
    case JOB_FORGOTTEN:
        break;
    }
    /* Purged, or cancelled one by one. */
    return tasks[TASK_CANCELLED] + tasks[TASK_EXPIRED] > 0 ? CANCELLED : DONE;
}

/* The words of the command with blanks between them. */
static struct slice
words_of(const struct job *job, char words[VIEW_WORDS_MAX])
{
    struct rec_command command;
    const char *where;

    if (job->command.length == 0) return slice_of("");
    struct cursor c = { job->command.bytes,
        job->command.bytes + job->command.length };
    if (record_read(&c, RECORD_command, &command, &where) != 0) {
        return slice_of("");
    }
    size_t length = command.argv.length - 1; /* The last NUL. */
    if (length > VIEW_WORDS_MAX) length = VIEW_WORDS_MAX;
    memcpy(words, command.argv.bytes, length);
    text_clean((uint8_t *)words, length);
    return (struct slice){ (uint8_t *)words, length };
}

struct rec_job_row
view_job_row(struct core *core, tick_ns now, const struct job *job,
    char words[VIEW_WORDS_MAX])
{
    const struct queue *q = job->queue;
    const struct key *owner = keyring_find(&core->keys, job->owner);
    bool has_ended = job->ended != 0;

    return (struct rec_job_row){
        .job = job->number,
        .queue = slice_of(job->parent->name),
        .name = slice_of(job->name),
        .owner = slice_of(owner != NULL ? owner->name : ""),
        .state = view_job_state(core, job),
        .paused = q->paused,
        .tasks = q->accepted,
        .ready = q->now[TASK_READY],
        .delayed = q->now[TASK_DELAYED],
        .running = q->now[TASK_LEASED] - q->ahead,
        .ahead = q->ahead,
        .done = q->now[TASK_DONE],
        .failed = q->now[TASK_DEAD],
        .cancelled = q->now[TASK_CANCELLED] + q->now[TASK_EXPIRED],
        .ends = job->ends.given,
        .running_max = job->running_max,
        .priority = job->priority,
        .age_ns = since(now, job->born),
        .ended_ns = has_ended ? since(now, job->ended) + 1 : 0,
        .keep_ns = (uint64_t)job->keep,
        .program = job->program,
        .handler = slice_of(job->handler),
        .command = words_of(job, words),
        .key = slice_of(job->key),
        .workers = has_ended ? 0 : lane_workers(core, now, job),
        .halt = slice_of(job->halted != NULL ? job->halted : ""),
    };
}

/* ---- peers --------------------------------------------------------------- */

const struct session *
view_peer(const struct core *core, uint64_t *slot)
{
    for (; *slot < core->slots_count; *slot += 1) {
        const struct session *s = core->slots[*slot];
        if (s != NULL && s->state != SESSION_GHOST && !s->leaving) return s;
    }
    return NULL;
}

/* Returns the length, or 0 where there is no room for it. */
static size_t
put_trait(const struct trait *t, char *out, size_t room)
{
    int length;

    if (strchr(t->value, ' ') != NULL) return 0;
    if (t->count > 0) {
        length = snprintf(out, room, "%s=%" PRIu64, t->name, t->count);
    } else {
        length = snprintf(out, room, "%s%s%s", t->name,
            t->value[0] != '\0' ? "=" : "", t->value);
    }
    return length > 0 && (size_t)length < room ? (size_t)length : 0;
}

static struct slice
traits_of(const struct session *s, char words[VIEW_WORDS_MAX])
{
    size_t at = 0;

    for (uint32_t i = 0; i < s->traits.count && at < VIEW_WORDS_MAX; i++) {
        size_t blank = at > 0 ? 1 : 0;
        size_t length = put_trait(&s->traits.traits[i], words + at + blank,
            VIEW_WORDS_MAX - at - blank);
        if (length == 0) continue;
        if (blank > 0) words[at] = ' ';
        at += blank + length;
    }
    text_clean((uint8_t *)words, at);
    return (struct slice){ (const uint8_t *)words, at };
}

struct rec_peer_row
view_peer_row(const struct core *core, tick_ns now, const struct session *s,
    char words[VIEW_WORDS_MAX])
{
    return (struct rec_peer_row){
        .name = slice_of(s->name),
        .host = slice_of(s->host),
        .pid = s->pid,
        .kind = s->kind,
        .key = slice_of(s->key->name),
        .alive = s->state == SESSION_LIVE && !s->restored,
        .slots = s->slots,
        .leased = s->leased,
        .done = s->done,
        .failed = s->failed,
        .silent_ns = since(now, s->heard),
        .age_ns = since(now, s->since),
        .draining = is_drained(core, s),
        .running = s->begun,
        .traits = traits_of(s, words),
    };
}

/* ---- tasks --------------------------------------------------------------- */

const struct task *
view_task(const struct core *core, uint64_t after)
{
    return task_table_next(&core->tasks, after);
}

const struct ended *
view_ended(const struct core *core, uint64_t index)
{
    if (index >= ENDED_MAX || index >= core->ended_count) return NULL;
    return &core->ended[(core->ended_count - 1 - index) % ENDED_MAX];
}

static uint64_t
wait_of(tick_ns now, const struct task *t)
{
    if (t->state == TASK_DELAYED) return until(now, t->is.due);
    if (t->state == TASK_LEASED) return until(now, t->is.lease->deadline);
    return 0;
}

/* What a lease and a job add. */
static void
add_rest(struct rec_task_row *row, tick_ns now, const struct task *t)
{
    if (t->queue->job != NULL) {
        row->queue = slice_of(t->queue->job->parent->name);
        row->job = t->queue->job->number;
        row->seq = t->seq;
        if (row->handler.length == 0) {
            row->handler = slice_of(t->queue->job->handler);
        }
    }
    if (t->more != NULL) {
        row->notes =
            (struct slice){ t->more->notes.bytes, t->more->notes.length };
    }
    if (t->state != TASK_LEASED) return;
    const struct lease *l = t->is.lease;
    row->running = !l->ahead;
    row->held_ns = since(now, l->since);
    if (l->progress == NULL) return;
    row->progress_done = l->progress->done;
    row->progress_total = l->progress->total;
    row->progress_text = slice_of(l->progress->text);
}

/* Its own, or that of its job. */
static struct slice
handler_of(const struct task *t)
{
    const struct task_more *more = t->more;

    if (more != NULL && more->handler[0] != '\0')
        return slice_of(more->handler);
    return slice_of(t->queue->job != NULL ? t->queue->job->handler : "");
}

struct rec_task_row
view_task_row(tick_ns now, const struct task *t)
{
    const struct task_more *more = t->more;
    const char *worker = more != NULL ? more->worker : "";
    const char *reason =
        more != NULL && more->reason != NULL ? more->reason : "";

    if (t->state == TASK_LEASED) worker = t->is.lease->session->name;
    struct rec_task_row row = {
        .task = t->id,
        .queue = slice_of(t->queue->name),
        .state = t->state,
        .priority = t->priority,
        .attempts = ahead_begun(t),
        .failures = t->failures,
        .lost = t->lost,
        .timeouts = t->timeouts,
        .released = t->released,
        .age_ns = since(now, t->born),
        .wait_ns = wait_of(now, t),
        .worker = slice_of(worker),
        .reason = slice_of(reason),
        .handler = handler_of(t),
        .bytes = t->size,
        .ended_ns =
            t->state == TASK_DEAD && more != NULL ? since(now, more->ended) : 0,
    };
    add_rest(&row, now, t);
    return row;
}

struct rec_task_row
view_ended_row(tick_ns now, const struct ended *e)
{
    return (struct rec_task_row){
        .task = e->task,
        .queue = slice_of(e->queue->name),
        .state = e->state,
        .priority = e->priority,
        .attempts = e->attempts,
        .failures = e->failures,
        .lost = e->lost,
        .timeouts = e->timeouts,
        .released = e->released,
        .age_ns = since(now, e->born),
        .worker = slice_of(e->worker),
        .bytes = e->size,
        .ended_ns = since(now, e->at),
    };
}

struct rec_task_row
view_end_row(const struct job *job, const struct end *e)
{
    const struct rec_end r = ends_record(e);
    struct rec_task_row row = {
        .task = r.task,
        .queue = slice_of(job->parent->name),
        .state = seek_state(r.code),
        .attempts = r.attempts,
        .worker = r.worker,
        .reason = r.reason,
        .handler = slice_of(job->handler),
        .bytes = r.size,
        .head = r.payload,
        .job = job->number,
        .seq = r.seq,
        .notes = r.notes,
    };

    if (row.head.bytes == NULL) row.head.length = 0;
    if (row.head.length > VIEW_WORDS_MAX) row.head.length = VIEW_WORDS_MAX;
    return row;
}

/* ---- all of it ----------------------------------------------------------- */

struct msg_master_row
view_master_row(struct core *core, tick_ns now)
{
    const struct core_totals *sum = totals_look(core);

    return (struct msg_master_row){
        .uptime_ns = since(now, core->born),
        .memory = sum->memory,
        .memory_max = core->config.memory_max,
        .queues = core->queues_count,
        .clients = sum->sessions_live - sum->workers,
        .workers = sum->workers,
        .slots = sum->slots,
        .ready = sum->ready,
        .delayed = sum->delayed,
        .leased = sum->leased,
        .running = sum->running,
        .accepted = sum->accepted,
        .done = sum->done,
        .dead = sum->dead,
        .cancelled = sum->cancelled,
        .expired = sum->expired,
        .software = slice_of(core->config.software),
        .durability =
            slice_of(core->config.durable
                         ? queue_durability_word(core->config.durability)
                         : queue_durability_word(QUEUE_MEMORY)),
        .disk_full = core->disk_full,
    };
}

const struct metrics *
view_metrics(const struct core *core)
{
    return &core->metrics;
}

struct news *
view_news(struct core *core)
{
    return &core->news;
}
