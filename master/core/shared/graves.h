/**
 * graves.h - what was thrown away and is not freed yet.         [layer: core]
 *
 * To free a million entries takes longer than a turn should: some go in each.
 * Until then they count.
 */
#ifndef GRAVES_H
#define GRAVES_H

#include "master/core/inside.h"
#include "master/core/shared/shelf.h"

/** Free what a shelf of this kind had, now or later; takes `content`.  What
 * counted it counts it no more. */
void graves_bury(struct core *core, const struct shelf *shelf,
    struct shelf_content *content);

/** Free some.  For the turn. */
void graves_tick(struct core *core);

/** Free all. */
void graves_fini(struct core *core);

/** Bytes of those that are there: for tests. */
size_t graves_memory(const struct core *core);

#endif
