#include "cli/bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/value.h"
#include "cli/width.h"

enum { DRAW_MS = 200, LINE_MS = 10000, OFTEN_MS = 1000, SAMPLE_MS = 500 };

/* Columns that stay free: the terminal writes "^C" there, which must not go on
 * to the next line, and some go there as soon as the last one is written. */
enum { SPARE = 3 };

static bool
is_env(const char *name, const char *begin)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0'
           && strncmp(value, begin, strlen(begin)) == 0;
}

static enum bar_kind
kind_of(const struct run *run)
{
    if (setting_flag(run, "quiet")
        || strcmp(setting_text(run, "progress"), "never") == 0)
        return BAR_NONE;
    if (isatty(STDERR_FILENO) != 1 || !is_env("TERM", "")
        || strcmp(getenv("TERM"), "dumb") == 0)
        return BAR_LINES;
    return BAR_LIVE;
}

/* GNU screen cuts; tmux, which may call itself so, folds. */
static bool
terminal_folds(void)
{
    if (is_env("XTERM_VERSION", "") || is_env("TERM", "linux")) return false;
    return !is_env("TERM", "screen") || is_env("TMUX", "");
}

static int64_t
every(const struct run *run, enum bar_kind kind)
{
    if (kind == BAR_LIVE) return DRAW_MS;
    return strcmp(setting_text(run, "progress"), "always") == 0 ? OFTEN_MS
                                                                : LINE_MS;
}

void
bar_init(struct bar *bar, const struct run *run, int64_t now_ms)
{
    enum bar_kind kind = kind_of(run);

    *bar = (struct bar){ .kind = kind,
        .every_ms = every(run, kind),
        .is_utf8 = width_is_utf8(),
        .is_color = setting_color(run, STDERR_FILENO),
        .folds = terminal_folds(),
        .shown_ms = now_ms };
    /* Who asked for it sees a line at once. */
    if (kind == BAR_LINES && bar->every_ms == OFTEN_MS)
        bar->shown_ms -= OFTEN_MS;
    bar_rate(bar, 0, now_ms);
}

/* ---- numbers ------------------------------------------------------------- */

double
bar_rate(struct bar *bar, uint64_t ended, int64_t now_ms)
{
    unsigned newest = (bar->next + BAR_SAMPLES - 1) % BAR_SAMPLES;
    const struct bar_sample *oldest;
    int64_t took;

    if (bar->count == 0 || now_ms - bar->samples[newest].at_ms >= SAMPLE_MS) {
        bar->samples[bar->next] = (struct bar_sample){ now_ms, ended };
        bar->next = (bar->next + 1) % BAR_SAMPLES;
        if (bar->count < BAR_SAMPLES) bar->count++;
    }
    oldest = &bar->samples[bar->count < BAR_SAMPLES ? 0 : bar->next];
    took = now_ms - oldest->at_ms;
    if (took <= 0 || ended < oldest->ended) return 0;
    return (double)(ended - oldest->ended) * 1e3 / (double)took;
}

static uint64_t
ended_of(const struct bar_state *s)
{
    return s->done + s->failed;
}

static double
part_of(const struct bar_state *s)
{
    uint64_t ended = ended_of(s);

    return ended < s->total ? (double)ended / (double)s->total : 1;
}

/* Empty when nobody can tell. */
static void
say_eta(const struct bar_state *s, char out[VALUE_TEXT])
{
    double left;

    *out = '\0';
    if (s->total <= ended_of(s) || !(s->rate > 0)) return;
    left = (double)(s->total - ended_of(s)) / s->rate;
    if (left > 100.0 * 365 * 86400) return;
    if (left < 60)
        snprintf(out, VALUE_TEXT, "%.0fs", left < 1 ? 1 : left);
    else
        value_show_duration((int64_t)(left * 1e9), out);
}

static void
say_rate(double rate, char out[VALUE_TEXT])
{
    *out = '\0';
    if (rate > 0)
        snprintf(out, VALUE_TEXT, "%.*f/s", rate < 9.95 ? 1 : 0, rate);
}

/* ---- the live line ------------------------------------------------------- */

/* What may stand in the line, from left to right. */
enum piece {
    P_JOB,
    P_BAR,
    P_COUNT,
    P_PERCENT,
    P_FAILED,
    P_RUNNING,
    P_WORKERS,
    P_RATE,
    P_ETA,
    PIECES
};

/* Which go first when there is no room, the count never. */
static const enum piece dispensable[] = { P_WORKERS, P_JOB, P_BAR, P_RATE,
    P_RUNNING, P_ETA, P_PERCENT, P_FAILED };

enum { BAR_MIN = 6, BAR_MAX = 40, BETWEEN = 2 };

static void
write_pieces(const struct bar_state *s, char pieces[PIECES][VALUE_TEXT * 2])
{
    char text[VALUE_TEXT];
    const size_t room = VALUE_TEXT * 2;

    memset(pieces, 0, PIECES * room);
    if (s->job != 0) snprintf(pieces[P_JOB], room, "job %" PRIu64, s->job);
    if (s->total > 0) {
        snprintf(pieces[P_COUNT], room, "%" PRIu64 "/%" PRIu64, ended_of(s),
            s->total);
        snprintf(pieces[P_PERCENT], room, "%d%%", (int)(part_of(s) * 100));
        snprintf(pieces[P_BAR], room, "-");
    } else {
        snprintf(pieces[P_COUNT], room, "%" PRIu64 " done", ended_of(s));
    }
    if (s->failed > 0)
        snprintf(pieces[P_FAILED], room, "%" PRIu64 " failed", s->failed);
    snprintf(pieces[P_RUNNING], room, "%" PRIu64 " running", s->running);
    if (s->workers > 0)
        snprintf(pieces[P_WORKERS], room, "on %" PRIu64 " worker%s", s->workers,
            s->workers == 1 ? "" : "s");
    say_rate(s->rate, text);
    snprintf(pieces[P_RATE], room, "%s", text);
    say_eta(s, text);
    if (*text != '\0') snprintf(pieces[P_ETA], room, "ETA %s", text);
}

