/* Lock and RLock.                                            [layer: client] */
#include <stdlib.h>

#include "client/sync/locking.h"
#include "common/sys/say.h"

struct stint_lock {
    struct locking locking;
};

static int
open_lock(struct stint *s, const char *name,
    const struct stint_object_options *options, enum named_kind kind,
    struct stint_lock **out)
{
    static const struct stint_object_options none;
    const struct stint_object_options *o = options != NULL ? options : &none;
    struct msg_object_open open = { .kind = (uint64_t)kind,
        .only_open = o->only_open };

    *out = NULL;
    int rc = named_check(name, o->durability, &open.durability);
    if (rc != 0) return rc;
    struct stint_lock *lock = calloc(1, sizeof(*lock));
    if (lock == NULL) return say(STINT_ENOMEM, "no memory for a lock");
    lock->locking.by_thread = kind == NAMED_RLOCK;
    rc = locking_open(&lock->locking, s, name, NULL, &open);
    if (rc != 0) {
        free(lock);
        return rc;
    }
    *out = lock;
    return 0;
}

int
stint_lock_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_lock **out)
{
    return open_lock(s, name, options, NAMED_LOCK, out);
}

int
stint_rlock_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_lock **out)
{
    return open_lock(s, name, options, NAMED_RLOCK, out);
}

void
stint_lock_close(struct stint_lock *lock)
{
    if (lock == NULL) return;
    locking_close(&lock->locking);
    free(lock);
}

int
stint_lock_acquire(struct stint_lock *lock, int64_t timeout_ms)
{
    return locking_acquire(&lock->locking, timeout_ms);
}

int
stint_lock_release(struct stint_lock *lock)
{
    return locking_release(&lock->locking);
}

uint64_t
stint_lock_fence(const struct stint_lock *lock)
{
    return locking_fence(&lock->locking);
}

int
stint_lock_locked(struct stint_lock *lock)
{
    return locking_look(&lock->locking);
}
