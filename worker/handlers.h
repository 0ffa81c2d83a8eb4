/**
 * handlers.h - the C functions a worker may call, by name.    [layer: worker]
 *
 * From a table of the program, from a plug-in (a shared object that defines
 * `stint_handlers`), or both; the program's come first.
 */
#ifndef HANDLERS_H
#define HANDLERS_H

#include <stddef.h>

#include "client/stint.h"

#define HANDLERS_NAME_MAX 64u

struct handlers {
    const struct stint_handler *tables[2]; /* Borrowed; either may be NULL. */
    const struct stint_handler *fallback;  /* For tasks that name none. */
    void *plugin;                          /* Owned: from dlopen(), or NULL. */
};

/**
 * Gather `table` and the table of `plugin` (a path; either may be NULL), check
 * them, and choose the one called `fallback` (NULL: the first) for tasks that
 * name none.
 *
 * Owns:    borrows `table`; free with handlers_fini().
 * Returns: 0, or a sentence is said, `h` owns nothing, and
 *          STINT_EPLUGIN  the object cannot be loaded or has no good table
 *          STINT_EINVAL   a bad table of the program, or no such fallback
 */
int handlers_init(struct handlers *h, const struct stint_handler *table,
    const char *plugin, const char *fallback);

/** Unload the plug-in: none of its code may be running. */
void handlers_fini(struct handlers *h);

/** The handler `name` ("": the fallback), or NULL. */
const struct stint_handler *handlers_find(
    const struct handlers *h, const char *name);

/** Write "square, echo", cut at `size`. */
void handlers_names(const struct handlers *h, char *out, size_t size);

#endif
