/**
 * objrow.h - the rows of named objects.                         [layer: core]
 *
 * Whoever changes a fact of an object that is kept says so here, at once.  Of
 * others nothing is written.
 */
#ifndef OBJROW_H
#define OBJROW_H

#include "master/core/inside.h"

/** The object was made, or what it has of itself changed. */
void objrow_object(struct core *core, const struct object *o);

/** It is deleted. */
void objrow_gone(struct core *core, const struct object *o);

/** The same, but entries of it still have rows: until they are dropped, too,
 * its own says that they are nobody's. */
void objrow_dying(struct core *core, const struct object *o);

/** It is held, or more often, or less. */
void objrow_hold(struct core *core, struct hold *h);

/** And no more. */
void objrow_hold_gone(struct core *core, struct hold *h);

#endif
