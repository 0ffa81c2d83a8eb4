#include "master/server/mend.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "common/tick.h"
#include "master/core/core.h"
#include "master/server/mend_files.h"
#include "master/server/mend_jobs.h"
#include "master/server/mend_objects.h"
#include "master/server/storerow.h"

/* Far more than any master makes: an id beyond is no queue's. */
enum { QUEUES_MAX = 1 << 20, FORMAT = 1 };

struct seen {
    bool is_there, has_tally;
    uint64_t tasks;
    struct rec_kept_tally tally;
};

struct mend {
    struct buf ops;
    void (*told)(void *arg, const char *what);
    void *arg;
    bool has_master, has_clock;
    int64_t newest;      /* When a task was put last, in the master's time. */
    struct seen *queues; /* Owned; by id. */
    size_t queue_count;
    struct mend_jobs jobs; /* And all tasks. */
    struct mend_files files;
    struct mend_objects objects;
    uint64_t *schedules; /* Owned; those that stay, ascending. */
    size_t schedule_count, schedule_next;
};

static void __attribute__((format(printf, 2, 3)))
tell(const struct mend *m, const char *format, ...)
{
    char line[512];
    va_list list;

    if (m->told == NULL) return;
    va_start(list, format);
    (void)vsnprintf(line, sizeof line, format, list);
    va_end(list);
    m->told(m->arg, line);
}

/* ---- what is there, in the order of kinds and ids ------------------------ */

static int
grow_queues(struct mend *m, uint64_t id)
{
    if (id < m->queue_count) return 0;
    if (id >= QUEUES_MAX) {
        return say(STINT_EINVAL,
            "row queue %" PRIu64 ": no master has so many queues; remove it",
            id);
    }
    struct seen *grown = realloc(m->queues, (id + 1) * sizeof *grown);
    if (grown == NULL) return STINT_ENOMEM;
    memset(
        grown + m->queue_count, 0, (id + 1 - m->queue_count) * sizeof *grown);
    m->queues = grown;
    m->queue_count = id + 1;
    return 0;
}

static int
see_queue(struct mend *m, uint64_t id)
{
    uint64_t number;

    if (mend_jobs_is_own(id, &number)) {
        return mend_jobs_see_queue(&m->jobs, number) ? 0 : STINT_ENOMEM;
    }
    int rc = grow_queues(m, id);

    if (rc == 0) m->queues[id].is_there = true;
    return rc;
}

static int
see_tally(struct mend *m, uint64_t id, const struct rec_kept_tally *tally)
{
    uint64_t number;

    if (mend_jobs_is_own(id, &number)) {
        return mend_jobs_see_tally(&m->jobs, number, tally) ? 0 : STINT_ENOMEM;
    }
    int rc = grow_queues(m, id);

    if (rc != 0) return rc;
    m->queues[id].has_tally = true;
    m->queues[id].tally = *tally;
    return 0;
}

static int
see_task(struct mend *m, uint64_t id, const struct rec_kept_task *task)
{
    uint64_t number;
    bool own = mend_jobs_is_own(task->queue, &number);
    int rc = own ? 0 : grow_queues(m, task->queue);

    if (rc != 0) return rc;
    if (!mend_jobs_see_task(&m->jobs, id, own ? number : 0, task)) {
        return STINT_ENOMEM;
    }
    if (!own) m->queues[task->queue].tasks += 1;
    if (task->born > m->newest) m->newest = task->born;
    return 0;
}

static void
see_state(struct mend *m, uint64_t id, const struct rec_kept_state *state)
{
    struct mend_task *t = mend_jobs_task(&m->jobs, id);

    if (t != NULL) {
        t->dead = state->dead != 0;
        return;
    }
    row_delete(&m->ops, ROW_state, id);
    tell(m, "task %" PRIu64 " is lost: what had become of it is left out", id);
}

