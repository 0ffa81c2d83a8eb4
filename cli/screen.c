#include "cli/screen.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pieces.h"
#include "cli/value.h"
#include "cli/width.h"

enum { FIELDS_MAX = 13, CELL = 256, GAP = 1, BAR = 10 };

/* One column of a panel.  The one of width 0 takes what is left. */
struct field {
    const char *title;
    size_t width;
    bool right;
    size_t from; /* Shown on terminals of so many columns and more. */
};

static const struct field job_fields[] = { { "job", 5, true, 0 },
    { "state", 9, false, 30 }, { "name", 0, false, 0 },
    { "queue", 14, false, 130 }, { "done", 13, true, 40 }, { "%", 4, true, 0 },
    { "", BAR, false, 110 }, { "failed", 6, true, 50 },
    { "cancel", 6, true, 84 }, { "running", 7, true, 66 },
    { "waiting", 9, true, 100 }, { "rate", 7, true, 72 },
    { "ETA", 7, true, 58 } };

static const struct field worker_fields[] = { { "worker", 0, false, 0 },
    { "host", 18, false, 100 }, { "state", 9, false, 30 },
    { "slots", 6, true, 50 }, { "held", 7, true, 0 }, { "", BAR, false, 110 },
    { "done", 9, true, 60 }, { "failed", 7, true, 60 },
    { "silent", 7, true, 100 }, { "age", 7, true, 70 } };

static const struct field queue_fields[] = { { "queue", 0, false, 0 },
    { "state", 9, false, 40 }, { "ready", 9, true, 0 },
    { "delayed", 9, true, 70 }, { "running", 7, true, 50 },
    { "done", 9, true, 60 }, { "dead", 7, true, 30 }, { "rate", 7, true, 100 },
    { "of jobs", 7, true, 86 }, { "workers", 7, true, 78 } };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The text of each field of one row. */
struct row {
    char cells[FIELDS_MAX][CELL];
    size_t count;
};

static void __attribute__((format(printf, 2, 3)))
add(struct row *row, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(row->cells[row->count++], CELL, format, list);
    va_end(list);
}

/* ---- values -------------------------------------------------------------- */

/* Exact while it is short. */
static void
show_count(uint64_t n, char out[VALUE_TEXT])
{
    static const char letters[] = "kMGT";
    double value = (double)n;
    int power = -1;

    if (n < 1000000) {
        snprintf(out, VALUE_TEXT, "%" PRIu64, n);
        return;
    }
    while (value >= 1000 && power < 3) {
        value /= 1000;
        power++;
    }
    snprintf(
        out, VALUE_TEXT, "%.*f%c", value < 100 ? 1 : 0, value, letters[power]);
}

static void
add_count(struct row *row, uint64_t n)
{
    char text[VALUE_TEXT];

    show_count(n, text);
    add(row, "%s", text);
}

static void
add_rate(struct row *row, double rate)
{
    char text[VALUE_TEXT];

    if (rate <= 0) {
        add(row, "-");
    } else if (rate < 0.1) {
        add(row, "%.1f/m", rate * 60);
    } else if (rate < 10) {
        add(row, "%.1f/s", rate);
    } else {
        show_count((uint64_t)rate, text);
        add(row, "%s/s", text);
    }
}

static void
add_duration(struct row *row, int64_t ns)
{
    char text[VALUE_TEXT];

    value_show_duration(ns, text);
    add(row, "%s", text);
}

/* `lost` of the rest will never be part of it. */
static void
add_bar(struct row *row, uint64_t part, uint64_t lost, uint64_t whole)
{
    const char *full = width_is_utf8() ? "█" : "#";
    const char *cross = width_is_utf8() ? "×" : "x";
    const char *empty = width_is_utf8() ? "░" : ".";
    char bar[CELL] = "";
    size_t at = 0;

    for (uint64_t i = 0; i < BAR; i++)
        at += (size_t)snprintf(bar + at, sizeof(bar) - at, "%s",
            whole == 0                               ? empty
            : part * BAR >= (i + 1) * whole          ? full
            : (part + lost) * BAR >= (i + 1) * whole ? cross
                                                     : empty);
    add(row, "%s", bar);
}

