/**
 * graves.h - what was thrown away and is not freed yet.         [layer: core]
 *
 * To free a million entries, and to drop their rows, takes longer than a turn
 * should: some go in each.  Until then they count, and the row of their object
 * says that they are nobody's: since when it is empty (kept_object.cleared), or
 * that it is deleted (OBJECT_GONE).  A master that starts drops those that are
 * left.
 */
#ifndef GRAVES_H
#define GRAVES_H

#include "master/core/inside.h"
#include "master/core/shared/shelf.h"

/**
 * Free what a shelf of this kind had and drop its rows, now or later; takes
 * `content`.  What counted it counts it no more.
 *
 * `object` is the number of its object if that is deleted: where this returns
 * true, the row of that goes with the last entry, else it is the caller's.  0:
 * it stays.
 */
bool graves_bury(struct core *core, const struct shelf *shelf,
    struct shelf_content *content, uint64_t object);

/** Free some.  For the turn. */
void graves_tick(struct core *core);

/** Free all of them; rows stay for the next start. */
void graves_fini(struct core *core);

/** Bytes of those that are there: for tests. */
size_t graves_memory(const struct core *core);

#endif
