/* failures: what failed, what is alike of it together. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/grouping.h"
#include "cli/mem.h"
#include "cli/print.h"
#include "cli/select.h"
#include "cli/table.h"
#include "cli/value.h"
#include "cli/width.h"

static const struct opt options[] = {
    { "job", 0, OPT_TEXT, "JOB", NULL,
        "Of this job: " SELECT_JOB_HELP ", as it is without any" },
    { "queue", 0, OPT_TEXT, "NAME", NULL,
        "The dead letters of this queue instead, by their reasons" },
    { 0 },
};
static const struct opt_group group = { "failures", "What:", options };

static const struct column failure_columns[] = {
    { "count", CELL_NUMBER, COLUMN_SHOWN, false },
    { "how", CELL_TEXT, COLUMN_SHOWN, false },
    { "text", CELL_TEXT, COLUMN_SHOWN, false },
    { "exit", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "signal", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "task", CELL_NUMBER, COLUMN_SHOWN, true },
    { "seq", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "value", CELL_TEXT, COLUMN_SHOWN, false },
    { "worker", CELL_TEXT, COLUMN_SHOWN, false },
    { "stderr", CELL_TEXT, COLUMN_HIDDEN, false },
    { 0 },
};

/* ---- gathering ----------------------------------------------------------- */

static int
read_job(struct stint_job *job, const struct run *run, struct grouping *g,
    uint64_t failed)
{
    struct stint_read_options how = { .order = STINT_BY_END,
        .failed_only = true };
    struct stint_end end;

    stint_job_read(job, &how);
    while (g->failures < failed) {
        int code = stint_job_next(job, &end, setting_ms(run, "timeout"));

        if (code == STINT_EEMPTY || code == STINT_ETIMEOUT) break;
        if (code != 0) return exit_error(code);
        /* Nobody asks what went wrong where somebody cancelled. */
        if (end.code == STINT_ECANCELLED) continue;
        grouping_add(g, &(struct grouping_one){ .task = end.task,
                            .seq = end.seq,
                            .code = end.code,
                            .last = print_last_try(&end),
                            .worker = end.worker,
                            .reason = end.reason,
                            .value = end.value,
                            .err = end.err });
    }
    return EXIT_FINE;
}

static int
see_dead(void *arg, const struct stint_task_row *r)
{
    grouping_add(arg,
        &(struct grouping_one){ .task = r->task,
            .seq = r->seq,
            .code = STINT_EDEAD,
            .last = r->tries_count > 0 ? &r->tries[r->tries_count - 1] : NULL,
            .worker = r->worker,
            .reason = r->reason,
            .value = r->head });
    return 0;
}

static int
read_queue(struct stint *s, const struct run *run, struct grouping *g)
{
    struct stint_task_filter filter = { .queue = setting_text(run, "queue"),
        .state_plus_one = STINT_DEAD + 1 };
    int code =
        stint_list_tasks(s, &filter, see_dead, g, setting_ms(run, "timeout"));

    return code == 0 ? EXIT_FINE : exit_error(code);
}

/* ---- printing ------------------------------------------------------------ */

static void
print_tail(const char *tail, size_t columns)
{
    const char *bar = width_is_utf8() ? "│" : "|";

    while (*tail != '\0') {
        size_t length = strcspn(tail, "\n");
        char *line = mem_format("%.*s", (int)length, tail);

        printf("         %s ", bar);
        (void)width_put(stdout, line, columns > 20 ? columns - 11 : 80);
        putchar('\n');
        free(line);
        tail += length + (tail[length] == '\n');
    }
}

static void
print_row(const struct grouping_row *row, size_t columns)
{
    char *head = mem_format("%6" PRIu64 "  %s%s%s", row->count, row->how,
        *row->text != '\0' ? ": " : "", row->text);
    char *sample = mem_format("        %stask %" PRIu64 "%s%s%s%s",
        row->count > 1 ? "first " : "", row->task,
        *row->value != '\0' ? ", value " : "", row->value,
        *row->worker != '\0' ? ", on " : "", row->worker);

    (void)width_put(stdout, head, columns);
    putchar('\n');
    (void)width_put(stdout, sample, columns);
    putchar('\n');
    print_tail(row->tail, columns);
    free(head);
    free(sample);
}

