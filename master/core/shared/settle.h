/**
 * settle.h - the end of several operations: all of them, or none. [layer: core]
 */
#ifndef SETTLE_H
#define SETTLE_H

#include "master/core/inside.h"
#include "master/core/shared/changes.h"

/** Bytes that the changes need more than there were before. */
size_t settle_growth(const struct changes *changes);

/** Bytes of values that were cleared: these have all their places anew, before
 * the old ones are freed. */
size_t settle_twice(const struct changes *changes);

/** They last: rows are written, what was replaced is freed, the budget knows.
 * Returns whether the store keeps any of it. */
bool settle_all(struct core *core, struct changes *changes);

/** They were not. */
void settle_none(struct core *core, struct changes *changes);

#endif
