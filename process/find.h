/**
 * find.h - where a program is.                                 [layer: process]
 */
#ifndef FIND_H
#define FIND_H

#define FIND_PATH 4096

/**
 * Find `name` as execvp(3) would, in `path` (NULL: our PATH), seen from the
 * folder `from` (-1: ours), and write its path to `out`.
 *
 * Returns 0, ENOENT, or EACCES: it is there and is no program that may run.
 */
int find_program(
    const char *name, const char *path, int from, char out[FIND_PATH]);

#endif
