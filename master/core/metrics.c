#include "master/core/metrics.h"

#include "master/core/lease.h"
#include "master/core/task.h"

/* What waits once more had its time before. */
void
metrics_granted(struct metrics *m, tick_ns now, const struct task *t)
{
    if (t->attempts == 1) histogram_add(&m->waits, now - t->born);
}

/* When an earlier start handed it out is not known any more. */
void
metrics_done(
    struct metrics *m, tick_ns now, const struct task *t, uint64_t start)
{
    const struct lease *l = t->is.lease;

    if (l->start == start) histogram_add(&m->runs, now - l->since);
}
