/**
 * hashtable.h - intrusive hash table that grows a little at a time.
 *                                                             [layer: common]
 *
 * Nodes live inside the caller's structs.  The caller hashes keys (with a
 * secret, where strangers choose them) and compares them: the table knows only
 * hashes.
 *
 * When it is full it gets twice as many buckets, and each add or remove moves a
 * few of the old ones into them, so that none takes long, however many nodes
 * there are.  Where there is no memory for that it goes on, slower: nothing
 * here can fail.  The struct itself must stay where it is.  Not thread-safe.
 */
#ifndef HASHTABLE_H
#define HASHTABLE_H

#include <stddef.h>
#include <stdint.h>

struct hashtable_node {
    struct hashtable_node *next; /* In its bucket. */
    uint64_t hash;
};

struct hashtable {
    struct hashtable_node **buckets; /* Owned, or &only. */
    struct hashtable_node *
        *before;                 /* The same, of those that have not moved yet;
                                    NULL: all have. */
    size_t size, size_before;    /* How many; powers of two. */
    size_t moved;                /* Of `before`, from the first. */
    size_t count;                /* Nodes. */
    struct hashtable_node *only; /* The one bucket of a new table. */
};

/** Make an empty table. */
void hashtable_init(struct hashtable *t);

/** Free its buckets.  The nodes, which may still be there, are the caller's.
 * It is as new then. */
void hashtable_fini(struct hashtable *t);

/** Add `node`, which is in no table, under `hash`.  The table borrows it. */
void hashtable_add(
    struct hashtable *t, struct hashtable_node *node, uint64_t hash);

/** Take out `node`, which must be in this table. */
void hashtable_remove(struct hashtable *t, struct hashtable_node *node);

/** A node with this hash, or NULL. */
struct hashtable_node *hashtable_find(const struct hashtable *t, uint64_t hash);

/** Another one with the same hash, each once; NULL when there is none. */
struct hashtable_node *hashtable_next(const struct hashtable_node *node);

/** Bytes of the buckets. */
size_t hashtable_memory(const struct hashtable *t);

/** Aborts where an invariant is broken: for tests. */
void hashtable_check(const struct hashtable *t);

#endif
