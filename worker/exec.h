/**
 * exec.h - a command for each task.                           [layer: worker]
 *
 * The command is fixed when the worker starts; a task is only its input: the
 * payload is its standard input and, as text, stands for each "{}" in its
 * arguments (no shell, so nothing in it needs quoting).  Its standard output is
 * the result, exit code 0 means done, and the last line it wrote to standard
 * error goes into the reason otherwise.
 *
 * What it sees around it is in environment.h.
 */
#ifndef EXEC_H
#define EXEC_H

#include "process/child.h"
#include "worker/agent/reason.h"
#include "worker/run.h"

struct exec;

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
 * Run the command for a task: what it wrote is in the task's capture, `why` is
 * the reason of everything but RUN_DONE.  More output than is kept fails, but
 * for a job's task.
 *
 * Time:    until it ended; after a timeout or cancellation two seconds more
 *          between SIGTERM and SIGKILL to its process group.
 * Thread:  any number at once; they must block SIGPIPE.
 */
enum run_end exec_run(const struct exec *e, const struct run_task *task,
    struct child_end *end, struct reason *why);

#endif
