#include "master/server/mend_jobs.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/stint_error.h"
#include "master/core/job.h"

void
mend_jobs_fini(struct mend_jobs *m)
{
    free(m->jobs);
    free(m->tasks);
}

bool
mend_jobs_is_own(uint64_t queue, uint64_t *number)
{
    *number = queue & ~(uint64_t)JOB_QUEUES;
    return (queue & JOB_QUEUES) != 0;
}

/* ---- what is there ------------------------------------------------------- */

/* Where the job is, or would be. */
static size_t
place_of(const struct mend_jobs *m, uint64_t number)
{
    size_t low = 0, high = m->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->jobs[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct mend_job *
find(const struct mend_jobs *m, uint64_t number)
{
    size_t at = place_of(m, number);

    if (at == m->count || m->jobs[at].number != number) return NULL;
    return &m->jobs[at];
}

/* The job, made if need be; NULL without memory. */
static struct mend_job *
job_of(struct mend_jobs *m, uint64_t number)
{
    struct mend_job *job = find(m, number);
    size_t at = place_of(m, number);

    if (job != NULL) return job;
    if (m->count == m->room) {
        size_t room = m->room == 0 ? 64 : m->room * 2;
        struct mend_job *grown = realloc(m->jobs, room * sizeof *grown);
        if (grown == NULL) return NULL;
        m->jobs = grown;
        m->room = room;
    }
    memmove(m->jobs + at + 1, m->jobs + at,
        (m->count - at) * sizeof(struct mend_job));
    m->count += 1;
    m->jobs[at] = (struct mend_job){ .number = number };
    return &m->jobs[at];
}

bool
mend_jobs_see_queue(struct mend_jobs *m, uint64_t number)
{
    struct mend_job *job = job_of(m, number);

    if (job != NULL) job->has_queue = true;
    return job != NULL;
}

bool
mend_jobs_see_tally(
    struct mend_jobs *m, uint64_t number, const struct rec_kept_tally *tally)
{
    struct mend_job *job = job_of(m, number);

    if (job == NULL) return false;
    job->has_tally = true;
    job->tally = *tally;
    return true;
}

bool
mend_jobs_see_task(struct mend_jobs *m, uint64_t id, uint64_t number,
    const struct rec_kept_task *task)
{
    if (m->task_count == m->task_room) {
        size_t room = m->task_room == 0 ? 1024 : m->task_room * 2;
        struct mend_task *grown = realloc(m->tasks, room * sizeof *grown);
        if (grown == NULL) return false;
        m->tasks = grown;
        m->task_room = room;
    }
    m->tasks[m->task_count++] = (struct mend_task){ .id = id, .job = number };
    if (number == 0) return true;
    struct mend_job *job = job_of(m, number);
    if (job == NULL) return false;
    job->tasks += 1;
    if (task->seq > job->last_seq) job->last_seq = task->seq;
    return true;
}

bool
mend_jobs_see_row(
    struct mend_jobs *m, uint64_t number, const struct rec_kept_job *row)
{
    struct mend_job *job = job_of(m, number);

    if (job == NULL) return false;
    job->has_row = true;
    job->has_ended = row->ended != 0;
    return true;
}

bool
mend_jobs_see_end(
    struct mend_jobs *m, uint64_t task, const struct rec_kept_end *row)
{
    struct mend_task *t = mend_jobs_task(m, task);
    struct mend_job *job = job_of(m, row->job);

    if (job == NULL) return false;
    job->ends += 1;
    if (row->seq > job->last_seq) job->last_seq = row->seq;
    if (row->number > job->last_number) job->last_number = row->number;
    if (t != NULL) {
        t->has_end = true;
        job->ends_of_dead += 1;
    } else if (row->code == STINT_EEXPIRED) {
        job->expired += 1;
    } else if (row->code != 0) {
        job->cancelled += 1; /* Dropped dead letters count as that, too. */
    }
    return true;
}

struct mend_task *
mend_jobs_task(struct mend_jobs *m, uint64_t id)
{
    size_t low = 0, high = m->task_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->tasks[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < m->task_count && m->tasks[low].id == id ? &m->tasks[low]
                                                         : NULL;
}

/* ---- what is lost -------------------------------------------------------- */

struct mending {
    struct mend_jobs *m;
    struct buf *ops;
    void (*told)(void *arg, const char *what);
    void *arg;
};

static void __attribute__((format(printf, 2, 3)))
tell(const struct mending *w, const char *format, ...)
{
    char line[160];
    va_list list;

    if (w->told == NULL) return;
    va_start(list, format);
    (void)vsnprintf(line, sizeof line, format, list);
    va_end(list);
    w->told(w->arg, line);
}

static bool
is_lost(const struct mend_job *job)
{
    return !job->has_row || !job->has_queue;
}

static bool
is_of_lost(const struct mend_jobs *m, uint64_t number)
{
    const struct mend_job *job = find(m, number);

    return number != 0 && (job == NULL || is_lost(job));
}

/* Which job a row is of; 0: of none. */
static uint64_t
owner_of(struct mend_jobs *m, const struct row *row,
    const union storerow_record *record)
{
    const struct mend_task *t;
    uint64_t number;

    switch ((unsigned)row->kind) {
    case ROW_queue:
    case ROW_tally:
        return mend_jobs_is_own(row->id, &number) ? number : 0;
    case ROW_task:
    case ROW_state:
        t = mend_jobs_task(m, row->id);
        return t != NULL ? t->job : 0;
    case ROW_job:
        return row->id;
    case ROW_end:
        return record->end.job;
    case ROW_file:
        return record->file.job;
    default:
        return 0;
    }
}

static bool
goes_on(const struct mend_jobs *m, uint64_t number)
{
    const struct mend_job *job = find(m, number);

    return job != NULL && job->reopens;
}

static int
sort_out(void *arg, const struct row *row)
{
    struct mending *w = arg;
    union storerow_record record;
    int rc = storerow_read(row, &record);

    if (rc != 0) return rc;
    if (is_of_lost(w->m, owner_of(w->m, row, &record))) {
        row_delete(w->ops, row->kind, row->id);
    } else if (row->kind == ROW_job && goes_on(w->m, row->id)) {
        record.job.ended = 0;
        record.job.end = JOB_CLOSED;
        storerow_write(w->ops, ROW_job, row->id, &record.job);
    }
    return 0;
}

/* ---- what does not fit --------------------------------------------------- */

/* A dead letter is its task and its end: with one alone the task is tried
 * again. */
static void
mend_task(const struct mending *w, const struct mend_task *t)
{
    struct mend_job *job = find(w->m, t->job);

    if (job == NULL || is_lost(job)) return;
    if (t->dead && t->has_end) return;
    if (t->dead || t->has_end) {
        tell(w,
            "job %" PRIu64 ": how its task %" PRIu64
            " failed is lost: it is tried again",
            job->number, t->id);
    }
    if (t->dead) row_delete(w->ops, ROW_state, t->id);
    if (t->has_end) {
        row_delete(w->ops, ROW_end, t->id);
        job->ends -= 1;
        job->ends_of_dead -= 1;
    }
    job->open += 1;
    if (job->has_ended) job->reopens = true;
}

static bool
fits(const struct mend_job *job)
{
    const struct rec_kept_tally *t = &job->tally;
    uint64_t there = job->tasks + job->ends - job->ends_of_dead;

    return t->accepted == job->tasks + t->done + t->cancelled + t->expired
           && t->accepted == there + t->dropped && t->accepted >= job->last_seq
           && t->ends >= job->last_number;
}

/* Returns how many places there are of which nothing is left but that. */
static uint64_t
correct(struct mend_job *job)
{
    struct rec_kept_tally *t = &job->tally;
    uint64_t there = job->tasks + job->ends - job->ends_of_dead;
    uint64_t dropped = t->dropped;

    if (t->accepted < job->last_seq) t->accepted = job->last_seq;
    if (t->accepted < there) t->accepted = there;
    if (t->ends < job->last_number) t->ends = job->last_number;
    t->dropped = t->accepted - there;
    t->cancelled = job->cancelled;
    t->expired = job->expired;
    t->done = t->accepted - job->tasks - t->cancelled - t->expired;
    return t->dropped > dropped ? t->dropped - dropped : 0;
}

/* Returns whether rows are to be sorted out. */
static bool
mend_job(const struct mending *w, struct mend_job *job)
{
    if (is_lost(job)) {
        tell(w,
            "job %" PRIu64 " is lost: its tasks (%" PRIu64
            ") and ends (%" PRIu64 ") are left out",
            job->number, job->tasks, job->ends);
    } else if (!fits(job)) {
        uint64_t lost = correct(job);
        storerow_write(
            w->ops, ROW_tally, JOB_QUEUES | job->number, &job->tally);
        tell(w, "job %" PRIu64 ": ends of its tasks are lost (%" PRIu64 ")",
            job->number, lost);
    }
    if (job->reopens && !is_lost(job)) {
        tell(w, "job %" PRIu64 " had ended and has tasks: it goes on",
            job->number);
    }
    return is_lost(job) || job->reopens;
}

int
mend_jobs(struct mend_jobs *m, struct store *s, struct buf *ops,
    void (*told)(void *arg, const char *what), void *arg)
{
    struct mending w = { m, ops, told, arg };
    bool again = false;

    for (size_t i = 0; i < m->task_count; i++)
        mend_task(&w, &m->tasks[i]);
    for (size_t i = 0; i < m->count; i++)
        again = mend_job(&w, &m->jobs[i]) || again;
    return again ? store_scan(s, sort_out, &w) : 0;
}
