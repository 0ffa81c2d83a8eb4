#include "cli/pieces.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/width.h"

void
pieces_add(struct pieces *pieces, unsigned rank, const char *format, ...)
{
    struct piece *piece = &pieces->list[pieces->count++];
    va_list list;

    piece->rank = rank;
    va_start(list, format);
    vsnprintf(piece->text, sizeof(piece->text), format, list);
    va_end(list);
}

static void
join_up_to(const struct pieces *pieces, unsigned rank, char out[PIECES_TEXT])
{
    size_t at = 0;

    *out = '\0';
    for (size_t i = 0; i < pieces->count; i++)
        if (pieces->list[i].rank <= rank)
            at += (size_t)snprintf(out + at, PIECES_TEXT - at, "%s%s",
                at > 0 ? "  " : "", pieces->list[i].text);
}

void
pieces_join(const struct pieces *pieces, size_t columns, char out[PIECES_TEXT])
{
    unsigned rank = PIECES_MAX;

    join_up_to(pieces, rank, out);
    while (rank > 0 && width_of(out) > columns)
        join_up_to(pieces, --rank, out);
}