static void
print_people(const struct grouping *g)
{
    size_t columns = 1 << 16, lines;

    if (isatty(STDOUT_FILENO) == 1)
        width_terminal(STDOUT_FILENO, &columns, &lines);
    for (size_t i = 0; i < g->count; i++)
        print_row(&g->rows[i], columns);
    if (g->others > 0)
        printf("%6" PRIu64 "  others, of more than %d kinds\n", g->others,
            GROUPING_MAX);
}

static int
print(const struct grouping *g, const struct run *run)
{
    struct table *table;
    int status;

    if (table_form(run) == TABLE_PEOPLE) {
        print_people(g);
        return print_flush();
    }
    table = table_new(failure_columns);
    for (size_t i = 0; i < g->count; i++) {
        const struct grouping_row *r = &g->rows[i];

        table_add(table,
            (const struct cell[]){ { .number = (int64_t)r->count },
                { .text = r->how }, { .text = value_or_none(r->text) },
                { .number = r->exit_code }, { .number = r->signal },
                { .number = (int64_t)r->task }, { .number = (int64_t)r->seq },
                { .text = r->value }, { .text = value_or_none(r->worker) },
                { .text = value_or_none(r->tail) } });
    }
    status = table_print(table, run);
    table_free(table);
    return status;
}

static void
say_next(
    const struct grouping *g, uint64_t job, const struct stint_job_row *row)
{
    uint64_t cancelled = row->cancelled, tasks = row->tasks;

    if (g->failures == 0) {
        exit_note("no task of job %" PRIu64 " has failed", job);
    } else {
        exit_note("%" PRIu64 " of %" PRIu64 " task%s failed", g->failures,
            tasks, value_plural(tasks));
        exit_note("    %s logs %" PRIu64, exit_program(), g->rows[0].task);
        exit_note("    %s retry --failed --job %" PRIu64, exit_program(), job);
    }
    if (cancelled > 0)
        exit_note("%" PRIu64 " task%s cancelled, or expired\n    %s retry "
                  "--cancelled --job %" PRIu64,
            cancelled, cancelled == 1 ? " was" : "s were", exit_program(), job);
}

static void
say_next_of_queue(const struct grouping *g, const char *queue)
{
    char *word = value_quote(queue);

    if (g->failures == 0)
        exit_note("queue '%s' has no dead letters", queue);
    else
        exit_note("%" PRIu64 " dead letter%s of queue '%s'\n    %s retry "
                  "--failed --queue %s",
            g->failures, value_plural(g->failures), queue, exit_program(),
            word);
    free(word);
}

static int
show_job(struct stint *s, const struct run *run, struct grouping *g,
    const char *word)
{
    struct stint_job *job;
    struct stint_job_row row;
    int status = select_job(s, word, &job);

    if (status != EXIT_FINE) return status;
    status = select_look(job, run, &row);
    if (status == EXIT_FINE)
        status = read_job(job, run, g, row.failed + row.cancelled);
    if (status == EXIT_FINE) {
        grouping_sort(g);
        status = print(g, run);
        if (table_form(run) == TABLE_PEOPLE)
            say_next(g, stint_job_number(job), &row);
    }
    stint_job_free(job);
    return status;
}

static int
show_queue(struct stint *s, const struct run *run, struct grouping *g)
{
    int status = select_queue_option(s, run);

    if (status == EXIT_FINE) status = read_queue(s, run, g);
    if (status != EXIT_FINE) return status;
    grouping_sort(g);
    status = print(g, run);
    if (table_form(run) == TABLE_PEOPLE)
        say_next_of_queue(g, setting_text(run, "queue"));
    return status;
}

static int
run_failures(struct run *run)
{
    const char *word, *queue = setting_text(run, "queue");
    struct grouping g = { 0 };
    struct stint *s;
    int status = select_job_word(run, &word);

    if (status != EXIT_FINE) return status;
    if (queue != NULL && word != NULL)
        return exit_say(EXIT_USAGE,
            "failures of job %s or of queue '%s'? Leave out one of them", word,
            queue);
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    status =
        queue != NULL ? show_queue(s, run, &g) : show_job(s, run, &g, word);
    grouping_fini(&g);
    stint_close(s);
    return status;
}

const struct command command_failures = {
    .name = "failures",
    .group = "Look",
    .args = "[JOB]",
    .summary = "Show what failed, counted by how and with what error",
    .examples = "stint failures\n"
                "stint failures 3 --json | jq '.[].count'\n"
                "stint failures --queue jobs\n",
    .notes = "Failures are alike when they ended in the same way and their "
             "last line of stderr differs in numbers, addresses and the "
             "task's own value only.  Of each kind the first one is shown.",
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_failures,
};
