#include "cli/input.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/reader.h"
#include "cli/value.h"
#include "common/buf.h"

enum source_kind { WORDS, LINES, NUMBERS };

struct source {
    enum source_kind kind;
    bool is_linked; /* To the one before it. */
    char *const *words;
    size_t count, at; /* Of words. */
    struct reader reader;
    int64_t next, last, step;
};

/* Sources side by side: they give one tuple of values at a time.  Those that
 * are needed again are kept: tuple i is bytes [ends[i - 1], ends[i]). */
struct group {
    struct source *sources;
    size_t count;
    bool is_kept;
    struct buf kept;
    size_t *ends, tuples, at;
};

struct input {
    struct source *sources;
    struct group *groups;
    size_t source_count, group_count;
    struct buf first; /* The present tuple of the first group. */
    struct buf value; /* What was given last. */
    bool has_first, is_default, nul, keeps_nul, said_nul;
    int wake_fd;
    bool has_colsep;
    int column_end; /* Columns end with this byte; -1: with `colsep`. */
    regex_t colsep;
};

/* ---- opening ------------------------------------------------------------- */

/* ":::" and so on; *is_file and *is_linked say which. */
static bool
read_separator(const char *word, bool *is_file, bool *is_linked)
{
    size_t colons = strspn(word, ":");

    if (colons != 3 && colons != 4) return false;
    if (strcmp(word + colons, "") != 0 && strcmp(word + colons, "+") != 0)
        return false;
    *is_file = colons == 4;
    *is_linked = word[colons] == '+';
    return true;
}

bool
input_is_separator(const char *word)
{
    bool is_file, is_linked;

    return read_separator(word, &is_file, &is_linked);
}

static struct source *
add(struct input *in, enum source_kind kind, bool is_linked)
{
    struct source *s;

    in->sources =
        mem_grow(in->sources, in->source_count + 1, sizeof(*in->sources));
    s = &in->sources[in->source_count++];
    *s = (struct source){ .kind = kind,
        .is_linked = is_linked && in->source_count > 1,
        .reader = { .fd = -1 } };
    return s;
}

static int
add_file(struct input *in, const char *path, bool is_linked)
{
    struct source *s = add(in, LINES, is_linked);

    if (strcmp(path, "-") == 0 && !in->is_default && isatty(STDIN_FILENO) == 1)
        exit_note("stint: values are read from the terminal, a line each; ^D "
                  "ends them");
    return reader_open(&s->reader, path, in->nul, in->wake_fd);
}

static int
add_words(struct input *in, char *const *words)
{
    int status = EXIT_FINE;

    while (*words != NULL && status == EXIT_FINE) {
        bool is_file = false, is_linked = false;
        size_t count = 0;

        read_separator(*words++, &is_file, &is_linked);
        while (words[count] != NULL && !input_is_separator(words[count]))
            count++;
        if (!is_file) {
            struct source *s = add(in, WORDS, is_linked);

            s->words = words;
            s->count = count;
        }
        for (size_t i = 0; is_file && i < count && status == EXIT_FINE; i++)
            status = add_file(in, words[i], is_linked);
        words += count;
    }
    return status;
}

/* "5", "1-1000" or "1-1000:2". */
static bool
read_array(const char *text, struct source *s)
{
    char *copy = mem_copy(text), *last, *step;
    bool good;

    s->step = 1;
    step = strchr(copy, ':');
    if (step != NULL) *step++ = '\0';
    last = strchr(copy, '-');
    if (last != NULL) *last++ = '\0';
    good = value_number(copy, 0, INT64_MAX / 2, &s->next);
    s->last = s->next;
    if (good && last != NULL)
        good = value_number(last, s->next, INT64_MAX / 2, &s->last);
    if (good && step != NULL)
        good = value_number(step, 1, INT64_MAX / 4, &s->step);
    free(copy);
    return good;
}

static int
add_array(struct input *in, const char *text)
{
    struct source *s = add(in, NUMBERS, false);

    const char *bound = strchr(text, '%');
    int64_t most;

    if (read_array(text, s)) return EXIT_FINE;
    if (bound != NULL && value_number(bound + 1, 1, UINT32_MAX, &most))
        return exit_say(EXIT_USAGE,
            "--array takes no bound: write --array %.*s -j %s, which runs so "
            "many side by side",
            (int)(bound - text), text, bound + 1);
    return exit_say(EXIT_USAGE,
        "--array wants numbers such as 1-1000, or 0-90:10 for every tenth; not "
        "'%s'",
        text);
}

