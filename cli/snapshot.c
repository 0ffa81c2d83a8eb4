#include "cli/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/mem.h"
#include "cli/value.h"

static const char *
keep(struct snapshot *shot, const char *text)
{
    if (text == NULL) return "";
    if (shot->text_count == shot->text_room) {
        shot->text_room = shot->text_room * 2 + 64;
        shot->texts =
            mem_grow(shot->texts, shot->text_room, sizeof(*shot->texts));
    }
    return shot->texts[shot->text_count++] = mem_copy(text);
}

/* Room for one more element. */
static void *
extend(void *rows, size_t count, size_t *room, size_t size)
{
    if (count < *room) return rows;
    *room = *room * 2 + 16;
    return mem_grow(rows, *room, size);
}

struct stint_queue_row
snapshot_queue(const struct stint_queue_row *row)
{
    const struct stint_queue_jobs *jobs = &row->jobs;
    struct stint_queue_row q = *row;

    q.accepted += jobs->accepted;
    q.ready += jobs->ready;
    q.delayed += jobs->delayed;
    q.leased += jobs->leased;
    q.running += jobs->running;
    q.done += jobs->done;
    q.dead += jobs->dead;
    q.cancelled += jobs->cancelled;
    q.expired += jobs->expired;
    q.failures += jobs->failures;
    q.lost += jobs->lost;
    q.timeouts += jobs->timeouts;
    q.released += jobs->released;
    return q;
}

void
snapshot_add_queue(struct snapshot *shot, const struct stint_queue_row *row)
{
    struct stint_queue_row *q;

    shot->queues =
        extend(shot->queues, shot->queue_count, &shot->queue_room, sizeof(*q));
    q = &shot->queues[shot->queue_count++];
    *q = snapshot_queue(row);
    q->name = keep(shot, row->name);
    q->durability = keep(shot, row->durability);
}

void
snapshot_add_worker(struct snapshot *shot, const struct stint_peer_row *row)
{
    struct stint_peer_row *w;

    if (snapshot_is_gone(row)) {
        shot->gone++;
        return;
    }
    shot->workers = extend(
        shot->workers, shot->worker_count, &shot->worker_room, sizeof(*w));
    w = &shot->workers[shot->worker_count++];
    *w = *row;
    w->name = keep(shot, row->name);
    w->host = keep(shot, row->host);
    w->key = keep(shot, row->key);
    w->traits = keep(shot, row->traits);
}

void
snapshot_add_job(struct snapshot *shot, const struct stint_job_row *row)
{
    struct stint_job_row *j;

    shot->jobs =
        extend(shot->jobs, shot->job_count, &shot->job_room, sizeof(*j));
    j = &shot->jobs[shot->job_count++];
    *j = *row;
    j->queue = keep(shot, row->queue);
    j->name = keep(shot, row->name);
    j->owner = keep(shot, row->owner);
    j->key = keep(shot, row->key);
    j->handler = keep(shot, row->handler);
    j->command = keep(shot, row->command);
    j->halt = keep(shot, row->halt);
}

/* ---- order and rates ----------------------------------------------------- */

bool
snapshot_is_gone(const struct stint_peer_row *peer)
{
    return !peer->alive && peer->leased == 0;
}

bool
snapshot_job_goes_on(const struct stint_job_row *job)
{
    return job->ended_ns == 0;
}

const char *
snapshot_job_state(const struct stint_job_row *job)
{
    static const char *const names[] = { "open", "running", "done", "halted",
        "cancelled", "orphaned" };

    return job->paused && snapshot_job_goes_on(job) ? "paused"
                                                    : names[job->state];
}

static int
compare_jobs(const void *left, const void *right)
{
    const struct stint_job_row *a = left, *b = right;
    bool a_goes = snapshot_job_goes_on(a), b_goes = snapshot_job_goes_on(b);

    if (a_goes != b_goes) return a_goes ? -1 : 1;
    return a->job > b->job ? -1 : a->job < b->job;
}

/* What happens is seen within RATE_S; an end that is told should not jump.  Of
 * two looks right behind each other the second says nothing. */
static const double rate_s = 2, pace_s = 15, look_s = 0.5;

/* `was` with what is now, the more of it the longer that was. */
static double
smooth(double was, double is, double seconds, double over_s)
{
    double mixed = was + (is - was) * seconds / (seconds + over_s);

    return mixed < 1e-4 ? 0 : mixed;
}

static double
rise(uint64_t now, uint64_t before, double seconds)
{
    return now > before ? (double)(now - before) / seconds : 0;
}

static double
rate_of(uint64_t now, uint64_t before, double was, double seconds)
{
    double is = rise(now, before, seconds);

    return was <= 0 && seconds >= look_s ? is
                                         : smooth(was, is, seconds, rate_s);
}

/* From its beginning on, where no earlier look knows better. */
static double
mean_pace(const struct stint_job_row *job)
{
    return job->age_ns > 0 ? (double)job->ends * 1e9 / (double)job->age_ns : 0;
}

/* A job that has just begun has no past that counts. */
static double
pace_time(const struct stint_job_row *job)
{
    double age = (double)job->age_ns / 1e9;

    return age < pace_s ? age : pace_s;
}

static void
find_job_rate(struct snapshot *shot, const struct snapshot *before, size_t i,
    double seconds)
{
    uint64_t ends = shot->jobs[i].ends;

    for (size_t j = 0; j < before->job_count; j++) {
        const struct stint_job_row *was = &before->jobs[j];

        if (was->job != shot->jobs[i].job) continue;
        shot->job_rates[i] =
            rate_of(ends, was->ends, before->job_rates[j], seconds);
        shot->job_paces[i] = smooth(before->job_paces[j],
            rise(ends, was->ends, seconds), seconds, pace_time(was));
    }
}