static int
see_job(struct mend *m, uint64_t number, const struct rec_kept_job *row)
{
    int rc = grow_queues(m, row->parent);

    if (rc != 0) return rc;
    return mend_jobs_see_row(&m->jobs, number, row) ? 0 : STINT_ENOMEM;
}

static int
see_end(struct mend *m, uint64_t id, const struct rec_kept_end *row)
{
    return mend_jobs_see_end(&m->jobs, id, row) ? 0 : STINT_ENOMEM;
}

static int
see_file(struct mend *m, uint64_t id, const struct rec_kept_file *row)
{
    bool fine = mend_files_see(&m->files, id, row, &m->ops, m->told, m->arg);

    return fine ? 0 : STINT_ENOMEM;
}

static int
know_schedule(struct mend *m, uint64_t id)
{
    uint64_t *grown =
        realloc(m->schedules, (m->schedule_count + 1) * sizeof *m->schedules);

    if (grown == NULL) return STINT_ENOMEM;
    m->schedules = grown;
    m->schedules[m->schedule_count++] = id;
    return 0;
}

static void
see_due(struct mend *m, uint64_t id)
{
    while (m->schedule_next < m->schedule_count
           && m->schedules[m->schedule_next] < id)
        m->schedule_next += 1;
    if (m->schedule_next < m->schedule_count
        && m->schedules[m->schedule_next] == id) {
        return;
    }
    row_delete(&m->ops, ROW_due, id);
    tell(m, "a schedule is lost: when it was due is left out");
}

/* Its queue, if that is lost, is made anew as for tasks. */
static int
see_schedule(struct mend *m, uint64_t id, const struct rec_kept_schedule *row)
{
    uint64_t number;
    int length = (int)row->name.length;

    if (mend_jobs_is_own(row->queue, &number)) {
        row_delete(&m->ops, ROW_schedule, id);
        tell(m, "schedule \"%.*s\" puts into no queue: it is left out", length,
            (const char *)row->name.bytes);
        return 0;
    }
    int rc = grow_queues(m, row->queue);
    if (rc == 0) rc = know_schedule(m, id);
    if (rc != 0 || m->queues[row->queue].is_there) return rc;
    tell(m, "schedule \"%.*s\" now puts into the queue recovered-%" PRIu64,
        length, (const char *)row->name.bytes, row->queue);
    return 0;
}

static int
see(void *arg, const struct row *row)
{
    struct mend *m = arg;
    union storerow_record record;

    int rc = storerow_read(row, &record);
    if (rc != 0) return rc;
    switch ((enum row_kind)row->kind) {
    case ROW_master:
        m->has_master = true;
        return 0;
    case ROW_clock:
        m->has_clock = true;
        return 0;
    case ROW_queue:
        return see_queue(m, row->id);
    case ROW_tally:
        return see_tally(m, row->id, &record.tally);
    case ROW_task:
        return see_task(m, row->id, &record.task);
    case ROW_state:
        see_state(m, row->id, &record.state);
        return 0;
    case ROW_job:
        return see_job(m, row->id, &record.job);
    case ROW_end:
        return see_end(m, row->id, &record.end);
    case ROW_file:
        return see_file(m, row->id, &record.file);
    case ROW_last:
    case ROW_session:
    case ROW_result:
    case ROW_receipt:
        break;
    case ROW_object:
        return mend_objects_see(&m->objects, row->id, &record.object)
                   ? 0
                   : STINT_ENOMEM;
    case ROW_hold:
        return mend_objects_see_hold(&m->objects, row->id, &record.hold)
                   ? 0
                   : STINT_ENOMEM;
    case ROW_entry:
        return mend_objects_see_entry(&m->objects, row->id, &record.entry)
                   ? 0
                   : STINT_ENOMEM;
    case ROW_schedule:
        return see_schedule(m, row->id, &record.schedule);
    case ROW_due:
        see_due(m, row->id);
        break;
    }
    return 0;
}

/* ---- what is missing ----------------------------------------------------- */