/* ---- rows ---------------------------------------------------------------- */

static uint64_t
ended(const struct stint_job_row *j)
{
    return j->done + j->failed + j->cancelled;
}

/* In whole seconds, as nobody can tell more. */
static void
add_eta(struct row *row, const struct stint_job_row *j, double pace)
{
    uint64_t left = j->tasks > ended(j) ? j->tasks - ended(j) : 0;
    double seconds = pace > 0 && !j->paused ? (double)left / pace : 0;

    if (!snapshot_job_goes_on(j))
        add_duration(row, j->age_ns - j->ended_ns);
    else if (left == 0 || seconds <= 0 || seconds > 1e8)
        add(row, "-");
    else if (seconds < 60)
        add(row, "%.0fs", seconds < 1 ? 1 : seconds);
    else
        add_duration(row, (int64_t)seconds * 1000000000);
}

static void
fill_job(struct row *row, const struct snapshot *shot, size_t i)
{
    const struct stint_job_row *j = &shot->jobs[i];
    char done[VALUE_TEXT], tasks[VALUE_TEXT];

    show_count(j->done, done);
    show_count(j->tasks, tasks);
    add(row, "%" PRIu64, j->job);
    add(row, "%s", snapshot_job_state(j));
    add(row, "%s",
        *j->name != '\0'      ? j->name
        : *j->command != '\0' ? j->command
                              : j->handler);
    add(row, "%s", j->queue);
    add(row, "%s/%s", done, tasks);
    if (j->tasks > 0)
        add(row, "%.0f%%",
            (double)(j->done * 100 / j->tasks)); /* Not 100 too early. */
    else
        add(row, "-");
    add_bar(row, j->done, j->failed + j->cancelled, j->tasks);
    add_count(row, j->failed);
    add_count(row, j->cancelled);
    add_count(row, j->running);
    add_count(row, j->ready + j->delayed + j->ahead);
    add_rate(row, shot->job_rates[i]);
    add_eta(row, j, shot->job_paces[i]);
}

static void
fill_worker(struct row *row, const struct snapshot *shot, size_t i)
{
    const struct stint_peer_row *w = &shot->workers[i];

    add(row, "%s", w->name);
    add(row, "%s", w->host);
    add(row, "%s", !w->alive ? "silent" : w->draining ? "draining" : "alive");
    add(row, "%u", w->slots);
    add_count(row, w->leased);
    add_bar(row, w->running, 0, w->slots);
    add_count(row, w->done);
    add_count(row, w->failed);
    add_duration(row, w->silent_ns);
    add_duration(row, w->age_ns);
}

static void
fill_queue(struct row *row, const struct snapshot *shot, size_t i)
{
    const struct stint_queue_row *q = &shot->queues[i];

    add(row, "%s", q->name);
    add(row, "%s", q->paused ? "paused" : q->shut ? "shut" : "open");
    add_count(row, q->ready);
    add_count(row, q->delayed);
    add_count(row, q->running);
    add_count(row, q->done);
    add_count(row, q->dead);
    add_rate(row, shot->queue_rates[i]);
    add_count(row, q->jobs.ready + q->jobs.delayed + q->jobs.leased);
    add_count(row, q->workers);
}

static const struct panel {
    const struct field *fields;
    size_t count;
    void (*fill)(struct row *row, const struct snapshot *shot, size_t i);
} panels[SCREEN_PANELS] = {
    { job_fields, COUNT(job_fields), fill_job },
    { worker_fields, COUNT(worker_fields), fill_worker },
    { queue_fields, COUNT(queue_fields), fill_queue },
};

