/**
 * tell.h - how a task ended, told to whom it concerns.          [layer: core]
 *
 * That is who waits for its result, or its job; and people who ask about the
 * last ones that ended.  Where the task itself goes is said by life.c.
 */
#ifndef TELL_H
#define TELL_H

#include "master/core/inside.h"

/** It is done: who did it, the result, and a record `attempt` or nothing.
 * Returns 0, or STINT_ENOMEM and nothing changed. */
int tell_done(struct core *core, tick_ns now, struct task *t,
    struct slice worker, struct slice result, struct slice note);

/** It ended otherwise, which happens whether or not there is memory: without it
 * this master must not go on. */
void tell_end(struct core *core, const struct task *t, int code,
    struct slice reason, struct slice output);

/** A task of no job is gone: into the ring of the last ones. */
void tell_people(struct core *core, tick_ns now, const struct task *t,
    enum task_state state, const char *worker);

/** Who held it last; may be empty. */
struct slice tell_worker(const struct task *t);

#endif
