/**
 * cursor.h - one msgpack node after the other.                [layer: proto]
 *
 * Reads bytes of a stranger: never past their end, never allocating, so that a
 * size which is only declared costs nothing.  On false the cursor is anywhere
 * and must not be used again.
 */
#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How deep a skipped value may nest. */
enum { CURSOR_DEPTH_MAX = 8 };

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

enum cursor_kind {
    CURSOR_UINT,     /* number: the value */
    CURSOR_NEGATIVE, /* number: the value as an int64_t */
    CURSOR_STR,      /* number: bytes that follow */
    CURSOR_BIN,      /* number: bytes that follow */
    CURSOR_ARRAY,    /* number: nodes that follow */
    CURSOR_MAP,      /* number: pairs of nodes that follow */
    CURSOR_OTHER,    /* nil, bool, float, ext; number: bytes that follow */
};

struct cursor_node {
    enum cursor_kind kind;
    uint64_t number;
};

static inline size_t
cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

/** cursor_node() for all but the shortest forms. */
bool cursor_node_long(struct cursor *c, struct cursor_node *node);

/** Read the head of the next node: for all but containers and bytes, the whole
 * node.  What bytes it announces are there. */
static inline bool
cursor_node(struct cursor *c, struct cursor_node *node)
{
    if (c->at < c->end && *c->at < 0x80) {
        node->kind = CURSOR_UINT;
        node->number = *c->at++;
        return true;
    }
    return cursor_node_long(c, node);
}

/** Skip one whole node, down to CURSOR_DEPTH_MAX. */
bool cursor_skip(struct cursor *c);

#endif
