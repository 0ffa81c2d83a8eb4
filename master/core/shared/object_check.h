/**
 * object_check.h - every invariant of named objects: for tests. [layer: core]
 */
#ifndef OBJECT_CHECK_H
#define OBJECT_CHECK_H

#include "master/core/inside.h"

/** Aborts where one is broken.  Returns the bytes that they and all holds count
 * against the budget. */
size_t object_check(const struct core *core);

#endif
