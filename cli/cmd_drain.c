/* drain: workers finish what they have and get no more. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/table.h"
#include "cli/value.h"

static const struct opt options[] = {
    { "all", 'a', OPT_FLAG, NULL, NULL,
        "Every worker, those who come later too" },
    { "undo", 0, OPT_FLAG, NULL, NULL, "Give them tasks again" },
    { "wait", 0, OPT_DURATION, "TIME", NULL,
        "Wait until they hold none, so long at most" },
    { 0 },
};
static const struct opt_group group = { "drain", "What:", options };

enum { LOOK_MS = 200, LINE_MS = 10000 };

/* What the workers still hold. */
struct held {
    const char *worker; /* NULL: all. */
    uint64_t tasks, workers;
};

static int
see_peer(void *arg, const struct stint_peer_row *r)
{
    struct held *held = arg;
    bool is_meant = held->worker == NULL ? r->kind == STINT_WORKER
                                         : strcmp(r->name, held->worker) == 0;

    if (!is_meant || r->leased == 0) return 0;
    held->tasks += r->leased;
    held->workers++;
    return 0;
}

static void
show_held(const struct run *run, const struct held *held, int64_t *shown)
{
    int64_t now = pace_now_ms();
    bool is_last = held->tasks == 0;

    if (!setting_progress(run) || setting_flag(run, "quiet")) return;
    if (isatty(STDERR_FILENO) == 1)
        fprintf(stderr,
            "\r%" PRIu64 " task%s held by %" PRIu64 " worker%s   %s",
            held->tasks, value_plural(held->tasks), held->workers,
            value_plural(held->workers), is_last ? "\n" : "");
    else if (is_last || now - *shown >= LINE_MS)
        fprintf(stderr, "%" PRIu64 " task%s held by %" PRIu64 " worker%s\n",
            held->tasks, value_plural(held->tasks), held->workers,
            value_plural(held->workers));
    else
        return;
    *shown = now;
}

static int
wait_until_none(struct stint *s, const struct run *run, const char *worker)
{
    int64_t wait = setting_ms(run, "wait");
    int64_t end = pace_now_ms() + wait, shown = end - wait - LINE_MS;

    for (;;) {
        struct held held = { .worker = worker };
        int code =
            stint_list_peers(s, see_peer, &held, setting_ms(run, "timeout"));

        if (code != 0) return exit_error(code);
        show_held(run, &held, &shown);
        if (held.tasks == 0) {
            exit_note("no task is held any more");
            return EXIT_FINE;
        }
        if (wait != STINT_FOREVER && pace_now_ms() >= end)
            return exit_say(EXIT_AGAIN,
                "%" PRIu64 " task%s still held by %" PRIu64
                " worker%s after %s; wait again (`stint workers` shows who), "
                "or stop them",
                held.tasks, held.tasks == 1 ? " is" : "s are", held.workers,
                value_plural(held.workers), setting_text(run, "wait"));
        pace_sleep_ms(LOOK_MS);
    }
}

static void
note(const char *worker, bool undo, uint64_t count)
{
    if (worker == NULL)
        exit_note("%" PRIu64 " worker%s%s", count, value_plural(count),
            undo ? ", and those who come, are given tasks again"
                 : " finish what they hold; they and those who come are given "
                   "no more (--undo)");
    else
        exit_note("%s %s", worker,
            undo ? "is given tasks again"
                 : "finishes what it has and is given no more (--undo)");
}

static const struct column columns[] = {
    { .name = "worker", .is_id = true },
    { "draining", CELL_FLAG, COLUMN_SHOWN, false },
    { "workers", CELL_NUMBER, COLUMN_SHOWN, false },
    { 0 },
};

static int
print_drained(
    const struct run *run, const char *worker, bool undo, uint64_t count)
{
    return table_print_change(columns,
        (const struct cell[]){
            TABLE_TEXT(worker), TABLE_NUMBER(!undo), TABLE_NUMBER(count) },
        run);
}

static int
drain(struct stint *s, const struct run *run, const char *worker)
{
    bool undo = setting_flag(run, "undo");
    uint64_t count = 0;
    int code = stint_drain(s, worker, undo, &count), status = EXIT_FINE;

    if (code != 0) return exit_error(code);
    if (worker != NULL && count == 0)
        return exit_say(EXIT_FAILED,
            "there is no worker '%s'; `stint workers` lists them", worker);
    note(worker, undo, count);
    if (!undo && setting_text(run, "wait") != NULL)
        status = wait_until_none(s, run, worker);
    return status == EXIT_FINE ? print_drained(run, worker, undo, count)
                               : status;
}

static int
run_drain(struct run *run)
{
    const char *worker = run->word_count > 0 ? run->words[0] : NULL;
    struct stint *s;
    int status;

    if ((worker != NULL) == setting_flag(run, "all"))
        return exit_say(EXIT_USAGE,
            "drain whom? stint drain WORKER (`stint workers -q` lists them) or "
            "stint drain --all");
    if (setting_flag(run, "undo") && setting_text(run, "wait") != NULL)
        return exit_say(
            EXIT_USAGE, "--undo has nothing to wait for; leave out --wait");
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    status = drain(s, run, worker);
    stint_close(s);
    return status;
}

const struct command command_drain = {
    .name = "drain",
    .group = "Fix",
    .args = "[WORKER]",
    .summary = "Give workers no more tasks; what they hold they finish",
    .examples = "stint drain node7-4711 --wait 10m\n"
                "stint drain --all --wait forever\n"
                "stint drain --all --undo\n",
    .notes = "With --wait the exit code is 75 when they still hold tasks in "
             "the end.  Needs the role admin.",
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_drain,
};
