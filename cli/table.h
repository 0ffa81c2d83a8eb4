/**
 * table.h - one definition, printed for people and for machines.  [layer: cli]
 *
 * Columns are declared once.  A table prints aligned with a heading for people,
 * as one JSON array (--json), as tab-separated lines (--plain) or as its id
 * column alone (-q).  A record is a table of one row: people see it line by
 * line, JSON is one object.
 *
 * On a terminal a table is as wide as that at most: texts are cut, the widest
 * ones first, and end with an ellipsis; where that is not enough spare columns
 * are left out, then numbers.  Into a pipe everything is printed whole.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdint.h>

#include "cli/setting.h"

enum cell_kind {
    CELL_TEXT,    /* cell.text; NULL: nothing, JSON null. */
    CELL_WORD,    /* The same; a word that is never cut. */
    CELL_NUMBER,  /* cell.number, printed as it is. */
    CELL_MAYBE,   /* The same; negative: nothing. */
    CELL_JSON,    /* cell.text: a JSON document; for machines. */
    CELL_BYTES,   /* cell.number: a size; negative: nothing. */
    CELL_SECONDS, /* cell.number: nanoseconds; negative: nothing. */
    CELL_TIME,    /* cell.number: nanoseconds since 1970; negative: nothing. */
    CELL_FLAG     /* cell.number: 0 or 1. */
};

/* Whether people see a column; machines see all of them. */
enum column_room {
    COLUMN_SHOWN,  /* Always. */
    COLUMN_HIDDEN, /* Never in a table, only in a record. */
    COLUMN_ANY,    /* Where a row has a number other than 0. */
    COLUMN_SPARE   /* Where the terminal has room; the last ones go first. */
};

struct column {
    const char *name; /* The JSON key; people see it with blanks for "_". */
    enum cell_kind kind;
    enum column_room room;
    bool is_id; /* What -q prints. */
};

struct cell {
    int64_t number;
    const char *text;
};

/** Cells, within the braces of an array of them. */
#define TABLE_NUMBER(n)        \
    {                          \
        .number = (int64_t)(n) \
    }
#define TABLE_TEXT(t) \
    {                 \
        .text = (t)   \
    }

enum table_form { TABLE_PEOPLE, TABLE_JSON, TABLE_PLAIN, TABLE_IDS };

struct table;

/** Borrows `columns`, which end with {0}, until freed. */
struct table *table_new(const struct column *columns);

/** Add a row: a cell for each column.  Copies the texts. */
void table_add(struct table *table, const struct cell *cells);

/** Print on stdout as --json, --plain and -q say.  Returns an exit status. */
int table_print(const struct table *table, const struct run *run);

/** The same for a table of one row. */
int table_print_record(const struct table *table, const struct run *run);

/** Parts of a larger JSON document, where it is printed by hand: a table of one
 * row without its last brace, so that more may follow; a table as an array. */
void table_begin_json(const struct table *table);
void table_dump_json(const struct table *table);

/** What a command has changed, a row of `columns`: for machines only, people
 * were told.  Returns an exit status. */
int table_print_change(const struct column *columns, const struct cell *cells,
    const struct run *run);

size_t table_rows(const struct table *table);

void table_free(struct table *table);

enum table_form table_form(const struct run *run);

/** Flush stdout; returns 0, or 1 having said that it cannot be written. */
int table_flush(void);

#endif
