#include "cli/cell.h"

#include <inttypes.h>

#include <jansson.h>

#include "cli/mem.h"
#include "cli/value.h"

bool
cell_is_nothing(const struct column *column, const struct cell *cell)
{
    switch (column->kind) {
    case CELL_TEXT:
    case CELL_WORD:
    case CELL_JSON:
        return cell->text == NULL;
    case CELL_MAYBE:
    case CELL_BYTES:
    case CELL_SECONDS:
    case CELL_TIME:
        return cell->number < 0;
    case CELL_NUMBER:
    case CELL_FLAG:
    default:
        return false;
    }
}

char *
cell_plain(const struct column *column, const struct cell *cell)
{
    char text[VALUE_TEXT];

    if (cell_is_nothing(column, cell)) return mem_copy("");
    switch (column->kind) {
    case CELL_TEXT:
    case CELL_WORD:
    case CELL_JSON:
        return mem_copy(cell->text);
    case CELL_SECONDS:
        return mem_format("%.6f", (double)cell->number / 1e9);
    case CELL_TIME:
        value_show_time(cell->number, text);
        return mem_copy(text);
    case CELL_FLAG:
        return mem_copy(cell->number != 0 ? "true" : "false");
    case CELL_NUMBER:
    case CELL_MAYBE:
    case CELL_BYTES:
    default:
        return mem_format("%" PRId64, cell->number);
    }
}

char *
cell_people(const struct column *column, const struct cell *cell)
{
    char text[VALUE_TEXT];

    if (cell_is_nothing(column, cell)) return mem_copy("-");
    switch (column->kind) {
    case CELL_SECONDS:
        value_show_duration(cell->number, text);
        return mem_copy(text);
    case CELL_BYTES:
        value_show_size((uint64_t)cell->number, text);
        return mem_copy(text);
    case CELL_FLAG:
        return mem_copy(cell->number != 0 ? "yes" : "no");
    case CELL_TEXT:
    case CELL_WORD:
    case CELL_NUMBER:
    case CELL_MAYBE:
    case CELL_JSON:
    case CELL_TIME:
    default:
        return cell_plain(column, cell);
    }
}

json_t *
cell_json(const struct column *column, const struct cell *cell)
{
    char text[VALUE_TEXT];

    if (cell_is_nothing(column, cell)) return json_null();
    switch (column->kind) {
    case CELL_TEXT:
    case CELL_WORD:
        return json_string(cell->text);
    case CELL_JSON:
        return json_loads(cell->text, JSON_DECODE_ANY, NULL);
    case CELL_SECONDS:
        return json_real((double)cell->number / 1e9);
    case CELL_TIME:
        value_show_time(cell->number, text);
        return json_string(text);
    case CELL_FLAG:
        return json_boolean(cell->number);
    case CELL_NUMBER:
    case CELL_MAYBE:
    case CELL_BYTES:
    default:
        return json_integer(cell->number);
    }
}
