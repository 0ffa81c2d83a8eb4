/**
 * rows.h - rows of blocks and where they are.                  [layer: store]
 *
 * The store's one thread only, but for rows_read().
 */
#ifndef ROWS_H
#define ROWS_H

#include "common/buf.h"
#include "common/row.h"
#include "common/slice.h"
#include "master/store/inside.h"

/** Room in the index for all rows of a batch, so that nothing fails later.
 * Returns 0 or STINT_ENOMEM. */
int rows_reserve(struct store *s, struct slice ops);

/** These rows, at `at` of a segment, are the newest; then (or after a
 * reservation that was not used) rows_trim(). */
void rows_take(
    struct store *s, struct slice ops, uint64_t segment, uint64_t at);
void rows_trim(struct store *s);

/** The same of one row, whose bytes these are, in one step and without the
 * lock: for the open.  Returns 0 or STINT_ENOMEM. */
int rows_load(struct store *s, const struct row *row, struct slice bytes,
    uint64_t segment, uint64_t at);

/** store_read(), store_scan(). */
int rows_read(struct store *s, unsigned kind, uint64_t id, struct buf *value);
int rows_scan(
    struct store *s, int (*see)(void *arg, const struct row *row), void *arg);

#endif
