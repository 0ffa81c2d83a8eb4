#include "master/core/totals.h"

#include "common/base.h"

static void
add_queue(struct core_totals *sum, const struct queue *q)
{
    sum->accepted += q->accepted;
    sum->ready += q->now[TASK_READY];
    sum->delayed += q->now[TASK_DELAYED];
    sum->leased += q->now[TASK_LEASED];
    sum->running += q->now[TASK_LEASED] - q->ahead;
    sum->done += q->now[TASK_DONE];
    sum->dead += q->now[TASK_DEAD];
    sum->cancelled += q->now[TASK_CANCELLED];
    sum->expired += q->now[TASK_EXPIRED];
}

struct core_totals
totals_sum(const struct core *core)
{
    struct core_totals sum = {
        .stale = core->stale,
        .refused = core->refused,
        .memory = core->memory + core->out,
        .sessions = HASH_CNT(by_id, core->by_id),
    };

    for (uint32_t i = 0; i < core->queues_count; i++)
        add_queue(&sum, core->queues[i]);
    LIST_FOREACH (node, after, &core->jobs.order) {
        add_queue(&sum, CONTAINER_OF(node, struct job, order)->queue);
    }
    for (const struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        if (s->state != SESSION_LIVE || s->restored) continue;
        sum.sessions_live += 1;
        if (s->kind != 1) continue;
        sum.workers += 1;
        sum.slots += s->slots;
    }
    return sum;
}

const struct core_totals *
totals_look(struct core *core)
{
    if (!core->has_totals) {
        core->totals = totals_sum(core);
        core->has_totals = true;
    }
    return &core->totals;
}
