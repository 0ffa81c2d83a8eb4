#include "cli/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>

#include "cli/cell.h"
#include "cli/exit.h"
#include "cli/layout.h"
#include "cli/mem.h"
#include "cli/width.h"

struct table {
    const struct column *columns;
    size_t width, rows, room;
    struct cell *cells;
};

struct table *
table_new(const struct column *columns)
{
    struct table *table = mem_new(1, sizeof(*table));

    table->columns = columns;
    while (columns[table->width].name != NULL)
        table->width++;
    return table;
}

void
table_add(struct table *table, const struct cell *cells)
{
    struct cell *row;

    if (table->rows == table->room) {
        table->room = table->room * 2 + 16;
        table->cells = mem_grow(
            table->cells, table->room * table->width, sizeof(*table->cells));
    }
    row = table->cells + table->rows++ * table->width;
    for (size_t i = 0; i < table->width; i++) {
        row[i] = cells[i];
        if (cells[i].text != NULL) row[i].text = mem_copy(cells[i].text);
    }
}

size_t
table_rows(const struct table *table)
{
    return table->rows;
}

void
table_free(struct table *table)
{
    if (table == NULL) return;
    for (size_t i = 0; i < table->rows * table->width; i++) {
        /* The copies of table_add(). */
        union {
            const char *lent;
            char *own;
        } text = { .lent = table->cells[i].text };

        free(text.own);
    }
    free(table->cells);
    free(table);
}

enum table_form
table_form(const struct run *run)
{
    if (setting_flag(run, "json")) return TABLE_JSON;
    if (setting_flag(run, "plain")) return TABLE_PLAIN;
    return setting_flag(run, "quiet") ? TABLE_IDS : TABLE_PEOPLE;
}

int
table_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_FINE;
    return exit_say(EXIT_FAILED,
        "stdout cannot be written: %s; check what it "
        "leads to",
        strerror(errno));
}

/* ---- machines ------------------------------------------------------------ */

static json_t *
json_of_row(const struct table *table, size_t row)
{
    json_t *object = json_object();

    for (size_t i = 0; i < table->width; i++)
        json_object_set_new(object, table->columns[i].name,
            cell_json(
                &table->columns[i], &table->cells[row * table->width + i]));
    return object;
}

static void
print_json(json_t *document)
{
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(document);
}

static void
print_json_rows(const struct table *table)
{
    json_t *array = json_array();

    for (size_t row = 0; row < table->rows; row++)
        json_array_append_new(array, json_of_row(table, row));
    print_json(array);
}

void
table_begin_json(const struct table *table)
{
    json_t *object = json_of_row(table, 0);
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

    if (text != NULL) printf("%.*s", (int)(strlen(text) - 2), text);
    free(text);
    json_decref(object);
}

void
table_dump_json(const struct table *table)
{
    const char *between = "\n    ";

    putchar('[');
    for (size_t row = 0; row < table->rows; row++) {
        json_t *object = json_of_row(table, row);

        fputs(between, stdout);
        json_dumpf(object, stdout, JSON_REAL_PRECISION(15));
        json_decref(object);
        between = ",\n    ";
    }
    fputs(table->rows > 0 ? "\n  ]" : "]", stdout);
}

/* A tab or a newline in a text would be read as the end of it. */
static void
print_field(const char *text)
{
    for (; *text != '\0'; text++)
        putchar(*text == '\t' || *text == '\n' ? ' ' : *text);
}

static void
print_plain(const struct table *table, bool only_id)
{
    for (size_t row = 0; row < table->rows; row++) {
        const char *between = "";

        for (size_t i = 0; i < table->width; i++) {
            const struct column *column = &table->columns[i];
            char *text;

            if (only_id && !column->is_id) continue;
            text = cell_plain(column, &table->cells[row * table->width + i]);
            fputs(between, stdout);
            print_field(text);
            free(text);
            between = "\t";
        }
        putchar('\n');
    }
}

/* ---- people -------------------------------------------------------------- */

static void
set_cell(struct libscols_line *line, size_t n, const char *text)
{
    struct libscols_cell *cell = scols_line_get_cell(line, n);

    if (cell != NULL) scols_cell_set_data(cell, text);
}

