/* forget: jobs that have ended, with all that is kept of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <stint_job.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/select.h"
#include "cli/table.h"
#include "cli/value.h"

/* The jobs that are meant. */
struct meant {
    uint64_t *jobs;
    size_t count;
    uint64_t first, last; /* Numbers that a list is searched for. */
    bool ended;           /* Only those that have. */
};

static void
add(struct meant *m, uint64_t job)
{
    m->jobs = mem_grow(m->jobs, m->count + 1, sizeof *m->jobs);
    m->jobs[m->count++] = job;
}

static int
see_job(void *arg, const struct stint_job_row *row)
{
    struct meant *m = arg;

    if (row->job < m->first || row->job > m->last) return 0;
    if (!m->ended || row->ended_ns != 0) add(m, row->job);
    return 0;
}

static int
add_listed(struct stint *s, const struct run *run, struct meant *m)
{
    int code = stint_list_jobs(s, 0, see_job, m, setting_ms(run, "timeout"));

    return code == 0 ? EXIT_FINE : exit_error(code);
}

/* "3-9": of these numbers those that there are. */
static int
add_range(
    struct stint *s, const struct run *run, const char *word, struct meant *m)
{
    size_t before = m->count;
    int status;

    m->ended = false;
    status = add_listed(s, run, m);
    if (status == EXIT_FINE && m->count == before)
        status = exit_say(EXIT_FAILED,
            "there is no job of %s; `stint jobs` lists those there are", word);
    return status;
}

static int
add_word(
    struct stint *s, const struct run *run, const char *word, struct meant *m)
{
    uint64_t number;
    int status;

    if (strcmp(word, "all") == 0) {
        m->first = 1;
        m->last = UINT64_MAX;
        m->ended = true;
        return add_listed(s, run, m);
    }
    if (strchr(word, '-') != NULL && value_ids(word, &m->first, &m->last))
        return add_range(s, run, word, m);
    status = select_job_number(s, word, &number);
    if (status == EXIT_FINE) add(m, number);
    return status;
}

/* ---- forgetting ---------------------------------------------------------- */

static const struct column columns[] = {
    { "job", CELL_NUMBER, COLUMN_SHOWN, true },
    { "forgotten", CELL_FLAG, COLUMN_SHOWN, false },
    { 0 },
};

static int
forget(struct stint *s, uint64_t job, struct table *forgotten)
{
    int code = stint_job_forget(s, job);

    if (code == STINT_EBUSY)
        return exit_say(EXIT_AGAIN,
            "job %" PRIu64 " has not ended; stint wait %" PRIu64
            " or stint cancel --job %" PRIu64 " first",
            job, job, job);
    if (code != 0) return exit_error(code);
    exit_note("job %" PRIu64 " is forgotten", job);
    table_add(forgotten,
        (const struct cell[]){ TABLE_NUMBER(job), TABLE_NUMBER(true) });
    return EXIT_FINE;
}

/* One that cannot be forgotten does not keep the others.  Machines are told of
 * those that are. */
static int
forget_all(struct stint *s, const struct run *run, const struct meant *m)
{
    struct table *forgotten = table_new(columns);
    int printed = EXIT_FINE, status = EXIT_FINE;

    for (size_t i = 0; i < m->count; i++) {
        int one = forget(s, m->jobs[i], forgotten);
        if (one != EXIT_FINE) status = one;
        if (one == EXIT_UNREACHABLE) break;
    }
    if (table_form(run) == TABLE_JSON || table_form(run) == TABLE_PLAIN)
        printed = table_print(forgotten, run);
    table_free(forgotten);
    return status != EXIT_FINE ? status : printed;
}

static int
forget_meant(struct stint *s, const struct run *run, const struct meant *m)
{
    int status;

    if (m->count == 0) {
        exit_note("no job has ended: there is nothing to forget");
        return EXIT_FINE;
    }
    if (setting_flag(run, "dry-run")) {
        for (size_t i = 0; i < m->count; i++)
            exit_note("would forget job %" PRIu64, m->jobs[i]);
        return EXIT_FINE;
    }
    status = ask_first(run, "Forget %zu job%s with all results?", m->count,
        value_plural(m->count));
    return status == EXIT_FINE ? forget_all(s, run, m) : status;
}

static int
run_forget(struct run *run)
{
    struct select_words words;
    struct meant meant = { .count = 0 };
    struct stint *s = NULL;
    int status = select_job_words(run, &words);

    if (status != EXIT_FINE) return status;
    if (words.count == 0)
        return exit_say(EXIT_USAGE,
            "forget which job? stint forget JOB, 3-9, or all that have ended: "
            "stint forget all");
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    for (size_t i = 0; i < words.count && status == EXIT_FINE; i++)
        status = add_word(s, run, words.words[i], &meant);
    if (status == EXIT_FINE) status = forget_meant(s, run, &meant);
    free(meant.jobs);
    stint_close(s);
    return status;
}

static const struct opt options[] = { SELECT_JOB_OPTION, { 0 } };
static const struct opt_group group = { "forget", "What:", options };

const struct command command_forget = {
    .name = "forget",
    .group = "Fix",
    .args = "[JOB...]",
    .summary = "Forget jobs that have ended, with their results and files",
    .examples = "stint forget 3\n"
                "stint forget 3-9 12\n"
                "stint forget all --yes\n",
    .notes = "JOB is its number, name or key, or 'last'; 3-9 are all jobs of "
             "these numbers, 'all' are all that have ended.  Jobs are "
             "forgotten by themselves a week after their end, or when their "
             "submitter said; sooner when the master has no more room, but "
             "only those of which nothing is unread.",
    .args_max = 1 << 30,
    .groups = { &group, &ask_group, &opt_output, &opt_connection,
        &opt_general },
    .run = run_forget,
};
