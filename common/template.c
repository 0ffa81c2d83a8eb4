#include "common/template.h"

#include <string.h>

enum part { WHOLE, STEM, BASE, DIRECTORY, BASE_STEM, PLACE };

struct hole {
    enum part part;
    bool is_one;   /* Of one value; else of all. */
    bool is_last;  /* Counted from the last. */
    size_t number; /* From 1; of one value. */
    size_t length; /* Of the hole itself. */
};

/* ---- finding holes ------------------------------------------------------- */

/* More digits than a number of values has: there is no such value. */
static size_t
read_number(struct slice text, size_t *at)
{
    size_t number = 0;

    for (; *at < text.length; *at += 1) {
        uint8_t c = text.bytes[*at];

        if (c < '0' || c > '9') break;
        number = number * 10 + (size_t)(c - '0');
        if (number > TEMPLATE_VALUES_MAX) number = TEMPLATE_VALUES_MAX + 1;
    }
    return number;
}

static bool
read_part(struct slice text, size_t at, struct hole *hole)
{
    static const struct {
        const char *text;
        enum part part;
    } parts[] = { { "}", WHOLE }, { ".}", STEM }, { "/}", BASE },
        { "//}", DIRECTORY }, { "/.}", BASE_STEM }, { "#}", PLACE } };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t length = strlen(parts[i].text);

        if (length > text.length - at) continue;
        if (memcmp(text.bytes + at, parts[i].text, length) != 0) continue;
        hole->part = parts[i].part;
        hole->length = at + length;
        return hole->part != PLACE || !hole->is_one;
    }
    return false;
}

/* Whether `text` begins with a hole. */
static bool
read_hole(struct slice text, struct hole *hole)
{
    size_t at = 1;

    *hole = (struct hole){ .part = WHOLE };
    if (text.length < 2 || text.bytes[0] != '{') return false;
    hole->is_last = text.bytes[at] == '-';
    if (hole->is_last) at += 1;
    size_t digits = at;
    hole->number = read_number(text, &at);
    hole->is_one = at > digits;
    if (hole->is_one ? hole->number == 0 : hole->is_last) return false;
    return read_part(text, at, hole);
}

static struct slice
after(struct slice text, size_t length)
{
    return (struct slice){ text.bytes + length, text.length - length };
}

/* How much text stands before the next hole, or before the end (false). */
static bool
find_hole(struct slice text, size_t *before, struct hole *hole)
{
    for (size_t at = 0; at < text.length; at++) {
        const uint8_t *brace = memchr(text.bytes + at, '{', text.length - at);

        if (brace == NULL) break;
        at = (size_t)(brace - text.bytes);
        if (!read_hole(after(text, at), hole)) continue;
        *before = at;
        return true;
    }
    *before = text.length;
    return false;
}

bool
template_has_hole(struct slice word)
{
    struct hole hole;
    size_t before;

    return find_hole(word, &before, &hole);
}

/* ---- parts of a value ---------------------------------------------------- */

static struct slice
without_slashes(struct slice path)
{
    while (path.length > 1 && path.bytes[path.length - 1] == '/') {
        path.length -= 1;
    }
    return path;
}

/* Up to the last slash and with it; empty when there is none. */
static struct slice
folder_of(struct slice path)
{
    while (path.length > 0 && path.bytes[path.length - 1] != '/') {
        path.length -= 1;
    }
    return path;
}

static struct slice
base_of(struct slice path)
{
    return after(path, folder_of(path).length);
}

/* dirname() of Perl's File::Basename: a path that ends with a slash has its
 * directory's directory, other than dirname(1) only by what comes of "//". */
static struct slice
directory_of(struct slice path)
{
    struct slice folder = folder_of(path);

    if (folder.length > 0 && folder.length == path.length) {
        folder = without_slashes(folder);
        if (folder.bytes[folder.length - 1] == '/') return folder;
        folder = folder_of(folder);
    }
    return folder.length > 0 ? without_slashes(folder) : slice_of(".");
}

static struct slice
stem_of(struct slice path)
{
    for (size_t at = path.length; at > 0; at--) {
        if (path.bytes[at - 1] == '/') break;
        if (path.bytes[at - 1] == '.') {
            path.length = at - 1;
            break;
        }
    }
    return path;
}

static struct slice
part_of(struct slice value, enum part part)
{
    if (value.length == 0) value = slice_of("");
    switch (part) {
    case STEM:
        return stem_of(value);
    case BASE:
        return base_of(value);
    case DIRECTORY:
        return directory_of(value);
    case BASE_STEM:
        return stem_of(base_of(value));
    case WHOLE:
    case PLACE:
    default:
        return value;
    }
}

/* ---- quoting ------------------------------------------------------------- */

static bool
is_safe(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("_@%+:,./-", c) != NULL);
}