static size_t
terminal_width(void)
{
    size_t columns, lines;

    width_terminal(STDOUT_FILENO, &columns, &lines);
    return columns;
}

/* An id that is cut is of no use. */
static bool
may_be_cut(const struct column *column)
{
    return column->kind == CELL_TEXT && !column->is_id;
}

static bool
is_word(const struct column *column)
{
    return column->kind == CELL_TEXT || column->kind == CELL_WORD;
}

static struct libscols_table *
paper(const struct run *run)
{
    struct libscols_table *sheet;

    scols_init_debug(0);
    sheet = scols_new_table();
    if (sheet == NULL) exit_now(EXIT_AGAIN, "no memory is left; try again");
    scols_table_enable_colors(sheet, setting_color(run, STDOUT_FILENO));
    scols_table_set_column_separator(sheet, "  ");
    if (isatty(STDOUT_FILENO) == 1)
        scols_table_set_termwidth(sheet, terminal_width());
    else
        scols_table_set_termforce(sheet, SCOLS_TERMFORCE_NEVER);
    return sheet;
}

/* With blanks for "_"; gives the text. */
static char *
title_of(const struct column *column)
{
    char *title = mem_copy(column->name);

    for (char *c = title; *c != '\0'; c++)
        if (*c == '_') *c = ' ';
    return title;
}

/* Above a column of short numbers there is no room for a long word. */
static char *
heading_of(const struct column *column)
{
    static const char *const narrow[][2] = { { "attempts", "tries" },
        { "cancelled", "cancel" }, { "draining", "drain" },
        { "failures", "fail" }, { "jobs_tasks", "of jobs" },
        { "putters", "puts" }, { "getters", "gets" } };

    for (size_t i = 0; i < sizeof(narrow) / sizeof(*narrow); i++)
        if (strcmp(column->name, narrow[i][0]) == 0)
            return mem_copy(narrow[i][1]);
    return title_of(column);
}

static void
add_column(struct libscols_table *sheet, const char *title, int flags)
{
    struct libscols_column *column =
        scols_table_new_column(sheet, title, 0, flags);

    if (column != NULL)
        scols_cell_set_color(scols_column_get_header(column), "bold");
}

/* ---- which columns there are, and how wide ------------------------------- */

static bool
has_any(const struct table *table, size_t i)
{
    for (size_t row = 0; row < table->rows; row++)
        if (table->cells[row * table->width + i].number != 0) return true;
    return false;
}

static size_t
natural_width(const struct table *table, size_t i, size_t heading)
{
    const struct column *column = &table->columns[i];
    size_t most = heading;

    for (size_t row = 0; row < table->rows; row++) {
        char *text = cell_people(column, &table->cells[row * table->width + i]);
        size_t width = width_of(text);

        if (width > most) most = width;
        free(text);
    }
    return most;
}

static struct layout_column
layout_of(const struct table *table, size_t i)
{
    const struct column *column = &table->columns[i];
    char *heading = heading_of(column);
    struct layout_column is = {
        .shown = column->room == COLUMN_ANY ? has_any(table, i)
                                            : column->room != COLUMN_HIDDEN,
        .may_be_cut = may_be_cut(column),
        .is_spare = column->room == COLUMN_SPARE,
        .is_number = !is_word(column) && !column->is_id,
        .heading = width_of(heading),
    };

    if (is.shown) is.width = natural_width(table, i, is.heading);
    free(heading);
    return is;
}

/* Gives an array. */
static struct layout_column *
lay_out(const struct table *table)
{
    struct layout_column *columns = mem_new(table->width, sizeof(*columns));

    for (size_t i = 0; i < table->width; i++)
        columns[i] = layout_of(table, i);
    if (isatty(STDOUT_FILENO) == 1)
        layout_fit(columns, table->width, terminal_width());
    return columns;
}

/* The text of a cell, cut to the width of its column. */
static char *
cell_text(const struct table *table, const struct layout_column *columns,
    size_t row, size_t i)
{
    char *text =
        cell_people(&table->columns[i], &table->cells[row * table->width + i]);
    char *cut = NULL;
    size_t size = 0;
    FILE *out;

    if (width_of(text) <= columns[i].width) return text;
    out = open_memstream(&cut, &size);
    if (out == NULL) return text;
    (void)width_put(out, text, columns[i].width);
    fclose(out);
    free(text);
    return cut;
}

