/**
 * dict.h - keys and entries, in the order in which they were added.
 *                                                               [layer: core]
 *
 * A table by key (with a keyed hash, as strangers choose the keys) and an array
 * in order, with holes where entries were taken; it is made dense when
 * half of it is holes.  Places in it are named by ranks, which only grow, so
 * that a reader goes on where he was whatever happens meanwhile.
 *
 * What is taken out leaves its item behind until dict_settle(), so that
 * everything up to then can be undone, in the opposite order, without fail.
 */
#ifndef DICT_H
#define DICT_H

#include "common/hashtable.h"
#include "common/list.h"
#include "master/core/shared/entry.h"

struct dict_item {
    struct hashtable_node node; /* In dict.keys. */
    struct entry *entry;        /* NULL: taken, to be settled. */
    struct list vacant;         /* In dict.vacant, if taken. */
    size_t length;
    uint8_t key[];
};

struct dict_slot {
    int64_t rank;
    struct entry *entry; /* NULL: a hole. */
};

struct dict {
    struct hashtable keys;   /* struct dict_item */
    struct dict_slot *slots; /* Owned; ascending ranks. */
    size_t used, capacity;   /* Of the slots. */
    size_t count;            /* Entries. */
    int64_t ranks;           /* Rank given last. */
    size_t memory;           /* Of items and entries only. */
    struct list vacant;
    uint8_t secret[16];
};

void dict_init(struct dict *d, const uint8_t secret[16]);

/** Free all that it has. */
void dict_fini(struct dict *d);

/** The item of a key, whose entry may be NULL; NULL: there is none. */
struct dict_item *dict_find(const struct dict *d, struct slice key);

/**
 * Make `e` the entry of `key`: in the place of the one that is there, else at
 * the end.  Takes `e`; gives what was there in *before, or NULL. Returns its
 * item; NULL without memory, nothing changed, `e` is the caller's.
 */
struct dict_item *dict_put(
    struct dict *d, struct slice key, struct entry *e, struct entry **before);

/** Take the entry of `item` out, which has one.  Gives it. */
struct entry *dict_take(struct dict *d, struct dict_item *item);

/** Undo the last change, of `item`: `before` (NULL: nothing) was there, `after`
 * (NULL: nothing) is.  Takes `before`, gives `after`.  Cannot fail. */
void dict_undo(struct dict *d, struct dict_item *item, struct entry *before,
    struct entry *after);

/** Nothing up to here will be undone any more. */
void dict_settle(struct dict *d);

/** It will never be looked into again: all that is left is to take out its
 * entries, one by one. */
void dict_scrap(struct dict *d);

/** Take out the last place, and free its key.  Gives its entry in *last, NULL
 * if that was a hole; false when nothing is left. */
bool dict_scrap_last(struct dict *d, struct entry **last);

/** As loaded: with the rank it has.  NULL without memory, or when the key is
 * there already.  Ranks must be put in order by dict_sort() afterwards. */
struct dict_item *dict_load(struct dict *d, struct slice key, struct entry *e);

/** Returns false if two ranks are the same. */
bool dict_sort(struct dict *d);

/** Index of the first slot whose rank is greater than `rank`. */
size_t dict_behind(const struct dict *d, int64_t rank);

/** Bytes in all. */
size_t dict_memory(const struct dict *d);

/** Aborts where an invariant is broken: for tests. */
void dict_check(const struct dict *d);

#endif
