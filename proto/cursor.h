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
    CURSOR_ARRAY,    /* number: nodes that follow */
    CURSOR_MAP,      /* number: pairs of nodes that follow */
    CURSOR_STR,      /* number: bytes that follow */
    CURSOR_BIN,      /* number: bytes that follow */
    CURSOR_NEGATIVE, /* number: the value as an int64_t */
    CURSOR_OTHER,    /* nil, bool, float, ext; number: bytes that follow */
    CURSOR_BAD,      /* Never used by msgpack. */
    CURSOR_SIGNED,   /* In the table of tags only: either of the two kinds. */
};

struct cursor_node {
    enum cursor_kind kind;
    uint64_t number;
};

/* What a tag says. */
struct cursor_tag {
    uint8_t kind;  /* enum cursor_kind */
    uint8_t width; /* Bytes of big-endian number behind it; if 0, then… */
    uint8_t mask;  /* …these bits of the tag are the number. */
    uint8_t extra; /* CURSOR_OTHER: bytes that the number does not count. */
};

extern const struct cursor_tag cursor_tags[256];

static inline size_t
cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

/** Is a node of this kind followed by bytes that are no nodes? */
static inline bool
cursor_has_bytes(enum cursor_kind kind)
{
    return kind == CURSOR_STR || kind == CURSOR_BIN || kind == CURSOR_OTHER;
}

/** A big-endian number of 1, 2, 4 or 8 bytes, which are there. */
static inline uint64_t
cursor_load(const uint8_t *at, unsigned width)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    switch (width) {
    case 1:
        return *at;
    case 2:
        memcpy(&two, at, sizeof two);
        return __builtin_bswap16(two);
    case 4:
        memcpy(&four, at, sizeof four);
        return __builtin_bswap32(four);
    default:
        memcpy(&eight, at, sizeof eight);
        return __builtin_bswap64(eight);
    }
}

/** For cursor_node(): the kinds that are rare. */
bool cursor_rare(
    const struct cursor *c, struct cursor_tag tag, struct cursor_node *node);

/** Read the head of the next node: of a number, the whole node.  The bytes that
 * it announces are there; the nodes that it announces may not be. */
static inline bool
cursor_node(struct cursor *c, struct cursor_node *node)
{
    if (c->at == c->end) return false;

    const struct cursor_tag tag = cursor_tags[*c->at];
    node->kind = (enum cursor_kind)tag.kind;
    node->number = *c->at++ & tag.mask;
    if (tag.width != 0) {
        if (tag.width > cursor_left(c)) return false;
        node->number = cursor_load(c->at, tag.width);
        c->at += tag.width;
    }
    if (tag.kind <= CURSOR_MAP) return true;
    if (tag.kind > CURSOR_BIN) return cursor_rare(c, tag, node);
    return node->number <= cursor_left(c);
}

/** Skip one whole node, down to CURSOR_DEPTH_MAX. */
bool cursor_skip(struct cursor *c);

#endif
