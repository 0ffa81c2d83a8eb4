/* store check, stat, export and import: the store of a master, from outside. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/rows.h"
#include "cli/table.h"
#include "cli/value.h"

/* ---- check --------------------------------------------------------------- */

static const struct column damage_columns[] = {
    { .name = "file", .is_id = true },
    { "offset", CELL_NUMBER, COLUMN_SHOWN, false },
    { "what", CELL_TEXT, COLUMN_SHOWN, false },
    { 0 },
};

static void
see_damage(void *table, const struct stint_store_damage *d)
{
    table_add(
        table, (const struct cell[]){ { .text = d->file },
                   { .number = (int64_t)d->offset }, { .text = d->what } });
}

static int
print_whole(const struct stint_store_stat *st)
{
    char size[VALUE_TEXT];

    value_show_size(st->bytes, size);
    printf("whole: %" PRIu64 " rows in %" PRIu64 " %s, %s%s\n", st->rows,
        st->segments, st->segments == 1 ? "segment" : "segments", size,
        st->in_use ? "; a master uses it" : "");
    if (st->torn_bytes > 0 && !st->in_use)
        printf("the last %" PRIu64 " bytes were being written when it was cut "
               "off; the next start passes over them, nothing of them was "
               "acknowledged\n",
            st->torn_bytes);
    return table_flush();
}

static int
run_check(struct run *run)
{
    struct table *table = table_new(damage_columns);
    char *data = config_data_path(run);
    struct stint_store_stat st;
    int code = stint_store_check(data, see_damage, table, &st);
    int status = EXIT_FINE;

    if (code == 0 && table_form(run) == TABLE_PEOPLE)
        status = print_whole(&st);
    else if (code == 0 || code == STINT_EDAMAGED)
        status = table_print(table, run);
    if (code == STINT_EDAMAGED)
        status = exit_say(EXIT_DAMAGED,
            "the store is damaged; restore a backup, or: %s store export "
            "--data %s > rows.jsonl; mv %s/store %s/store.damaged && %s "
            "store import --data %s rows.jsonl",
            exit_program(), data, data, data, exit_program(), data);
    else if (code != 0)
        status = exit_error(code);
    free(data);
    table_free(table);
    return status;
}

const struct command command_store_check = {
    .name = "store check",
    .group = "Store",
    .summary = "Read all of a store and list what is damaged",
    .examples = "stint store check\n"
                "stint store check --data /srv/stint --json\n",
    .notes = "Reads only, also while a master uses it.  0: whole; 65: damaged, "
             "and `stint store export` gets out what is left; 74: the disk "
             "cannot be read; 78: another version wrote it.",
    .groups = { &opt_data, &opt_output, &opt_general },
    .run = run_check,
};

/* ---- stat ---------------------------------------------------------------- */

static const struct column stat_columns[] = {
    { .name = "data", .is_id = true },
    { "in_use", CELL_FLAG, COLUMN_SHOWN, false },
    { "was_closed", CELL_FLAG, COLUMN_SHOWN, false },
    { "format", CELL_NUMBER, COLUMN_SHOWN, false },
    { "starts", CELL_NUMBER, COLUMN_SHOWN, false },
    { "committed_at", CELL_TIME, COLUMN_SHOWN, false },
    { "bytes", CELL_BYTES, COLUMN_SHOWN, false },
    { "live_bytes", CELL_BYTES, COLUMN_SHOWN, false },
    { "free_bytes", CELL_BYTES, COLUMN_SHOWN, false },
    { "torn_bytes", CELL_BYTES, COLUMN_SHOWN, false },
    { "segments", CELL_NUMBER, COLUMN_SHOWN, false },
    { "damages", CELL_NUMBER, COLUMN_SHOWN, false },
    { "rows", CELL_NUMBER, COLUMN_SHOWN, false },
};
enum { STATS = sizeof(stat_columns) / sizeof(*stat_columns) };

static size_t
fill_stat(
    struct cell *cells, const char *data, const struct stint_store_stat *st)
{
    const struct cell first[STATS] = { { .text = data },
        { .number = st->in_use }, { .number = st->was_closed },
        { .number = (int64_t)st->format }, { .number = (int64_t)st->starts },
        { .number = st->committed_ns > 0 ? st->committed_ns : -1 },
        { .number = (int64_t)st->bytes }, { .number = (int64_t)st->live_bytes },
        { .number = (int64_t)st->free_bytes },
        { .number = (int64_t)st->torn_bytes },
        { .number = (int64_t)st->segments }, { .number = (int64_t)st->damages },
        { .number = (int64_t)st->rows } };

    memcpy(cells, first, sizeof(first));
    return STATS;
}

/* The kinds of rows are the library's: a column for each. */
static int
print_stat(
    const struct run *run, const char *data, const struct stint_store_stat *st)
{
    struct column columns[STATS + STINT_STORE_KINDS + 1] = { { 0 } };
    struct cell cells[STATS + STINT_STORE_KINDS];
    size_t n = fill_stat(cells, data, st);
    struct table *table;
    int status;

    memcpy(columns, stat_columns, sizeof(stat_columns));
    for (unsigned kind = 0; kind < STINT_STORE_KINDS; kind++) {
        const char *name = stint_store_kind(kind);

        if (name == NULL) continue;
        columns[n] = (struct column){ name, CELL_NUMBER, COLUMN_SHOWN, false };
        cells[n++] = (struct cell){ .number = (int64_t)st->kinds[kind] };
    }
    table = table_new(columns);
    table_add(table, cells);
    status = table_print_record(table, run);
    table_free(table);
    return status;
}