static size_t
rows_of(const struct snapshot *shot, enum screen_panel panel)
{
    const size_t counts[SCREEN_PANELS] = { shot->job_count, shot->worker_count,
        shot->queue_count };

    return counts[panel];
}

/* ---- selection ----------------------------------------------------------- */

static bool
is_selected(const struct screen *screen, const struct snapshot *shot,
    enum screen_panel panel, size_t i)
{
    switch (panel) {
    case SCREEN_JOBS:
        return shot->jobs[i].job == screen->job;
    case SCREEN_WORKERS:
        return strcmp(shot->workers[i].name, screen->worker) == 0;
    case SCREEN_QUEUES:
    case SCREEN_PANELS:
    default:
        return strcmp(shot->queues[i].name, screen->queue) == 0;
    }
}

/* The number of rows when none is. */
static size_t
selected(const struct screen *screen, const struct snapshot *shot,
    enum screen_panel panel)
{
    size_t count = rows_of(shot, panel), i = 0;

    while (i < count && !is_selected(screen, shot, panel, i))
        i++;
    return i;
}

static void
select_row(struct screen *screen, const struct snapshot *shot,
    enum screen_panel panel, size_t i)
{
    switch (panel) {
    case SCREEN_JOBS:
        screen->job = shot->jobs[i].job;
        break;
    case SCREEN_WORKERS:
        snprintf(screen->worker, sizeof(screen->worker), "%s",
            shot->workers[i].name);
        break;
    case SCREEN_QUEUES:
    case SCREEN_PANELS:
    default:
        snprintf(
            screen->queue, sizeof(screen->queue), "%s", shot->queues[i].name);
    }
}

void
screen_settle(struct screen *screen, const struct snapshot *shot)
{
    for (enum screen_panel p = SCREEN_JOBS; p < SCREEN_PANELS; p++)
        if (rows_of(shot, p) > 0
            && selected(screen, shot, p) == rows_of(shot, p))
            select_row(screen, shot, p, 0);
}

void
screen_move(struct screen *screen, const struct snapshot *shot, int by)
{
    size_t count = rows_of(shot, screen->panel), at;

    if (count == 0) return;
    at = selected(screen, shot, screen->panel);
    if (by < 0)
        at = at > (size_t)-by ? at - (size_t)-by : 0;
    else
        at += (size_t)by;
    select_row(screen, shot, screen->panel, at < count ? at : count - 1);
}

void
screen_next_panel(struct screen *screen, int by)
{
    int next = ((int)screen->panel + by + SCREEN_PANELS) % SCREEN_PANELS;

    screen->panel = (enum screen_panel)next;
}

/* ---- drawing ------------------------------------------------------------- */

static const char bold[] = "\033[1m", reverse[] = "\033[7m",
                  usual[] = "\033[0m";

/* One line that fills the terminal, so that nothing of an older one is left. */
static void
put_line(
    const struct screen *screen, FILE *out, const char *style, const char *text)
{
    if (screen->plain) {
        (void)width_put(out, text, screen->columns);
        return;
    }
    fputs(style, out);
    width_pad(out, text, screen->columns, false);
    if (*style != '\0') fputs(usual, out);
}

static size_t
width_left(const struct screen *screen, const struct panel *panel)
{
    size_t taken = 0;

    for (size_t i = 0; i < panel->count; i++)
        if (panel->fields[i].from <= screen->columns)
            taken += panel->fields[i].width + GAP;
    taken -= GAP;
    return taken < screen->columns ? screen->columns - taken : 1;
}

static void
put_row(const struct screen *screen, FILE *out, const struct panel *panel,
    const char *style, const struct row *row)
{
    size_t left = width_left(screen, panel), at = 0;
    const char *between = "";
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_memstream(&text, &size);

    if (line == NULL) return;
    for (size_t i = 0; i < panel->count && at < screen->columns; i++) {
        const struct field *f = &panel->fields[i];

        if (f->from > screen->columns) continue;
        fputs(between, line);
        width_pad(
            line, row->cells[i], f->width > 0 ? f->width : left, f->right);
        between = " ";
    }
    fclose(line);
    put_line(screen, out, style, text);
    free(text);
}