/* ---- the table ----------------------------------------------------------- */

static void
print_heading(const struct table *table, const struct layout_column *columns)
{
    const char *between = "";

    for (size_t i = 0; i < table->width; i++) {
        char *title;

        if (!columns[i].shown) continue;
        title = heading_of(&table->columns[i]);
        printf("%s%s", between, title);
        free(title);
        between = "  ";
    }
    putchar('\n');
}

static void
add_columns(struct libscols_table *sheet, const struct table *table,
    const struct layout_column *columns)
{
    for (size_t i = 0; i < table->width; i++) {
        const struct column *column = &table->columns[i];
        char *title;

        if (!columns[i].shown) continue;
        title = heading_of(column);
        add_column(sheet, title,
            (!is_word(column) ? SCOLS_FL_RIGHT : 0)
                | (may_be_cut(column) ? SCOLS_FL_TRUNC : 0));
        free(title);
    }
}

static void
print_people(const struct table *table, const struct run *run)
{
    struct libscols_table *sheet = paper(run);
    struct layout_column *columns = lay_out(table);

    add_columns(sheet, table, columns);
    for (size_t row = 0; row < table->rows; row++) {
        struct libscols_line *line = scols_table_new_line(sheet, NULL);
        size_t n = 0;

        for (size_t i = 0; line != NULL && i < table->width; i++) {
            char *text;

            if (!columns[i].shown) continue;
            text = cell_text(table, columns, row, i);
            set_cell(line, n++, text);
            free(text);
        }
    }
    /* Without rows libsmartcols prints nothing at all. */
    if (table->rows == 0) print_heading(table, columns);
    scols_print_table(sheet);
    scols_unref_table(sheet);
    free(columns);
}

/* One line of a record: a name and its value. */
static void
put_pair(struct libscols_table *sheet, const struct column *column,
    const struct cell *cell)
{
    struct libscols_line *line = scols_table_new_line(sheet, NULL);
    char *name = title_of(column), *text = cell_people(column, cell);

    if (column->kind == CELL_BYTES && !cell_is_nothing(column, cell)) {
        char *with_unit = mem_format("%s bytes", text);

        free(text);
        text = with_unit;
    }
    if (line != NULL) {
        set_cell(line, 0, name);
        set_cell(line, 1, text);
    }
    free(name);
    free(text);
}

static void
print_people_record(const struct table *table, const struct run *run)
{
    struct libscols_table *sheet = paper(run);

    scols_table_enable_noheadings(sheet, 1);
    add_column(sheet, "name", 0);
    add_column(sheet, "value", SCOLS_FL_WRAP);
    for (size_t i = 0; i < table->width; i++)
        if (table->columns[i].kind != CELL_JSON)
            put_pair(sheet, &table->columns[i], &table->cells[i]);
    scols_print_table(sheet);
    scols_unref_table(sheet);
}

int
table_print(const struct table *table, const struct run *run)
{
    switch (table_form(run)) {
    case TABLE_JSON:
        print_json_rows(table);
        break;
    case TABLE_PLAIN:
        print_plain(table, false);
        break;
    case TABLE_IDS:
        print_plain(table, true);
        break;
    case TABLE_PEOPLE:
    default:
        print_people(table, run);
    }
    return table_flush();
}

int
table_print_record(const struct table *table, const struct run *run)
{
    switch (table_form(run)) {
    case TABLE_JSON:
        print_json(json_of_row(table, 0));
        break;
    case TABLE_PLAIN:
        print_plain(table, false);
        break;
    case TABLE_IDS:
        print_plain(table, true);
        break;
    case TABLE_PEOPLE:
    default:
        print_people_record(table, run);
    }
    return table_flush();
}

int
table_print_change(const struct column *columns, const struct cell *cells,
    const struct run *run)
{
    enum table_form form = table_form(run);
    struct table *table;
    int status;

    if (form != TABLE_JSON && form != TABLE_PLAIN) return EXIT_FINE;
    table = table_new(columns);
    table_add(table, cells);
    status = table_print_record(table, run);
    table_free(table);
    return status;
}
