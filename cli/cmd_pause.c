/* pause, resume, purge: what is done to a queue. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint_job.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/select.h"
#include "cli/snapshot.h"
#include "cli/table.h"
#include "cli/value.h"

/* ---- pause and resume ---------------------------------------------------- */

static const struct opt pause_options[] = {
    { "job", 0, OPT_TEXT, "JOB", NULL, "This job instead: " SELECT_JOB_HELP },
    { 0 },
};
static const struct opt_group pause_group = { "pause", "What:", pause_options };
static const struct opt_group resume_group = { "resume",
    "What:", pause_options };

static void
note_queue(const char *queue, bool undo)
{
    char *word = value_quote(queue);

    exit_note(undo ? "queue '%s' hands out tasks again"
                   : "queue '%s' hands out nothing, its jobs neither; what "
                     "runs goes on (stint resume %s)",
        queue, word);
    free(word);
}

static const struct column paused_columns[] = {
    { .name = "queue", .is_id = true },
    { "job", CELL_MAYBE, COLUMN_SHOWN, false },
    { "paused", CELL_FLAG, COLUMN_SHOWN, false },
    { 0 },
};

static int
print_paused(
    const struct run *run, const char *queue, uint64_t job, bool is_paused)
{
    return table_print_change(paused_columns,
        (const struct cell[]){ TABLE_TEXT(queue),
            TABLE_NUMBER(queue != NULL ? -1 : (int64_t)job),
            TABLE_NUMBER(is_paused) },
        run);
}

/* What has ended hands out nothing anyway; what is paused may be let go. */
static int
check_goes_on(struct stint *s, const struct run *run, uint64_t job, bool undo)
{
    struct stint_job *handle;
    struct stint_job_row row;
    int code = stint_job_find(s, job, &handle);

    if (code != 0) return exit_error(code);
    code = select_look(handle, run, &row);
    stint_job_free(handle);
    if (code != EXIT_FINE || snapshot_job_goes_on(&row)) return code;
    if (undo && row.paused) return EXIT_FINE;
    return exit_say(EXIT_FAILED,
        "job %" PRIu64 " has ended; `stint retry --failed --job %" PRIu64
        "`, with --cancelled for what was cancelled, lets it go on",
        job, job);
}

static int
set_pause(struct stint *s, const struct run *run, bool undo)
{
    const char *queue = run->word_count > 0 ? run->words[0] : NULL;
    uint64_t job;
    int code, status = select_job_option(s, run, &job);

    if (status == EXIT_FINE && job != 0)
        status = check_goes_on(s, run, job, undo);
    if (status != EXIT_FINE) return status;
    code = stint_pause(s, queue, job, undo);
    if (code == STINT_ENOQUEUE && queue != NULL && strcmp(queue, "last") == 0)
        return exit_say(EXIT_USAGE,
            "there is no queue 'last'; for the last job: %s %s --job last",
            exit_program(), run->command->name);
    if (code == STINT_ENOQUEUE) return select_no_queue(queue);
    if (code != 0) return exit_error(code);
    if (queue != NULL)
        note_queue(queue, undo);
    else
        exit_note(undo ? "job %" PRIu64 " goes on"
                       : "job %" PRIu64 " begins nothing more; what runs goes "
                         "on (stint resume --job %" PRIu64 ")",
            job, job);
    return print_paused(run, queue, job, !undo);
}

static int
pause_or_resume(const struct run *run, bool undo)
{
    bool has_job = setting_text(run, "job") != NULL;
    struct stint *s;
    int status;

    if ((run->word_count > 0) == has_job)
        return exit_say(EXIT_USAGE,
            "%s what? stint %s QUEUE or stint %s --job JOB", run->command->name,
            run->command->name, run->command->name);
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    status = set_pause(s, run, undo);
    stint_close(s);
    return status;
}

static int
run_pause(struct run *run)
{
    return pause_or_resume(run, false);
}

static int
run_resume(struct run *run)
{
    return pause_or_resume(run, true);
}

const struct command command_pause = {
    .name = "pause",
    .group = "Fix",
    .args = "[QUEUE]",
    .summary = "Hand out nothing of a queue and its jobs, or of one job",
    .examples = "stint pause default\n"
                "stint pause --job last\n",
    .notes = "What runs goes on; puts and submits go on, too.",
    .args_max = 1,
    .groups = { &pause_group, &opt_output, &opt_connection, &opt_general },
    .run = run_pause,
};

const struct command command_resume = {
    .name = "resume",
    .group = "Fix",
    .args = "[QUEUE]",
    .summary = "Hand out tasks again",
    .examples = "stint resume default\n"
                "stint resume --job last\n",
    .args_max = 1,
    .groups = { &resume_group, &opt_output, &opt_connection, &opt_general },
    .run = run_resume,
};

