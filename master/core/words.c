#include "master/core/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"
#include "common/buf.h"
#include "common/slice.h"
#include "common/template.h"

struct words_quoted
words_quote(const char *name)
{
    struct words_quoted w;
    struct buf quoted;

    buf_init(&quoted);
    template_quote(&quoted, slice_of(name));
    buf_append(&quoted, "", 1);
    (void)snprintf(w.text, sizeof w.text, "%s",
        quoted.failed ? name : (const char *)quoted.bytes);
    buf_fini(&quoted);
    return w;
}

struct words
words_count(uint64_t n)
{
    struct words plain, w;
    size_t to = 0;

    (void)snprintf(plain.text, sizeof plain.text, "%" PRIu64, n);
    size_t length = strlen(plain.text);
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) w.text[to++] = ',';
        w.text[to++] = plain.text[i];
    }
    w.text[to] = '\0';
    return w;
}

struct words
words_time(tick_ns length)
{
    uint64_t s = length > 0 ? (uint64_t)(length / TICK_S) : 0;
    struct words w;
    static const struct {
        uint64_t below, large, small;
        const char *name, *less;
    } units[] = {
        { 3600, 60, 1, "min", "s" },
        { 86400, 3600, 60, "h", "min" },
        { UINT64_MAX, 86400, 3600, "d", "h" },
    };

    if (length % TICK_S > 0) s += 1;
    if (s < 60) {
        (void)snprintf(w.text, sizeof w.text, "%" PRIu64 " s", s);
        return w;
    }
    size_t i = 0;
    while (s >= units[i].below)
        i++;
    (void)snprintf(w.text, sizeof w.text, "%" PRIu64 " %s %" PRIu64 " %s",
        s / units[i].large, units[i].name, s % units[i].large / units[i].small,
        units[i].less);
    return w;
}

struct words
words_size(uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB",
        "EiB" };
    uint64_t whole = bytes, tenths = 0;
    struct words w;
    size_t i = 0;

    for (; whole >= 1024 && i + 1 < ARRAY_LEN(units); i++) {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
    }
    if (tenths > 0) {
        (void)snprintf(w.text, sizeof w.text, "%" PRIu64 ".%" PRIu64 " %s",
            whole, tenths, units[i]);
    } else {
        (void)snprintf(
            w.text, sizeof w.text, "%" PRIu64 " %s", whole, units[i]);
    }
    return w;
}
