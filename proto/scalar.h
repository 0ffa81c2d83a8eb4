/**
 * scalar.h - reading one value within its bounds.             [layer: proto]
 *
 * Returns 0, or STINT_EMALFORMED (no such value) or STINT_EINVAL (out of its
 * bounds), leaving the target alone.
 */
#ifndef SCALAR_H
#define SCALAR_H

#include "common/slice.h"
#include "common/stint_error.h"
#include "proto/cursor.h"

/** Neither min nor max is beyond an int64_t, so no value is. */
static inline int
scalar_sint(struct cursor *c, int64_t *out, int64_t min, int64_t max)
{
    struct cursor_node node;

    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    int64_t value = (int64_t)node.number;
    if (node.kind == CURSOR_UINT) {
        if (value < 0) return STINT_EINVAL;
    } else if (node.kind != CURSOR_NEGATIVE) {
        return STINT_EMALFORMED;
    }
    if (value < min || value > max) return STINT_EINVAL;
    *out = value;
    return 0;
}

/** `min` is not negative. */
static inline int
scalar_uint(struct cursor *c, uint64_t *out, int64_t min, int64_t max)
{
    int64_t value = 0;
    int rc = scalar_sint(c, &value, min, max);

    if (rc == 0) *out = (uint64_t)value;
    return rc;
}

static inline int
scalar_bytes(struct cursor *c, enum cursor_kind kind, struct slice *out,
    int64_t min, int64_t max)
{
    struct cursor_node node;

    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    if (node.kind != kind) return STINT_EMALFORMED;
    int64_t length = (int64_t)node.number;
    if (length < min || length > max) return STINT_EINVAL;
    *out = (struct slice){ c->at, (size_t)length };
    c->at += length;
    return 0;
}

static inline int
scalar_str(struct cursor *c, struct slice *out, int64_t min, int64_t max)
{
    return scalar_bytes(c, CURSOR_STR, out, min, max);
}

static inline int
scalar_bin(struct cursor *c, struct slice *out, int64_t min, int64_t max)
{
    return scalar_bytes(c, CURSOR_BIN, out, min, max);
}

#endif
