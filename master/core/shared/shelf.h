/**
 * shelf.h - what a dict, a list or values have in them.         [layer: core]
 *
 * Every change here is noted in a struct changes; what it did can be undone
 * until that is settled (settle.h), and entries that it replaced stay where
 * they are in memory until then.  Each change is a version of the object, which
 * its entry gets.
 *
 * Of what a store keeps, the order of a list is in the ranks of its entries: a
 * new one gets a number between those of its neighbours, and where there is
 * none left the neighbours are spread (ranks.h).  Ranks count down in a list
 * that was reversed, so that not every row of it has to be written again.
 */
#ifndef SHELF_H
#define SHELF_H

#include "master/core/shared/dict.h"
#include "master/core/shared/object.h"
#include "master/core/shared/sequence.h"

struct changes;

struct shelf_content {
    union {
        struct dict dict;
        struct sequence sequence; /* Of a list, or of values. */
    } in;
};

struct shelf {
    struct object *object; /* Whose it is: kind, type, version. */
    struct shelf_content *content;
    bool kept;        /* It has rows. */
    bool reversed;    /* Of a list: a row has the rank with its sign changed. */
    uint64_t lost;    /* Version at which an entry was taken last, */
    uint64_t cleared; /* and at which all were: rows before that are nobody's.
                       */
    size_t counted;   /* Bytes as the object knows them. */
    uint8_t secret[16]; /* Of the table of keys. */

    struct list watched; /* In objects.watched: who watches is to be told. */
    struct list touched; /* In changes.touched. */
    uint64_t version_before, lost_before, cleared_before;
};

/** An empty one for `object`, values all zero; NULL without memory. */
struct shelf *shelf_new(
    struct object *object, bool kept, const uint8_t secret[16]);

/** Free it with all that it has.  NULL is fine. */
void shelf_free(struct shelf *shelf);

/** Bytes that values of `size` need when they are made. */
size_t shelf_size(uint64_t size);

/** Bytes of it and all that it has. */
size_t shelf_memory(const struct shelf *shelf);

static inline bool
shelf_is_dict(const struct shelf *shelf)
{
    return shelf->object->kind == OBJECT_DICT;
}

/** How many entries a dict or list has; how many places values have. */
size_t shelf_count(const struct shelf *shelf);

/** The entry of a key of a dict; NULL: there is none. */
struct entry *shelf_find(const struct shelf *shelf, struct slice key);

/** The entry at a place that is there; NULL: values that are zero. */
struct entry *shelf_at(const struct shelf *shelf, size_t at);

/* ---- changes; each returns 0 or STINT_ENOMEM, nothing changed ------------ */

int shelf_put(struct shelf *shelf, struct changes *changes, struct slice key,
    struct slice value);

/** Take the entry of a key, which is there. */
int shelf_take(
    struct shelf *shelf, struct changes *changes, struct entry *entry);

int shelf_put_at(struct shelf *shelf, struct changes *changes, size_t at,
    struct slice value);

/** Of a list: before place `at` <= count. */
int shelf_insert(struct shelf *shelf, struct changes *changes, size_t at,
    struct slice value);

int shelf_take_at(struct shelf *shelf, struct changes *changes, size_t at);

int shelf_reverse(struct shelf *shelf, struct changes *changes);

/** Nothing is left; values are zero. */
int shelf_clear(struct shelf *shelf, struct changes *changes);

/** Free what was thrown away. */
void shelf_drop_content(
    const struct shelf *shelf, struct shelf_content *content);

/** Bytes of it and all that it has. */
size_t shelf_content_memory(
    const struct shelf *shelf, const struct shelf_content *content);

/** Aborts where an invariant is broken: for tests. */
void shelf_check(const struct shelf *shelf);

#endif