static size_t
columns_of(char pieces[PIECES][VALUE_TEXT * 2], size_t bar_columns)
{
    size_t sum = 0;

    for (unsigned i = 0; i < PIECES; i++) {
        size_t length = strlen(pieces[i]);

        if (length == 0) continue;
        /* "48 running on 6 workers" is one piece to the eye. */
        if (sum > 0) sum += i == P_WORKERS ? 1 : BETWEEN;
        sum += i == P_BAR ? bar_columns : length;
    }
    return sum;
}

static void
draw_bar(
    const struct bar *bar, const struct bar_state *s, size_t columns, FILE *out)
{
    size_t full = (size_t)(part_of(s) * (double)columns);

    for (size_t i = 0; i < columns; i++) {
        const char *cell = i < full ? "#" : "-";

        if (bar->is_utf8) cell = i < full ? "\u2588" : "\u2591";
        fputs(cell, out);
    }
}

size_t
bar_text(const struct bar *bar, const struct bar_state *state, size_t columns,
    char out[BAR_TEXT])
{
    char pieces[PIECES][VALUE_TEXT * 2];
    size_t drop = 0, used, bar_columns = BAR_MIN;
    bool is_first = true;
    FILE *to;

    write_pieces(state, pieces);
    while ((used = columns_of(pieces, bar_columns)) > columns
           && drop < sizeof(dispensable) / sizeof(*dispensable))
        *pieces[dispensable[drop++]] = '\0';
    if (used > columns) *pieces[P_COUNT] = '\0';
    if (*pieces[P_BAR] != '\0' && used < columns) bar_columns += columns - used;
    if (bar_columns > BAR_MAX) bar_columns = BAR_MAX;
    memset(out, 0, BAR_TEXT);
    to = fmemopen(out, BAR_TEXT, "w");
    for (unsigned i = 0; to != NULL && i < PIECES; i++) {
        bool is_red = bar->is_color && i == P_FAILED;

        if (*pieces[i] == '\0') continue;
        if (!is_first) fputs(i == P_WORKERS ? " " : "  ", to);
        is_first = false;
        if (i == P_BAR)
            draw_bar(bar, state, bar_columns, to);
        else
            fprintf(to, "%s%s%s", is_red ? "\033[31m" : "", pieces[i],
                is_red ? "\033[0m" : "");
    }
    if (to != NULL) fclose(to);
    return columns_of(pieces, bar_columns);
}

static size_t
terminal_columns(void)
{
    size_t columns, lines;

    width_terminal(STDERR_FILENO, &columns, &lines);
    return columns > 0 ? columns : 1;
}

void
bar_hide(struct bar *bar)
{
    size_t columns, more;

    if (bar->drawn == 0) return;
    columns = terminal_columns();
    more = bar->folds ? (bar->drawn - 1) / columns : 0;
    if (more > 0)
        fprintf(stderr, "\033[%zuA\r\033[J", more);
    else
        fputs("\r\033[K", stderr);
    bar->drawn = 0;
}

/* In one write, so that it never flickers. */
static void
draw(struct bar *bar, const struct bar_state *state)
{
    size_t columns = terminal_columns(), drawn;
    char text[BAR_TEXT];

    if (bar->drawn > columns) bar_hide(bar);
    drawn = bar_text(bar, state, columns > SPARE ? columns - SPARE : 0, text);
    fprintf(stderr, "\r%s\033[K", text);
    bar->drawn = drawn;
}

/* ---- lines --------------------------------------------------------------- */

void
bar_line(const struct bar_state *s, char out[BAR_TEXT])
{
    char of[VALUE_TEXT] = "", failed[VALUE_TEXT] = "", rate[VALUE_TEXT],
         eta[VALUE_TEXT], job[VALUE_TEXT] = "stint: ";

    if (s->job != 0) snprintf(job, sizeof(job), "job %" PRIu64 ": ", s->job);
    if (s->total > 0) snprintf(of, sizeof(of), "/%" PRIu64, s->total);
    if (s->failed > 0)
        snprintf(failed, sizeof(failed), ", %" PRIu64 " failed", s->failed);
    say_rate(s->rate, rate);
    say_eta(s, eta);
    snprintf(out, BAR_TEXT,
        "%s%" PRIu64 "%s done%s, %" PRIu64 " running%s%s%s%s", job, ended_of(s),
        of, failed, s->running, *rate ? ", " : "", rate, *eta ? ", ETA " : "",
        eta);
}

void
bar_show(
    struct bar *bar, struct bar_state *state, int64_t now_ms, bool may_draw)
{
    int64_t since = now_ms - bar->shown_ms;
    char text[BAR_TEXT];

    state->rate = bar_rate(bar, ended_of(state), now_ms);
    if (bar->kind == BAR_NONE || since < bar->every_ms) return;
    if (bar->kind == BAR_LIVE) {
        if (!may_draw) return;
        draw(bar, state);
    } else {
        bar_line(state, text);
        fprintf(stderr, "%s\n", text);
    }
    bar->shown_ms = now_ms;
}
