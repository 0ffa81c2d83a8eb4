/**
 * load_schedule.h - schedules that a master before had.         [layer: core]
 */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include "master/core/inside.h"

/** Take a row; they come in order of their numbers.  Returns as core_load(). */
int load_schedule(struct core *core, uint64_t number,
    const struct rec_kept_schedule *row, struct queue *queue, const char **why);

/** The same of a row of what became of one. */
int load_schedule_due(struct core *core, uint64_t number,
    const struct rec_kept_due *row, const char **why);

/** That was all: time goes on. */
void load_schedule_settle(struct core *core);

#endif
