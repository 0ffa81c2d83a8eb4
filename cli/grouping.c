#include "cli/grouping.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "cli/value.h"

/* Shorter values stand in any message by chance. */
enum { VALUE_MIN = 3, HEX_MIN = 8, VALUE_SHOWN = 1024 };

/* ---- how it ended -------------------------------------------------------- */

static char *
signal_name(int number)
{
    const char *name = sigabbrev_np(number);

    return name != NULL ? mem_format("killed by SIG%s", name)
                        : mem_format("killed by signal %d", number);
}

static char *
how_unknown(int code)
{
    if (code == STINT_EWORKERLOST) return mem_copy("worker lost");
    if (code == STINT_ECANCELLED) return mem_copy("cancelled");
    return mem_copy(code == STINT_EEXPIRED ? "expired" : "failed");
}

char *
grouping_how(int code, const struct stint_attempt *last)
{
    if (last == NULL || code == STINT_ECANCELLED || code == STINT_EEXPIRED)
        return how_unknown(code);
    switch (last->cause) {
    case STINT_CAUSE_TIMEOUT:
        return mem_copy("timed out");
    case STINT_CAUSE_CANCELLED:
        return mem_copy("cancelled");
    case STINT_CAUSE_NOT_STARTED:
        return mem_copy("not started");
    case STINT_CAUSE_LIMIT:
        return mem_copy("over its limit");
    case STINT_CAUSE_LOST:
        return mem_copy("worker lost");
    case STINT_CAUSE_LEASE:
        return mem_copy("lease ran out");
    case STINT_CAUSE_ENDED:
    default:
        if (last->signal > 0) return signal_name(last->signal);
        return last->code != 0 ? mem_format("exit %d", last->code)
                               : how_unknown(code);
    }
}

/* ---- what it says -------------------------------------------------------- */

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Digits are alike in any case, also where the value is too short. */
static bool
is_number(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)text[i])) return false;
    return true;
}

/* Length of the part of `value` that stands at `text`; 0: none does. */
static size_t
value_at(const char *text, struct stint_bytes value)
{
    const char *part = value.size > 0 ? value.data : "";
    const char *end = part + value.size;
    size_t length = strlen(text);

    while (part < end) {
        const char *nul = memchr(part, '\0', (size_t)(end - part));
        size_t n = (size_t)((nul != NULL ? nul : end) - part);

        if (n >= VALUE_MIN && !is_number(part, n) && n <= length
            && memcmp(text, part, n) == 0 && !is_word(text[n]))
            return n;
        part += n + 1;
    }
    return 0;
}

/* Length of a hexadecimal number at `text` that no decimal one would be. */
static size_t
hex_at(const char *text)
{
    bool has_digit = false, has_letter = false;
    size_t n = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        while (isxdigit((unsigned char)text[2 + n]))
            n++;
        return n > 0 ? n + 2 : 0;
    }
    for (; isxdigit((unsigned char)text[n]); n++) {
        has_digit |= isdigit((unsigned char)text[n]) != 0;
        has_letter |= isalpha((unsigned char)text[n]) != 0;
    }
    return n >= HEX_MIN && has_digit && has_letter && !is_word(text[n]) ? n : 0;
}

static size_t
digits_at(const char *text)
{
    size_t n = 0;

    while (isdigit((unsigned char)text[n]))
        n++;
    return n;
}

/* What stands at `text` and its name; 0: itself. */
static size_t
different_at(
    const char *text, bool begins, struct stint_bytes value, const char **name)
{
    size_t n = begins ? value_at(text, value) : 0;

    *name = "{}";
    if (n > 0) return n;
    *name = "0xN";
    n = begins ? hex_at(text) : 0;
    if (n > 0) return n;
    *name = "N";
    return digits_at(text);
}

char *
grouping_alike(const char *text, struct stint_bytes value)
{
    char out[GROUPING_TEXT], before = ' ';
    size_t at = 0;

    while (*text != '\0' && at + 4 < sizeof(out)) {
        const char *name;
        size_t n = different_at(text, !is_word(before), value, &name);
        size_t length = n > 0 ? strlen(name) : 1;

        memcpy(out + at, n > 0 ? name : text, length);
        if (n == 0 && (unsigned char)*text < 0x20) out[at] = ' ';
        at += length;
        text += n > 0 ? n : 1;
        before = text[-1];
    }
    out[at] = '\0';
    return mem_copy(out);
}

char *
grouping_tail(struct stint_bytes bytes, unsigned lines)
{
    const char *first = bytes.size > 0 ? bytes.data : "";
    const char *end = first + bytes.size, *at;
    bool hex;

    while (end > first && isspace((unsigned char)end[-1]))
        end--;
    if (end - first > GROUPING_TAIL) first = end - GROUPING_TAIL;
    for (at = end; at > first; at--)
        if (at[-1] == '\n' && --lines == 0) break;
    bytes = (struct stint_bytes){ at, (size_t)(end - at) };
    return value_show_bytes(bytes, &hex);
}

