#include "master/core/seek.h"

#include "common/base.h"
#include "common/stint_error.h"

static uint64_t
id_at(struct ends_place at)
{
    if (at.kind == ENDS_TASK) return at.is.task->id;
    return at.kind == ENDS_END ? at.is.end->task : 0;
}

/* Places and ids of a job's tasks rise together. */
static const struct end *
seek_in(const struct job *job, uint64_t id)
{
    uint64_t low = 1, high = job->queue->accepted;

    while (low <= high) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t place = ends_skip(&job->ends, ENDS_BY_SEQ, middle - 1);
        if (place > high) {
            high = middle - 1; /* All from the middle on are gone. */
            continue;
        }
        struct ends_place at = ends_at(&job->ends, ENDS_BY_SEQ, place);
        uint64_t found = id_at(at);
        if (found == id) return at.kind == ENDS_END ? at.is.end : NULL;
        if (found < id) {
            low = place + 1;
        } else {
            high = middle - 1;
        }
    }
    return NULL;
}

const struct end *
seek_end(const struct core *core, uint64_t id, const struct job **job)
{
    const struct list *order = &core->jobs.order;

    /* Of the newest job first: that is what people ask for. */
    for (struct list *node = order->prev; node != order; node = node->prev) {
        const struct job *at = CONTAINER_OF(node, struct job, order);
        const struct end *e = seek_in(at, id);
        if (e == NULL) continue;
        *job = at;
        return e;
    }
    return NULL;
}

enum task_state
seek_state(int64_t code)
{
    switch (code) {
    case 0:
        return TASK_DONE;
    case STINT_ECANCELLED:
        return TASK_CANCELLED;
    case STINT_EEXPIRED:
        return TASK_EXPIRED;
    default:
        return TASK_DEAD;
    }
}
