/**
 * with_sync.h - handles of locks and of conditions.           [layer: tests]
 */
#ifndef WITH_SYNC_H
#define WITH_SYNC_H

#include "tests/integration/with_master.h"

#include <stint_sync.h>

static inline struct stint_lock *
open_lock(struct stint *on, const char *name)
{
    struct stint_lock *lock;

    OK(stint_lock_open(on, name, NULL, &lock));
    return lock;
}

static inline struct stint_lock *
open_rlock(struct stint *on, const char *name)
{
    struct stint_lock *lock;

    OK(stint_rlock_open(on, name, NULL, &lock));
    return lock;
}

static inline struct stint_condition *
open_condition(struct stint *on, const char *name, const char *lock)
{
    struct stint_condition_options options = { .lock = lock };
    struct stint_condition *c;

    OK(stint_condition_open(on, name, &options, &c));
    return c;
}

#endif
