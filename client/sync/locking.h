/**
 * locking.h - acquire and release, of locks and conditions.   [layer: client]
 */
#ifndef LOCKING_H
#define LOCKING_H

#include "client/stint_sync.h"
#include "client/sync/ask.h"
#include "client/sync/owning.h"

struct locking {
    struct named named; /* The lock, or the condition that has it. */
    struct owning *owning;
    bool by_thread; /* Each thread releases its own only. */
};

/** Open it; `key` is the name that `owning` goes by.  0, or what
 * named_open() returns. */
int locking_open(struct locking *l, struct stint *s, const char *name,
    const char *lock, const struct msg_object_open *open);

/** Release what was taken through it. */
void locking_close(struct locking *l);

/** See stint_lock_acquire(), stint_lock_release(), stint_lock_fence(),
 * stint_lock_locked(). */
int locking_acquire(struct locking *l, int64_t timeout_ms);
int locking_release(struct locking *l);
uint64_t locking_fence(const struct locking *l);
int locking_look(struct locking *l);

#endif