static int
run_stat(struct run *run)
{
    char *data = config_data_path(run);
    struct stint_store_stat st;
    int code = stint_store_check(data, NULL, NULL, &st);
    int status = EXIT_FINE;

    if (code == 0 || code == STINT_EDAMAGED)
        status = print_stat(run, data, &st);
    if (code != 0) status = exit_error(code);
    free(data);
    return status;
}

const struct command command_store_stat = {
    .name = "store stat",
    .group = "Store",
    .summary = "Show what a store has and how much room it takes",
    .examples = "stint store stat\n"
                "stint store stat --json | jq .task\n",
    .notes = "Reads only, also while a master uses it.",
    .groups = { &opt_data, &opt_output, &opt_general },
    .run = run_stat,
};

/* ---- export -------------------------------------------------------------- */

static int
print_row(void *arg, const struct stint_store_row *row)
{
    (void)arg;
    rows_print(row);
    return ferror(stdout) != 0;
}

static void
note_damage(void *arg, const struct stint_store_damage *d)
{
    (void)arg;
    exit_note("damaged: %s at %" PRIu64 ": %s", d->file, d->offset, d->what);
}

static int
run_export(struct run *run)
{
    char *data = config_data_path(run);
    int code = stint_store_export(data, print_row, note_damage, NULL);
    int status = table_flush();

    free(data);
    if (status != EXIT_FINE || code == 0) return status;
    if (code != STINT_EDAMAGED) return exit_error(code);
    return exit_say(EXIT_DAMAGED,
        "the store is damaged, and what is left of it was printed; `stint "
        "store import --data NEW` makes a new store of that");
}

const struct command command_store_export = {
    .name = "store export",
    .group = "Store",
    .summary = "Print every row of a store as a line of JSON",
    .examples = "stint store export > rows.jsonl\n"
                "stint store export | jq -c 'select(.kind == \"task\")'\n",
    .notes = "What is damaged is left out and said on stderr; the exit code is "
             "65 then.  While a master uses the store it is copied to $TMPDIR "
             "first.",
    .groups = { &opt_data, &opt_general },
    .run = run_export,
};

/* ---- import -------------------------------------------------------------- */

struct import {
    FILE *file;
    const char *name;
    char *text;
    size_t size;
    uint64_t number; /* Of the line. */
    struct rows_line line;
    bool said, is_end;
};

static int
next_row(void *arg, struct stint_store_row *row)
{
    struct import *in = arg;
    const char *wrong;
    ssize_t length;

    do {
        length = getline(&in->text, &in->size, in->file);
        in->number++;
    } while (length == 1);
    in->is_end = length < 0 && !ferror(in->file);
    if (in->is_end) return 0;
    wrong = length < 0 ? strerror(errno)
                       : rows_read(&in->line, in->text, (size_t)length);
    if (wrong == NULL) {
        *row = in->line.row;
        return 1;
    }
    in->said = true;
    exit_say(EXIT_FAILED,
        "%s, line %" PRIu64 " is no row: %s; correct or remove it, and import "
        "again",
        in->name, in->number, wrong);
    return STINT_EINVAL;
}

static void
note_mended(void *arg, const char *what)
{
    (void)arg;
    exit_note("mended: %s", what);
}

static int
import_from(struct import *in, const char *data)
{
    uint64_t rows = 0;
    int code = stint_store_import(data, next_row, note_mended, in, &rows);
    int status = EXIT_FINE;
    char *key;

    if (code == STINT_EINVAL && !in->said)
        status = in->is_end ? exit_say(
                     EXIT_FAILED, "%s: %s", in->name, stint_error_message())
                            : exit_say(EXIT_FAILED, "%s, line %" PRIu64 ": %s",
                                in->name, in->number, stint_error_message());
    else if (code != 0)
        status = in->said ? EXIT_FAILED : exit_error(code);
    free(in->text);
    rows_fini(&in->line);
    if (status != EXIT_FINE) return status;
    exit_note(
        "%" PRIu64 " rows   %s master --data %s", rows, exit_program(), data);
    key = mem_format("%s/server.key", data);
    if (access(key, F_OK) != 0)
        exit_note("no keys are there: copy server.key, keys and *access from "
                  "the old directory, or everybody needs new access files");
    free(key);
    return EXIT_FINE;
}

static int
run_import(struct run *run)
{
    bool is_stdin = run->word_count == 0 || strcmp(run->words[0], "-") == 0;
    struct import in = { .file = stdin, .name = "stdin" };
    char *data;
    int status;

    if (run->word_count == 0 && isatty(STDIN_FILENO) == 1)
        return exit_say(EXIT_USAGE,
            "import what? stint store import FILE, or lead the rows into "
            "stdin");
    if (!is_stdin) {
        in.name = run->words[0];
        in.file = fopen(in.name, "re");
        if (in.file == NULL)
            return exit_say(EXIT_FAILED,
                "%s cannot be read: %s; name a file that `stint store export` "
                "wrote",
                in.name, strerror(errno));
    }
    data = config_data_path(run);
    status = import_from(&in, data);
    free(data);
    if (!is_stdin) fclose(in.file);
    return status;
}

const struct command command_store_import = {
    .name = "store import",
    .group = "Store",
    .args = "[FILE]",
    .summary = "Make a new store of the rows that an export printed",
    .examples = "stint store import --data /srv/stint rows.jsonl\n"
                "stint store export | stint store import --data /srv/copy\n",
    .notes = "There must be no store in --data yet, and no master.  Rows that "
             "lack others, as after damage, are mended; each is said on "
             "stderr.  After an error there is no store, as before.",
    .args_max = 1,
    .groups = { &opt_data, &opt_general },
    .run = run_import,
};
