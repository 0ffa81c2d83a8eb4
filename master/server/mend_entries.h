/**
 * mend_entries.h - what is left of dicts, lists and values.   [layer: server]
 *
 * Where the newest row of an entry is damaged an older one of it may be found,
 * or one whose end is what was lost.  Of two that cannot be there together the
 * one that was changed last stays.
 */
#ifndef MEND_ENTRIES_H
#define MEND_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

struct mend_entry;

struct mend_entries {
    struct mend_entry *all; /* Owned. */
    size_t count, room;
    uint8_t secret[16]; /* Keys are compared by what they hash to. */
};

void mend_entries_init(struct mend_entries *m);
void mend_entries_fini(struct mend_entries *m);

/** An entry of an object that is there; of a dict if `keyed`.  False: no
 * memory. */
bool mend_entries_see(struct mend_entries *m, uint64_t id,
    const struct rec_kept_entry *row, bool keyed);

/** That was all: `superfluous` is told the ids of those that cannot stay, each
 * once, with the numbers of their objects. */
void mend_entries(struct mend_entries *m,
    void (*superfluous)(void *arg, uint64_t object, uint64_t id), void *arg);

#endif
