#include "common/text.h"

struct sequence {
    size_t length; /* In bytes; 0: not UTF-8. */
    uint32_t code;
};

/* The number of continuation bytes is in the first; what is shorter written
 * otherwise, a surrogate, or beyond Unicode is no UTF-8. */
static struct sequence
read_sequence(const uint8_t *s, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    struct sequence none = { 0, 0 };
    struct sequence q = { 1, s[0] };

    if (s[0] < 0x80) return q;
    if (s[0] >= 0xc2 && s[0] < 0xe0) q = (struct sequence){ 2, s[0] & 0x1fu };
    if (s[0] >= 0xe0 && s[0] < 0xf0) q = (struct sequence){ 3, s[0] & 0x0fu };
    if (s[0] >= 0xf0 && s[0] < 0xf5) q = (struct sequence){ 4, s[0] & 0x07u };
    if (q.length == 1 || q.length > left) return none;
    for (size_t i = 1; i < q.length; i++) {
        if ((s[i] & 0xc0u) != 0x80) return none;
        q.code = q.code << 6 | (s[i] & 0x3fu);
    }
    if (q.code < least[q.length] || q.code > 0x10ffff) return none;
    if (q.code >= 0xd800 && q.code < 0xe000) return none;
    return q;
}

static bool
is_plain(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
    if (code == 0x200e || code == 0x200f || code == 0x61c) return false;
    if (code == 0x2028 || code == 0x2029) return false;
    return !(code >= 0x202a && code <= 0x202e)
           && !(code >= 0x2066 && code <= 0x2069);
}

bool
text_is_plain(struct slice text)
{
    for (size_t at = 0; at < text.length;) {
        struct sequence q = read_sequence(text.bytes + at, text.length - at);
        if (q.length == 0 || !is_plain(q.code)) return false;
        at += q.length;
    }
    return true;
}

void
text_clean(uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        struct sequence q = read_sequence(bytes + at, length - at);
        if (q.length == 0) {
            bytes[at++] = '?';
            continue;
        }
        if (!is_plain(q.code)) {
            memset(bytes + at, q.length == 1 ? ' ' : '?', q.length);
        }
        at += q.length;
    }
}