static uint64_t
ended_of(const struct stint_queue_row *q)
{
    return q->done + q->dead + q->cancelled + q->expired;
}

static void
find_queue_rate(struct snapshot *shot, const struct snapshot *before, size_t i,
    double seconds)
{
    for (size_t j = 0; j < before->queue_count; j++)
        if (strcmp(before->queues[j].name, shot->queues[i].name) == 0)
            shot->queue_rates[i] = rate_of(ended_of(&shot->queues[i]),
                ended_of(&before->queues[j]), before->queue_rates[j], seconds);
}

static uint64_t
ended_in_all(const struct stint_status *st)
{
    return st->done + st->dead + st->cancelled + st->expired;
}

void
snapshot_finish(struct snapshot *shot, const struct snapshot *before)
{
    /* Ended jobs, which can be many, have no rate; the others come first. */
    enum { RATES_MAX = 200 };
    double seconds;

    if (shot->job_count > 1)
        qsort(shot->jobs, shot->job_count, sizeof(*shot->jobs), compare_jobs);
    shot->job_rates = mem_new(shot->job_count + 1, sizeof(double));
    shot->job_paces = mem_new(shot->job_count + 1, sizeof(double));
    for (size_t i = 0; i < shot->job_count; i++)
        shot->job_paces[i] = mean_pace(&shot->jobs[i]);
    shot->queue_rates = mem_new(shot->queue_count + 1, sizeof(double));
    if (before == NULL || shot->taken_ms <= before->taken_ms) return;
    seconds = (double)(shot->taken_ms - before->taken_ms) / 1e3;
    shot->rate = rate_of(ended_in_all(&shot->status),
        ended_in_all(&before->status), before->rate, seconds);
    for (size_t i = 0; i < shot->job_count && i < RATES_MAX; i++)
        if (snapshot_job_goes_on(&shot->jobs[i]))
            find_job_rate(shot, before, i, seconds);
    for (size_t i = 0; i < shot->queue_count && i < RATES_MAX; i++)
        find_queue_rate(shot, before, i, seconds);
}

/* ---- as JSON ------------------------------------------------------------- */

static json_t *
json_status(const struct stint_status *st)
{
    return json_pack("{s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
        "software", st->software, "up", (double)st->uptime_ns / 1e9, "memory",
        (json_int_t)st->memory, "workers", (json_int_t)st->workers, "slots",
        (json_int_t)st->slots, "ready", (json_int_t)st->ready, "delayed",
        (json_int_t)st->delayed, "leased", (json_int_t)st->leased, "running",
        (json_int_t)st->running, "done", (json_int_t)st->done, "dead",
        (json_int_t)st->dead);
}

static json_t *
json_queue(const struct stint_queue_row *q)
{
    const struct stint_queue_jobs *jobs = &q->jobs;

    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I}",
        "queue", q->name, "ready", (json_int_t)q->ready, "delayed",
        (json_int_t)q->delayed, "leased", (json_int_t)q->leased, "running",
        (json_int_t)q->running, "done", (json_int_t)q->done, "dead",
        (json_int_t)q->dead, "workers", (json_int_t)q->workers, "paused",
        (int)q->paused, "jobs_tasks",
        (json_int_t)(jobs->ready + jobs->delayed + jobs->leased));
}

static json_t *
json_worker(const struct stint_peer_row *w)
{
    return json_pack("{s:s?, s:s?, s:b, s:b, s:i, s:I, s:I, s:I, s:I, s:f}",
        "worker", value_or_none(w->name), "host", value_or_none(w->host),
        "alive", (int)w->alive, "draining", (int)w->draining, "slots",
        (int)w->slots, "leased", (json_int_t)w->leased, "running",
        (json_int_t)w->running, "done", (json_int_t)w->done, "failed",
        (json_int_t)w->failed, "silent", (double)w->silent_ns / 1e9);
}

static json_t *
json_job(const struct stint_job_row *j)
{
    return json_pack(
        "{s:I, s:s?, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}",
        "job", (json_int_t)j->job, "name", value_or_none(j->name), "queue",
        j->queue, "state", snapshot_job_state(j), "tasks", (json_int_t)j->tasks,
        "done", (json_int_t)j->done, "failed", (json_int_t)j->failed,
        "cancelled", (json_int_t)j->cancelled, "running",
        (json_int_t)j->running, "taken", (json_int_t)j->ahead, "ready",
        (json_int_t)j->ready, "delayed", (json_int_t)j->delayed, "age",
        (double)j->age_ns / 1e9);
}

void
snapshot_print_json(const struct snapshot *shot)
{
    json_t *queues = json_array(), *workers = json_array(),
           *jobs = json_array(), *document;

    for (size_t i = 0; i < shot->queue_count; i++)
        json_array_append_new(queues, json_queue(&shot->queues[i]));
    for (size_t i = 0; i < shot->worker_count; i++)
        json_array_append_new(workers, json_worker(&shot->workers[i]));
    for (size_t i = 0; i < shot->job_count; i++)
        json_array_append_new(jobs, json_job(&shot->jobs[i]));
    document = json_pack("{s:o, s:o, s:o, s:I, s:o}", "status",
        json_status(&shot->status), "jobs", jobs, "workers", workers,
        "silent_workers", (json_int_t)shot->gone, "queues", queues);
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(document);
}

void
snapshot_fini(struct snapshot *shot)
{
    for (size_t i = 0; i < shot->text_count; i++)
        free(shot->texts[i]);
    free(shot->texts);
    free(shot->queues);
    free(shot->workers);
    free(shot->jobs);
    free(shot->queue_rates);
    free(shot->job_rates);
    free(shot->job_paces);
    *shot = (struct snapshot){ 0 };
}
