/* logs: what a task writes, while it runs and afterwards. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/print.h"
#include "cli/select.h"
#include "cli/value.h"

static const struct opt options[] = {
    { "follow", 'f', OPT_FLAG, NULL, NULL,
        "Go on until the task has ended, from one attempt to the next" },
    { "stdout", 0, OPT_FLAG, NULL, NULL, "Only what it writes to stdout" },
    { "stderr", 0, OPT_FLAG, NULL, NULL,
        "Only what it writes to stderr, on our stdout" },
    { 0 },
};
static const struct opt_group group = { "logs", "What:", options };

enum { PIECE_MS = 10000 };

struct logs {
    struct stint *s;
    uint64_t task;
    bool follows, wants_out, wants_err, is_json, is_quiet;
    FILE *err; /* Where its stderr goes. */
    unsigned attempt;
    struct stint_glance glance;
};

static void
print_json(const struct logs *l, const char *stream, struct stint_bytes bytes)
{
    bool hex;
    char *text = value_show_bytes(bytes, &hex);
    json_t *line = json_pack("{s:I, s:i, s:s, s:s, s:s}", "task",
        (json_int_t)l->task, "attempt", (int)l->glance.attempt, "worker",
        l->glance.worker, "stream", stream, hex ? "text_hex" : "text", text);

    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
    free(text);
}

static void
print_stream(
    const struct logs *l, const char *name, struct stint_bytes bytes, FILE *to)
{
    if (bytes.size == 0) return;
    if (l->is_json) {
        print_json(l, name, bytes);
        return;
    }
    fwrite(bytes.data, 1, bytes.size, to);
    /* stderr may be the same terminal: keep the order. */
    fflush(to);
}

static void
say_attempt(struct logs *l)
{
    const struct stint_glance *g = &l->glance;

    if (g->attempt == l->attempt || g->attempt == 0) return;
    l->attempt = g->attempt;
    if (l->is_json) return;
    exit_note("==> task %" PRIu64 ", attempt %u%s%s <==", l->task, g->attempt,
        g->worker[0] != '\0' ? " on " : "", g->worker);
}

/* How it ended, where somebody waited for it. */
static int
end_of(const struct logs *l)
{
    switch (l->glance.state) {
    case STINT_DONE:
        return EXIT_FINE;
    case STINT_DEAD:
        if (!l->follows) return EXIT_FINE;
        return exit_say(EXIT_FAILED,
            "task %" PRIu64 " failed; stint show %" PRIu64 " says how", l->task,
            l->task);
    case STINT_CANCELLED:
    case STINT_EXPIRED:
        if (!l->follows) return EXIT_FINE;
        return exit_say(EXIT_FAILED, "task %" PRIu64 " was %s", l->task,
            l->glance.state == STINT_EXPIRED ? "not begun in time"
                                             : "cancelled");
    case STINT_READY:
    case STINT_DELAYED:
    case STINT_LEASED:
    default:
        if (l->glance.attempt == 0)
            exit_note("task %" PRIu64 " has not begun; -f waits for it, stint "
                      "explain %" PRIu64 " says why",
                l->task, l->task);
        return EXIT_FINE;
    }
}

static int
say_unseen(const struct logs *l, int code)
{
    if (code != STINT_ENOTASK) return exit_error(code);
    return exit_say(EXIT_FAILED,
        "there is no output of a task %" PRIu64 ": it never was, is of no job, "
        "or is kept no more (`stint tasks` lists those there are)",
        l->task);
}

static int
show(struct logs *l)
{
    for (;;) {
        int64_t wait = l->follows ? PIECE_MS : 0;
        int code = stint_task_glance(l->s, l->task, &l->glance, wait);
        bool is_last, has_more;

        if (code == STINT_ETIMEOUT && l->follows) continue;
        if (code != 0) return say_unseen(l, code);
        say_attempt(l);
        if (l->wants_out) print_stream(l, "stdout", l->glance.out, stdout);
        if (l->wants_err) print_stream(l, "stderr", l->glance.err, l->err);
        has_more = l->glance.more;
        is_last = l->glance.state >= STINT_DONE || !l->follows;
        stint_glance_free(&l->glance);
        if (print_flush() != EXIT_FINE) return EXIT_FAILED;
        if (is_last && !has_more) return end_of(l);
    }
}

static int
run_logs(struct run *run)
{
    bool only_out = setting_flag(run, "stdout");
    bool only_err = setting_flag(run, "stderr");
    struct logs l = { .follows = setting_flag(run, "follow"),
        .wants_out = only_out || !only_err,
        .wants_err = only_err || !only_out,
        .is_json = setting_flag(run, "json"),
        .err = only_err && !only_out ? stdout : stderr };
    struct stint_selection which = { 0 };
    int status = select_tasks(run->words[0], &which);

    if (status != EXIT_FINE) return status;
    status = connect_as(run, STINT_TOOL, &l.s);
    if (status != EXIT_FINE) return status;
    for (uint64_t id = which.first; id <= which.last && status == EXIT_FINE;
         id++) {
        l.task = id;
        l.attempt = 0;
        l.glance = (struct stint_glance){ 0 };
        status = show(&l);
    }
    stint_close(l.s);
    return status;
}

static const struct opt json_options[] = {
    { "json", 0, OPT_FLAG, NULL, NULL,
        "Print JSON, a line for each piece of what it wrote" },
    { 0 },
};
static const struct opt_group json_group = { "common",
    "Output:", json_options };

const struct command command_logs = {
    .name = "logs",
    .group = "Look",
    .args = "TASK",
    .summary = "Show what a task writes, while it runs and afterwards",
    .examples = "stint logs 17\n"
                "stint logs 17 -f\n"
                "stint logs 17 --stderr | tail\n",
    .notes = "Its stdout goes to stdout, its stderr to stderr, where a line "
             "says which attempt on which worker it is of.  With --follow the "
             "exit code is 1 when the task failed.",
    .args_min = 1,
    .args_max = 1,
    .groups = { &group, &json_group, &opt_connection, &opt_general },
    .run = run_logs,
};
