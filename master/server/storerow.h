/**
 * storerow.h - rows of a store as the public header shows them. [layer: server]
 *
 * Driven by the table of proto/rows.def: a field is what its record says.
 */
#ifndef STOREROW_H
#define STOREROW_H

#include "client/stint.h"
#include "common/buf.h"
#include "common/row.h"
#include "proto/proto.h"

enum { STOREROW_FIELDS_MAX = 48 };

/* Room for the record of any kind. */
union storerow_record {
#define ROW(name, number, record) struct rec_##record name;
#include "proto/messages.def"
};

/** A row that was read: what stint_store_row points to. */
struct storerow {
    union storerow_record record;
    struct stint_store_field fields[STOREROW_FIELDS_MAX];
};

/**
 * Read the value of a row.  `as` borrows from it.
 * Returns 0, STINT_EFORMAT (a kind that this version does not know),
 * STINT_EDAMAGED; nothing is said.
 */
int storerow_read(const struct row *row, union storerow_record *as);

/** The same, and show it as *out, which is lent until `room` changes. */
int storerow_show(
    const struct row *row, struct storerow *room, struct stint_store_row *out);

/**
 * The other way: append a put of the row to `ops`.  Fields that are not there
 * are zero, where that may be.
 * Returns 0, or STINT_EINVAL: no such kind, field or value; a sentence is said.
 */
int storerow_put(struct buf *ops, const struct stint_store_row *row);

/** Append a put of a record of the kind. */
void storerow_write(
    struct buf *ops, unsigned kind, uint64_t id, const void *record);

#endif
