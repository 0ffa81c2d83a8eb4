/**
 * stint_sync.h - locks, semaphores, conditions, events and barriers.
 *
 * Named objects at the master, shared by whoever opens them under their name, on
 * one host or on many.  They are multiprocessing's, with one difference that
 * everything here stands on: what is held belongs to a session.  When a holder
 * dies, or is cut off for longer than the master's silence (3 s), its lock comes
 * free and the next owner is told STINT_OWNER_DIED; its permits return; a barrier
 * it waited at breaks; a wait of it is forgotten.
 *
 *     struct stint_lock *lock;
 *
 *     if (stint_lock_open(s, "ledger", NULL, &lock) != 0) …
 *     int rc = stint_lock_acquire(lock, 5000);
 *     if (rc < 0) …
 *     if (rc == STINT_OWNER_DIED) repair();
 *     write_ledger(stint_lock_fence(lock));
 *     rc = stint_lock_release(lock);
 *
 * Who was cut off for too long does not know it yet, and may still believe that
 * it holds a lock.  So each acquisition has a *fence*, a number that only grows:
 * hand it to what the lock protects, and let that refuse smaller ones than it has
 * seen.
 *
 * Waiting costs no thread at the master and no polling: who waits stands in a
 * line, first come, first served, and is answered when it is its turn.
 *
 * What stint.h says of errors, timeouts and threads holds here too; any number of
 * threads may share a handle.  A wait that is cut off and comes back in time keeps
 * its place.  A call that timed out, or was interrupted, has taken nothing, and
 * takes nothing later.
 *
 * What survives a restart of the master is said by `durability`, as for queues: who
 * holds it holds it still, and has as long to come back as with tasks.  What lives
 * in memory is gone with its master; a handle that was not `only_open` makes it
 * again when it is used, and who held it is told STINT_ESTALE by his release.
 *
 * NULL for the options opens what is there, however it was made, else makes it as
 * zeroed options do; a barrier, which has no size to go by, is not made then:
 * STINT_ENOOBJECT.
 *
 * Every open here returns 0, or STINT_EEXISTS (an object of this name is of
 * another kind, or was made with other options), STINT_ENOOBJECT (only_open, and
 * there is none), STINT_EINVAL, STINT_ELIMIT, STINT_EBUDGET, STINT_EROLE, and what
 * every call may return; gives *out.  A close gives back what was taken by
 * this handle, and so does stint_close().
 *
 * Each handle is freed by the close of its kind and by nothing else, before or
 * after stint_close(), which does not free it.
 */
#ifndef STINT_SYNC_H
#define STINT_SYNC_H

#include <stint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Acquired, but the last owner died while it held: what the lock protects may
 * be half changed.  As EOWNERDEAD of pthread's robust mutexes.  It is positive, as
 * no failure is: ask for `rc < 0`, not for `rc != 0`. */
#define STINT_OWNER_DIED 1

struct stint_object_options {
    bool only_open;         /* Do not make it. */
    const char *durability; /* NULL: the master's. */
};

/** Forget an object with all that it has; who waits for it is told
 * STINT_ENOOBJECT.  Returns 0, STINT_ENOOBJECT, or STINT_EBUSY: it is a lock that
 * conditions have, delete them first.  Needs the role submit. */
STINT_CHECK int stint_object_delete(struct stint *s, const char *name);

/* ---- Lock, RLock --------------------------------------------------------- */

struct stint_lock;

/** A lock that is not recursive: who acquires it twice waits for himself. */
STINT_CHECK int stint_lock_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_lock **out);

/** A recursive one: its owner is a thread of a session, and may acquire it again;
 * it is free after as many releases. */
STINT_CHECK int stint_rlock_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_lock **out);

/** NULL is fine. */
STINT_API void stint_lock_close(struct stint_lock *lock);

/**
 * Returns: 0, STINT_OWNER_DIED (it is acquired), or STINT_ETIMEOUT (also with
 *          timeout 0: it is somebody else's now).
 * Source:  Lock.acquire(block, timeout), RLock.acquire.
 */
STINT_CHECK int stint_lock_acquire(struct stint_lock *lock, int64_t timeout_ms);

/**
 * Release it.  As in Python, a Lock may be released by another than who acquired
 * it; but who acquired it through this handle and has lost it meanwhile releases
 * nobody else's.
 *
 * Returns: 0, or STINT_ENOTHELD (nobody holds it; an RLock: this thread does not;
 *          Python's RuntimeError('release unlocked lock')), or STINT_ESTALE
 *          (we acquired it, and it is not ours any more: another released it, or
 *          it was taken from us while we were cut off).
 */
STINT_CHECK int stint_lock_release(struct stint_lock *lock);

/** Of the last acquisition by this connection, greater than of all before; 0:
 * there was none.  A wait of a condition that has this lock acquires it, too. */
STINT_API uint64_t stint_lock_fence(const struct stint_lock *lock);

/** 1 if anybody holds it now, 0 if not, or a negative error. */
STINT_CHECK int stint_lock_locked(struct stint_lock *lock);

/* ---- Semaphore, BoundedSemaphore ----------------------------------------- */

struct stint_semaphore;

struct stint_semaphore_options {
    bool only_open;
    const char *durability;
    uint64_t value;  /* Permits at the beginning; see `none`. */
    bool none;       /* 0 permits at the beginning; else `value` 0 means 1. */
    bool bounded;    /* BoundedSemaphore: never more than at the beginning. */
    bool no_return;  /* Permits of the dead do not come back: for semaphores that
                        count events and not places. */
};

