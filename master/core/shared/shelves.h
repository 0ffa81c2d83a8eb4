/**
 * shelves.h - what dicts, lists and values have, as objects.    [layer: core]
 *
 * They are given a shelf when they are made, and lose it when they go; what the
 * store has of them is put back.
 */
#ifndef SHELVES_H
#define SHELVES_H

#include "master/core/inside.h"

struct rec_kept_entry;

/** Give a new object an empty shelf.  Returns 0, STINT_EBUDGET (values that do
 * not fit) or STINT_ENOMEM, and it has none. */
int shelves_furnish(struct core *core, struct object *o);

/** It is deleted: take the shelf away, with the rows of its entries, now or
 * later.  Returns whether later: then its own row goes with the last of them,
 * and until then has to tell (objrow_dying()). */
bool shelves_gone(struct core *core, struct object *o);

/** Free the shelf, if it has one; rows stay. */
void shelves_strip(struct core *core, struct object *o);

/** Take an entry from its row, in any order.  Returns 0, STINT_EDAMAGED or
 * STINT_ENOMEM. */
int shelves_load(struct core *core, struct object *o, uint64_t id,
    const struct rec_kept_entry *row);

/** All entries are there: put them in order.  False: that cannot be done. */
bool shelves_loaded(struct core *core);

#endif
