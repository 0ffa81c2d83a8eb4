#include "proto/cursor.h"

#include "common/base.h"

/* clang-format off */
#define FOUR(...) \
    { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ },
#define SIXTEEN(...) \
    FOUR(__VA_ARGS__) FOUR(__VA_ARGS__) FOUR(__VA_ARGS__) FOUR(__VA_ARGS__)

const struct cursor_tag cursor_tags[] = {
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)    /* 00-7f positive fixint */
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)
    SIXTEEN(CURSOR_UINT, 0, 0x7f, 0)
    SIXTEEN(CURSOR_MAP, 0, 0x0f, 0)     /* 80-8f fixmap */
    SIXTEEN(CURSOR_ARRAY, 0, 0x0f, 0)   /* 90-9f fixarray */
    SIXTEEN(CURSOR_STR, 0, 0x1f, 0)     /* a0-bf fixstr */
    SIXTEEN(CURSOR_STR, 0, 0x1f, 0)
    { CURSOR_OTHER, 0, 0, 0 },      /* c0 nil */
    { CURSOR_BAD, 0, 0, 0 },        /* c1 */
    { CURSOR_OTHER, 0, 0, 0 },      /* c2 false */
    { CURSOR_OTHER, 0, 0, 0 },      /* c3 true */
    { CURSOR_BIN, 1, 0, 0 },        /* c4 bin 8 */
    { CURSOR_BIN, 2, 0, 0 },        /* c5 bin 16 */
    { CURSOR_BIN, 4, 0, 0 },        /* c6 bin 32 */
    { CURSOR_OTHER, 1, 0, 1 },      /* c7 ext 8 */
    { CURSOR_OTHER, 2, 0, 1 },      /* c8 ext 16 */
    { CURSOR_OTHER, 4, 0, 1 },      /* c9 ext 32 */
    { CURSOR_OTHER, 0, 0, 4 },      /* ca float 32 */
    { CURSOR_OTHER, 0, 0, 8 },      /* cb float 64 */
    { CURSOR_UINT, 1, 0, 0 },       /* cc uint 8 */
    { CURSOR_UINT, 2, 0, 0 },       /* cd uint 16 */
    { CURSOR_UINT, 4, 0, 0 },       /* ce uint 32 */
    { CURSOR_UINT, 8, 0, 0 },       /* cf uint 64 */
    { CURSOR_SIGNED, 1, 0, 0 },     /* d0 int 8 */
    { CURSOR_SIGNED, 2, 0, 0 },     /* d1 int 16 */
    { CURSOR_SIGNED, 4, 0, 0 },     /* d2 int 32 */
    { CURSOR_SIGNED, 8, 0, 0 },     /* d3 int 64 */
    { CURSOR_OTHER, 0, 0, 2 },      /* d4 fixext 1 */
    { CURSOR_OTHER, 0, 0, 3 },      /* d5 fixext 2 */
    { CURSOR_OTHER, 0, 0, 5 },      /* d6 fixext 4 */
    { CURSOR_OTHER, 0, 0, 9 },      /* d7 fixext 8 */
    { CURSOR_OTHER, 0, 0, 17 },     /* d8 fixext 16 */
    { CURSOR_STR, 1, 0, 0 },        /* d9 str 8 */
    { CURSOR_STR, 2, 0, 0 },        /* da str 16 */
    { CURSOR_STR, 4, 0, 0 },        /* db str 32 */
    { CURSOR_ARRAY, 2, 0, 0 },      /* dc array 16 */
    { CURSOR_ARRAY, 4, 0, 0 },      /* dd array 32 */
    { CURSOR_MAP, 2, 0, 0 },        /* de map 16 */
    { CURSOR_MAP, 4, 0, 0 },        /* df map 32 */
    SIXTEEN(CURSOR_SIGNED, 0, 0xff, 0)  /* e0-ff negative fixint */
    SIXTEEN(CURSOR_SIGNED, 0, 0xff, 0)
};
/* clang-format on */

_Static_assert(ARRAY_LEN(cursor_tags) == 256, "a tag for each byte");

static void
set_sign(struct cursor_node *node, unsigned width)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);

    node->kind = (node->number & sign) != 0 ? CURSOR_NEGATIVE : CURSOR_UINT;
    node->number = (node->number ^ sign) - sign;
}

bool
cursor_rare(
    const struct cursor *c, struct cursor_tag tag, struct cursor_node *node)
{
    if (tag.kind == CURSOR_BAD) return false;
    if (tag.kind == CURSOR_SIGNED) {
        set_sign(node, tag.width != 0 ? tag.width : 1);
        return true;
    }
    node->number += tag.extra;
    return node->number <= cursor_left(c);
}

bool
cursor_skip(struct cursor *c)
{
    uint64_t open[CURSOR_DEPTH_MAX + 1] = { 1 }; /* Nodes to come, by depth. */
    unsigned depth = 0;

    for (;;) {
        while (open[depth] == 0) {
            if (depth == 0) return true;
            depth -= 1;
        }
        open[depth] -= 1;

        struct cursor_node node;
        if (!cursor_node(c, &node)) return false;
        if (cursor_has_bytes(node.kind)) {
            c->at += node.number;
        } else if (node.kind == CURSOR_ARRAY || node.kind == CURSOR_MAP) {
            uint64_t nodes = node.number * (node.kind == CURSOR_MAP ? 2 : 1);
            /* A node is a byte at least: what cannot be there is refused
             * before it is walked. */
            if (nodes > cursor_left(c) || depth == CURSOR_DEPTH_MAX) {
                return false;
            }
            open[++depth] = nodes;
        }
    }
}
