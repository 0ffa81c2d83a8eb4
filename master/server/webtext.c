#include "master/server/webtext.h"

#include <inttypes.h>
#include <stdarg.h>

#include "common/text.h"
#include "master/core/task.h"

void
webtext_put(struct buf *out, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0) return;
    if ((size_t)length >= sizeof text) length = sizeof text - 1;
    buf_append(out, text, (size_t)length);
}

/* Plain text has no control characters, so nothing else is to be escaped. */
static void
put_escaped(struct buf *out, struct slice text)
{
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.bytes[i];
        if (c == '"' || c == '\\') buf_append(out, "\\", 1);
        buf_append(out, &c, 1);
    }
    buf_append(out, "\"", 1);
}

/* What peers call themselves was checked when it came; reasons may be cut in
 * the midst of a character. */
void
webtext_quote(struct buf *out, struct slice text)
{
    if (text_is_plain(text)) {
        put_escaped(out, text);
        return;
    }
    uint8_t *copy = malloc(text.length);
    if (copy == NULL) {
        out->failed = true;
        return;
    }
    memcpy(copy, text.bytes, text.length);
    text_clean(copy, text.length);
    put_escaped(out, (struct slice){ copy, text.length });
    free(copy);
}

void
webtext_seconds(struct buf *out, tick_ns length)
{
    char text[48];

    if (length < 0) length = 0;
    int n = snprintf(text, sizeof text, "%" PRId64 ".%09" PRId64,
        length / TICK_S, length % TICK_S);
    while (n > 1 && text[n - 1] == '0') {
        n--;
    }
    if (text[n - 1] == '.') n--;
    buf_append(out, text, (size_t)n);
}

const char *
webtext_state(unsigned state)
{
    static const char *const names[TASK_STATES + 1] = {
        [TASK_READY] = "ready",
        [TASK_DELAYED] = "delayed",
        [TASK_LEASED] = "leased",
        [TASK_DONE] = "done",
        [TASK_DEAD] = "dead",
        [TASK_CANCELLED] = "cancelled",
        [TASK_EXPIRED] = "expired",
    };

    return state < TASK_STATES ? names[state] : NULL;
}
