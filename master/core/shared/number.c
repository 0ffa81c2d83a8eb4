#include "master/core/shared/number.h"

#include <math.h>

#include "common/stint_error.h"
#include "proto/cursor.h"
#include "proto/pack.h"

enum { TAG_FLOAT = 0xca, TAG_DOUBLE = 0xcb };

static void
read_double(const uint8_t *at, double *out)
{
    uint64_t bits = cursor_load(at, 8);

    memcpy(out, &bits, sizeof *out);
}

static void
read_float(const uint8_t *at, double *out)
{
    uint32_t bits = (uint32_t)cursor_load(at, 4);
    float real;

    memcpy(&real, &bits, sizeof real);
    *out = (double)real;
}

int
number_read(struct slice packed, struct number *out)
{
    struct cursor c = { packed.bytes, packed.bytes + packed.length };
    struct cursor_node node;

    *out = (struct number){ .whole = 0 };
    if (packed.length == 0 || packed.length > NUMBER_BYTES) return STINT_ETYPE;
    out->is_double =
        packed.bytes[0] == TAG_FLOAT || packed.bytes[0] == TAG_DOUBLE;
    if (packed.bytes[0] == TAG_DOUBLE && packed.length == 9) {
        read_double(packed.bytes + 1, &out->real);
        return 0;
    }
    if (packed.bytes[0] == TAG_FLOAT && packed.length == 5) {
        read_float(packed.bytes + 1, &out->real);
        return 0;
    }
    if (!cursor_node(&c, &node) || c.at != c.end) return STINT_ETYPE;
    if (node.kind == CURSOR_UINT && node.number > INT64_MAX) {
        return STINT_EOVERFLOW;
    }
    if (node.kind != CURSOR_UINT && node.kind != CURSOR_NEGATIVE) {
        return STINT_ETYPE;
    }
    out->whole = (int64_t)node.number;
    return 0;
}

struct slice
number_write(const struct number *n, uint8_t out[static NUMBER_BYTES])
{
    uint64_t bits;
    uint8_t *end;

    if (n->is_double) {
        memcpy(&bits, &n->real, sizeof bits);
        end = pack_64(out, TAG_DOUBLE, bits);
    } else {
        end = pack_sint(out, n->whole);
    }
    return (struct slice){ out, (size_t)(end - out) };
}

int
number_add(struct number *n, const struct number *by)
{
    int64_t whole;

    if (n->is_double != by->is_double) return STINT_ETYPE;
    if (n->is_double) {
        double sum = n->real + by->real;
        if (isfinite(n->real) && isfinite(by->real) && !isfinite(sum)) {
            return STINT_EOVERFLOW;
        }
        n->real = sum;
        return 0;
    }
    if (__builtin_add_overflow(n->whole, by->whole, &whole)) {
        return STINT_EOVERFLOW;
    }
    n->whole = whole;
    return 0;
}

bool
number_equal(const struct number *a, const struct number *b)
{
    return a->is_double == b->is_double && a->whole == b->whole
           && memcmp(&a->real, &b->real, sizeof a->real) == 0;
}
