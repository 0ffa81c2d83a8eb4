/* tasks and show: the tasks themselves. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <stint_job.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/select.h"
#include "cli/state.h"
#include "cli/table.h"
#include "cli/tries.h"
#include "cli/value.h"

static const struct opt options[] = {
    { "queue", 0, OPT_TEXT, "NAME", NULL, "Of this queue only" },
    SELECT_JOB_OPTION,
    { "state", 0, OPT_CHOICE, STATE_CHOICES, NULL, "In this state only" },
    { "failed", 0, OPT_FLAG, NULL, NULL, "The same as --state failed" },
    { "limit", 0, OPT_COUNT, "N", "1000", "Rows at most; 0 for all" },
    { 0 },
};
static const struct opt_group group = { "tasks", "What:", options };

static const struct column columns[] = {
    { "task", CELL_NUMBER, COLUMN_SHOWN, true },
    { "queue", CELL_TEXT, COLUMN_SHOWN, false },
    { "state", CELL_WORD, COLUMN_SHOWN, false },
    { "attempts", CELL_NUMBER, COLUMN_SHOWN, false },
    { "failures", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "lost", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "timeouts", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "released", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "priority", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "handler", CELL_TEXT, COLUMN_HIDDEN, false },
    { "worker", CELL_TEXT, COLUMN_SHOWN, false },
    { "age", CELL_SECONDS, COLUMN_SHOWN, false },
    { "put_at", CELL_TIME, COLUMN_HIDDEN, false },
    { "wait", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "lease_left", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "ended", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "ended_at", CELL_TIME, COLUMN_HIDDEN, false },
    { "bytes", CELL_BYTES, COLUMN_SHOWN, false },
    { "payload", CELL_TEXT, COLUMN_SHOWN, false },
    { "payload_is_hex", CELL_FLAG, COLUMN_HIDDEN, false },
    { "reason", CELL_TEXT, COLUMN_SHOWN, false },
    { "job", CELL_MAYBE, COLUMN_SPARE, false },
    { "seq", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "values", CELL_JSON, COLUMN_HIDDEN, false },
    { "held", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "progress", CELL_TEXT, COLUMN_SPARE, false },
    { "progress_done", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "progress_total", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "tries", CELL_JSON, COLUMN_HIDDEN, false },
    { 0 },
};

/* The rows on their way into a table; people see the beginning of a payload. */
struct rows {
    struct table *table;
    size_t head_max;
    struct table *tries; /* Or NULL. */
};

static bool
has_ended(const struct stint_task_row *r)
{
    return r->state >= STINT_DONE;
}

/* The payload of a job's task is values with a NUL between each: as one text
 * with blanks, or as a JSON array; gives them. */
static char *
payload_text(const struct stint_task_row *r, size_t max, bool *hex)
{
    struct stint_bytes head = r->head;
    char *copy, *text;

    if (head.size > max) head.size = max;
    copy = mem_new(head.size + 1, 1);
    if (head.size > 0) memcpy(copy, head.data, head.size);
    for (size_t i = 0; r->job != 0 && i < head.size; i++)
        if (copy[i] == '\0') copy[i] = ' ';
    text = value_show_bytes((struct stint_bytes){ copy, head.size }, hex);
    free(copy);
    return text;
}

