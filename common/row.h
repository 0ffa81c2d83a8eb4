/**
 * row.h - changes of rows, in a row of bytes.                 [layer: common]
 *
 * What survives a master is rows: a key of two numbers (a kind and an id) and
 * some bytes.  A batch of changes (puts and deletes, in order) is written by
 * the core, carried by a loop, and kept by a store, always as these bytes:
 *
 *     put      kind            id varint   length u32 LE   value
 *     delete   kind | 0x80     id varint
 *
 * A put replaces the row of the same key; a delete of no row changes nothing.
 * Pure; not thread-safe.
 */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

enum { ROW_KINDS = 32 }; /* Kinds are 1 … ROW_KINDS - 1. */

struct row {
    unsigned kind;
    uint64_t id;
    bool deleted;
    struct slice value; /* Of a put. */
};

/** Begin a put; the caller then appends the value to `b` and nothing else.
 * Returns what row_end() wants. */
size_t row_begin(struct buf *b, unsigned kind, uint64_t id);

/** The value is complete. */
void row_end(struct buf *b, size_t begun);

/** Append a put of a value that is there already. */
void row_put(struct buf *b, unsigned kind, uint64_t id, struct slice value);

/** Append a delete. */
void row_delete(struct buf *b, unsigned kind, uint64_t id);

/**
 * Read the next change off the front of `ops`.  `row` borrows from it.
 *
 * Returns 1; 0 at the end; STINT_EMALFORMED, and `ops` stands where it was.
 * Any bytes whatever are safe to pass.
 */
int row_next(struct slice *ops, struct row *row);

#endif
