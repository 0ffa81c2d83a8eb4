/**
 * variables.h - the environment of a program that is started. [layer: process]
 */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <stdbool.h>

/**
 * Our environment with `more` ("NAME=VALUE", NULL-terminated; or NULL) instead
 * of what it has of these names; `only`: nothing but `more`.
 *
 * Owns: gives one allocation, free(); borrows the strings.  NULL without
 * memory.
 */
char **variables_with(const char *const *more, bool only);

/** The value of `name` in it; NULL: it is not set. */
const char *variables_get(char *const *variables, const char *name);

#endif