static void
put_heading(const struct screen *screen, FILE *out, enum screen_panel p,
    size_t first, size_t shown, size_t count)
{
    const struct panel *panel = &panels[p];
    bool is_active = !screen->plain && screen->panel == p;
    struct row row = { .count = 0 };

    for (size_t i = 0; i < panel->count; i++) {
        const struct field *f = &panel->fields[i];

        if (f->width == 0 && shown < count)
            add(&row, "%s %zu-%zu/%zu", f->title, first + 1, first + shown,
                count);
        else
            add(&row, "%s", f->title);
    }
    put_row(screen, out, panel, is_active ? "\033[1;4m" : bold, &row);
}

static void
put_panel(const struct screen *screen, const struct snapshot *shot, FILE *out,
    enum screen_panel p, size_t lines)
{
    size_t count = rows_of(shot, p), at = selected(screen, shot, p);
    size_t first = at >= lines && at < count ? at - lines + 1 : 0;
    size_t shown = count - first < lines ? count - first : lines;

    put_heading(screen, out, p, first, shown, count);
    for (size_t i = first; i < first + shown; i++) {
        bool marks = !screen->plain && screen->panel == p && i == at;
        struct row row = { .count = 0 };

        panels[p].fill(&row, shot, i);
        putc('\n', out);
        put_row(screen, out, &panels[p], marks ? reverse : "", &row);
    }
}

static void
put_pieces(const struct screen *screen, FILE *out, const char *style,
    const struct pieces *pieces)
{
    char text[PIECES_TEXT];

    pieces_join(pieces, screen->columns, text);
    put_line(screen, out, style, text);
}

static void
put_summary(const struct screen *screen, const struct snapshot *shot, FILE *out)
{
    const struct stint_status *st = &shot->status;
    char up[VALUE_TEXT], memory[VALUE_TEXT], max[VALUE_TEXT];
    char ready[VALUE_TEXT], done[VALUE_TEXT], dead[VALUE_TEXT];
    struct pieces pieces = { .count = 0 };

    value_show_duration(st->uptime_ns, up);
    value_show_size(st->memory, memory);
    value_show_size(st->memory_max, max);
    show_count(st->ready + st->delayed + st->leased - st->running, ready);
    show_count(st->done, done);
    show_count(st->dead, dead);
    if (st->disk_full) pieces_add(&pieces, 0, "DISK FULL");
    pieces_add(&pieces, 8, "%s", st->software);
    pieces_add(&pieces, 0, "waiting %s", ready);
    pieces_add(&pieces, 1, "running %" PRIu64, st->running);
    pieces_add(&pieces, 4, "done %s", done);
    pieces_add(&pieces, 2, "dead %s", dead);
    pieces_add(&pieces, 3, "%.0f/s", shot->rate);
    pieces_add(&pieces, 5, "workers %" PRIu64, st->workers);
    if (shot->gone > 0) pieces_add(&pieces, 6, "%zu silent", shot->gone);
    pieces_add(&pieces, 6, "slots %" PRIu64, st->slots);
    pieces_add(&pieces, 7, "memory %s of %s", memory, max);
    pieces_add(&pieces, 9, "up %s", up);
    put_pieces(screen, out, bold, &pieces);
}

/* Those of the panel that is active. */
static void
put_keys(const struct screen *screen, FILE *out)
{
    struct pieces pieces = { .count = 0 };

    pieces_add(&pieces, 0, "q quit");
    pieces_add(&pieces, 3, "tab panel");
    pieces_add(&pieces, 6, "j/k select");
    if (screen->panel == SCREEN_WORKERS) {
        pieces_add(&pieces, 2, "d drain");
        pieces_add(&pieces, 4, "u undrain");
    } else {
        pieces_add(&pieces, 2, "p pause");
        pieces_add(&pieces, 4, "r resume");
    }
    if (screen->panel == SCREEN_JOBS) pieces_add(&pieces, 5, "R retry failed");
    pieces_add(&pieces, 1, "? help");
    put_pieces(screen, out, "", &pieces);
}

