#include "client/stint_value.h"
#include "common/sys/say.h"
#include "proto/cursor.h"

static struct cursor
cursor_of(const struct stint_unpack *u)
{
    return (struct cursor){ u->at, u->end };
}

/* ---- what comes next ----------------------------------------------------- */

static enum stint_packed
other(uint8_t tag)
{
    switch (tag) {
    case 0xc0:
        return STINT_PACKED_NIL;
    case 0xc2:
    case 0xc3:
        return STINT_PACKED_BOOL;
    case 0xca:
    case 0xcb:
        return STINT_PACKED_DOUBLE;
    default:
        return STINT_PACKED_OTHER;
    }
}

static enum stint_packed
type_of(enum cursor_kind kind, uint8_t tag)
{
    switch (kind) {
    case CURSOR_UINT:
    case CURSOR_NEGATIVE:
    case CURSOR_SIGNED:
        return STINT_PACKED_INT;
    case CURSOR_ARRAY:
        return STINT_PACKED_ARRAY;
    case CURSOR_MAP:
        return STINT_PACKED_MAP;
    case CURSOR_STR:
        return STINT_PACKED_STRING;
    case CURSOR_BIN:
        return STINT_PACKED_BYTES;
    case CURSOR_OTHER:
        return other(tag);
    case CURSOR_BAD:
        break;
    }
    return STINT_PACKED_OTHER;
}

enum stint_packed
stint_unpack_peek(const struct stint_unpack *u)
{
    if (u->at == u->end) return STINT_PACKED_END;
    return type_of((enum cursor_kind)cursor_tags[*u->at].kind, *u->at);
}

static const char *
name_of(enum stint_packed type)
{
    static const char *const names[] = { "nothing", "nil", "a boolean",
        "an integer", "a double", "a text", "bytes", "an array", "a map",
        "an extension" };

    return names[type];
}

/* ---- reading ------------------------------------------------------------- */

void
stint_unpack_begin(struct stint_unpack *u, const struct stint_bytes *packed)
{
    static const unsigned char nothing[1];

    u->at = packed->size > 0 ? packed->data : nothing;
    u->end = u->at + packed->size;
}

/* Read a head whose type is `want`; what it announces is still to come. */
static int
head(const struct stint_unpack *u, enum stint_packed want, struct cursor *c,
    struct cursor_node *node)
{
    enum stint_packed type = stint_unpack_peek(u);

    *c = cursor_of(u);
    if (type == STINT_PACKED_END) {
        return say(STINT_EMALFORMED, "there is no value to unpack any more");
    }
    if (type != want) {
        return say(STINT_ETYPE, "the value is %s, not %s", name_of(type),
            name_of(want));
    }
    if (cursor_node(c, node)) return 0;
    return say(STINT_EMALFORMED, "a packed value is cut off");
}

int
stint_unpack_next_nil(struct stint_unpack *u)
{
    struct cursor_node node;
    struct cursor c;
    int rc = head(u, STINT_PACKED_NIL, &c, &node);

    if (rc == 0) u->at += 1;
    return rc;
}

int
stint_unpack_next_bool(struct stint_unpack *u, bool *out)
{
    struct cursor_node node;
    struct cursor c;
    int rc = head(u, STINT_PACKED_BOOL, &c, &node);

    if (rc != 0) return rc;
    *out = *u->at == 0xc3;
    u->at += 1;
    return 0;
}

int
stint_unpack_next_int(struct stint_unpack *u, int64_t *out)
{
    struct cursor_node node;
    struct cursor c;
    int rc = head(u, STINT_PACKED_INT, &c, &node);

    if (rc != 0) return rc;
    if (node.kind == CURSOR_UINT && node.number > INT64_MAX) {
        return say(STINT_EOVERFLOW, "the integer has more than 63 bits");
    }
    *out = (int64_t)node.number;
    u->at = c.at;
    return 0;
}

/* Of 53 bits every integer is a double. */
static int
next_whole(struct stint_unpack *u, double *out)
{
    const int64_t most = INT64_C(1) << 53;
    struct stint_unpack behind = *u;
    int64_t whole;
    int rc = stint_unpack_next_int(&behind, &whole);

    if (rc != 0) return rc;
    if (whole > most || whole < -most) {
        return say(STINT_EOVERFLOW, "the integer does not fit into a double");
    }
    *out = (double)whole;
    *u = behind;
    return 0;
}

int
stint_unpack_next_double(struct stint_unpack *u, double *out)
{
    struct cursor_node node;
    struct cursor c;

    if (stint_unpack_peek(u) == STINT_PACKED_INT) return next_whole(u, out);
    int rc = head(u, STINT_PACKED_DOUBLE, &c, &node);
    if (rc != 0) return rc;
    if (*u->at == 0xca) {
        uint32_t bits = (uint32_t)cursor_load(u->at + 1, 4);
        float real;
        memcpy(&real, &bits, sizeof real);
        *out = (double)real;
        u->at += 5;
    } else {
        uint64_t bits = cursor_load(u->at + 1, 8);
        memcpy(out, &bits, sizeof bits);
        u->at += 9;
    }
    return 0;
}

static int
next_raw(
    struct stint_unpack *u, enum stint_packed type, struct stint_bytes *out)
{
    struct cursor_node node;
    struct cursor c;
    int rc = head(u, type, &c, &node);

    if (rc != 0) return rc;
    *out = (struct stint_bytes){ c.at, (size_t)node.number };
    u->at = c.at + node.number;
    return 0;
}

int
stint_unpack_next_string(struct stint_unpack *u, struct stint_bytes *out)
{
    return next_raw(u, STINT_PACKED_STRING, out);
}

int
stint_unpack_next_bytes(struct stint_unpack *u, struct stint_bytes *out)
{
    return next_raw(u, STINT_PACKED_BYTES, out);
}

/* Each of its values has a byte at least. */
static int
next_many(struct stint_unpack *u, enum stint_packed type, uint64_t each,
    size_t *count)
{
    struct cursor_node node;
    struct cursor c;
    int rc = head(u, type, &c, &node);

    if (rc != 0) return rc;
    if (node.number * each > (size_t)(c.end - c.at)) {
        return say(STINT_EMALFORMED, "a packed value is cut off");
    }
    *count = (size_t)node.number;
    u->at = c.at;
    return 0;
}

int
stint_unpack_next_array(struct stint_unpack *u, size_t *count)
{
    return next_many(u, STINT_PACKED_ARRAY, 1, count);
}

int
stint_unpack_next_map(struct stint_unpack *u, size_t *count)
{
    return next_many(u, STINT_PACKED_MAP, 2, count);
}

int
stint_unpack_skip(struct stint_unpack *u)
{
    struct cursor c = cursor_of(u);

    if (!cursor_skip(&c)) {
        return say(STINT_EMALFORMED,
            "a packed value is cut off, or nests deeper than %d",
            CURSOR_DEPTH_MAX);
    }
    u->at = c.at;
    return 0;
}

int
stint_unpack_end(const struct stint_unpack *u)
{
    if (u->at == u->end) return 0;
    return say(STINT_EMALFORMED, "%zu bytes stand behind the packed value",
        (size_t)(u->end - u->at));
}
