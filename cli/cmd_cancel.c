/* cancel and retry: what becomes of tasks. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/select.h"
#include "cli/state.h"
#include "cli/table.h"
#include "cli/value.h"

/* ---- which tasks --------------------------------------------------------- */

static const struct opt cancel_options[] = {
    SELECT_JOB_OPTION,
    { "queue", 0, OPT_TEXT, "NAME", NULL, "Of this queue" },
    { "state", 0, OPT_CHOICE, STATE_OPEN_CHOICES, NULL,
        "Only tasks in this state" },
    { 0 },
};
static const struct opt_group cancel_group = { "cancel",
    "What:", cancel_options };

static const struct opt retry_options[] = {
    { "failed", 0, OPT_FLAG, NULL, NULL,
        "All that failed, of the last job unless another one or a queue is "
        "named" },
    { "cancelled", 0, OPT_FLAG, NULL, NULL,
        "And what was cancelled, by hand or as the job was halted, or expired: "
        "so the job goes on where it was" },
    SELECT_JOB_OPTION,
    { "queue", 0, OPT_TEXT, "NAME", NULL,
        "Of this queue: its dead letters, and what failed of its jobs" },
    { 0 },
};
static const struct opt_group retry_group = { "retry", "What:", retry_options };

enum { LOOK_MS = 20000 };

/* What the words and options of a command mean: ranges of ids, or one whole
 * that the options name. */
struct meant {
    struct stint *s;
    const struct run *run;
    struct stint_selection whole; /* Without ids. */
    bool has_whole, has_ids;
};

static int
take_words(struct meant *m)
{
    for (size_t i = 0; i < m->run->word_count; i++) {
        const char *word = m->run->words[i];
        struct stint_selection ids = { 0 };
        int status;

        if (strcmp(word, "all") == 0) continue;
        status = select_tasks(m->s, word, &ids);
        if (status != EXIT_FINE) return status;
        if (ids.job == 0) {
            m->has_ids = true;
        } else if (m->whole.job != 0 && m->whole.job != ids.job) {
            return exit_say(EXIT_USAGE,
                "one job at a time: %" PRIu64 " or %" PRIu64 "?", m->whole.job,
                ids.job);
        } else {
            m->whole.job = ids.job;
            m->has_whole = true;
        }
    }
    if (m->has_ids && m->whole.job != 0 && setting_text(m->run, "job") == NULL)
        return exit_say(
            EXIT_USAGE, "one thing at a time: ids of tasks, or a whole job");
    return EXIT_FINE;
}

static int
take_meant(struct meant *m, struct stint *s, const struct run *run)
{
    uint64_t job;
    int status;

    *m = (struct meant){ .s = s, .run = run };
    status = select_job_option(s, run, &job);
    if (status != EXIT_FINE) return status;
    m->whole.job = job;
    m->whole.queue = setting_text(run, "queue");
    m->has_whole = job != 0 || m->whole.queue != NULL;
    return take_words(m);
}

/* What one of the functions of the library does to all that is meant. */
static int
change(const struct meant *m, uint64_t *sum,
    int (*verb)(struct stint *, const struct stint_selection *, uint64_t *))
{
    uint64_t count = 0;
    int code = 0;

    *sum = 0;
    if (!m->has_ids) {
        code = verb(m->s, &m->whole, sum);
        return code == 0 ? EXIT_FINE : exit_error(code);
    }
    for (size_t i = 0; i < m->run->word_count; i++) {
        struct stint_selection which = m->whole;
        int status = EXIT_FINE;

        if (!strchr("0123456789", m->run->words[i][0])) continue;
        status = select_tasks(m->s, m->run->words[i], &which);
        if (status != EXIT_FINE) return status;
        code = verb(m->s, &which, &count);
        /* Counted, so that what is not there is told once. */
        if (code != 0 && code != STINT_ENOTASK) return exit_error(code);
        *sum += code == 0 ? count : 0;
    }
    return EXIT_FINE;
}

static int
print_count(const struct run *run, const char *what, uint64_t count)
{
    if (table_form(run) == TABLE_JSON)
        printf("{\"%s\": %" PRIu64 "}\n", what, count);
    else if (table_form(run) == TABLE_PLAIN)
        printf("%" PRIu64 "\n", count);
    return table_flush();
}

/* ---- cancel -------------------------------------------------------------- */

static int
see_state(void *arg, const struct stint_job_row *row)
{
    enum stint_job_state *state = arg;

    *state = row->state;
    return 0;
}

/* One that had ended before is what it was. */
static void
say_job(const struct meant *m, uint64_t count)
{
    enum stint_job_state state = STINT_JOB_CANCELLED;
    uint64_t job = m->whole.job;

    if (count == 0
        && stint_list_jobs(m->s, job, see_state, &state, LOOK_MS) != 0)
        return;
    if (state == STINT_JOB_CANCELLED)
        exit_note("job %" PRIu64 " is cancelled, with %" PRIu64
                  " task%s that had not ended",
            job, count, value_plural(count));
    else
        exit_note("job %" PRIu64 " has ended: no task was cancelled", job);
}