static bool
needs_quotes(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!is_safe(text.bytes[i])) return true;
    }
    return text.length == 0;
}

static void
append(struct buf *out, struct slice text)
{
    buf_append(out, text.bytes, text.length);
}

void
template_quote(struct buf *out, struct slice text)
{
    if (!needs_quotes(text)) {
        append(out, text);
        return;
    }
    buf_append(out, "'", 1);
    while (text.length > 0) {
        const uint8_t *quote = memchr(text.bytes, '\'', text.length);
        size_t n = quote != NULL ? (size_t)(quote - text.bytes) : text.length;

        buf_append(out, text.bytes, n);
        if (quote != NULL) buf_append(out, "'\\''", 4);
        text = after(text, quote != NULL ? n + 1 : n);
    }
    buf_append(out, "'", 1);
}

/* ---- filling ------------------------------------------------------------- */

static void
append_number(struct buf *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buf_append(out, digits + at, sizeof digits - at);
}

static void
append_value(struct buf *out, struct slice value, enum part part, bool quoted)
{
    struct slice text = part_of(value, part);

    if (quoted) {
        template_quote(out, text);
    } else {
        append(out, text);
    }
}

static void
append_all(struct buf *out, enum part part,
    const struct template_values *values, bool quoted)
{
    for (size_t i = 0; i < values->count; i++) {
        if (i > 0) buf_append(out, " ", 1);
        append_value(out, values->values[i], part, quoted);
    }
}

static void
append_hole(struct buf *out, const struct hole *hole,
    const struct template_values *values, bool quoted)
{
    if (hole->part == PLACE) {
        append_number(out, values->seq);
    } else if (!hole->is_one) {
        append_all(out, hole->part, values, quoted);
    } else if (hole->number <= values->count) {
        size_t i =
            hole->is_last ? values->count - hole->number : hole->number - 1;

        append_value(out, values->values[i], hole->part, quoted);
    }
}

void
template_fill(struct buf *out, struct slice word,
    const struct template_values *values, bool quoted)
{
    struct hole hole;
    size_t before;

    while (find_hole(word, &before, &hole)) {
        buf_append(out, word.bytes, before);
        append_hole(out, &hole, values, quoted);
        word = after(word, before + hole.length);
    }
    append(out, word);
}

/* ---- whole commands ------------------------------------------------------ */

size_t
template_split(struct slice payload, struct slice *values, size_t max)
{
    size_t count = 0;

    for (;;) {
        const uint8_t *nul = payload.length > 0
                                 ? memchr(payload.bytes, '\0', payload.length)
                                 : NULL;
        size_t n = nul != NULL ? (size_t)(nul - payload.bytes) : payload.length;

        if (count < max) values[count] = (struct slice){ payload.bytes, n };
        count += 1;
        if (nul == NULL || count > max) return count;
        payload = after(payload, n + 1);
    }
}

/* Take the first word off.  False: there is none. */
static bool
next_word(struct slice *words, struct slice *word)
{
    if (words->length == 0) return false;

    const uint8_t *nul = memchr(words->bytes, '\0', words->length);
    size_t n = nul != NULL ? (size_t)(nul - words->bytes) : words->length;
    *word = (struct slice){ words->bytes, n };
    *words = after(*words, nul != NULL ? n + 1 : n);
    return true;
}

static bool
have_hole(struct slice words)
{
    struct slice word;

    while (next_word(&words, &word)) {
        if (template_has_hole(word)) return true;
    }
    return false;
}

/* A word for each value.  Returns how many. */
static size_t
append_words(
    struct buf *out, enum part part, const struct template_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        append_value(out, values->values[i], part, false);
        buf_append(out, "", 1);
    }
    return values->count;
}

static bool
is_for_all(struct slice word, struct hole *hole)
{
    return read_hole(word, hole) && hole->length == word.length
           && hole->part != PLACE && !hole->is_one;
}

size_t
template_words(struct buf *out, struct slice words,
    const struct template_values *values, bool as_input)
{
    bool comes_last = !as_input && !have_hole(words);
    struct slice word;
    struct hole hole;
    size_t count = 0;

    while (next_word(&words, &word)) {
        if (is_for_all(word, &hole)) {
            count += append_words(out, hole.part, values);
            continue;
        }
        template_fill(out, word, values, false);
        buf_append(out, "", 1);
        count += 1;
    }
    return comes_last ? count + append_words(out, WHOLE, values) : count;
}

void
template_line(struct buf *out, struct slice words,
    const struct template_values *values, bool as_input)
{
    bool comes_last = !as_input && !have_hole(words);
    size_t begun = out->length;
    struct slice word;

    while (next_word(&words, &word)) {
        if (out->length > begun) buf_append(out, " ", 1);
        template_fill(out, word, values, true);
    }
    if (!comes_last) return;
    buf_append(out, " ", 1);
    append_all(out, WHOLE, values, true);
}
