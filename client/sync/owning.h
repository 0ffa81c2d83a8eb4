/**
 * owning.h - which of our threads own a lock, as we know.     [layer: client]
 *
 * One for each lock that handles of a connection are open for: the lock itself,
 * and the conditions that share it.  A release says with which fence the lock
 * was acquired; so who lost it meanwhile releases nobody else's.
 *
 * Everything under the lock of the connection.
 */
#ifndef OWNING_H
#define OWNING_H

#include "client/inside.h"

/* What a thread has acquired through one handle. */
struct owner {
    uint64_t thread;
    const void *handle;
    uint64_t fence; /* Of its acquisition, the same of all its handles. */
    uint64_t depth; /* 0: it is about to acquire it. */
};

struct owning {
    struct list node; /* In `ownings` of the connection. */
    unsigned refs;    /* Handles. */
    uint64_t fence;   /* Of the last acquisition. */
    struct owner *owners;
    size_t count, capacity;
    char name[];
};

/** That of the lock `name`, one handle more; NULL without memory, said. */
struct owning *owning_open(struct stint *s, const char *name);

/** One handle less; NULL is fine. */
void owning_close(struct owning *o);

/** What `thread` owns, that of `handle` first; NULL: nothing that we know of.
 */
struct owner *owning_find(
    const struct owning *o, uint64_t thread, const void *handle);

/** Who acquired it last; NULL: nobody that we know of. */
struct owner *owning_last(const struct owning *o);

/** `thread` is about to acquire it: there is room for it, which it leaves again
 * with owning_drop() of fence 0 if it does not.  0, or STINT_ENOMEM, said. */
int owning_expect(struct owning *o, uint64_t thread, const void *handle);

/** `thread`, which was expected, has acquired it (once more). */
void owning_took(
    struct owning *o, uint64_t thread, const void *handle, uint64_t fence);

/** `thread` has the acquisition `before` again, as deep as it was. */
void owning_regained(
    struct owning *o, uint64_t thread, uint64_t before, uint64_t fence);

/** `which` (a copy) was released once. */
void owning_gave(struct owning *o, const struct owner *which);

/** `thread` owns nothing any more by the acquisition `fence`. */
void owning_drop(struct owning *o, uint64_t thread, uint64_t fence);

/** A handle goes: true, and what one thread still owns by it, which is
 * forgotten; false: nothing more. */
bool owning_leave(struct owning *o, const void *handle, struct owner *out);

#endif
