/**
 * command.h - the command of a job, run for one of its tasks. [layer: worker]
 *
 * Its words are filled with the task's values (common/template.h) and become
 * argv; only where the job asks for it a shell reads them, as one line in which
 * the values are quoted.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "client/stint_job.h"
#include "process/child.h"
#include "worker/agent/reason.h"
#include "worker/environment.h"
#include "worker/folder.h"
#include "worker/run.h"

struct command;

/** Make it ready to run.  Copies `what`, borrows `base`, until it is freed.
 * NULL without memory. */
struct command *command_new(
    const struct stint_command *what, const struct environment *base);

/** NULL is fine. */
void command_free(struct command *c);

/** Bytes that it takes, about. */
size_t command_size(const struct command *c);

/** Whether each task has a folder of its own. */
bool command_has_folder(const struct command *c);

/** Bytes of each stream that are kept; 0: the worker's choice. */
size_t command_output_max(const struct command *c);

/**
 * Run it.  `folder` is the task's own, or has none in it.
 *
 * What it wrote is in the task's capture, `why` is the reason of everything but
 * RUN_DONE.  Time and thread: as exec_run().
 */
enum run_end command_run(const struct command *c, const struct run_task *task,
    const struct folder *folder, struct child_end *end, struct reason *why);

#endif
