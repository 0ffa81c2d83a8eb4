#include "master/core/emptying.h"

#include "common/base.h"
#include "master/core/life.h"

/* Ids that are no task's any more are passed over, at a cost. */
enum { IDS_A_STEP = 64 };

static bool
is_empty(const struct queue *q)
{
    return q->now[TASK_READY] + q->now[TASK_DELAYED] == 0;
}

/* The next one that goes, or NULL: there is none, or the steps are used up.
 * Delayed ones stand in no list of the queue, but few have any. */
static struct task *
next_of(const struct core *core, struct queue *q, unsigned *steps)
{
    struct task *t = queue_peek(q);

    if (t != NULL) *steps -= 1;
    while (t == NULL && *steps > 0) {
        t = task_table_next(&core->tasks, q->passed);
        if (t == NULL) {
            q->passed = *steps = 0; /* From the first one, in the next turn. */
            return NULL;
        }
        uint64_t cost = 1 + (t->id - q->passed) / IDS_A_STEP;
        *steps -= cost < *steps ? (unsigned)cost : *steps;
        q->passed = t->id;
        if (t->queue != q || t->state != TASK_DELAYED) t = NULL;
    }
    return t;
}

static void
go_on(struct core *core, tick_ns now, struct queue *q, unsigned *steps)
{
    while (!is_empty(q) && *steps > 0) {
        struct task *t = next_of(core, q, steps);
        if (t != NULL) life_cancel(core, now, t);
    }
    if (is_empty(q)) list_remove(&q->emptying);
}

void
emptying_begin(struct core *core, tick_ns now, struct queue *q)
{
    unsigned steps = core->config.steps_max;

    q->passed = 0;
    if (list_is_empty(&q->emptying)) list_push(&core->emptying, &q->emptying);
    go_on(core, now, q, &steps);
}

void
emptying_loaded(struct core *core)
{
    for (uint32_t i = 0; i < core->queues_count; i++) {
        struct queue *q = core->queues[i];
        if (q->emptied && !is_empty(q)) {
            list_push(&core->emptying, &q->emptying);
        }
    }
}

void
emptying_tick(struct core *core, tick_ns now)
{
    unsigned steps = core->config.steps_max;

    while (!list_is_empty(&core->emptying) && steps > 0) {
        struct list *node = list_first(&core->emptying);
        go_on(core, now, CONTAINER_OF(node, struct queue, emptying), &steps);
    }
}

tick_ns
emptying_next_deadline(const struct core *core)
{
    return list_is_empty(&core->emptying) ? TICK_NEVER : core->born;
}
