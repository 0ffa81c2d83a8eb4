/**
 * mem.h - memory of a short-lived program.                     [layer: cli]
 *
 * A command that cannot have its few bytes says so and leaves with 75: there is
 * nothing to undo in the program itself.  Free with free().
 */
#ifndef CLI_MEM_H
#define CLI_MEM_H

#include <stddef.h>

/** `count` zeroed elements. */
void *mem_new(size_t count, size_t size);

/** Room for `count` elements, keeping what is there. */
void *mem_grow(void *old, size_t count, size_t size);

char *mem_copy(const char *text);

/** As asprintf(). */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
