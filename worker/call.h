/**
 * call.h - what a handler is given.                           [layer: worker]
 *
 * A call belongs to a slot and is used again for its next task.  It holds a
 * copy of all that the handler may look at: the task itself can be ended by the
 * coordinator, on a timeout, while the handler still runs.
 */
#ifndef CALL_H
#define CALL_H

#include <stdatomic.h>

#include "client/stint_job.h"
#include "common/buf.h"
#include "worker/agent/reason.h"
#include "worker/handlers.h"
#include "worker/progress.h"
#include "worker/run.h"

struct stint_call {
    struct buf payload;
    struct buf result;
    struct buf answers;       /* Of a map, as far as it is. */
    struct stint_bytes given; /* What the handler sees: the payload, or an item
                                 of it. */
    size_t items;             /* Of a map: those that were run. */
    struct reason reason;
    char queue[256];
    char handler[HANDLERS_NAME_MAX + 1];
    uint64_t task, fence;
    uint64_t job, seq;
    unsigned attempt;
    atomic_bool cancelled;    /* Set by the coordinator. */
    struct progress progress; /* Of a command, too. */
};

/** Make a call that holds nothing. */
void call_init(struct stint_call *c);

void call_fini(struct stint_call *c);

/** A new task: nothing is known of it. */
void call_begin(struct stint_call *c);

/** Copy what a handler may see of `t`; `handler` runs it.  False without
 * memory. */
bool call_load(
    struct stint_call *c, const struct stint_task *t, const char *handler);

/** Run the handler that the loaded task names; the reason is set unless the end
 * is RUN_DONE. */
enum run_end call_run(struct stint_call *c, const struct handlers *h);

/** Free large memory, keep small: a slot stays as small as its usual task. */
void call_unload(struct stint_call *c);

#endif