/* ---- purge --------------------------------------------------------------- */

static const struct opt purge_options[] = {
    { "state", 0, OPT_CHOICE, "all|dead|ready|delayed", "all",
        "Only tasks in this state" },
    { 0 },
};
static const struct opt_group purge_group = { "purge", "What:", purge_options };

struct purge {
    const char *queue, *state;
    bool is_there;
    uint64_t count;   /* Of what is meant, */
    uint64_t of_jobs; /* and of these those of jobs. */
};

static bool
means(const struct purge *p, const char *state)
{
    return strcmp(p->state, "all") == 0 || strcmp(p->state, state) == 0;
}

static int
see_queue(void *arg, const struct stint_queue_row *row)
{
    struct purge *p = arg;

    p->is_there = true;
    p->count = (means(p, "dead") ? row->dead : 0)
               + (means(p, "ready") ? row->ready : 0)
               + (means(p, "delayed") ? row->delayed : 0);
    return 0;
}

static int
see_job(void *arg, const struct stint_job_row *row)
{
    struct purge *p = arg;

    if (strcmp(row->queue, p->queue) != 0) return 0;
    p->of_jobs += (means(p, "dead") ? row->failed : 0)
                  + (means(p, "ready") ? row->ready : 0)
                  + (means(p, "delayed") ? row->delayed : 0);
    return 0;
}

static int
look(struct stint *s, const struct run *run, struct purge *p)
{
    int64_t timeout_ms = setting_ms(run, "timeout");
    int code = stint_list_queues(s, p->queue, see_queue, p, timeout_ms);

    if (code == 0) code = stint_list_jobs(s, 0, see_job, p, timeout_ms);
    p->count += p->of_jobs;
    if (code != 0 && code != STINT_ENOQUEUE) return exit_error(code);
    if (p->is_there) return EXIT_FINE;
    return select_no_queue(p->queue);
}

static int
drop(struct stint *s, struct purge *p)
{
    struct stint_selection which = { .queue = p->queue };
    uint64_t count, sum = 0;
    int code = 0;

    if (means(p, "dead")) {
        code = stint_drop(s, &which, &count);
        if (code != 0) return exit_error(code);
        sum += count;
    }
    for (int state = STINT_READY; state <= STINT_DELAYED; state++) {
        if (!means(p, state == STINT_READY ? "ready" : "delayed")) continue;
        which.state_plus_one = state + 1;
        code = stint_cancel(s, &which, &count);
        if (code != 0) return exit_error(code);
        sum += count;
    }
    p->count = sum;
    return EXIT_FINE;
}

static int
print_dropped(const struct run *run, uint64_t count)
{
    if (table_form(run) == TABLE_JSON)
        printf("{\"dropped\": %" PRIu64 "}\n", count);
    else if (table_form(run) == TABLE_PLAIN)
        printf("%" PRIu64 "\n", count);
    return table_flush();
}

static int
purge(struct stint *s, const struct run *run, struct purge *p)
{
    const char *kind = strcmp(p->state, "all") == 0 ? "" : p->state;
    const char *blank = *kind == '\0' ? "" : " ";
    int status = look(s, run, p);

    if (status != EXIT_FINE) return status;
    if (setting_flag(run, "dry-run")) {
        exit_note("would drop %" PRIu64 "%s%s task%s of queue '%s', %" PRIu64
                  " of them of its jobs",
            p->count, blank, kind, value_plural(p->count), p->queue,
            p->of_jobs);
        return print_dropped(run, p->count);
    }
    status = ask_first(run,
        "Drop %" PRIu64 "%s%s task%s of queue '%s', %" PRIu64
        " of them of its jobs, for good?",
        p->count, blank, kind, value_plural(p->count), p->queue, p->of_jobs);
    if (status == EXIT_FINE) status = drop(s, p);
    if (status != EXIT_FINE) return status;
    exit_note("%" PRIu64 " task%s of queue '%s' dropped", p->count,
        value_plural(p->count), p->queue);
    return print_dropped(run, p->count);
}

static int
run_purge(struct run *run)
{
    struct purge p = { .queue = run->words[0],
        .state = setting_text(run, "state") };
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status != EXIT_FINE) return status;
    status = purge(s, run, &p);
    stint_close(s);
    return status;
}

const struct command command_purge = {
    .name = "purge",
    .group = "Fix",
    .args = "QUEUE",
    .summary = "Drop the tasks of a queue that no worker holds",
    .examples = "stint purge jobs --state dead\n"
                "stint purge jobs --dry-run\n"
                "stint purge jobs --yes\n",
    .notes = "Tasks of its jobs are meant, too.  It asks before.",
    .args_min = 1,
    .args_max = 1,
    .groups = { &purge_group, &ask_group, &opt_output, &opt_connection,
        &opt_general },
    .run = run_purge,
};
