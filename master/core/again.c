#include "master/core/again.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/seek.h"

int
again_dead(struct core *core, tick_ns now, struct task *t)
{
    size_t before = task_memory(t);
    struct task_more *more = task_more(t);

    if (more == NULL) return STINT_ENOMEM;
    core->memory += task_memory(t) - before;
    more->forgiven = task_all_tries(t);
    more->ended = 0;
    more->expires = TICK_NEVER; /* It has begun in time. */
    t->undelivered = 0;
    list_remove(&t->at.in_list);
    if (t->queue->job != NULL) jobs_revived(core, t->queue->job, t);
    life_reopen(core, now, t, TASK_DEAD);
    journal_state(core, t);
    return 0;
}

bool
again_is_possible(const struct end *e)
{
    return (e->code == STINT_ECANCELLED || e->code == STINT_EEXPIRED)
           && e->payload == e->size;
}

/* A task of what is kept, and in the table; else an error. */
static int
make(struct core *core, const struct rec_end *r, struct task **out)
{
    struct task *t = task_new(r->payload);

    if (t == NULL) return STINT_ENOMEM;
    if (r->notes.length > 0) {
        struct task_more *more = task_more(t);
        if (more == NULL) goto refuse;
        buf_append(&more->notes, r->notes.bytes, r->notes.length);
        if (more->notes.failed) goto refuse;
    }
    if (!task_table_return(&core->tasks, t, r->task)) goto refuse;
    t->seq = r->seq;
    t->attempts = (uint32_t)(r->attempts + r->unbegun);
    t->unbegun = (uint16_t)r->unbegun;
    *out = t;
    return 0;

refuse:
    task_free(t);
    return STINT_ENOMEM;
}

/* As of a put: an eighth is left for results. */
static bool
has_room(const struct core *core, size_t size)
{
    size_t budget = core->config.memory_max - core->config.memory_max / 8;

    return core->memory + core->out + size <= budget;
}

int
again_ended(
    struct core *core, tick_ns now, struct job *job, const struct end *e)
{
    struct rec_end r = ends_record(e);
    enum task_state from = seek_state(e->code);
    struct task *t;

    if (!has_room(core, e->size)) return STINT_EBUDGET;
    if (core->disk_full && journal_keeps(core, job->queue)) {
        return STINT_ENOSPACE;
    }
    if (e->cold && !journal_fetch_end(core, e->task, &r.payload, &r.output)) {
        return STINT_ESYSTEM;
    }
    int rc = make(core, &r, &t);
    if (rc != 0) return rc;
    t->queue = job->queue;
    t->born = now;
    core->memory += task_memory(t);
    jobs_revived(core, job, t);
    life_reopen(core, now, t, from);
    journal_task(core, t);
    journal_state(core, t);
    return 0;
}
