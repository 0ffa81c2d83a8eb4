/**
 * tries.h - the attempts of tasks, for people and machines.    [layer: cli]
 */
#ifndef CLI_TRIES_H
#define CLI_TRIES_H

#include <stint_job.h>

#include "cli/table.h"

/** A table of attempts, a row each. */
struct table *tries_new(void);

/** Add those of one task. */
void tries_add(struct table *table, uint64_t task,
    const struct stint_attempt *tries, size_t count);

/** The same as the text of a JSON array; gives it. */
char *tries_json(const struct stint_attempt *tries, size_t count);

#endif
