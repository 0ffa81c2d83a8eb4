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

struct owner {
    uint64_t thread;
    uint64_t fence;     /* Of its acquisition. */
    uint64_t depth;     /* 0: it is about to acquire it. */
    const void *handle; /* Which it did it through. */
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

/** What `thread` owns; NULL: nothing that we know of. */
struct owner *owning_find(const struct owning *o, uint64_t thread);

/** Who acquired it last; NULL: nobody that we know of. */
struct owner *owning_last(const struct owning *o);

/** `thread` is about to acquire it: there is room for it, which it leaves again
 * with owning_drop() if it does not.  0, or STINT_ENOMEM, said. */
int owning_expect(struct owning *o, uint64_t thread, const void *handle);

/** `thread`, which was expected or owns it, has acquired it (once more). */
void owning_took(struct owning *o, uint64_t thread, uint64_t fence);

/** Who holds the acquisition `fence` as `thread` has released it once. */
void owning_gave(struct owning *o, uint64_t thread, uint64_t fence);

/** It owns nothing any more; harmless if it does own something again, by
 * another acquisition than `fence`. */
void owning_drop(struct owning *o, uint64_t thread, uint64_t fence);

#endif
