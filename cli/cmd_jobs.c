/* jobs: what was submitted, and what became of it. */

#include <inttypes.h>
#include <string.h>

#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/select.h"
#include "cli/snapshot.h"
#include "cli/table.h"
#include "cli/value.h"

static const struct opt jobs_options[] = {
    SELECT_JOB_OPTION,
    { "state", 0, OPT_CHOICE, "open|running|done|halted|cancelled|orphaned",
        NULL, "In this state only" },
    { "failed", 0, OPT_FLAG, NULL, NULL, "With failed tasks only" },
    { 0 },
};
static const struct opt_group jobs_group = { "jobs", "What:", jobs_options };

static const struct column columns[] = {
    { "job", CELL_NUMBER, COLUMN_SHOWN, true },
    { "name", CELL_TEXT, COLUMN_SPARE, false },
    { "queue", CELL_TEXT, COLUMN_SPARE, false },
    { "state", CELL_WORD, COLUMN_SHOWN, false },
    { "tasks", CELL_NUMBER, COLUMN_SHOWN, false },
    { "done", CELL_NUMBER, COLUMN_SHOWN, false },
    { "failed", CELL_NUMBER, COLUMN_SHOWN, false },
    { "cancelled", CELL_NUMBER, COLUMN_ANY, false },
    { "running", CELL_NUMBER, COLUMN_SHOWN, false },
    { "ready", CELL_NUMBER, COLUMN_SHOWN, false },
    { "delayed", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "workers", CELL_NUMBER, COLUMN_SPARE, false },
    { "running_max", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "priority", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "paused", CELL_FLAG, COLUMN_SPARE, false },
    { "halted", CELL_TEXT, COLUMN_HIDDEN, false },
    { "owner", CELL_TEXT, COLUMN_HIDDEN, false },
    { "key", CELL_TEXT, COLUMN_HIDDEN, false },
    { "age", CELL_SECONDS, COLUMN_SHOWN, false },
    { "submitted_at", CELL_TIME, COLUMN_HIDDEN, false },
    { "took", CELL_SECONDS, COLUMN_SPARE, false },
    { "ended_at", CELL_TIME, COLUMN_HIDDEN, false },
    { "kept_until", CELL_TIME, COLUMN_HIDDEN, false },
    { "program", CELL_TEXT, COLUMN_HIDDEN, false },
    { "handler", CELL_TEXT, COLUMN_HIDDEN, false },
    { "command", CELL_TEXT, COLUMN_SHOWN, false },
    { "taken", CELL_NUMBER, COLUMN_HIDDEN, false },
    { 0 },
};

/* The rows on their way into a table. */
struct jobs {
    struct table *table;
    const char *state; /* Only those; or NULL. */
    bool failed;
};

static const char *
command_of(const struct stint_job_row *r)
{
    const char *handler = value_or_none(r->handler),
               *command = value_or_none(r->command);

    return command != NULL ? command : handler;
}

static int
see_job(void *arg, const struct stint_job_row *r)
{
    static const char *const states[] = { "open", "running", "done", "halted",
        "cancelled", "orphaned" };
    static const char *const programs[] = { "worker", "command", "handler" };
    const struct jobs *jobs = arg;
    bool goes_on = snapshot_job_goes_on(r);
    int64_t now = value_now();
    const char *state = states[r->state];

    if (jobs->state != NULL && strcmp(jobs->state, state) != 0) return 0;
    if (jobs->failed && r->failed == 0) return 0;
    table_add(jobs->table,
        (const struct cell[]){ TABLE_NUMBER(r->job),
            TABLE_TEXT(value_or_none(r->name)), TABLE_TEXT(r->queue),
            TABLE_TEXT(state), TABLE_NUMBER(r->tasks), TABLE_NUMBER(r->done),
            TABLE_NUMBER(r->failed), TABLE_NUMBER(r->cancelled),
            TABLE_NUMBER(r->running), TABLE_NUMBER(r->ready),
            TABLE_NUMBER(r->delayed), TABLE_NUMBER(r->workers),
            TABLE_NUMBER(r->running_max), TABLE_NUMBER(r->priority),
            TABLE_NUMBER(r->paused), TABLE_TEXT(value_or_none(r->halt)),
            TABLE_TEXT(value_or_none(r->owner)),
            TABLE_TEXT(value_or_none(r->key)), TABLE_NUMBER(r->age_ns),
            TABLE_NUMBER(now - r->age_ns),
            TABLE_NUMBER(goes_on ? -1 : r->age_ns - r->ended_ns),
            TABLE_NUMBER(goes_on ? -1 : now - r->ended_ns),
            TABLE_NUMBER(goes_on ? -1 : now - r->ended_ns + r->keep_ns),
            TABLE_TEXT(programs[r->program]),
            TABLE_TEXT(value_or_none(r->handler)), TABLE_TEXT(command_of(r)),
            TABLE_NUMBER(r->ahead) });
    return 0;
}

static int
list(
    struct stint *s, const struct run *run, struct jobs *jobs, const char *word)
{
    uint64_t only = 0;
    int code, status = EXIT_FINE;

    if (word != NULL) status = select_job_number(s, word, &only);
    if (status != EXIT_FINE) return status;
    code = stint_list_jobs(s, only, see_job, jobs, setting_ms(run, "timeout"));
    return code == 0 ? EXIT_FINE : exit_error(code);
}

static int
list_words(struct stint *s, const struct run *run, struct jobs *jobs)
{
    struct select_words words;
    int status = select_job_words(run, &words);

    if (status == EXIT_FINE && words.count == 0)
        status = list(s, run, jobs, NULL);
    for (size_t i = 0; i < words.count && status == EXIT_FINE; i++)
        status = list(s, run, jobs, words.words[i]);
    if (status != EXIT_FINE) return status;
    return words.count > 0 && table_rows(jobs->table) == 1
               ? table_print_record(jobs->table, run)
               : table_print(jobs->table, run);
}

static int
run_jobs(struct run *run)
{
    struct jobs jobs = { table_new(columns), setting_text(run, "state"),
        setting_flag(run, "failed") };
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        status = list_words(s, run, &jobs);
        stint_close(s);
    }
    table_free(jobs.table);
    return status;
}

const struct command command_jobs = {
    .name = "jobs",
    .group = "Look",
    .args = "[JOB...]",
    .summary = "List the jobs, or show all there is to know of some",
    .examples = "stint jobs\n"
                "stint jobs last\n"
                "stint jobs --state running --json | jq '.[].job'\n",
    .notes = "JOB is its number, name or key, or 'last'.  Jobs that have ended "
             "are kept for "
             "a week, or as long as their submitter said.",
    .args_max = 1 << 30,
    .groups = { &jobs_group, &opt_output, &opt_connection, &opt_general },
    .run = run_jobs,
};
