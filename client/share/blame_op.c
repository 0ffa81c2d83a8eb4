#include "client/share/blame_op.h"

#include <stdio.h>

#include "client/sync/blame.h"
#include "common/sys/say.h"

/* So much of a key is shown; each byte may become four. */
enum { KEY_SHOWN = 40, PLACE_BYTES = KEY_SHOWN * 4 + 32 };

static char *
put_byte(char *at, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    if (byte == '"' || byte == '\\') {
        *at++ = '\\';
        *at++ = (char)byte;
    } else if (byte >= ' ' && byte < 0x7f) {
        *at++ = (char)byte;
    } else {
        *at++ = '\\';
        *at++ = 'x';
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    return at;
}

static void
write_key(char *out, struct slice key)
{
    size_t shown = key.length < KEY_SHOWN ? key.length : KEY_SHOWN;
    char text[KEY_SHOWN * 4 + 1], *end = text;

    for (size_t i = 0; i < shown; i++)
        end = put_byte(end, key.bytes[i]);
    *end = '\0';
    (void)snprintf(out, PLACE_BYTES, "key \"%s\"%s", text,
        key.length > shown ? "..." : "");
}

/* "" of an operation on the whole. */
static void
write_place(char *out, const struct named *n, const struct rec_op *op)
{
    *out = '\0';
    switch (op->verb) {
    case SHARED_LENGTH:
    case SHARED_CLEAR:
    case SHARED_PAGE:
    case SHARED_APPEND:
    case SHARED_REMOVE:
    case SHARED_INDEX:
    case SHARED_COUNT:
    case SHARED_REVERSE:
    case SHARED_VERSION:
        return;
    default:
        break;
    }
    if (n->open.kind == NAMED_DICT) {
        write_key(out, op->key);
    } else {
        (void)snprintf(out, PLACE_BYTES, "place %lld", (long long)op->at);
    }
}

static int
other_type(const struct named *n, const struct rec_op *op, const char *place)
{
    const char *kind = blame_kind(n->open.kind);

    if (n->open.kind == NAMED_VALUES) {
        return say(STINT_ETYPE,
            "value \"%s\" was made with another type than this call is for: "
            "_int, _double and _bytes are for STINT_INT64, STINT_DOUBLE and "
            "STINT_BYTES",
            n->name);
    }
    if (op->verb == SHARED_ADD) {
        return say(STINT_ETYPE,
            "%s of %s \"%s\" holds bytes and no packed integer: set it by "
            "stint_pack_int(), or add from the start",
            place, kind, n->name);
    }
    return say(STINT_ETYPE, "%s \"%s\" is of another type", kind, n->name);
}

static int
no_entry(const struct named *n, const struct rec_op *op, const char *place)
{
    const char *kind = blame_kind(n->open.kind);

    if (place[0] != '\0') {
        return say(STINT_ENOENTRY, "%s \"%s\" has no %s", kind, n->name, place);
    }
    return say(STINT_ENOENTRY,
        "%s \"%s\" holds no value that is equal to these %zu bytes", kind,
        n->name, op->value.length);
}

int
blame_op(const struct named *n, const struct rec_op *op, int code)
{
    char place[PLACE_BYTES], said[256];

    write_place(place, n, op);
    switch (code) {
    case STINT_ENOENTRY:
        return no_entry(n, op, place);
    case STINT_ETYPE:
        return other_type(n, op, place);
    case STINT_ENOOBJECT:
        return blame_gone(n);
    case STINT_EOVERFLOW:
    case STINT_ECHANGED:
        (void)snprintf(said, sizeof said, "%s", say_message());
        return say(code, "%s \"%s\", %s: %s", blame_kind(n->open.kind), n->name,
            place, said);
    default:
        return blame_other(n, code);
    }
}
