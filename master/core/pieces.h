/**
 * pieces.h - pieces of files: taken, given, let go of.          [layer: core]
 */
#ifndef PIECES_H
#define PIECES_H

#include "master/core/inside.h"

/**
 * Take a piece, which begins where what is there ends, of the same file or of
 * one that replaces it; then that one is dropped, and what other attempts left.
 * Everything about it was checked, but for the bounds on numbers of files.
 * Returns 0, or nothing is changed: STINT_ELIMIT, STINT_ENOMEM.
 */
int pieces_add(struct core *core, const struct file_news *news);

/** The piece that holds the byte `from` (of an empty file its only one), and
 * its bytes from there on; lent until the next call.  False: they cannot be
 * read. */
bool pieces_read(
    struct core *core, const struct file *f, uint64_t from, struct slice *out);

/** The batch `number` is committed: bytes that the store has leave. */
void pieces_committed(struct core *core, uint64_t number);

/** Take a row of a piece.  Returns 0, STINT_EDAMAGED with *why, or
 * STINT_ENOMEM. */
int pieces_load(struct core *core, struct job *j, uint64_t id,
    const struct rec_kept_file *row, const char **why);

#endif
