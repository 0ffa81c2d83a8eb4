/**
 * slice.h - bytes that belong to somebody else.               [layer: common]
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *bytes; /* Borrowed; NULL only when length is 0. */
    size_t length;
};

/** The bytes of a C string, without its NUL. */
static inline struct slice
slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length
           && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

#endif
