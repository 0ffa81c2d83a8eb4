/**
 * pieces.h - a line of which whole pieces are left out.        [layer: cli]
 *
 * Where a line has no room for all that it could say, what matters least is not
 * said, instead of the line being cut somewhere.
 */
#ifndef CLI_PIECES_H
#define CLI_PIECES_H

#include <stddef.h>

enum { PIECES_MAX = 12, PIECE_TEXT = 64, PIECES_TEXT = 1024 };

/* All zero: none. */
struct pieces {
    struct piece {
        unsigned rank; /* Below PIECES_MAX; the larger the sooner it goes. */
        char text[PIECE_TEXT];
    } list[PIECES_MAX];
    size_t count;
};

/** Add one behind the others; longer ones are cut at PIECE_TEXT - 1 bytes. */
void pieces_add(struct pieces *pieces, unsigned rank, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Join those that fit into `columns`, two blanks between them.  Those of rank
 * 0 stay, whether they fit or not. */
void pieces_join(
    const struct pieces *pieces, size_t columns, char out[PIECES_TEXT]);

#endif
