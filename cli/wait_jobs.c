#include "cli/wait_jobs.h"

#include <inttypes.h>
#include <stdio.h>

#include <stint_job.h>

#include "cli/bar.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/select.h"
#include "cli/snapshot.h"
#include "cli/summary.h"
#include "cli/table.h"

static const struct column columns[] = {
    { "job", CELL_NUMBER, COLUMN_SHOWN, true },
    { "state", CELL_WORD, COLUMN_SHOWN, false },
    { "ended", CELL_FLAG, COLUMN_SHOWN, false },
    { "tasks", CELL_NUMBER, COLUMN_SHOWN, false },
    { "done", CELL_NUMBER, COLUMN_SHOWN, false },
    { "failed", CELL_NUMBER, COLUMN_SHOWN, false },
    { "cancelled", CELL_NUMBER, COLUMN_SHOWN, false },
    { 0 },
};

enum { PIECE_MS = 500, LOOK_MS = 2000 };

struct jobs_wait {
    struct stint *s;
    const struct run *run;
    struct bar bar;
    struct table *table;
    int64_t deadline_ms;    /* INT64_MAX: never. */
    uint64_t said_orphaned; /* Of which job. */
};

static int64_t
deadline_of(const struct run *run)
{
    const struct setting *timeout = setting_find(run, "timeout");
    int64_t ms = setting_ms(run, "timeout");

    if (timeout->from == FROM_DEFAULT || ms == STINT_FOREVER) return INT64_MAX;
    return pace_now_ms() + ms;
}

static void
show(struct jobs_wait *w, const struct stint_job_row *row, uint64_t number)
{
    struct bar_state state = { .job = number,
        .total = row->tasks,
        .done = row->done,
        .failed = row->failed + row->cancelled,
        .running = row->running,
        .workers = row->workers };

    bar_show(&w->bar, &state, pace_now_ms(), true);
}

static int
say_late(struct jobs_wait *w, const struct stint_job_row *row, uint64_t number)
{
    bar_hide(&w->bar);
    return exit_say(EXIT_AGAIN,
        "job %" PRIu64 " has not ended after %s: %" PRIu64 " of %" PRIu64
        " tasks have; wait again, or `stint explain --job %" PRIu64
        "` says why the next one does not run",
        number, setting_text(w->run, "timeout"),
        row->done + row->failed + row->cancelled, row->tasks, number);
}

static void
note(struct jobs_wait *w, const struct stint_job_row *row, uint64_t number)
{
    table_add(w->table,
        (const struct cell[]){ { .number = (int64_t)number },
            { .text = snapshot_job_state(row) },
            { .number = !snapshot_job_goes_on(row) },
            { .number = (int64_t)row->tasks }, { .number = (int64_t)row->done },
            { .number = (int64_t)row->failed },
            { .number = (int64_t)row->cancelled } });
}

/* Waits for a piece of the time, then looks.  A master that is away is waited
 * for, too. */
static int
look(struct jobs_wait *w, struct stint_job *job, struct stint_job_row *row)
{
    for (;;) {
        int64_t left = w->deadline_ms - pace_now_ms();
        int64_t piece = left < 0 ? 0 : left < PIECE_MS ? left : PIECE_MS;
        int code = stint_job_wait(job, piece);

        if (code == 0 || code == STINT_ETIMEOUT)
            code = stint_job_look(job, row, LOOK_MS);
        if (code == 0) return EXIT_FINE;
        if (code != STINT_ETIMEOUT && code != STINT_EUNREACHABLE)
            return exit_error(code);
        if (left <= 0) return exit_error(code);
        pace_sleep_ms(piece);
    }
}

/* It has no more tasks to run, and nobody who would say that there are none. */
static void
say_orphaned(
    struct jobs_wait *w, const struct stint_job_row *row, uint64_t number)
{
    if (row->state != STINT_JOB_ORPHANED || w->said_orphaned == number) return;
    w->said_orphaned = number;
    bar_hide(&w->bar);
    exit_note("stint: who submitted job %" PRIu64
              " is gone, and nobody ends it: %s cancel --job %" PRIu64 " does",
        number, exit_program(), number);
}

static int
wait_for(struct jobs_wait *w, struct stint_job *job)
{
    uint64_t number = stint_job_number(job);

    for (;;) {
        struct stint_job_row row;
        int status = look(w, job, &row);

        if (status != EXIT_FINE) return status;
        show(w, &row, number);
        say_orphaned(w, &row, number);
        if (snapshot_job_goes_on(&row) && pace_now_ms() < w->deadline_ms)
            continue;
        note(w, &row, number);
        if (snapshot_job_goes_on(&row)) return say_late(w, &row, number);
        bar_hide(&w->bar);
        return summary_say(number, &row);
    }
}

/* The worst of them all: not in time before failed before fine. */
static int
wait_for_all(struct jobs_wait *w, const struct select_words *words)
{
    int worst = EXIT_FINE;

    for (size_t i = 0; i < words->count; i++) {
        struct stint_job *job;
        int status = select_job(w->s, words->words[i], &job);

        if (status != EXIT_FINE) return status;
        status = wait_for(w, job);
        stint_job_free(job);
        if (status != EXIT_FINE && status != EXIT_FAILED
            && status != EXIT_AGAIN)
            return status;
        if (status > worst) worst = status;
    }
    return worst;
}

int
wait_jobs(const struct run *run)
{
    struct jobs_wait w = { .run = run, .deadline_ms = deadline_of(run) };
    struct select_words words;
    int status = select_job_words(run, &words);

    if (status != EXIT_FINE) return status;
    if (setting_flag(run, "ready") || setting_text(run, "workers") != NULL
        || setting_text(run, "queue") != NULL)
        return exit_say(EXIT_USAGE,
            "one thing at a time: stint wait --ready, then stint wait %s",
            words.words[0]);
    status = connect_as(run, STINT_TOOL, &w.s);
    if (status != EXIT_FINE) return status;
    w.table = table_new(columns);
    bar_init(&w.bar, run, pace_now_ms());
    status = wait_for_all(&w, &words);
    bar_hide(&w.bar);
    if (table_form(run) == TABLE_JSON || table_form(run) == TABLE_PLAIN)
        if (table_print(w.table, run) != EXIT_FINE) status = EXIT_FAILED;
    table_free(w.table);
    stint_close(w.s);
    return status;
}
