/* explain: why a task does not run. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/select.h"
#include "cli/table.h"
#include "cli/value.h"
#include "cli/width.h"

static const struct opt options[] = {
    { "job", 0, OPT_TEXT, "JOB", NULL,
        "The next task of this job: " SELECT_JOB_HELP },
    { 0 },
};
static const struct opt_group group = { "explain", "What:", options };

static const struct column columns[] = {
    { "task", CELL_MAYBE, COLUMN_SHOWN, true },
    { "job", CELL_MAYBE, COLUMN_SHOWN, false },
    { "because", CELL_TEXT, COLUMN_SHOWN, false },
    { "text", CELL_TEXT, COLUMN_SHOWN, false },
    { 0 },
};

struct reasons {
    struct table *table;
    uint64_t task, job;
    bool is_told;   /* People get a line each, at once. */
    size_t columns; /* Of the terminal; 0: it is none. */
    size_t used;    /* Of them in this line. */
};

/* As docs/PROTOCOL.md numbers them; machines tell them apart by these words. */
static const char *
word_of(unsigned code)
{
    static const char *const words[] = { "runs", "ended", "paused", "queued",
        "delayed", "retry", "no-worker", "no-match", "no-slot", "in-use",
        "job-bound", "draining", "no-exec", "soon", "taken" };

    return code < sizeof(words) / sizeof(*words) ? words[code] : "other";
}

static void
tell(struct reasons *reasons, const char *text)
{
    if (reasons->columns > 0)
        width_wrap(stdout, text, reasons->columns, reasons->used);
    else
        fputs(text, stdout);
    putchar('\n');
    reasons->used = 0;
}

static int
see_reason(void *arg, const struct stint_because *why)
{
    struct reasons *reasons = arg;

    if (reasons->is_told) tell(reasons, why->text);
    table_add(reasons->table,
        (const struct cell[]){
            { .number = reasons->task != 0 ? (int64_t)reasons->task : -1 },
            { .number = reasons->job != 0 ? (int64_t)reasons->job : -1 },
            { .text = word_of(why->code) }, { .text = why->text } });
    return 0;
}

/* Its tasks may run, but nobody says that there are no more. */
static int
see_orphan(void *arg, const struct stint_job_row *row)
{
    struct reasons *reasons = arg;
    char *text;

    if (row->state != STINT_JOB_ORPHANED) return 0;
    text = mem_format("who submitted job %" PRIu64
                      " is gone before it was closed, and nobody ends it: %s "
                      "cancel --job %" PRIu64,
        row->job, exit_program(), row->job);
    if (reasons->is_told) tell(reasons, text);
    table_add(reasons->table, (const struct cell[]){ { .number = -1 },
                                  { .number = (int64_t)row->job },
                                  { .text = "orphaned" }, { .text = text } });
    free(text);
    return 0;
}

static int
explain_job(struct stint *s, const struct run *run, struct reasons *reasons)
{
    int code = stint_list_jobs(
        s, reasons->job, see_orphan, reasons, setting_ms(run, "timeout"));

    return code == 0 ? EXIT_FINE : exit_error(code);
}

static int
explain(struct stint *s, const struct run *run, struct reasons *reasons)
{
    int code = stint_explain(s, reasons->task, reasons->job, see_reason,
        reasons, setting_ms(run, "timeout"));

    if (code == STINT_ENOTASK && reasons->task != 0)
        return select_no_task(s, run, reasons->task);
    return code == 0 ? EXIT_FINE : exit_error(code);
}

static int
explain_all(struct stint *s, const struct run *run, struct reasons *reasons)
{
    struct stint_selection which = { 0 };
    struct select_ids ids = { 0 };
    int status = run->word_count == 0 ? select_job_option(s, run, &which.job)
                                      : select_tasks(s, run->words[0], &which);

    if (status != EXIT_FINE) return status;
    reasons->job = which.job;
    if (which.job != 0) {
        status = explain(s, run, reasons);
        return status == EXIT_FINE ? explain_job(s, run, reasons) : status;
    }
    status = select_ids(s, &which, &ids);
    for (size_t i = 0; status == EXIT_FINE && i < ids.count; i++) {
        if (reasons->is_told && ids.count > 1)
            reasons->used = (size_t)printf("task %" PRIu64 ": ", ids.ids[i]);
        reasons->task = ids.ids[i];
        status = explain(s, run, reasons);
    }
    free(ids.ids);
    return status;
}

static size_t
terminal_columns(void)
{
    size_t wide = 0, lines;

    if (isatty(STDOUT_FILENO) == 1)
        width_terminal(STDOUT_FILENO, &wide, &lines);
    return wide;
}

static int
run_explain(struct run *run)
{
    struct reasons reasons = { .table = table_new(columns),
        .is_told = table_form(run) == TABLE_PEOPLE,
        .columns = terminal_columns() };
    const char *word;
    struct stint *s = NULL;
    int status = select_job_word(run, &word);

    if (status == EXIT_FINE && word == NULL)
        status = exit_say(EXIT_USAGE,
            "explain what? stint explain TASK, or stint explain --job JOB for "
            "the next task of a job");
    if (status == EXIT_FINE) status = connect_as(run, STINT_TOOL, &s);
    if (status == EXIT_FINE) {
        status = explain_all(s, run, &reasons);
        if (status == EXIT_FINE)
            status = reasons.is_told ? table_flush()
                                     : table_print(reasons.table, run);
        stint_close(s);
    }
    table_free(reasons.table);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .group = "Look",
    .args = "[TASK|JOB]",
    .summary = "Say why a task does not run",
    .examples = "stint explain 17\n"
                "stint explain --job last\n",
    .notes = "A number is a task's id; 'last', a name, a key and --job mean "
             "the next task of a job.  The most important reason comes first.",
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_explain,
};
