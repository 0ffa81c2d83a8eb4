/* files: what went with a job, and what its tasks left. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint_job.h>

#include "cli/carry.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/select.h"
#include "cli/table.h"
#include "common/hash.h"

enum { WAIT_MS = 60000 };

static const struct opt files_options[] = {
    { "get-to", 0, OPT_FILE, "DIR", NULL,
        "Write what the tasks left into files below DIR" },
    { "by-task", 0, OPT_FLAG, NULL, NULL,
        "The same, with a folder for each task, called by its place" },
    { "task", 0, OPT_COUNT, "PLACE", NULL,
        "Only what the task at this place of the job left" },
    SELECT_JOB_OPTION,
    { "json", 0, OPT_FLAG, NULL, NULL, "Print JSON" },
    { "plain", 0, OPT_FLAG, NULL, NULL, "Print tab-separated lines" },
    { 0 },
};
static const struct opt_group files_group = { "files",
    "Files:", files_options };

static const struct column columns[] = {
    { "place", CELL_MAYBE, COLUMN_SHOWN, false },
    { "name", CELL_TEXT, COLUMN_SHOWN, true },
    { "size", CELL_BYTES, COLUMN_SHOWN, false },
    { "mode", CELL_TEXT, COLUMN_SHOWN, false },
    { "blake2b", CELL_TEXT, COLUMN_HIDDEN, false },
    { 0 },
};

/* ---- a table ------------------------------------------------------------- */

/* The master lists them as they came. */
struct rows {
    struct stint_file_row *rows;
    size_t count, room;
};

static int
keep_row(void *arg, const struct stint_file_row *row)
{
    struct rows *rows = arg;

    if (rows->count == rows->room) {
        rows->room = rows->room * 2 + 16;
        rows->rows = mem_grow(rows->rows, rows->room, sizeof(*rows->rows));
    }
    rows->rows[rows->count] = *row;
    rows->rows[rows->count++].name = mem_copy(row->name);
    return 0;
}

static int
compare_rows(const void *left, const void *right)
{
    const struct stint_file_row *a = left, *b = right;

    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void
rows_fini(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        union {
            const char *lent;
            char *own;
        } name = { .lent = rows->rows[i].name };

        free(name.own);
    }
    free(rows->rows);
}

static void
add_row(struct table *table, const struct stint_file_row *row)
{
    char mode[8], hash[2 * sizeof(row->hash) + 1];
    const struct cell cells[] = { { .number = row->seq > 0 ? (int64_t)row->seq
                                                           : -1 },
        { .text = row->name }, { .number = (int64_t)row->size },
        { .text = mode }, { .text = hash } };

    (void)snprintf(mode, sizeof(mode), "%04o", row->mode & 0777u);
    for (size_t i = 0; i < sizeof(row->hash); i++)
        (void)snprintf(hash + 2 * i, 3, "%02x", row->hash[i]);
    table_add(table, cells);
}

static int
print_rows(
    const struct rows *rows, struct stint_job *job, const struct run *run)
{
    struct table *table = table_new(columns);
    int status;

    for (size_t i = 0; i < rows->count; i++)
        add_row(table, &rows->rows[i]);
    status = table_print(table, run);
    table_free(table);
    if (rows->count == 0 && table_form(run) == TABLE_PEOPLE)
        exit_note("stint: job %" PRIu64 " has no files: --put gives it some, "
                  "--get brings back what its tasks leave",
            stint_job_number(job));
    return status;
}

static int
print_files(struct stint_job *job, const struct run *run, uint64_t task)
{
    struct rows rows = { .count = 0 };
    int code = stint_job_list_files(job, task, keep_row, &rows, WAIT_MS);
    int status = code == 0 ? EXIT_FINE : exit_error(code);

    if (rows.count > 1)
        qsort(rows.rows, rows.count, sizeof(*rows.rows), compare_rows);
    if (status == EXIT_FINE) status = print_rows(&rows, job, run);
    rows_fini(&rows);
    return status;
}

/* ---- files --------------------------------------------------------------- */

/* A name that was written, in case it comes again. */
struct written {
    UT_hash_handle by_name;
    char name[];
};

struct gathering {
    struct carry to;
    struct stint_job *job;
    bool by_task;
    struct written *written; /* uthash */
    int status;
};

/* Two tasks may leave the same name: nothing is overwritten unseen. */
static int
remember(struct gathering *g, const char *name)
{
    size_t length = strlen(name);
    struct written *w;

    HASH_FIND(by_name, g->written, name, length, w);
    if (w != NULL)
        return exit_say(EXIT_FAILED,
            "several tasks left '%s': --by-task makes a folder for each", name);
    w = mem_new(1, sizeof(*w) + length + 1);
    memcpy(w->name, name, length);
    HASH_ADD_KEYPTR(by_name, g->written, w->name, length, w);
    return EXIT_FINE;
}

static void
forget_all(struct gathering *g)
{
    while (g->written != NULL) {
        struct written *w = g->written;
        HASH_DELETE(by_name, g->written, w);
        free(w);
    }
}

static int
write_row(void *arg, const struct stint_file_row *row)
{
    struct gathering *g = arg;
    char place[24];

    if (row->seq == 0) return 0; /* An input is there already. */
    (void)snprintf(place, sizeof(place), "%" PRIu64, row->seq);
    if (!g->by_task) g->status = remember(g, row->name);
    if (g->status == EXIT_FINE)
        g->status = carry_write(&g->to, g->job, row, g->by_task ? place : NULL);
    return g->status == EXIT_FINE ? 0 : -1;
}

static int
get_files(struct stint_job *job, const struct run *run, uint64_t task)
{
    struct gathering g = {
        .to.fd = -1, .job = job, .by_task = setting_flag(run, "by-task")
    };
    int code, status = carry_open(&g.to, setting_text(run, "get-to"));

    if (status == EXIT_FINE) {
        code = stint_job_list_files(job, task, write_row, &g, WAIT_MS);
        status = g.status;
        if (status == EXIT_FINE && code < 0) status = exit_error(code);
    }
    forget_all(&g);
    carry_fini(&g.to);
    return status;
}

static int
files_of(struct stint *s, const struct run *run, const char *word)
{
    uint64_t task = (uint64_t)setting_number(run, "task");
    struct stint_job *job;
    int status = select_job(s, word, &job);

    if (status != EXIT_FINE) return status;
    if (setting_text(run, "get-to") != NULL)
        status = get_files(job, run, task);
    else
        status = print_files(job, run, task);
    stint_job_free(job);
    return status;
}

static int
run_files(struct run *run)
{
    const char *word;
    struct stint *s;
    int status = select_job_word(run, &word);

    if (status != EXIT_FINE) return status;
    if (setting_flag(run, "by-task") && setting_text(run, "get-to") == NULL)
        return exit_say(
            EXIT_USAGE, "--by-task says how --get-to DIR writes files");
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    status = files_of(s, run, word);
    stint_close(s);
    return status;
}

const struct command command_files = {
    .name = "files",
    .group = "Look",
    .args = "[JOB]",
    .summary = "Show or fetch the files of a job",
    .examples = "stint files last\n"
                "stint files 17 --get-to results\n"
                "stint files 17 --get-to results --by-task\n",
    .notes = "Inputs (--put of `stint run`) have no place; what a task left "
             "(--get) has the place of the task in its job.",
    .args_max = 1,
    .groups = { &files_group, &opt_connection, &opt_general },
    .run = run_files,
};