static void
put_last_line(const struct screen *screen, FILE *out)
{
    if (screen->message[0] != '\0')
        put_line(screen, out, bold, screen->message);
    else
        put_keys(screen, out);
}

/* Where there is no room for a row of each, the active panel has it all. */
static bool
is_alone(const struct screen *screen)
{
    return screen->lines > 0 && screen->lines < 2 + 2 * SCREEN_PANELS;
}

/* Divides the lines among the panels: none gets more than it needs, and what
 * one leaves the next one may have. */
static void
divide(const struct screen *screen, const struct snapshot *shot,
    size_t shares[SCREEN_PANELS])
{
    /* The summary, three headings, the keys. */
    size_t left = screen->lines > 5 ? screen->lines - 5 : 0;
    bool gave = true;

    for (size_t p = 0; p < SCREEN_PANELS; p++)
        shares[p] = 0;
    while (gave && left > 0) {
        gave = false;
        for (enum screen_panel p = SCREEN_JOBS; p < SCREEN_PANELS; p++)
            if (left > 0 && shares[p] < rows_of(shot, p)) {
                shares[p]++;
                left--;
                gave = true;
            }
    }
}

static const char *const help_lines[] = {
    "", "  tab, left, right  go to the next panel: jobs, workers, queues",
    "  j, k, up, down    select a row; page up, page down: ten of them",
    "  p, r              pause and resume the selected job or queue",
    "  d, u              drain and undrain the selected worker",
    "  R                 retry what failed of the selected job",
    "  ?                 this help; any key leaves it",
    "  q                 quit", "",
    "  ETA is when the job will have ended; of an ended one how long it took."
};

static size_t
put_help(const struct screen *screen, FILE *out)
{
    size_t lines = 0;

    for (size_t i = 0; i < COUNT(help_lines) && lines + 2 < screen->lines;
         i++) {
        putc('\n', out);
        put_line(screen, out, "", help_lines[i]);
        lines++;
    }
    return lines;
}

static size_t
put_alone(const struct screen *screen, const struct snapshot *shot, FILE *out)
{
    size_t count = rows_of(shot, screen->panel);
    size_t rows = screen->lines > 3 ? screen->lines - 3 : 0;

    if (screen->lines < 3) return 0;
    putc('\n', out);
    put_panel(screen, shot, out, screen->panel, rows);
    return 1 + (rows < count ? rows : count);
}

static size_t
put_panels(const struct screen *screen, const struct snapshot *shot, FILE *out)
{
    size_t shares[SCREEN_PANELS], lines = 0;

    if (is_alone(screen)) return put_alone(screen, shot, out);
    divide(screen, shot, shares);
    for (enum screen_panel p = SCREEN_JOBS; p < SCREEN_PANELS; p++) {
        size_t rows = screen->lines == 0 ? rows_of(shot, p) : shares[p];

        if (screen->lines != 0 && lines + 2 >= screen->lines) break;
        putc('\n', out);
        put_panel(screen, shot, out, p, rows);
        lines += 1 + (rows < rows_of(shot, p) ? rows : rows_of(shot, p));
    }
    return lines;
}

void
screen_draw(const struct screen *screen, const struct snapshot *shot, FILE *out)
{
    size_t lines = 1;

    put_summary(screen, shot, out);
    if (screen->lines == 1) return;
    lines +=
        screen->help ? put_help(screen, out) : put_panels(screen, shot, out);
    if (screen->lines == 0) return;
    for (; lines + 1 < screen->lines; lines++) {
        putc('\n', out);
        put_line(screen, out, "", "");
    }
    putc('\n', out);
    put_last_line(screen, out);
}
