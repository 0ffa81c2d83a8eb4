/**
 * sync_semaphore.h - Semaphore and BoundedSemaphore.            [layer: core]
 *
 * Holds always: nobody waits while a permit is free; of a bounded one, free and
 * held permits are as many as at the beginning (unless those of the dead do not
 * return: then nobody holds any).
 */
#ifndef SYNC_SEMAPHORE_H
#define SYNC_SEMAPHORE_H

#include "master/core/shared/holds.h"

/** Acquire, release, look. */
void sync_semaphore_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o);

/** So many permits are free again; more than its row can say are lost. */
void sync_semaphore_return(struct object *o, uint64_t count);

/** Its holder died: the permits return. */
void sync_semaphore_died(struct core *core, struct hold *h);

#endif
