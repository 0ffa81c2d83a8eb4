/**
 * path.h - names of files that stay inside a folder.          [layer: common]
 *
 * Files travel with names that others made.  An inner name is relative and has
 * no part that leads out or nowhere: no "..", no ".", no empty part, no control
 * character; it is plain text (text.h) of 1 to PATH_INNER_MAX bytes.
 */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/slice.h"

enum { PATH_INNER_MAX = 1024, PATH_PART_MAX = 255 };

/** Whether `name` is an inner name. */
bool path_is_inner(struct slice name);

/** Leave out parts that are "." or empty, in place; "/" at the start stays.
 * Returns the new length. */
size_t path_tidy(char *name, size_t length);

/** The part behind the last "/", or all of it. */
struct slice path_last(struct slice name);

#endif
