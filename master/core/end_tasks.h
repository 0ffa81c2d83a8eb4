/**
 * end_tasks.h - many tasks at once: cancel, try again, drop.      [layer: core]
 *
 * What takes long is done in steps, a few thousand tasks a turn, so that nobody
 * else waits for it; its asker is answered at the end.
 */
#ifndef END_TASKS_H
#define END_TASKS_H

#include "master/core/inside.h"

/** I14: one may end what one's own key submitted; an admin may all. */
bool end_tasks_may(
    const struct core *core, const struct session *s, const struct task *t);

/** Go on with those that are not done. */
void end_tasks_tick(struct core *core, tick_ns now);

tick_ns end_tasks_next_deadline(const struct core *core);

#endif
