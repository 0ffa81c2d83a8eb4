#include "cli/layout.h"

/* A text that may be cut is content with little. */
static size_t
least_width(const struct layout_column *column)
{
    size_t least = column->heading;

    if (!column->may_be_cut) return column->width;
    if (least < LAYOUT_TEXT_MIN) least = LAYOUT_TEXT_MIN;
    return column->width < least ? column->width : least;
}

static size_t
sum_of(const struct layout_column *columns, size_t count, bool least)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        if (!columns[i].shown) continue;
        sum += least ? least_width(&columns[i]) : columns[i].width;
        sum += LAYOUT_BETWEEN;
    }
    return sum > 0 ? sum - LAYOUT_BETWEEN : 0;
}

static void
drop(struct layout_column *columns, size_t count, size_t room)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = count; i-- > 0;) {
            if (sum_of(columns, count, true) <= room) return;
            if (pass == 0 ? columns[i].is_spare : columns[i].is_number)
                columns[i].shown = false;
        }
}

/* Of the texts that may be cut further the widest; `count`: none. */
static size_t
widest(const struct layout_column *columns, size_t count)
{
    size_t found = count;

    for (size_t i = 0; i < count; i++) {
        const struct layout_column *c = &columns[i];

        if (!c->shown || c->width <= least_width(c)) continue;
        if (found == count || c->width > columns[found].width) found = i;
    }
    return found;
}

void
layout_fit(struct layout_column *columns, size_t count, size_t room)
{
    size_t sum;

    drop(columns, count, room);
    for (sum = sum_of(columns, count, false); sum > room; sum--) {
        size_t i = widest(columns, count);

        if (i == count) return;
        columns[i].width--;
    }
}
