/**
 * load_task.h - tasks out of their rows.                        [layer: core]
 *
 * They come in order of their ids, then their states; into their places they go
 * when all is known (life_restore()).
 */
#ifndef LOAD_TASK_H
#define LOAD_TASK_H

#include "master/core/inside.h"
#include "proto/record.h"

/** Whether bytes that can be read back may still be kept in memory. */
bool load_task_has_room(const struct core *core);

/** A task of `q` (NULL: of none, which is damage); `s` waits for its result, if
 * it is kept.  Returns 0, STINT_EDAMAGED or STINT_ENOMEM. */
int load_task(struct core *core, uint64_t id, const struct rec_kept_task *row,
    struct queue *q, struct session *s, const char **why);

/** How far the task is; `holder`: who has it, if he is kept.  Returns the same.
 */
int load_task_state(struct core *core, uint64_t id,
    const struct rec_kept_state *row, struct session *holder, const char **why);

#endif
