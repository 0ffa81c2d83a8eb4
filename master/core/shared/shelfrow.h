/**
 * shelfrow.h - the rows of entries.                             [layer: core]
 *
 * Of objects that are not kept nothing is written.
 */
#ifndef SHELFROW_H
#define SHELFROW_H

#include "master/core/inside.h"
#include "master/core/shared/shelf.h"

/** The entry was made, or has another rank. */
void shelfrow_entry(
    struct core *core, const struct shelf *shelf, struct entry *e);

/** It was taken out. */
void shelfrow_gone(
    struct core *core, const struct shelf *shelf, const struct entry *e);

#endif
