/**
 * entry.h - one value of a dict, a list or values.             [layer: core]
 *
 * Never changed: a new value is a new entry, so that the old one can be put
 * back when one of several operations fails (changes.h).
 */
#ifndef ENTRY_H
#define ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

struct dict_item;

struct entry {
    uint64_t version;       /* Of its shelf, when it was set. */
    int64_t rank;           /* Dict and list: a smaller one comes first; values:
                               its place. */
    uint64_t row;           /* Id of its row; 0: none. */
    struct dict_item *item; /* Of a dict: where its key is. */
    size_t length;
    uint8_t bytes[];
};

/** Copies `value`.  NULL without memory. */
struct entry *entry_new(struct slice value);

/** NULL is fine. */
void entry_free(struct entry *e);

static inline struct slice
entry_value(const struct entry *e)
{
    return (struct slice){ e->bytes, e->length };
}

/** Bytes it counts against the budget. */
static inline size_t
entry_memory(const struct entry *e)
{
    return sizeof *e + e->length;
}

#endif
