/* change: how much of a job runs, and when, while it runs. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/select.h"
#include "cli/snapshot.h"
#include "cli/table.h"

static const struct opt options[] = {
    { "jobs", 'j', OPT_COUNT, "N", NULL,
        "At most so many of its tasks side by side, on all workers; 0: as many "
        "as there are slots" },
    { "priority", 0, OPT_NUMBER, "N", NULL, "Among jobs; smaller goes first" },
    { 0 },
};
static const struct opt_group group = { "change", "To what:", options };

static int
ask(struct stint *s, const struct run *run, uint64_t job)
{
    int64_t most = setting_number(run, "jobs");
    unsigned running_max = most < UINT32_MAX ? (unsigned)most : UINT32_MAX;
    int priority = (int)setting_number(run, "priority");
    int code = stint_job_change(s, job,
        setting_text(run, "jobs") != NULL ? &running_max : NULL,
        setting_text(run, "priority") != NULL ? &priority : NULL);

    return code == 0 ? EXIT_FINE : exit_error(code);
}

static void
say_people(const struct stint_job_row *row, uint64_t number)
{
    char most[32] = "as many as there are slots";

    if (row->running_max > 0)
        snprintf(most, sizeof(most), "%u at most", row->running_max);
    exit_note("job %" PRIu64 ": %s side by side, priority %d%s", number, most,
        row->priority,
        snapshot_job_goes_on(row)
            ? ""
            : "; it has ended: this is for what is tried again");
}

/* What it is now, which is more than what was asked for. */
static int
say_changed(
    const struct run *run, const struct stint_job_row *row, uint64_t number)
{
    if (table_form(run) == TABLE_JSON)
        printf("{\"job\": %" PRIu64 ", \"jobs\": %u, \"priority\": %d}\n",
            number, row->running_max, row->priority);
    else if (table_form(run) == TABLE_PLAIN)
        printf(
            "%" PRIu64 "\t%u\t%d\n", number, row->running_max, row->priority);
    else
        say_people(row, number);
    return table_flush();
}

static int
change(struct stint *s, const struct run *run)
{
    struct stint_job_row row;
    struct stint_job *job;
    int status = select_job(s, run->words[0], &job);

    if (status != EXIT_FINE) return status;
    status = ask(s, run, stint_job_number(job));
    if (status == EXIT_FINE) status = select_look(job, run, &row);
    if (status == EXIT_FINE)
        status = say_changed(run, &row, stint_job_number(job));
    stint_job_free(job);
    return status;
}

static int
run_change(struct run *run)
{
    struct stint *s;
    int status;

    if (setting_text(run, "jobs") == NULL
        && setting_text(run, "priority") == NULL)
        return exit_say(EXIT_USAGE,
            "change what of job %s? stint change %s -j 10, or --priority -1",
            run->words[0], run->words[0]);
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    status = change(s, run);
    stint_close(s);
    return status;
}

const struct command command_change = {
    .name = "change",
    .group = "Fix",
    .args = "JOB",
    .summary = "Change how many tasks of a job run at once, or its priority",
    .examples = "stint change last -j 10\n"
                "stint change 3 --priority -1\n",
    .notes = "What runs goes on; what is handed out from now on obeys.",
    .args_min = 1,
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_change,
};
