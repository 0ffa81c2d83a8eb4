/**
 * index.h - where the newest value of each row is.             [layer: store]
 *
 * Ids are given in a row and die in about that order, so places stand in
 * chunks of 256 ids; a chunk whose last row is gone is freed.  16 bytes a row
 * where rows are dense, 4 KiB where one is left alone.  Any ids are fine, only
 * slower.
 *
 * To change many rows is done in two steps, so that the second cannot fail:
 * index_reserve() for each put, then index_set() and index_clear() in order,
 * then index_trim() once.  Pure; not thread-safe.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "common/row.h"

struct index_place {
    uint32_t segment; /* 0: there is no such row. */
    uint32_t at;      /* Where the row begins, with its key, */
    uint32_t length;  /* how many bytes it has, */
    uint32_t crc;     /* and their checksum. */
};

struct index_chunk;

struct index_slot {
    uint64_t number; /* Ids / 256. */
    struct index_chunk *chunk;
};

/* One kind's chunks, ordered by number, in slots[start … start + count - 1]. */
struct index_kind {
    struct index_slot *slots;
    size_t start, count, capacity;
    struct index_chunk *recent; /* The last that was changed: rows come in a
                                   row.  May be NULL. */
};

struct index {
    struct index_kind kinds[ROW_KINDS];
    struct index_chunk *empty; /* All chunks without rows, and maybe others. */
    uint64_t rows;
};

void index_init(struct index *ix);
void index_fini(struct index *ix);

/** Have room for the row.  Returns 0 or STINT_ENOMEM. */
int index_reserve(struct index *ix, unsigned kind, uint64_t id);

/** Set (room for it was reserved) or forget a row; returns what it was. */
struct index_place index_set(
    struct index *ix, unsigned kind, uint64_t id, struct index_place place);
struct index_place index_clear(struct index *ix, unsigned kind, uint64_t id);

/** Free what is empty.  To be called after changes and after reservations that
 * were not used. */
void index_trim(struct index *ix);

struct index_place index_find(
    const struct index *ix, unsigned kind, uint64_t id);

/** The first row of the kind whose id is at least *id: sets *id and returns
 * where it is, or returns segment 0. */
struct index_place index_next(
    const struct index *ix, unsigned kind, uint64_t *id);

#endif