static char *
values_json(const struct stint_task_row *r)
{
    const char *at = r->head.size > 0 ? r->head.data : "";
    const char *end = at + r->head.size;
    json_t *array;
    char *text;

    if (r->job == 0 || r->bytes > r->head.size) return NULL;
    array = json_array();
    for (;;) {
        size_t length = strnlen(at, (size_t)(end - at));
        bool hex;

        text = value_show_bytes((struct stint_bytes){ at, length }, &hex);
        json_array_append_new(array, hex ? json_null() : json_string(text));
        free(text);
        if (at + length >= end) break;
        at += length + 1;
    }
    text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

/* "3/10 reading", "3/10", "reading"; NULL when it says nothing.  Gives it. */
static char *
progress_text(const struct stint_task_row *r)
{
    const char *text = r->progress_text != NULL ? r->progress_text : "";
    const char *blank = *text != '\0' ? " " : "";

    if (r->progress_total > 0)
        return mem_format("%" PRIu64 "/%" PRIu64 "%s%s", r->progress_done,
            r->progress_total, blank, text);
    if (r->progress_done > 0)
        return mem_format("%" PRIu64 "%s%s", r->progress_done, blank, text);
    return *text != '\0' ? mem_copy(text) : NULL;
}

/* A number where it is one of a job, or tells something. */
static int64_t
if_any(uint64_t number, bool tells)
{
    return tells ? (int64_t)number : -1;
}

/* How long ago it ended; negative: it has not.  Of a job's task the master
 * knows only what its last attempt says. */
static int64_t
ended_ago(const struct stint_task_row *r)
{
    const struct stint_attempt *last =
        r->tries_count > 0 ? &r->tries[r->tries_count - 1] : NULL;

    if (!has_ended(r)) return -1;
    if (r->age_ns > 0) return r->ended_ns;
    if (last == NULL || last->began_ns == 0) return -1;
    return value_now() - last->began_ns - last->wall_ns;
}

static int
see_task(void *arg, const struct stint_task_row *r)
{
    const struct rows *rows = arg;
    int64_t ended = ended_ago(r), age = r->age_ns > 0 ? r->age_ns : -1;
    bool is_delayed = r->state == STINT_DELAYED;
    bool is_leased = r->state == STINT_LEASED;
    bool hex;
    char *payload = payload_text(r, rows->head_max, &hex);
    char *values = values_json(r), *progress = progress_text(r);
    char *tries = r->job != 0 ? tries_json(r->tries, r->tries_count) : NULL;

    table_add(rows->table,
        (const struct cell[]){ { .number = (int64_t)r->task },
            { .text = r->queue }, { .text = state_word(r) },
            { .number = r->attempts }, { .number = r->failures },
            { .number = r->lost }, { .number = r->timeouts },
            { .number = r->released }, { .number = r->priority },
            { .text = value_or_none(r->handler) },
            { .text = value_or_none(r->worker) }, { .number = age },
            { .number = age >= 0 ? value_now() - age : -1 },
            { .number = is_delayed ? r->wait_ns : -1 },
            { .number = is_leased ? r->wait_ns : -1 }, { .number = ended },
            { .number = ended >= 0 ? value_now() - ended : -1 },
            { .number = (int64_t)r->bytes }, { .text = payload },
            { .number = hex }, { .text = value_or_none(r->reason) },
            { .number = if_any(r->job, r->job != 0) },
            { .number = if_any(r->seq, r->job != 0) }, { .text = values },
            { .number = is_leased ? r->held_ns : -1 }, { .text = progress },
            { .number = if_any(r->progress_done, progress != NULL) },
            { .number = if_any(r->progress_total, r->progress_total > 0) },
            { .text = tries } });
    if (rows->tries != NULL)
        tries_add(rows->tries, r->task, r->tries, r->tries_count);
    free(payload);
    free(values);
    free(progress);
    free(tries);
    return 0;
}

static int
list_some(struct stint *s, const struct run *run,
    const struct stint_task_filter *filter, struct rows *rows, int state)
{
    struct stint_task_filter some = *filter;

    if (state >= 0) some.state_plus_one = state + 1;
    if (filter->limit > 0) {
        size_t shown = table_rows(rows->table);

        if (shown >= filter->limit) return 0;
        some.limit = filter->limit - shown;
    }
    return stint_list_tasks(
        s, &some, see_task, rows, setting_ms(run, "timeout"));
}

/* The tasks of a job that ended well are listed where that is asked for. */
static int
list(struct stint *s, const struct run *run,
    const struct stint_task_filter *filter, struct rows *rows)
{
    static const int ended[] = { STINT_DONE, STINT_CANCELLED, STINT_EXPIRED };
    bool adds_ended = filter->job != 0 && filter->state_plus_one == 0;
    int code = 0, status;

    for (size_t i = 0; adds_ended && code == 0 && i < 3; i++)
        code = list_some(s, run, filter, rows, ended[i]);
    if (code == 0) code = list_some(s, run, filter, rows, -1);
    status = code != 0 ? exit_error(code) : table_print(rows->table, run);

    if (filter->limit > 0 && table_rows(rows->table) >= filter->limit)
        exit_note(
            "(the first %" PRIu64 "; --limit 0 shows all)", filter->limit);
    return status;
}

/* 0: all. */
static int
meant_job(struct stint *s, const struct run *run, uint64_t *job)
{
    const char *word;
    int status = select_job_word(run, &word);

    *job = 0;
    if (status != EXIT_FINE || word == NULL) return status;
    return select_job_number(s, word, job);
}

static int
run_tasks(struct run *run)
{
    struct stint_task_filter filter = { .queue = setting_text(run, "queue"),
        .limit = (uint64_t)setting_number(run, "limit") };
    struct rows rows = { table_new(columns),
        table_form(run) == TABLE_PEOPLE ? 40 : 1024, NULL };
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    state_filter(
        setting_flag(run, "failed") ? "failed" : setting_text(run, "state"),
        &filter);
    if (status == EXIT_FINE) {
        status = select_queue_option(s, run);
        if (status == EXIT_FINE) status = meant_job(s, run, &filter.job);
        if (status == EXIT_FINE) status = list(s, run, &filter, &rows);
        stint_close(s);
    }
    table_free(rows.table);
    return status;
}

const struct command command_tasks = {
    .name = "tasks",
    .group = "Look",
    .args = "[JOB]",
    .summary = "List tasks",
    .examples = "stint tasks\n"
                "stint tasks last --failed\n"
                "stint tasks --queue jobs --state running\n"
                "stint tasks --failed --json | jq -r '.[].reason'\n",
    .notes = "A worker takes tasks ahead: those it has begun are 'running', "
             "the others 'taken'; 'leased' means both, and 'dead' the same as "
             "'failed'.  An ended task is listed as long as the master keeps "
             "it: dead "
             "ones until they are removed, those of a job until it is "
             "forgotten, others while somebody waits for their result.",
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_tasks,
};

/* ---- show ---------------------------------------------------------------- */

static const struct opt show_options[] = { SELECT_JOB_OPTION, { 0 } };
static const struct opt_group show_group = { "show", "What:", show_options };

static int
look_up(struct stint *s, const struct run *run, const struct select_ids *ids,
    struct rows *rows)
{
    for (size_t i = 0; i < ids->count; i++) {
        struct stint_task_filter filter = { .task = ids->ids[i] };
        int code = stint_list_tasks(
            s, &filter, see_task, rows, setting_ms(run, "timeout"));

        if (code != 0 && code != STINT_ENOTASK) return exit_error(code);
    }
    return EXIT_FINE;
}

/* 17-20 with a hole in it is fine, an id alone must be there. */
static int
add_meant(struct stint *s, const struct run *run,
    const struct stint_selection *which, struct rows *rows)
{
    size_t before = table_rows(rows->table);
    struct select_ids ids;
    int status = select_ids(s, which, &ids);

    if (status == EXIT_FINE) status = look_up(s, run, &ids, rows);
    free(ids.ids);
    if (status != EXIT_FINE || table_rows(rows->table) > before) return status;
    if (ids.count == 1) return select_no_task(s, run, which->first);
    return exit_say(EXIT_FAILED,
        "the master has none of these tasks; they ended or never were (`stint "
        "tasks` lists those there are)");
}

static int
add_words(struct stint *s, const struct run *run, struct rows *rows)
{
    struct stint_selection job = { 0 };
    int status = EXIT_FINE;

    for (size_t i = 0; i < run->word_count && status == EXIT_FINE; i++) {
        struct stint_selection which = { 0 };

        status = select_tasks(s, run->words[i], &which);
        if (status == EXIT_FINE) status = add_meant(s, run, &which, rows);
    }
    if (run->word_count > 0) return status;
    status = select_job_option(s, run, &job.job);
    return status == EXIT_FINE ? add_meant(s, run, &job, rows) : status;
}

/* Machines find the attempts in the rows. */
static int
print_shown(const struct rows *rows, const struct run *run)
{
    int status = table_rows(rows->table) == 1
                     ? table_print_record(rows->table, run)
                     : table_print(rows->table, run);

    if (status != EXIT_FINE || table_form(run) != TABLE_PEOPLE
        || table_rows(rows->tries) == 0)
        return status;
    putchar('\n');
    return table_print(rows->tries, run);
}

static int
run_show(struct run *run)
{
    struct rows rows = { table_new(columns), 1024, tries_new() };
    const char *word;
    struct stint *s = NULL;
    int status = select_job_word(run, &word);

    if (status == EXIT_FINE && word == NULL)
        status = exit_say(EXIT_USAGE,
            "show what? stint show TASK, or stint show --job JOB for all tasks "
            "of a job (`stint jobs JOB` shows the job)");
    if (status == EXIT_FINE) status = connect_as(run, STINT_TOOL, &s);
    if (status == EXIT_FINE) {
        status = add_words(s, run, &rows);
        if (status == EXIT_FINE) status = print_shown(&rows, run);
        stint_close(s);
    }
    table_free(rows.table);
    table_free(rows.tries);
    return status;
}

const struct command command_show = {
    .name = "show",
    .group = "Look",
    .args = "[TASK...|JOB]",
    .summary = "Show all there is to know of tasks",
    .examples = "stint show 17\n"
                "stint show 17-20 --json\n"
                "stint show last\n",
    .notes = "A number is a task's id; 'last', a name, a key and --job mean "
             "all tasks of a job.  `stint jobs last` shows the job itself.",
    .args_max = 1 << 30,
    .groups = { &show_group, &opt_output, &opt_connection, &opt_general },
    .run = run_show,
};