/* What a reason says besides `how`: "worker lost" and "the worker was lost" are
 * the same, and more may stand behind it. */
static const char *
says_besides(const char *reason, const char *how)
{
    static const char lost[] = "the worker was lost";
    static const char late[] = "the lease ran out";
    const char *same = strcmp(how, "worker lost") == 0     ? lost
                       : strcmp(how, "lease ran out") == 0 ? late
                                                           : how;
    size_t length = strlen(same);

    if (strcmp(reason, how) == 0 || strcmp(reason, same) == 0) return "";
    if (strncmp(reason, same, length) == 0
        && strncmp(reason + length, "; ", 2) == 0)
        return reason + length + 2;
    return reason;
}

/* The last thing it said, which is where most programs say what is wrong.  A
 * reason that only says `how` is none. */
static char *
text_of(const struct grouping_one *one, const char *how)
{
    char *line, *text;
    const char *reason = one->reason != NULL ? one->reason : "";

    reason = says_besides(reason, how);
    if (one->last != NULL && one->last->cause > STINT_CAUSE_ENDED
        && one->last->cause != STINT_CAUSE_LIMIT) {
        return grouping_alike(reason, one->value);
    }
    line = grouping_tail(one->err, 1);
    text = grouping_alike(*line == '\0' ? reason : line, one->value);
    free(line);
    return text;
}

/* ---- the groups ---------------------------------------------------------- */

static struct grouping_row *
find(const struct grouping *g, const char *how, const char *text)
{
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->rows[i].how, how) == 0
            && strcmp(g->rows[i].text, text) == 0)
            return &g->rows[i];
    return NULL;
}

static char *
value_of(struct stint_bytes value)
{
    char *text, *copy;
    bool hex;

    if (value.size > VALUE_SHOWN) value.size = VALUE_SHOWN;
    copy = mem_new(value.size + 1, 1);
    if (value.size > 0) memcpy(copy, value.data, value.size);
    for (size_t i = 0; i < value.size; i++)
        if (copy[i] == '\0') copy[i] = ' ';
    text = value_show_bytes((struct stint_bytes){ copy, value.size }, &hex);
    free(copy);
    return text;
}

static void
drop_sample(struct grouping_row *row)
{
    free(row->value);
    free(row->worker);
    free(row->tail);
}

static void
show_sample(struct grouping_row *row, const struct grouping_one *one)
{
    row->task = one->task;
    row->seq = one->seq;
    row->value = value_of(one->value);
    row->worker = mem_copy(one->worker != NULL ? one->worker : "");
    row->tail = grouping_tail(one->err, 5);
}

static void
begin(struct grouping *g, const struct grouping_one *one, char *how, char *text)
{
    const struct stint_attempt *last = one->last;
    bool ended = last != NULL && last->cause == STINT_CAUSE_ENDED;

    if (g->count == g->room) {
        g->room = g->room * 2 + 16;
        g->rows = mem_grow(g->rows, g->room, sizeof(*g->rows));
    }
    g->rows[g->count++] = (struct grouping_row){ .how = how,
        .text = text,
        .count = 1,
        /* A handler has a reason, and no exit code. */
        .exit_code =
            ended && last->code != 0 && last->signal == 0 ? last->code : -1,
        .signal = ended && last->signal > 0 ? last->signal : -1 };
    show_sample(&g->rows[g->count - 1], one);
}

static void
join(struct grouping_row *row, const struct grouping_one *one)
{
    row->count++;
    if (one->task >= row->task) return;
    drop_sample(row);
    show_sample(row, one);
}

void
grouping_add(struct grouping *g, const struct grouping_one *one)
{
    char *how = grouping_how(one->code, one->last);
    char *text = text_of(one, how);
    struct grouping_row *row = find(g, how, text);

    g->failures++;
    if (row == NULL && g->count < GROUPING_MAX) {
        begin(g, one, how, text);
        return;
    }
    if (row == NULL)
        g->others++;
    else
        join(row, one);
    free(how);
    free(text);
}

static int
compare(const void *left, const void *right)
{
    const struct grouping_row *a = left, *b = right;

    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

void
grouping_sort(struct grouping *g)
{
    if (g->count > 1) qsort(g->rows, g->count, sizeof(*g->rows), compare);
}

void
grouping_fini(struct grouping *g)
{
    for (size_t i = 0; i < g->count; i++) {
        free(g->rows[i].how);
        free(g->rows[i].text);
        drop_sample(&g->rows[i]);
    }
    free(g->rows);
    *g = (struct grouping){ 0 };
}
