/* top: queues, workers and jobs, as they are now and again and again. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/screen.h"
#include "cli/snapshot.h"
#include "cli/table.h"
#include "cli/tty.h"
#include "cli/value.h"
#include "cli/width.h"

static const struct opt options[] = {
    { "interval", 'i', OPT_DURATION, "TIME", "1s", "Look again so often" },
    { "once", 0, OPT_FLAG, NULL, NULL,
        "Print how it is now and end, as it does without a terminal" },
    { 0 },
};
static const struct opt_group group = { "top", "How:", options };
static const struct opt json_options[] = {
    { "json", 0, OPT_FLAG, NULL, NULL,
        "Print how it is now as one JSON document" },
    { 0 },
};
static const struct opt_group json_group = { "common",
    "Output:", json_options };

/* A master that does not answer must not hold up the keys for long. */
enum { CALL_MS = 2000, INTERVAL_MIN_MS = 100, MESSAGE_MS = 4000 };

/* Longer than anybody watches; poll() counts no further than 24 of them. */
enum { INTERVAL_MAX_MS = 24 * 3600 * 1000 };

struct top {
    struct stint *s;
    struct screen screen;
    struct snapshot shot;
    int64_t interval_ms, next_ms;
    int64_t message_until_ms;
    bool is_away; /* The master does not answer; the screen is old. */
};

/* ---- looking ------------------------------------------------------------- */

static int
see_queue(void *arg, const struct stint_queue_row *row)
{
    snapshot_add_queue(arg, row);
    return 0;
}

static int
see_peer(void *arg, const struct stint_peer_row *row)
{
    if (row->kind == STINT_WORKER) snapshot_add_worker(arg, row);
    return 0;
}

static int
see_job(void *arg, const struct stint_job_row *row)
{
    snapshot_add_job(arg, row);
    return 0;
}

static int
look(struct snapshot *shot, struct stint *s, int64_t timeout_ms)
{
    int code;

    *shot = (struct snapshot){ .taken_ms = pace_now_ms() };
    code = stint_status(s, &shot->status, timeout_ms);
    if (code == 0)
        code = stint_list_queues(s, NULL, see_queue, shot, timeout_ms);
    if (code == 0) code = stint_list_peers(s, see_peer, shot, timeout_ms);
    if (code == 0) code = stint_list_jobs(s, 0, see_job, shot, timeout_ms);
    return code;
}

static void __attribute__((format(printf, 2, 3)))
say(struct top *top, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(top->screen.message, sizeof(top->screen.message), format, list);
    va_end(list);
    top->message_until_ms = pace_now_ms() + MESSAGE_MS;
}

/* Returns 0, also when the master is away, which is shown. */
static int
look_again(struct top *top)
{
    struct snapshot shot;
    int code = look(&shot, top->s, CALL_MS);

    top->next_ms = pace_now_ms() + top->interval_ms;
    if (code != 0) {
        snapshot_fini(&shot);
        if (!connect_may_come(code)) return code;
        top->is_away = true;
        say(top, "the master does not answer; this is how it was");
        return 0;
    }
    if (top->is_away) top->screen.message[0] = '\0';
    top->is_away = false;
    snapshot_finish(&shot, &top->shot);
    snapshot_fini(&top->shot);
    top->shot = shot;
    screen_settle(&top->screen, &top->shot);
    return 0;
}

static void
draw(struct top *top)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL) return;
    if (top->screen.message[0] != '\0' && !top->is_away
        && pace_now_ms() >= top->message_until_ms)
        top->screen.message[0] = '\0';
    width_terminal(STDOUT_FILENO, &top->screen.columns, &top->screen.lines);
    screen_draw(&top->screen, &top->shot, out);
    fclose(out);
    tty_show(text, size);
    free(text);
}

/* ---- doing --------------------------------------------------------------- */

/* Whether it was done; else the last line says why not. */
static bool
is_done(struct top *top, int code)
{
    if (code == 0) {
        top->next_ms = 0;
        return true;
    }
    say(top, "%s", stint_error_message());
    return false;
}

static bool
has_ended(const struct top *top, uint64_t job)
{
    for (size_t i = 0; i < top->shot.job_count; i++)
        if (top->shot.jobs[i].job == job)
            return !snapshot_job_goes_on(&top->shot.jobs[i]);
    return true;
}

static void
set_pause(struct top *top, bool undo)
{
    const struct screen *screen = &top->screen;
    const char *verb = undo ? "goes on" : "is paused; what runs goes on";

    if (screen->panel == SCREEN_JOBS && screen->job != 0) {
        if (has_ended(top, screen->job))
            say(top, "job %" PRIu64 " has ended", screen->job);
        else if (is_done(top, stint_pause(top->s, NULL, screen->job, undo)))
            say(top, "job %" PRIu64 " %s", screen->job, verb);
    } else if (screen->panel == SCREEN_QUEUES && screen->queue[0] != '\0') {
        if (is_done(top, stint_pause(top->s, screen->queue, 0, undo)))
            say(top, "queue %s %s", screen->queue, verb);
    } else {
        say(top, "select a job or a queue first (tab)");
    }
}

static void
set_drain(struct top *top, bool undo)
{
    const char *worker = top->screen.worker;
    uint64_t count = 0;

    if (top->screen.panel != SCREEN_WORKERS || *worker == '\0') {
        say(top, "select a worker first (tab)");
    } else if (is_done(top, stint_drain(top->s, worker, undo, &count))) {
        say(top,
            undo ? "%s is given tasks again"
                 : "%s finishes what it has and is given no more",
            worker);
    }
}