STINT_CHECK int stint_semaphore_open(struct stint *s, const char *name,
    const struct stint_semaphore_options *options, struct stint_semaphore **out);
STINT_API void stint_semaphore_close(struct stint_semaphore *sem);

/** Take a permit.  Returns 0 or STINT_ETIMEOUT. */
STINT_CHECK int stint_semaphore_acquire(
    struct stint_semaphore *sem, int64_t timeout_ms);

/** Give `count` (>= 1) permits.  Those that this session has taken come first; of
 * a bounded one then those of others, who do not hold them any more; more are new
 * ones.  Returns 0, or STINT_ENOTHELD when a bounded one
 * would have more than at the beginning (ValueError), and nothing changed. */
STINT_CHECK int stint_semaphore_release(
    struct stint_semaphore *sem, uint64_t count);

/** Source: get_value(), which works by manager, too. */
STINT_CHECK int stint_semaphore_value(
    struct stint_semaphore *sem, uint64_t *value);

/* ---- Condition ----------------------------------------------------------- */

struct stint_condition;

struct stint_condition_options {
    bool only_open;
    const char *durability;
    const char *lock; /* Name of a lock that is there, to be shared by several
                         conditions; NULL: an RLock of its own. */
};

STINT_CHECK int stint_condition_open(struct stint *s, const char *name,
    const struct stint_condition_options *options,
    struct stint_condition **out);
STINT_API void stint_condition_close(struct stint_condition *c);

/** Of its lock, as stint_lock_acquire(), _release() and _fence(). */
STINT_CHECK int stint_condition_acquire(
    struct stint_condition *c, int64_t timeout_ms);
STINT_CHECK int stint_condition_release(struct stint_condition *c);
STINT_API uint64_t stint_condition_fence(const struct stint_condition *c);

/**
 * Let go of the lock, wait to be notified, have the lock again: in one request,
 * so that no notify is missed between.
 *
 * Who is notified and dies before he heard of it, or was interrupted, passes that on
 * to the next one.
 *
 * Returns: 0 (notified) or STINT_ETIMEOUT, and the lock is held again, as deep as
 *          before; STINT_ENOTHELD (the caller did not hold it, nothing changed);
 *          STINT_ELOST when it could not be had again within the connection's
 *          timeout_ms after that, or we were cut off: it is not held.
 * Source:  Condition.wait, which waits for its lock without end.
 */
STINT_CHECK int stint_condition_wait(
    struct stint_condition *c, int64_t timeout_ms);

/** Wait until `is_true` says so, which is called with the lock held.  Returns 0,
 * or STINT_ETIMEOUT (it still is not), or as stint_condition_wait(). */
STINT_CHECK int stint_condition_wait_for(struct stint_condition *c,
    bool (*is_true)(void *arg), void *arg, int64_t timeout_ms);

/** Wake at most `count` of those that wait, first come, first served; they go on
 * when they have the lock.  Nobody waiting is fine, and is not remembered.
 * Returns 0 or STINT_ENOTHELD. */
STINT_CHECK int stint_condition_notify(
    struct stint_condition *c, uint64_t count);
STINT_CHECK int stint_condition_notify_all(struct stint_condition *c);

/* ---- Event --------------------------------------------------------------- */

struct stint_event;

STINT_CHECK int stint_event_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_event **out);
STINT_API void stint_event_close(struct stint_event *e);
STINT_CHECK int stint_event_set(struct stint_event *e);
STINT_CHECK int stint_event_clear(struct stint_event *e);
/** 1, 0, or a negative error. */
STINT_CHECK int stint_event_is_set(struct stint_event *e);
/** Returns 0 when it is set, also if it is cleared again at once, or
 * STINT_ETIMEOUT. */
STINT_CHECK int stint_event_wait(struct stint_event *e, int64_t timeout_ms);

/* ---- Barrier ------------------------------------------------------------- */

struct stint_barrier;

struct stint_barrier_options {
    bool only_open;
    const char *durability;
    uint64_t parties;             /* 1 to 65535. */
    int (*action)(void *arg);     /* Run by one of them before all go on; other
                                     than 0 breaks the barrier.  Or NULL, then
                                     for all who open it. */
    void *arg;
};

STINT_CHECK int stint_barrier_open(struct stint *s, const char *name,
    const struct stint_barrier_options *options, struct stint_barrier **out);
STINT_API void stint_barrier_close(struct stint_barrier *b);

/**
 * Wait until `parties` wait.  *index (may be NULL) is 0 to parties - 1, each
 * once; 0 is who ran the action.
 *
 * Returns: 0, or STINT_EBROKEN: somebody timed out, aborted, reset, died, left
 *          or was interrupted while it waited, or the action failed;
 *          STINT_ETIMEOUT: we timed out, and so broke it for all.  With timeout
 *          0 it breaks at once unless we are the last.
 * Source:  Barrier.wait, which never learns of a death.
 */
STINT_CHECK int stint_barrier_wait(
    struct stint_barrier *b, unsigned *index, int64_t timeout_ms);

/** Break it for those who wait, and whole again.  Source: Barrier.reset. */
STINT_CHECK int stint_barrier_reset(struct stint_barrier *b);
/** Break it until it is reset.  Source: Barrier.abort. */
STINT_CHECK int stint_barrier_abort(struct stint_barrier *b);

struct stint_barrier_state {
    uint64_t parties, waiting;
    bool broken;
};
STINT_CHECK int stint_barrier_look(
    struct stint_barrier *b, struct stint_barrier_state *out);

#ifdef __cplusplus
}
#endif

#endif
