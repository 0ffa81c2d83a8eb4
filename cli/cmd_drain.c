/* drain: workers, or all of a host, finish what they have and get no more. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/pace.h"
#include "cli/table.h"
#include "cli/value.h"

static const struct opt options[] = {
    { "all", 'a', OPT_FLAG, NULL, NULL,
        "Every worker, those who come later too" },
    { "host", 0, OPT_TEXT, "NAME", NULL, "The workers of this host" },
    { "undo", 0, OPT_FLAG, NULL, NULL, "Give them tasks again" },
    { "wait", 0, OPT_DURATION, "TIME", NULL,
        "Wait until they hold none, so long at most" },
    { 0 },
};
static const struct opt_group group = { "drain", "What:", options };

enum { LOOK_MS = 200, LINE_MS = 10000, CALL_MS = 20000 };

/* Who is meant: one name of both; neither: all. */
struct whom {
    const char *worker, *host;
};

static bool
is_meant(const struct whom *whom, const struct stint_peer_row *r)
{
    if (r->kind != STINT_WORKER) return false;
    if (whom->host != NULL) return strcmp(r->host, whom->host) == 0;
    return whom->worker == NULL || strcmp(r->name, whom->worker) == 0;
}

/* ---- what they still hold ------------------------------------------------ */

struct held {
    const struct whom *whom;
    uint64_t tasks, workers;
};

static int
see_holder(void *arg, const struct stint_peer_row *r)
{
    struct held *held = arg;

    if (!is_meant(held->whom, r) || r->leased == 0) return 0;
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
wait_until_none(struct stint *s, const struct run *run, const struct whom *whom)
{
    int64_t wait = setting_ms(run, "wait");
    int64_t end = pace_now_ms() + wait, shown = end - wait - LINE_MS;

    for (;;) {
        struct held held = { .whom = whom };
        int code =
            stint_list_peers(s, see_holder, &held, setting_ms(run, "timeout"));

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

/* ---- draining ------------------------------------------------------------ */

/* Their names; a host has few. */
struct names {
    const struct whom *whom;
    char **names;
    size_t count;
};

static int
keep_name(void *arg, const struct stint_peer_row *r)
{
    struct names *n = arg;

    if (!is_meant(n->whom, r)) return 0;
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->names[i], r->name) == 0) return 0;
    n->names = mem_grow(n->names, n->count + 1, sizeof(*n->names));
    n->names[n->count++] = mem_copy(r->name);
    return 0;
}

static int
drain_host(struct stint *s, const struct whom *whom, bool undo, uint64_t *count)
{
    struct names n = { .whom = whom };
    int code = stint_list_peers(s, keep_name, &n, CALL_MS);

    for (size_t i = 0; i < n.count; i++) {
        uint64_t more = 0;

        if (code == 0) code = stint_drain(s, n.names[i], undo, &more);
        *count += more;
        free(n.names[i]);
    }
    free(n.names);
    return code;
}

/* A word is a worker's name, or if there is none a host's. */
static int
drain_whom(struct stint *s, struct whom *whom, bool undo, uint64_t *count)
{
    int code = 0;

    if (whom->host == NULL) {
        code = stint_drain(s, whom->worker, undo, count);
        if (code != 0 || *count > 0 || whom->worker == NULL) return code;
        *whom = (struct whom){ .host = whom->worker };
    }
    return drain_host(s, whom, undo, count);
}

static void
note(const struct whom *whom, bool undo, uint64_t count)
{
    const char *s = value_plural(count), *es = count == 1 ? "es" : "";
    bool is_one = count == 1;

    if (whom->host != NULL && undo)
        exit_note("%" PRIu64 " worker%s of host %s %s given tasks again", count,
            s, whom->host, is_one ? "is" : "are");
    else if (whom->host != NULL)
        exit_note("%" PRIu64 " worker%s of host %s finish%s what %s and %s "
                  "given no more (--undo)",
            count, s, whom->host, es, is_one ? "it has" : "they have",
            is_one ? "is" : "are");
    else if (whom->worker == NULL)
        exit_note("%" PRIu64 " worker%s%s", count, s,
            undo ? ", and those who come, are given tasks again"
                 : " finish what they hold; they and those who come are given "
                   "no more (--undo)");
    else
        exit_note("%s %s", whom->worker,
            undo ? "is given tasks again"
                 : "finishes what it has and is given no more (--undo)");
}

static const struct column columns[] = {
    { .name = "worker", .is_id = true },
    { "host", CELL_TEXT, COLUMN_SHOWN, false },
    { "draining", CELL_FLAG, COLUMN_SHOWN, false },
    { "workers", CELL_NUMBER, COLUMN_SHOWN, false },
    { 0 },
};

static int
print_drained(
    const struct run *run, const struct whom *whom, bool undo, uint64_t count)
{
    return table_print_change(columns,
        (const struct cell[]){ TABLE_TEXT(whom->worker), TABLE_TEXT(whom->host),
            TABLE_NUMBER(!undo), TABLE_NUMBER(count) },
        run);
}

static int
drain(struct stint *s, const struct run *run, struct whom *whom)
{
    bool undo = setting_flag(run, "undo");
    bool is_host = whom->host != NULL;
    uint64_t count = 0;
    int code = drain_whom(s, whom, undo, &count), status = EXIT_FINE;

    if (code != 0) return exit_error(code);
    if (whom->host != NULL && count == 0)
        return exit_say(EXIT_FAILED,
            is_host ? "host '%s' has no worker; `stint workers` lists them"
                    : "there is no worker '%s', and no host of this name has "
                      "one; `stint workers` lists them",
            whom->host);
    note(whom, undo, count);
    if (!undo && setting_text(run, "wait") != NULL)
        status = wait_until_none(s, run, whom);
    return status == EXIT_FINE ? print_drained(run, whom, undo, count) : status;
}

static int
run_drain(struct run *run)
{
    struct whom whom = { .worker = run->word_count > 0 ? run->words[0] : NULL,
        .host = setting_text(run, "host") };
    struct stint *s;
    int status;

    if ((whom.worker != NULL) + (whom.host != NULL) + setting_flag(run, "all")
        != 1)
        return exit_say(EXIT_USAGE,
            "drain whom? stint drain WORKER (`stint workers -q` lists them), "
            "stint drain HOST or stint drain --all");
    if (setting_flag(run, "undo") && setting_text(run, "wait") != NULL)
        return exit_say(
            EXIT_USAGE, "--undo has nothing to wait for; leave out --wait");
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    status = drain(s, run, &whom);
    stint_close(s);
    return status;
}

const struct command command_drain = {
    .name = "drain",
    .group = "Fix",
    .args = "[WORKER|HOST]",
    .summary = "Give workers no more tasks; what they hold they finish",
    .examples = "stint drain node7-4711 --wait 10m\n"
                "stint drain node7 --wait 10m\n"
                "stint drain --all --wait forever\n"
                "stint drain --all --undo\n",
    .notes = "A word is a worker's name, or if there is none of this name a "
             "host's.  With --wait the exit code is 75 when they still hold "
             "tasks in "
             "the end.  Needs the role admin.",
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_drain,
};
