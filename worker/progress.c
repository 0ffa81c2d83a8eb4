#include "worker/progress.h"

#include <string.h>

#include "common/text.h"

void
progress_init(struct progress *p)
{
    memset(p, 0, sizeof *p);
    (void)pthread_mutex_init(&p->lock, NULL);
}

void
progress_fini(struct progress *p)
{
    (void)pthread_mutex_destroy(&p->lock);
}

void
progress_begin(struct progress *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->fresh = false;
    p->taken = 0;
    p->length = 0;
    (void)pthread_mutex_unlock(&p->lock);
}

/* ---- saying -------------------------------------------------------------- */

/* Cut between characters, not within one. */
static size_t
text_length(struct slice text)
{
    size_t length = text.length;

    if (length < PROGRESS_TEXT) return length;
    length = PROGRESS_TEXT - 1;
    while (length > 0 && (text.bytes[length] & 0xc0u) == 0x80) {
        length -= 1;
    }
    return length;
}

static void
set(struct progress *p, uint64_t done, uint64_t total, struct slice text)
{
    size_t length = text_length(text);

    (void)pthread_mutex_lock(&p->lock);
    p->note.done = done < INT64_MAX ? done : INT64_MAX;
    p->note.total = total < INT64_MAX ? total : INT64_MAX;
    if (length > 0) memcpy(p->note.text, text.bytes, length);
    p->note.text[length] = '\0';
    text_clean((uint8_t *)p->note.text, length);
    p->fresh = true;
    (void)pthread_mutex_unlock(&p->lock);
}

void
progress_set(
    struct progress *p, uint64_t done, uint64_t total, const char *text)
{
    size_t length = text != NULL ? strnlen(text, PROGRESS_LINE) : 0;

    set(p, done, total, (struct slice){ (const uint8_t *)text, length });
}

/* ---- lines --------------------------------------------------------------- */

static bool
is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct slice
trim(struct slice text)
{
    while (text.length > 0 && is_blank(text.bytes[0])) {
        text.bytes += 1;
        text.length -= 1;
    }
    while (text.length > 0 && is_blank(text.bytes[text.length - 1])) {
        text.length -= 1;
    }
    return text;
}

/* Take a number off the front; false when there is none. */
static bool
read_number(struct slice *text, uint64_t *number)
{
    size_t n = 0;

    *number = 0;
    for (; n < text->length && n < 18; n++) {
        uint8_t c = text->bytes[n];

        if (c < '0' || c > '9') break;
        *number = *number * 10 + (uint64_t)(c - '0');
    }
    text->bytes += n;
    text->length -= n;
    return n > 0;
}

static void
read_line(struct progress *p)
{
    const struct slice line = trim((struct slice){ p->line, p->length });
    struct slice rest = line;
    uint64_t done, total = 0;

    if (line.length == 0) return;
    bool counts = read_number(&rest, &done);
    if (counts && rest.length > 0 && rest.bytes[0] == '/') {
        rest.bytes += 1;
        rest.length -= 1;
        counts = read_number(&rest, &total);
    }
    /* "3rd try", "50%", "1.5 GB" are words. */
    if (counts && (rest.length == 0 || is_blank(rest.bytes[0]))) {
        set(p, done, total, trim(rest));
    } else {
        set(p, 0, 0, line);
    }
}

void
progress_feed(struct progress *p, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        const uint8_t *end = memchr(bytes, '\n', length);
        size_t n = end != NULL ? (size_t)(end - bytes) : length;
        size_t room = PROGRESS_LINE - p->length;

        memcpy(p->line + p->length, bytes, n < room ? n : room);
        p->length += n < room ? n : room;
        if (end == NULL) return;
        read_line(p);
        p->length = 0;
        bytes += n + 1;
        length -= n + 1;
    }
}

void
progress_hear(void *p, const uint8_t *bytes, size_t length)
{
    progress_feed(p, bytes, length);
}

/* ---- taking -------------------------------------------------------------- */

bool
progress_take(struct progress *p, tick_ns now, struct progress_note *note)
{
    (void)pthread_mutex_lock(&p->lock);
    bool due = p->fresh && (p->taken == 0 || now - p->taken >= PROGRESS_PACE);
    if (due) {
        *note = p->note;
        p->fresh = false;
        p->taken = now;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return due;
}
