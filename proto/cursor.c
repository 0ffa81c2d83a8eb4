#include "proto/cursor.h"

/* What follows a tag from 0xc0 to 0xdf. */
static const struct tag {
    uint8_t kind;  /* enum cursor_kind, or one of those below. */
    uint8_t width; /* Bytes of big-endian number. */
} tags[32] = {
#define TAG_INT 0x10     /* A signed number. */
#define TAG_EXT 0x11     /* A length, and a type byte that it does not count. */
#define TAG_FIX 0x12     /* No number: `width` bytes follow. */
#define TAG_BAD 0x13     /* Never used by msgpack. */
    { TAG_FIX, 0 },      /* c0 nil */
    { TAG_BAD, 0 },      /* c1 */
    { TAG_FIX, 0 },      /* c2 false */
    { TAG_FIX, 0 },      /* c3 true */
    { CURSOR_BIN, 1 },   /* c4 bin 8 */
    { CURSOR_BIN, 2 },   /* c5 bin 16 */
    { CURSOR_BIN, 4 },   /* c6 bin 32 */
    { TAG_EXT, 1 },      /* c7 ext 8 */
    { TAG_EXT, 2 },      /* c8 ext 16 */
    { TAG_EXT, 4 },      /* c9 ext 32 */
    { TAG_FIX, 4 },      /* ca float 32 */
    { TAG_FIX, 8 },      /* cb float 64 */
    { CURSOR_UINT, 1 },  /* cc uint 8 */
    { CURSOR_UINT, 2 },  /* cd uint 16 */
    { CURSOR_UINT, 4 },  /* ce uint 32 */
    { CURSOR_UINT, 8 },  /* cf uint 64 */
    { TAG_INT, 1 },      /* d0 int 8 */
    { TAG_INT, 2 },      /* d1 int 16 */
    { TAG_INT, 4 },      /* d2 int 32 */
    { TAG_INT, 8 },      /* d3 int 64 */
    { TAG_FIX, 2 },      /* d4 fixext 1 */
    { TAG_FIX, 3 },      /* d5 fixext 2 */
    { TAG_FIX, 5 },      /* d6 fixext 4 */
    { TAG_FIX, 9 },      /* d7 fixext 8 */
    { TAG_FIX, 17 },     /* d8 fixext 16 */
    { CURSOR_STR, 1 },   /* d9 str 8 */
    { CURSOR_STR, 2 },   /* da str 16 */
    { CURSOR_STR, 4 },   /* db str 32 */
    { CURSOR_ARRAY, 2 }, /* dc array 16 */
    { CURSOR_ARRAY, 4 }, /* dd array 32 */
    { CURSOR_MAP, 2 },   /* de map 16 */
    { CURSOR_MAP, 4 },   /* df map 32 */
};

static uint64_t
load(const uint8_t *at, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

static void
set_signed(struct cursor_node *node, uint64_t value, unsigned width)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);

    node->number = (value ^ sign) - sign;
    node->kind = (value & sign) != 0 ? CURSOR_NEGATIVE : CURSOR_UINT;
}

/* Tags that carry their number themselves; false for the others. */
static bool
node_fixed(uint8_t tag, struct cursor_node *node)
{
    if (tag >= 0xe0) {
        set_signed(node, tag, 1);
    } else if (tag >= 0xc0) {
        return false;
    } else if (tag >= 0xa0) {
        *node = (struct cursor_node){ CURSOR_STR, tag & 31u };
    } else if (tag >= 0x90) {
        *node = (struct cursor_node){ CURSOR_ARRAY, tag & 15u };
    } else if (tag >= 0x80) {
        *node = (struct cursor_node){ CURSOR_MAP, tag & 15u };
    } else {
        *node = (struct cursor_node){ CURSOR_UINT, tag };
    }
    return true;
}

static bool
node_wide(struct cursor *c, struct tag tag, struct cursor_node *node)
{
    if (tag.kind == TAG_BAD) return false;
    if (tag.kind == TAG_FIX) {
        *node = (struct cursor_node){ CURSOR_OTHER, tag.width };
        return true;
    }
    if (tag.width > cursor_left(c)) return false;
    uint64_t value = load(c->at, tag.width);
    c->at += tag.width;
    if (tag.kind == TAG_INT) {
        set_signed(node, value, tag.width);
    } else if (tag.kind == TAG_EXT) {
        *node = (struct cursor_node){ CURSOR_OTHER, value + 1 };
    } else {
        *node = (struct cursor_node){ (enum cursor_kind)tag.kind, value };
    }
    return true;
}

static bool
has_bytes(enum cursor_kind kind)
{
    return kind == CURSOR_STR || kind == CURSOR_BIN || kind == CURSOR_OTHER;
}

bool
cursor_node_long(struct cursor *c, struct cursor_node *node)
{
    if (c->at == c->end) return false;

    uint8_t tag = *c->at++;
    if (!node_fixed(tag, node) && !node_wide(c, tags[tag - 0xc0], node)) {
        return false;
    }
    return !has_bytes(node->kind) || node->number <= cursor_left(c);
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
        if (has_bytes(node.kind)) {
            c->at += node.number;
        } else if (node.kind == CURSOR_ARRAY || node.kind == CURSOR_MAP) {
            uint64_t nodes = node.kind == CURSOR_MAP ? 2 : 1;
            nodes *= node.number;
            /* A node is a byte at least: what cannot be there is refused
             * before it is walked. */
            if (nodes > cursor_left(c) || depth == CURSOR_DEPTH_MAX) {
                return false;
            }
            open[++depth] = nodes;
        }
    }
}
