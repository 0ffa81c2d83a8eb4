#include "worker/agent/reason.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void
reason_set(struct reason *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
    reason_clean(r->text);
}

/* Length of the UTF-8 sequence at `s`; 0 if there is none.  Reads no further
 * than the NUL, which is no continuation byte. */
static size_t
sequence(const unsigned char *s)
{
    uint32_t code;
    size_t length;

    if (s[0] < 0x80) return 1;
    if (s[0] >= 0xC2 && s[0] < 0xE0) {
        length = 2;
        code = s[0] & 0x1Fu;
    } else if (s[0] >= 0xE0 && s[0] < 0xF0) {
        length = 3;
        code = s[0] & 0x0Fu;
    } else if (s[0] >= 0xF0 && s[0] < 0xF5) {
        length = 4;
        code = s[0] & 0x07u;
    } else {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0u) != 0x80) return 0;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    if (length == 3 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) {
        return 0;
    }
    if (length == 4 && (code < 0x10000 || code > 0x10FFFF)) return 0;
    return length;
}

void
reason_clean(char *text)
{
    unsigned char *s = (unsigned char *)text;

    while (*s != '\0') {
        size_t length = sequence(s);

        if (length == 0) {
            *s = '?';
            length = 1;
        } else if (*s < 0x20 || *s == 0x7F) {
            *s = ' ';
        }
        s += length;
    }
}

static bool
is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '\0';
}

struct slice
reason_last_line(struct slice text)
{
    size_t end = text.length;

    while (end > 0 && is_blank(text.bytes[end - 1])) {
        end -= 1;
    }
    size_t start = end;
    while (start > 0 && text.bytes[start - 1] != '\n') {
        start -= 1;
    }
    while (start < end && is_blank(text.bytes[start])) {
        start += 1;
    }
    return (
        struct slice){ start < end ? text.bytes + start : NULL, end - start };
}

void
reason_duration(char out[REASON_LENGTH], tick_ns length)
{
    int64_t ms = length / TICK_MS;

    if (ms < 1000) {
        (void)snprintf(out, REASON_LENGTH, "%" PRId64 " ms", ms);
    } else if (ms % 1000 == 0) {
        (void)snprintf(out, REASON_LENGTH, "%" PRId64 " s", ms / 1000);
    } else {
        (void)snprintf(out, REASON_LENGTH, "%" PRId64 ".%" PRId64 " s",
            ms / 1000, ms % 1000 / 100);
    }
}
