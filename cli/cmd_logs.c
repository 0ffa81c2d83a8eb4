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
    SELECT_JOB_OPTION,
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
    bool follows, wants_out, wants_err, is_json;
    bool failed; /* One that was followed. */
    FILE *err;   /* Where its stderr goes. */
    unsigned attempt;
    struct stint_glance glance;
};

static void
print_json(const struct logs *l, const char *stream, struct stint_bytes bytes)
{
    bool hex;
    char *text = value_show_bytes(bytes, &hex);
    json_t *line = json_pack("{s:I, s:i, s:s?, s:s, s:s}", "task",
        (json_int_t)l->task, "attempt", (int)l->glance.attempt, "worker",
        value_or_none(l->glance.worker), "stream", stream,
        hex ? "text_hex" : "text", text);

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
static void
say_end(struct logs *l)
{
    switch (l->glance.state) {
    case STINT_DONE:
        break;
    case STINT_DEAD:
        if (!l->follows) break;
        l->failed = true;
        (void)exit_say(EXIT_FAILED,
            "task %" PRIu64 " failed; stint show %" PRIu64 " says how", l->task,
            l->task);
        break;
    case STINT_CANCELLED:
    case STINT_EXPIRED:
        if (!l->follows) break;
        l->failed = true;
        (void)exit_say(EXIT_FAILED, "task %" PRIu64 " was %s", l->task,
            l->glance.state == STINT_EXPIRED ? "not begun in time"
                                             : "cancelled");
        break;
    case STINT_READY:
    case STINT_DELAYED:
    case STINT_LEASED:
    default:
        if (l->glance.attempt == 0)
            exit_note("task %" PRIu64 " has not begun; -f waits for it, stint "
                      "explain %" PRIu64 " says why",
                l->task, l->task);
    }
}

static int
see_task(void *arg, const struct stint_task_row *row)
{
    bool *is_there = arg;

    *is_there = row->job == 0;
    return 0;
}

/* One of a queue has no output: its worker's is not kept. */
static int
say_unseen(const struct logs *l, const struct run *run, int code)
{
    struct stint_task_filter filter = { .task = l->task };
    bool is_there = false;

    if (code != STINT_ENOTASK) return exit_error(code);
    code = stint_list_tasks(
        l->s, &filter, see_task, &is_there, setting_ms(run, "timeout"));
    if (code == 0 && is_there)
        return exit_say(EXIT_FAILED,
            "task %" PRIu64 " is of a queue and no job: what it writes is not "
            "kept; stint show %" PRIu64 " says what is",
            l->task, l->task);
    return select_no_task(l->s, run, l->task);
}

static int
show(struct logs *l, const struct run *run)
{
    for (;;) {
        int64_t wait = l->follows ? PIECE_MS : 0;
        int code = stint_task_glance(l->s, l->task, &l->glance, wait);
        bool is_last, has_more;

        if (code == STINT_ETIMEOUT && l->follows) continue;
        if (code != 0) return say_unseen(l, run, code);
        say_attempt(l);
        if (l->wants_out) print_stream(l, "stdout", l->glance.out, stdout);
        if (l->wants_err) print_stream(l, "stderr", l->glance.err, l->err);
        has_more = l->glance.more;
        is_last = l->glance.state >= STINT_DONE || !l->follows;
        stint_glance_free(&l->glance);
        if (print_flush() != EXIT_FINE) return EXIT_FAILED;
        if (!is_last || has_more) continue;
        say_end(l);
        return EXIT_FINE;
    }
}

static int
show_ids(struct logs *l, const struct run *run, const struct select_ids *ids)
{
    int status = EXIT_FINE;

    for (size_t i = 0; i < ids->count && status == EXIT_FINE; i++) {
        l->task = ids->ids[i];
        l->attempt = 0;
        l->glance = (struct stint_glance){ 0 };
        status = show(l, run);
    }
    return status == EXIT_FINE && l->failed ? EXIT_FAILED : status;
}

static int
show_meant(struct logs *l, const struct run *run)
{
    struct stint_selection which = { 0 };
    struct select_ids ids = { 0 };
    int status = run->word_count > 0 ? select_tasks(l->s, run->words[0], &which)
                                     : select_job_option(l->s, run, &which.job);

    if (status == EXIT_FINE) status = select_ids(l->s, &which, &ids);
    if (status == EXIT_FINE) status = show_ids(l, run, &ids);
    free(ids.ids);
    return status;
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
    const char *word;
    int status = select_job_word(run, &word);

    if (status != EXIT_FINE) return status;
    if (word == NULL)
        return exit_say(EXIT_USAGE,
            "logs of what? stint logs TASK, or stint logs --job JOB for all "
            "tasks of a job");
    status = connect_as(run, STINT_TOOL, &l.s);
    if (status != EXIT_FINE) return status;
    status = show_meant(&l, run);
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
    .args = "[TASK|JOB]",
    .summary = "Show what a task writes, while it runs and afterwards",
    .examples = "stint logs 17\n"
                "stint logs 17 -f\n"
                "stint logs 17 --stderr | tail\n"
                "stint logs last\n",
    .notes = "A number is a task's id; 'last', a name, a key and --job mean "
             "all tasks of a job.  Its stdout goes to stdout, its stderr to "
             "stderr, where a line "
             "says which attempt on which worker it is of.  With --follow the "
             "exit code is 1 when the task failed.",
    .args_max = 1,
    .groups = { &group, &json_group, &opt_connection, &opt_general },
    .run = run_logs,
};
