#include "worker/agent/reason.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"

void
reason_set(struct reason *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
    reason_clean(r->text);
}

void
reason_clean(char *text)
{
    text_clean((uint8_t *)text, strlen(text));
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