/* As in Perl: \t is a tab. */
static int
take_colsep(struct input *in, const char *text)
{
    char *pattern = mem_copy(text), why[128];
    int code;

    for (char *c = pattern; *c != '\0'; c++) {
        if (*c != '\\' || c[1] == '\0') continue;
        if (c[1] == 't') {
            *c = '\t';
            memmove(c + 1, c + 2, strlen(c + 1));
        } else {
            c++;
        }
    }
    in->has_colsep = true;
    in->column_end = -1;
    if (strlen(pattern) == 1 && strchr("\\^$.*+?()[]{}|", *pattern) == NULL)
        in->column_end = (unsigned char)*pattern;
    code = regcomp(&in->colsep, pattern, REG_EXTENDED);
    free(pattern);
    if (code == 0) return EXIT_FINE;
    regerror(code, &in->colsep, why, sizeof(why));
    in->has_colsep = false;
    return exit_say(EXIT_USAGE,
        "--colsep '%s' is no regular expression: %s; a literal | is '\\|'",
        text, why);
}

static void
make_groups(struct input *in)
{
    for (size_t i = 0; i < in->source_count; i++) {
        struct group *g;

        if (i > 0 && in->sources[i].is_linked) {
            in->groups[in->group_count - 1].count++;
            continue;
        }
        in->groups =
            mem_grow(in->groups, in->group_count + 1, sizeof(*in->groups));
        g = &in->groups[in->group_count++];
        *g = (struct group){ .sources = &in->sources[i], .count = 1 };
    }
}

static int
open_all(struct input *in, const struct input_options *options)
{
    const char *const *file = options->files;
    int status = EXIT_FINE;

    if (options->colsep != NULL) status = take_colsep(in, options->colsep);
    if (status == EXIT_FINE && options->array != NULL)
        status = add_array(in, options->array);
    for (; file != NULL && *file != NULL && status == EXIT_FINE; file++)
        status = add_file(in, *file, false);
    if (status == EXIT_FINE && options->words != NULL)
        status = add_words(in, options->words);
    if (status == EXIT_FINE && in->source_count == 0) {
        in->is_default = true;
        status = add_file(in, "-", false);
    }
    make_groups(in);
    return status;
}

int
input_open(const struct input_options *options, struct input **out)
{
    struct input *in = mem_new(1, sizeof(*in));
    int status;

    in->nul = options->nul;
    in->keeps_nul = options->keeps_nul;
    in->wake_fd = options->wake_fd;
    buf_init(&in->first);
    buf_init(&in->value);
    status = open_all(in, options);
    if (status != EXIT_FINE) {
        input_free(in);
        in = NULL;
    }
    *out = in;
    return status;
}

void
input_free(struct input *in)
{
    if (in == NULL) return;
    for (size_t i = 0; i < in->source_count; i++)
        if (in->sources[i].kind == LINES) reader_close(&in->sources[i].reader);
    for (size_t i = 0; i < in->group_count; i++) {
        buf_fini(&in->groups[i].kept);
        free(in->groups[i].ends);
    }
    if (in->has_colsep) regfree(&in->colsep);
    buf_fini(&in->first);
    buf_fini(&in->value);
    free(in->sources);
    free(in->groups);
    free(in);
}

/* ---- one value ----------------------------------------------------------- */

static void
need(const struct buf *b)
{
    if (b->failed) exit_now(EXIT_AGAIN, "no memory is left for the input");
}

/* No argument of a command can hold a NUL; as GNU parallel, the two characters
 * \0 stand for it. */
static void
append_without_nul(struct input *in, struct buf *out, const char *at, size_t n)
{
    for (;;) {
        const char *nul = n > 0 ? memchr(at, '\0', n) : NULL;
        size_t length = nul != NULL ? (size_t)(nul - at) : n;

        buf_append(out, at, length);
        if (nul == NULL) return;
        if (!in->said_nul)
            exit_note("stint: a NUL in the input is replaced by \\0; if NULs "
                      "separate the values, say -0");
        in->said_nul = true;
        buf_append(out, "\\0", 2);
        at += length + 1;
        n -= length + 1;
    }
}

static void
append_value(struct input *in, struct buf *out, const char *at, size_t n)
{
    if (in->keeps_nul)
        buf_append(out, at, n);
    else
        append_without_nul(in, out, at, n);
}

/* Where the next column ends, and in *length how long what separates it is;
 * false: it goes on to the end of the line. */
static bool
find_column(const struct input *in, struct stint_bytes line, size_t *end,
    size_t *length)
{
    regmatch_t match = { .rm_so = 0, .rm_eo = (regoff_t)line.size };

    if (in->column_end >= 0) {
        const char *at =
            line.size > 0 ? memchr(line.data, in->column_end, line.size) : NULL;

        if (at == NULL) return false;
        *end = (size_t)(at - (const char *)line.data);
        *length = 1;
        return true;
    }
    if (line.size > INT32_MAX
        || regexec(&in->colsep, line.data, 1, &match, REG_STARTEND) != 0
        || match.rm_eo == match.rm_so)
        return false;
    *end = (size_t)match.rm_so;
    *length = (size_t)(match.rm_eo - match.rm_so);
    return true;
}

