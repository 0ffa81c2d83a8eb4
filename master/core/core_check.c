/* Every invariant, the slow and plain way: for tests. */
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/ahead.h"
#include "master/core/inside.h"
#include "master/core/job_check.h"
#include "master/core/lane.h"
#include "master/core/place.h"
#include "master/core/shared/object_check.h"

static void
check_lease(const struct core *core, const struct task *t)
{
    const struct lease *l = t->is.lease;

    CHECK(l != NULL && l->task == t);
    CHECK(l->session->state != SESSION_GHOST);
    CHECK(core->slots[l->session->slot] == l->session);
}

/* Recount the queues from the tasks. */
static size_t
check_tasks(const struct core *core)
{
    uint64_t *found =
        calloc((size_t)core->queues_count * TASK_STATES + 1, sizeof *found);
    uint64_t leased = 0, ahead = 0;
    size_t memory = 0;
    CHECK(found != NULL);

    for (struct task *t = task_table_next(&core->tasks, 0); t != NULL;
         t = task_table_next(&core->tasks, t->id)) {
        CHECK(t->state <= TASK_DEAD && t->state != TASK_DONE);
        if (t->queue->job == NULL) {
            found[t->queue->index * TASK_STATES + t->state] += 1;
        }
        memory += task_memory(t);
        if (t->state == TASK_LEASED) {
            leased += 1;
            ahead += t->is.lease->ahead;
            check_lease(core, t);
        }
        CHECK(t->ref == 0 || core->slots[t->submitter] != NULL);
    }
    for (uint32_t i = 0; i < core->queues_count; i++) {
        const struct queue *q = core->queues[i];
        uint64_t sum = 0;
        for (int state = 0; state < TASK_STATES; state++) {
            sum += q->now[state];
            if (state > TASK_DEAD || state == TASK_DONE) continue;
            CHECK(q->now[state] == found[i * TASK_STATES + (unsigned)state]);
        }
        CHECK(sum == q->accepted); /* I2 */
        ahead -= q->ahead;
    }
    LIST_FOREACH (node, after, &core->jobs.order) {
        ahead -= CONTAINER_OF(node, struct job, order)->queue->ahead;
    }
    CHECK(ahead == 0);
    CHECK(leased == core->leases.count);
    free(found);
    return memory;
}

static size_t
check_session(const struct session *s)
{
    uint64_t leased = 0;
    uint32_t waits = 0;
    size_t memory = 0;

    LIST_FOREACH (node, after, &s->leases) {
        const struct lease *l = CONTAINER_OF(node, struct lease, of_session);
        CHECK(l->session == s);
        leased += 1;
    }
    CHECK(leased == s->leased);
    ahead_check(s);
    LIST_FOREACH (node, after, &s->waits) {
        const struct wait *w = CONTAINER_OF(node, struct wait, of_session);
        CHECK(w->session == s);
        waits += 1;
        if (w->kind != WAIT_PUT) continue;
        LIST_FOREACH (each, behind, &w->as.put.tasks) {
            memory += task_memory(CONTAINER_OF(each, struct task, at.in_list));
        }
    }
    CHECK(waits == s->waits_count);
    LIST_FOREACH (node, after, &s->results) {
        const struct outcome *o = CONTAINER_OF(node, struct outcome, node);
        memory += outcome_memory(o);
    }
    LIST_FOREACH (node, after, &s->asks) {
        memory += files_ask_memory(CONTAINER_OF(node, struct file_ask, node));
    }
    if (s->state != SESSION_LIVE && !s->leaving) {
        CHECK(s->pipe_ends == 0);
        CHECK(leased == 0 && list_is_empty(&s->holds));
    }
    return memory;
}

static void
add_jobs(struct queue_sum *sum, const struct list *jobs, const struct queue *q)
{
    LIST_FOREACH (node, after, jobs) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        if (job->parent == q) queue_sum_add(sum, job->queue);
    }
}

static void
check_sums(const struct core *core)
{
    for (uint32_t i = 0; i < core->queues_count; i++) {
        const struct queue *q = core->queues[i];
        struct queue_sum sum = q->gone;
        add_jobs(&sum, &core->jobs.order, q);
        add_jobs(&sum, &core->jobs.forgotten, q);
        CHECK(memcmp(&sum, &q->of_jobs, sizeof sum) == 0);
    }
}

void
core_check(const struct core *core)
{
    size_t memory = check_tasks(core) + job_check(core) + object_check(core)
                    + schedule_check(core) + lane_check(core);
    size_t out = 0;

    for (const struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        CHECK(s->state != SESSION_GHOST);
        memory += check_session(s);
        place_check(s);
        out += session_out_bytes(s);
    }
    for (uint32_t i = 0; i < core->slots_count; i++) {
        const struct session *s = core->slots[i];
        if (s == NULL || s->state != SESSION_GHOST) continue;
        CHECK(s->owed > 0);
        memory += sizeof *s;
    }
    check_sums(core);
    CHECK(memory == core->memory);
    CHECK(out == core->out);
}
