#include "master/core/load_task.h"

#include <stdlib.h>

#include "common/stint_error.h"
#include "master/core/life.h"
#include "master/core/load_job.h"

bool
load_task_has_room(const struct core *core)
{
    return core->memory < core->config.memory_max / 2;
}

static struct task *
make_task(struct core *core, const struct rec_kept_task *row)
{
    struct slice payload = row->payload;

    if (payload.length > TASK_INLINE && core->config.fetch != NULL
        && !load_task_has_room(core)) {
        payload.bytes = NULL; /* It is read when it is needed. */
    }
    struct task *t = task_new(payload);
    if (t == NULL) return NULL;
    if (row->expires == TICK_NEVER && row->attempts_max == 0 && row->once == 0
        && row->handler.length == 0) {
        return t;
    }
    struct task_more *more = task_more(t);
    if (more == NULL) {
        task_free(t);
        return NULL;
    }
    more->expires = row->expires;
    more->attempts_max = (uint32_t)row->attempts_max;
    more->once = row->once != 0;
    if (row->handler.length > 0) {
        memcpy(more->handler, row->handler.bytes, row->handler.length);
    }
    return t;
}

int
load_task(struct core *core, uint64_t id, const struct rec_kept_task *row,
    struct queue *q, struct session *s, const char **why)
{
    *why = "a task of no queue, or out of order";
    if (q == NULL || id == 0 || id <= core->tasks.last || id > INT64_MAX) {
        return STINT_EDAMAGED;
    }
    struct task *t = make_task(core, row);
    if (t == NULL) return STINT_ENOMEM;
    if (!task_table_restore(&core->tasks, t, id)) {
        task_free(t);
        return STINT_ENOMEM;
    }
    core->memory += task_memory(t);
    t->queue = q;
    t->priority = (int32_t)row->priority;
    t->born = row->born;
    t->is_recovered = true;
    if (q->job != NULL) {
        int rc = load_job_task(core, t, row->seq, why);
        if (rc != 0) return rc;
    }
    if (row->due != 0) {
        t->state = TASK_DELAYED;
        t->is.due = row->due;
    }
    if (s != NULL && row->ref != 0) {
        t->ref = row->ref;
        t->submitter = s->slot;
        s->owed += 1;
    }
    return 0;
}

static bool
load_words(struct core *core, struct task *t, const struct rec_kept_state *row)
{
    size_t before = task_memory(t);

    if (row->worker.length == 0 && row->reason.length == 0 && row->ended == 0
        && row->notes.length == 0 && row->forgiven == 0) {
        return true;
    }
    struct task_more *more = task_more(t);
    if (more == NULL) return false;
    more->ended = row->ended;
    more->forgiven = (uint32_t)row->forgiven;
    if (more->forgiven != 0) more->expires = TICK_NEVER;
    buf_append(&more->notes, row->notes.bytes, row->notes.length);
    if (more->notes.failed) return false;
    if (row->worker.length > 0) {
        memcpy(more->worker, row->worker.bytes, row->worker.length);
        more->worker[row->worker.length] = '\0';
    }
    if (row->reason.length > 0) {
        more->reason = malloc(row->reason.length + 1);
        if (more->reason == NULL) return false;
        memcpy(more->reason, row->reason.bytes, row->reason.length);
        more->reason[row->reason.length] = '\0';
        more->reason_length = row->reason.length;
    }
    core->memory += task_memory(t) - before;
    return true;
}

int
load_task_state(struct core *core, uint64_t id,
    const struct rec_kept_state *row, struct session *holder, const char **why)
{
    struct task *t = task_table_find(&core->tasks, id);

    *why = "a state of no task";
    if (t == NULL) return STINT_EDAMAGED;
    t->is_stated = true;
    t->attempts = (uint32_t)row->attempts;
    t->failures = (uint16_t)row->failures;
    t->lost = (uint16_t)row->lost;
    t->timeouts = (uint16_t)row->timeouts;
    t->released = (uint16_t)row->released;
    t->undelivered = (uint8_t)row->undelivered;
    t->unbegun = (uint16_t)row->unbegun;
    t->state = TASK_READY;
    if (!load_words(core, t, row)) return STINT_ENOMEM;
    if (row->dead != 0) {
        t->state = TASK_DEAD;
        /* Its submitter was told, or is about to be: that has a row. */
        if (t->ref != 0) core->slots[t->submitter]->owed -= 1;
        t->ref = 0;
    } else if (holder != NULL && row->lease_ns > 0) {
        if (!life_restore_lease(
                core, 0, t, holder, row->start, (tick_ns)row->lease_ns)) {
            return STINT_ENOMEM;
        }
    } else if (row->due != 0) {
        t->state = TASK_DELAYED;
        t->is.due = row->due;
    }
    return 0;
}
