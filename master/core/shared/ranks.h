/**
 * ranks.h - numbers that say in which order the entries of a list are.
 *                                                               [layer: core]
 *
 * They ascend in the order of the list, with gaps between them.
 */
#ifndef RANKS_H
#define RANKS_H

#include "master/core/shared/shelf.h"

struct changes;

/** A rank for what comes before place `at`; where none is left between its
 * neighbours, these get others, which is noted.  Returns 0, or STINT_ENOMEM,
 * and the order is what it was. */
int ranks_place(
    struct shelf *shelf, struct changes *changes, size_t at, int64_t *rank);

/** Reverse the list, and its ranks with it.  Twice is as never. */
void ranks_turn(struct shelf *shelf);

#endif