static int
cancel(struct meant *m)
{
    uint64_t count = 0;
    int status;

    if (!m->has_whole && !m->has_ids)
        return exit_say(EXIT_USAGE,
            "cancel what? stint cancel 17-20, stint cancel last, stint cancel "
            "--job JOB or stint cancel --queue NAME");
    m->whole.state_plus_one = state_plus_one(setting_text(m->run, "state"));
    status = change(m, &count, stint_cancel);
    if (status != EXIT_FINE) return status;
    if (m->has_ids && count == 0)
        return exit_say(EXIT_FAILED,
            "nothing was cancelled: none of these tasks is left (`stint show "
            "%s` says what became of it)",
            m->run->words[0]);
    if (m->whole.job != 0 && !m->has_ids && m->whole.state_plus_one == 0)
        say_job(m, count);
    else
        exit_note("%" PRIu64 " task%s cancelled", count, value_plural(count));
    return print_count(m->run, "cancelled", count);
}

static int
run_cancel(struct run *run)
{
    struct meant m;
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status != EXIT_FINE) return status;
    status = take_meant(&m, s, run);
    if (status == EXIT_FINE) status = cancel(&m);
    stint_close(s);
    return status;
}

const struct command command_cancel = {
    .name = "cancel",
    .group = "Fix",
    .args = "[TASK...|JOB]",
    .summary = "End tasks, or a whole job",
    .examples = "stint cancel 17-20\n"
                "stint cancel last\n"
                "stint cancel --job 3 --state ready\n",
    .notes = "What waits does not begin; what runs is told to end (TERM, "
             "later KILL).  A number is a task's id; 'last', a name, a key and "
             "--job mean a whole job, which takes no more tasks then.",
    .args_max = 1 << 30,
    .groups = { &cancel_group, &opt_output, &opt_connection, &opt_general },
    .run = run_cancel,
};

/* ---- retry --------------------------------------------------------------- */

static bool
wants_all(const struct run *run)
{
    for (size_t i = 0; i < run->word_count; i++)
        if (strcmp(run->words[i], "all") == 0) return true;
    return setting_flag(run, "failed") || setting_flag(run, "cancelled");
}

/* Whose end alone is kept can only be found by the job. */
static int
take_cancelled(struct meant *m)
{
    m->whole.cancelled = setting_flag(m->run, "cancelled");
    if (!m->whole.cancelled || m->whole.job != 0) return EXIT_FINE;
    if (m->has_ids)
        return exit_say(EXIT_USAGE,
            "of which job are they? stint retry --cancelled --job JOB %s",
            m->run->words[0]);
    return exit_say(EXIT_USAGE,
        "--cancelled is for a job: --job JOB, or the last one without --queue");
}

/* No task was meant: there is none that could be tried again. */
static int
say_none_failed(const struct meant *m)
{
    uint64_t job = m->whole.job;

    if (m->whole.cancelled)
        return exit_say(EXIT_FAILED,
            "nothing is tried again: of job %" PRIu64
            " no task has failed, was cancelled or expired, or none that is "
            "kept",
            job);
    return exit_say(EXIT_FAILED,
        "nothing is tried again: no task of job %" PRIu64
        " has failed; %s retry --cancelled --job %" PRIu64
        " is for what was cancelled or expired",
        job, exit_program(), job);
}

static int
retry(struct meant *m)
{
    uint64_t count = 0;
    int status = EXIT_FINE;

    if (!m->has_whole && !m->has_ids) {
        if (!wants_all(m->run))
            return exit_say(EXIT_USAGE,
                "retry what? stint retry 17-20, or stint retry --failed for "
                "all of the last job (--job JOB, --queue NAME: of another)");
        status = select_job_number(m->s, "last", &m->whole.job);
    }
    if (status == EXIT_FINE) status = take_cancelled(m);
    if (status == EXIT_FINE) status = change(m, &count, stint_retry);
    if (status != EXIT_FINE) return status;
    if (m->has_ids && count == 0)
        return exit_say(EXIT_FAILED,
            "nothing is tried again: none of these tasks has failed (`stint "
            "show %s` says what became of it)%s",
            m->run->words[0],
            m->whole.cancelled
                ? ""
                : "; --cancelled --job JOB is for what was cancelled");
    if (m->whole.job != 0 && count == 0) return say_none_failed(m);
    if (m->whole.job != 0)
        exit_note("%" PRIu64 " task%s tried again  ->  %s attach %" PRIu64,
            count, count == 1 ? " is" : "s are", exit_program(), m->whole.job);
    else
        exit_note("%" PRIu64 " task%s tried again", count,
            count == 1 ? " is" : "s are");
    return print_count(m->run, "retried", count);
}

static int
run_retry(struct run *run)
{
    struct meant m;
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status != EXIT_FINE) return status;
    status = take_meant(&m, s, run);
    if (status == EXIT_FINE) status = retry(&m);
    stint_close(s);
    return status;
}

const struct command command_retry = {
    .name = "retry",
    .group = "Fix",
    .args = "[TASK...|JOB]",
    .summary = "Try tasks that failed or were cancelled again",
    .examples = "stint retry 17-20\n"
                "stint retry --failed\n"
                "stint retry --failed --job 3\n"
                "stint retry --cancelled --job last\n"
                "stint retry --failed --queue jobs\n",
    .notes = "They have all their attempts again, and a job that had ended "
             "goes on; stint attach or stint wait follows it.",
    .args_max = 1 << 30,
    .groups = { &retry_group, &opt_output, &opt_connection, &opt_general },
    .run = run_retry,
};