static void
append_columns(struct input *in, struct buf *out, struct stint_bytes line)
{
    size_t end, length;

    if (line.size == 0) return;
    while (find_column(in, line, &end, &length)) {
        append_value(in, out, line.data, end);
        buf_append(out, "", 1);
        line.data = (const char *)line.data + end + length;
        line.size -= end + length;
    }
    append_value(in, out, line.data, line.size);
}

static int
next_bytes(struct source *s, char room[32], struct stint_bytes *out)
{
    switch (s->kind) {
    case WORDS:
        if (s->at == s->count) return 0;
        *out = (struct stint_bytes){ s->words[s->at], strlen(s->words[s->at]) };
        s->at++;
        return 1;
    case NUMBERS:
        if (s->next > s->last) return 0;
        *out = (struct stint_bytes){ room,
            (size_t)snprintf(room, 32, "%" PRId64, s->next) };
        s->next += s->step;
        return 1;
    case LINES:
    default:
        return reader_next(&s->reader, out);
    }
}

/* Appends the next values of a group; as input_next(). */
static int
next_tuple(struct input *in, struct group *g, struct buf *out)
{
    size_t before = out->length;

    for (size_t i = 0; i < g->count; i++) {
        struct stint_bytes bytes = { NULL, 0 };
        char room[32];
        int code = next_bytes(&g->sources[i], room, &bytes);

        if (code != 1) {
            buf_truncate(out, before);
            return code;
        }
        if (i > 0) buf_append(out, "", 1);
        if (in->has_colsep)
            append_columns(in, out, bytes);
        else
            append_value(in, out, bytes.data, bytes.size);
    }
    need(out);
    return 1;
}

/* ---- combinations -------------------------------------------------------- */

static int
keep(struct input *in, struct group *g)
{
    int code;

    while ((code = next_tuple(in, g, &g->kept)) == 1) {
        g->ends = mem_grow(g->ends, g->tuples + 1, sizeof(*g->ends));
        g->ends[g->tuples++] = g->kept.length;
    }
    g->is_kept = true;
    return code;
}

static int
keep_all(struct input *in)
{
    int code = 0;

    for (size_t i = 1; i < in->group_count && code == 0; i++)
        if (!in->groups[i].is_kept) code = keep(in, &in->groups[i]);
    return code;
}

static void
append_kept(const struct group *g, struct buf *out)
{
    size_t begin = g->at > 0 ? g->ends[g->at - 1] : 0;

    buf_append(out, "", 1);
    buf_append(out, g->kept.bytes + begin, g->ends[g->at] - begin);
}

/* The next combination, the last group first.  False: all were there, and all
 * stand at their first tuple again. */
static bool
turn(struct input *in)
{
    for (size_t i = in->group_count; i-- > 1;) {
        struct group *g = &in->groups[i];

        if (++g->at < g->tuples) return true;
        g->at = 0;
    }
    return false;
}

static bool
has_empty_group(const struct input *in)
{
    for (size_t i = 1; i < in->group_count; i++)
        if (in->groups[i].tuples == 0) return true;
    return false;
}

static int
next_first(struct input *in)
{
    buf_clear(&in->first);
    return next_tuple(in, &in->groups[0], &in->first);
}

int
input_next(struct input *in, struct stint_bytes *value)
{
    int code = 1;

    if (in->group_count == 0) return 0;
    if (!in->has_first || !turn(in)) {
        code = next_first(in);
        if (code == 1 && !in->has_first && keep_all(in) < 0) code = -1;
        in->has_first = code == 1;
    }
    if (code != 1 || has_empty_group(in)) return code < 0 ? -1 : 0;
    buf_clear(&in->value);
    buf_append(&in->value, in->first.bytes, in->first.length);
    for (size_t i = 1; i < in->group_count; i++)
        append_kept(&in->groups[i], &in->value);
    need(&in->value);
    *value = (struct stint_bytes){ in->value.bytes, in->value.length };
    return 1;
}

/* ---- how many ------------------------------------------------------------ */

static uint64_t
total_of(const struct source *s)
{
    if (s->kind == WORDS) return s->count;
    return (uint64_t)((s->last - s->next) / s->step) + 1;
}

uint64_t
input_total(const struct input *in)
{
    uint64_t total = 1;

    for (size_t i = 0; i < in->group_count; i++) {
        const struct group *g = &in->groups[i];
        uint64_t least = UINT64_MAX;

        for (size_t n = 0; n < g->count; n++) {
            if (g->sources[n].kind == LINES) return 0;
            if (total_of(&g->sources[n]) < least)
                least = total_of(&g->sources[n]);
        }
        if (least == 0 || total > UINT64_MAX / least) return 0;
        total *= least;
    }
    return total;
}

bool
input_is_default(const struct input *in)
{
    return in->is_default;
}
