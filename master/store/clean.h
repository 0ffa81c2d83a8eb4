/**
 * clean.h - space of what is gone is used again.               [layer: store]
 *
 * Always the oldest segment: what still lives there is appended again as it
 * is, then nothing in the log is older than what is left, so that the deletes
 * in it have nothing to delete any more.  At most half of a large log is dead,
 * and each byte that lives is moved about once while as much is written anew.
 */
#ifndef CLEAN_H
#define CLEAN_H

#include "master/store/inside.h"

/** Move a little of the oldest segment, or free it, if there is need.
 * Returns 1 (there is more to do), 0, or STINT_EDISK. */
int clean_some(struct store *s);

#endif