static void
retry(struct top *top)
{
    struct stint_selection which = { .job = top->screen.job };
    uint64_t count = 0;

    if (top->screen.panel != SCREEN_JOBS || which.job == 0)
        say(top, "select a job first (tab)");
    else if (!is_done(top, stint_retry(top->s, &which, &count)))
        return;
    else if (count == 0)
        say(top, "nothing of job %" PRIu64 " has failed", which.job);
    else
        say(top, "%" PRIu64 " task%s of job %" PRIu64 " %s tried again", count,
            value_plural(count), which.job, count == 1 ? "is" : "are");
}

static void
move(struct top *top, int key)
{
    struct screen *screen = &top->screen;

    if (key == 'j' || key == TTY_DOWN)
        screen_move(screen, &top->shot, 1);
    else if (key == 'k' || key == TTY_UP)
        screen_move(screen, &top->shot, -1);
    else if (key == TTY_PAGE_DOWN)
        screen_move(screen, &top->shot, 10);
    else if (key == TTY_PAGE_UP)
        screen_move(screen, &top->shot, -10);
    else if (key == '\t' || key == TTY_RIGHT)
        screen_next_panel(screen, 1);
    else if (key == TTY_BACK_TAB || key == TTY_LEFT)
        screen_next_panel(screen, -1);
}

static bool
changes_something(int key)
{
    return key > 0 && key < 128 && strchr("prduR", key) != NULL;
}

static void
act(struct top *top, int key)
{
    if (top->screen.help) {
        top->screen.help = key == TTY_RESIZED;
        return;
    }
    /* It would hold up the keys until the master is back. */
    if (top->is_away && changes_something(key))
        say(top, "the master does not answer; nothing was changed");
    else if (key == 'p' || key == 'r')
        set_pause(top, key == 'r');
    else if (key == 'd' || key == 'u')
        set_drain(top, key == 'u');
    else if (key == 'R')
        retry(top);
    else if (key == '?' || key == 'h')
        top->screen.help = true;
    else if (key == TTY_STOP)
        tty_suspend();
    else
        move(top, key);
}

/* ---- the command --------------------------------------------------------- */

static int
watch(struct top *top)
{
    for (;;) {
        int64_t now = pace_now_ms();
        int key, code = now >= top->next_ms ? look_again(top) : 0;

        if (code != 0) return code;
        draw(top);
        key = tty_key(top->next_ms - pace_now_ms());
        if (key == TTY_SIGNAL || key == TTY_GONE || key == 'q') return 0;
        if (key != TTY_NONE) act(top, key);
    }
}

static int
show_live(struct top *top)
{
    int code, status = tty_begin();

    if (status != EXIT_FINE) return status;
    code = watch(top);
    tty_end();
    if (code != 0) return exit_error(code);
    return tty_signal() != 0 ? EXIT_SIGNAL + tty_signal() : EXIT_FINE;
}

static int
show_once(struct top *top, const struct run *run)
{
    int code = look(&top->shot, top->s, setting_ms(run, "timeout"));

    if (code != 0) return exit_error(code);
    snapshot_finish(&top->shot, NULL);
    if (setting_flag(run, "json")) {
        snapshot_print_json(&top->shot);
        return table_flush();
    }
    top->screen = (struct screen){ .plain = true };
    width_terminal(STDOUT_FILENO, &top->screen.columns, &top->screen.lines);
    if (isatty(STDOUT_FILENO) != 1 && top->screen.columns < 120)
        top->screen.columns = 120;
    top->screen.lines = 0;
    screen_draw(&top->screen, &top->shot, stdout);
    putchar('\n');
    return table_flush();
}

static bool
is_live(const struct run *run)
{
    const char *term = getenv("TERM");

    return !setting_flag(run, "json") && !setting_flag(run, "once")
           && isatty(STDOUT_FILENO) == 1 && isatty(STDIN_FILENO) == 1
           && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

static int64_t
interval_of(const struct run *run)
{
    int64_t ms = setting_ms(run, "interval");

    if (ms == STINT_FOREVER || ms > INTERVAL_MAX_MS) return INTERVAL_MAX_MS;
    return ms < INTERVAL_MIN_MS ? INTERVAL_MIN_MS : ms;
}

static int
run_top(struct run *run)
{
    struct top top = { .interval_ms = interval_of(run) };
    int status = connect_as(run, STINT_TOOL, &top.s);

    if (status != EXIT_FINE) return status;
    status = is_live(run) ? show_live(&top) : show_once(&top, run);
    snapshot_fini(&top.shot);
    if (top.is_away)
        stint_abandon(top.s);
    else
        stint_close(top.s);
    return status;
}

const struct command command_top = {
    .name = "top",
    .group = "Look",
    .summary = "Watch jobs, workers and queues, and act on them by keys",
    .examples = "stint top\n"
                "stint top --json | jq '.jobs[].state'\n",
    .notes = "Keys: q quits, tab changes the panel, arrows or j and k select, "
             "p and r pause and resume a job or queue, d and u drain and "
             "undrain a worker, R retries what failed of a job, ? helps.",
    .groups = { &group, &json_group, &opt_connection, &opt_general },
    .run = run_top,
};
