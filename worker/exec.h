/**
 * exec.h - a command for each task.                           [layer: worker]
 *
 * The command is fixed when the worker starts; a task is only its input: the
 * payload is its standard input and, as text, stands for each "{}" in its
 * arguments (no shell, so nothing in it needs quoting).  Its standard output is
 * the result, exit code 0 means done, and the last line it wrote to standard
 * error goes into the reason otherwise.
 *
 * It sees our environment as it was when the worker started, and STINT_TASK_ID,
 * STINT_ATTEMPT, STINT_FENCE and STINT_QUEUE.
 */
#ifndef EXEC_H
#define EXEC_H

#include "common/buf.h"
#include "common/slice.h"
#include "common/tick.h"
#include "worker/agent/reason.h"
#include "worker/run.h"

struct exec;

struct exec_task {
    struct slice payload;
    uint64_t id, fence;
    unsigned attempt;
    const char *queue;
    size_t output_max; /* More output than that is no result, but a failure. */
    tick_ns timeout;   /* 0: none. */
    int cancel_fd;     /* Readable: stop and give the task back; or -1. */
};

/**
 * Check a command and keep it.
 *
 * Owns:    copies; gives *out, free with exec_free().
 * Returns: 0, or a sentence is said and
 *          STINT_EINVAL  it is empty, its program is "{}", or cannot be found
 *          STINT_ENOMEM
 */
int exec_new(const char *const argv[], struct exec **out);

/** NULL is fine.  Nothing of it may run. */
void exec_free(struct exec *e);

/**
 * Run the command for a task: `output` (cleared first) is the result of
 * RUN_DONE, `why` the reason of everything else.
 *
 * Time:    until it ended; after a timeout or cancellation two seconds more
 *          between SIGTERM and SIGKILL to its process group.
 * Thread:  any number at once; they must block SIGPIPE.
 */
enum run_end exec_run(const struct exec *e, const struct exec_task *task,
    struct buf *output, struct reason *why);

#endif
