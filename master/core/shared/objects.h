/**
 * objects.h - opening and deleting named objects.               [layer: core]
 *
 * The one place that knows all kinds: a kind has a function that gives a new
 * object what it needs, and one that takes it away again.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "master/core/inside.h"

/** Give a new object, whose head is filled in, what its kind has.  Returns 0,
 * or an error and it has nothing. */
int objects_furnish(struct core *core, struct object *o);

/** Free all of them; no session is there any more. */
void objects_fini(struct core *core);

#endif
