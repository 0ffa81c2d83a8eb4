#include "cli/line.h"

#include <string.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "common/template.h"

static void
append_word(struct line *line, const char *word)
{
    buf_append(&line->words, word, strlen(word) + 1);
}

void
line_init(
    struct line *line, const struct stint_job_options *options, bool is_plain)
{
    const char *const *word = options->command.argv;

    *line = (struct line){ .shell = options->command.shell,
        .input = options->command.input,
        .is_plain = is_plain };
    buf_init(&line->words);
    buf_init(&line->room);
    if (options->program == STINT_PROGRAM_HANDLER)
        append_word(line, options->handler);
    if (options->program != STINT_PROGRAM_COMMAND) return;
    while (*word != NULL)
        append_word(line, *word++);
}

void
line_fini(struct line *line)
{
    buf_fini(&line->words);
    buf_fini(&line->room);
}

size_t
line_split(struct stint_bytes value, struct slice *to, size_t max)
{
    return template_split((struct slice){ value.data, value.size }, to, max);
}

/* ---- words that no shell reads ------------------------------------------- */

static bool
has_holes(const struct line *line)
{
    const char *at = (const char *)line->words.bytes, *end;

    if (line->words.length == 0) return false;
    for (end = at + line->words.length; at < end; at += strlen(at) + 1)
        if (template_has_hole(slice_of(at))) return true;
    return false;
}

/* What of a word is no hole. */
static bool
is_plain(const char *word)
{
    static const struct template_values none = { NULL, 0, 1 };
    struct buf text, quoted;
    bool plain;

    buf_init(&text);
    buf_init(&quoted);
    template_fill(&text, slice_of(word), &none, false);
    template_quote(&quoted, (struct slice){ text.bytes, text.length });
    plain = text.length == 0 || text.length == quoted.length;
    buf_fini(&text);
    buf_fini(&quoted);
    return plain;
}

/* Values are quoted in it where the rest needs no quotes, as GNU parallel shows
 * it; else all of it. */
static void
append_filled(
    struct buf *out, const char *word, const struct template_values *values)
{
    struct buf text;

    if (is_plain(word) && template_has_hole(slice_of(word))) {
        size_t before = out->length;

        template_fill(out, slice_of(word), values, true);
        /* Where there is no such value it is still a word. */
        if (out->length == before) buf_append(out, "''", 2);
        return;
    }
    buf_init(&text);
    template_fill(&text, slice_of(word), values, false);
    template_quote(out, (struct slice){ text.bytes, text.length });
    buf_fini(&text);
}

static void
append_values(struct buf *out, const struct template_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        if (out->length > 0) buf_append(out, " ", 1);
        template_quote(out, values->values[i]);
    }
}

static void
append_words(struct line *line, const struct template_values *values)
{
    const char *at = (const char *)line->words.bytes, *end;

    if (at == NULL) at = "";
    for (end = at + line->words.length; at < end; at += strlen(at) + 1) {
        if (line->room.length > 0) buf_append(&line->room, " ", 1);
        append_filled(&line->room, at, values);
    }
    if (!line->input && !has_holes(line)) append_values(&line->room, values);
}

static void
append_plain(struct buf *out, const struct template_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        if (i > 0) buf_append(out, " ", 1);
        buf_append(out, values->values[i].bytes, values->values[i].length);
    }
}

const char *
line_of(struct line *line, struct stint_bytes value, uint64_t seq)
{
    static struct slice parts[TEMPLATE_VALUES_MAX];
    struct template_values values = { parts,
        line_split(value, parts, TEMPLATE_VALUES_MAX), seq };

    if (values.count > TEMPLATE_VALUES_MAX) values.count = TEMPLATE_VALUES_MAX;
    buf_clear(&line->room);
    if (line->is_plain)
        append_plain(&line->room, &values);
    else if (line->shell)
        template_line(&line->room,
            (struct slice){ line->words.bytes, line->words.length }, &values,
            line->input);
    else
        append_words(line, &values);
    buf_append(&line->room, "", 1);
    if (line->room.failed) exit_now(EXIT_AGAIN, "no memory is left");
    return (const char *)line->room.bytes;
}
