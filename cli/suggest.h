/**
 * suggest.h - "did you mean …?"                                [layer: cli]
 */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/** The nearest of `words` to `typed`, if it is near enough to be meant; else
 * NULL.  Lends what `words` holds. */
const char *suggest(const char *typed, const char *const words[], size_t count);

/** How many letters must be changed, added, dropped or swapped. */
unsigned suggest_distance(const char *a, const char *b);

#endif
