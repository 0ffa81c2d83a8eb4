/**
 * layout.h - which columns of a table fit, and how wide.        [layer: cli]
 *
 * Texts are cut first, the widest one each time, down to a width that still
 * says something; where that is not enough spare columns go, then numbers, the
 * last ones first.  Ids and words are never cut and never go.
 */
#ifndef CLI_LAYOUT_H
#define CLI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

enum { LAYOUT_BETWEEN = 2, LAYOUT_TEXT_MIN = 12 };

struct layout_column {
    bool shown;
    bool may_be_cut;
    bool is_spare;
    bool is_number;
    size_t heading; /* Width of what stands above it. */
    size_t width;   /* Of the widest cell or the heading; then what it gets. */
};

/** Make them fit into `room` columns, LAYOUT_BETWEEN between two of them, as
 * far as they can be. */
void layout_fit(struct layout_column *columns, size_t count, size_t room);

#endif
