/**
 * cell.h - one cell of a table, for people and for machines.    [layer: cli]
 */
#ifndef CLI_CELL_H
#define CLI_CELL_H

#include "cli/table.h"

struct json_t;

/** Whether it has no value, by the kind of its column. */
bool cell_is_nothing(const struct column *column, const struct cell *cell);

/** As --plain prints it; gives the text. */
char *cell_plain(const struct column *column, const struct cell *cell);

/** For people: "-" for nothing, units, yes and no; gives the text. */
char *cell_people(const struct column *column, const struct cell *cell);

/** As JSON, null for nothing.  NULL: it is no JSON. */
struct json_t *cell_json(const struct column *column, const struct cell *cell);

#endif