static void
add_master(struct mend *m)
{
    uint8_t id[16], secret[16];
    struct rec_kept_master row = {
        .format = FORMAT,
        .id = { id, sizeof id },
        .secret = { secret, sizeof secret },
        .starts = 1,
    };

    randombytes_buf(id, sizeof id);
    randombytes_buf(secret, sizeof secret);
    storerow_write(&m->ops, ROW_master, 1, &row);
    tell(m, "what the master was is lost: it begins anew, and workers that "
            "still run a task of it will be told that it is not theirs");
}

/* Its time goes on from the newest task, so that no delay begins anew. */
static void
add_clock(struct mend *m)
{
    static const uint8_t BOOT[16];
    const struct rec_kept_clock row = {
        .tick = (uint64_t)m->newest,
        .wall = (uint64_t)clock_wall(),
        .boot = { BOOT, sizeof BOOT },
    };

    storerow_write(&m->ops, ROW_clock, 1, &row);
    tell(m, "when the master ran last is lost: delays go on from now");
}

static void
add_queue(struct mend *m, uint64_t id)
{
    char name[32];
    struct rec_kept_queue row = { .lease_ns = (uint64_t)(30 * TICK_S),
        .attempts_max = 3,
        .backoff_ns = (uint64_t)TICK_S,
        .backoff_max_ns = (uint64_t)(60 * TICK_S) };

    (void)snprintf(name, sizeof name, "recovered-%" PRIu64, id);
    row.queue = slice_of(name);
    storerow_write(&m->ops, ROW_queue, id, &row);
    tell(m, "a queue is lost: its tasks (%" PRIu64 ") are in the queue %s",
        m->queues[id].tasks, name);
}

/* Conservation: what was put is there, or has ended. */
static void
correct_tally(struct mend *m, uint64_t id)
{
    struct seen *q = &m->queues[id];
    uint64_t sum =
        q->tasks + q->tally.done + q->tally.cancelled + q->tally.expired;

    if (q->tally.accepted == sum) return;
    if (!q->has_tally) {
        tell(m,
            "what queue %" PRIu64 " had counted is lost; tasks there: %" PRIu64,
            id, q->tasks);
    } else if (q->tally.accepted > sum) {
        tell(m, "queue %" PRIu64 ": tasks are lost (%" PRIu64 ")", id,
            q->tally.accepted - sum);
    } else {
        tell(m,
            "queue %" PRIu64 ": tasks are there that had ended (%" PRIu64 ")",
            id, sum - q->tally.accepted);
    }
    q->tally.accepted = sum;
    storerow_write(&m->ops, ROW_tally, id, &q->tally);
}

static void
add_missing(struct mend *m)
{
    if (!m->has_master) add_master(m);
    if (!m->has_clock) add_clock(m);
    for (size_t id = 0; id < m->queue_count; id++) {
        if (!m->queues[id].is_there) add_queue(m, id);
        correct_tally(m, id);
    }
}

int
mend_store(
    struct store *s, void (*told)(void *arg, const char *what), void *arg)
{
    struct mend m = { .told = told, .arg = arg };

    buf_init(&m.ops);
    mend_objects_init(&m.objects, &m.ops, told, arg);
    int rc = store_scan(s, see, &m);
    if (rc == 0) {
        rc = mend_jobs(&m.jobs, s, &m.ops, told, arg);
    }
    if (rc == 0 && !mend_objects(&m.objects)) rc = STINT_ENOMEM;
    if (rc == 0) {
        add_missing(&m);
        rc = m.ops.failed ? STINT_ENOMEM : 0;
    }
    if (rc == 0 && m.ops.length > 0) {
        rc = store_commit(s, (struct slice){ m.ops.bytes, m.ops.length }, true);
    }
    buf_fini(&m.ops);
    free(m.queues);
    free(m.schedules);
    mend_jobs_fini(&m.jobs);
    mend_files_fini(&m.files);
    mend_objects_fini(&m.objects);
    return rc == STINT_ENOMEM ? say(rc, "no memory to mend the rows") : rc;
}
