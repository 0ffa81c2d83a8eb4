/**
 * watch.h - who waits for a dict, a list or values to change.   [layer: core]
 *
 * He stands in the object's line.  Of an entry that is not there it is known
 * only when any was taken out last: he may be told of another one's end, once.
 */
#ifndef WATCH_H
#define WATCH_H

#include "master/core/inside.h"

/** The object has changed: in this turn, when all of it is done, those who wait
 * for that are told. */
void watch_changed(struct core *core, struct object *o);

/** Tell them.  For the turn. */
void watch_tick(struct core *core);

#endif
