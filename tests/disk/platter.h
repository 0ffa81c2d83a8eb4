/**
 * platter.h - the bytes of one file, and which of them a power cut leaves.
 *                                                                      [tests]
 *
 * Readers see what was written at once (`seen`: the system's cache); on the
 * disk (`kept`) it is after a sync.  Between the two stands, for each sector
 * that was written and not yet synced, every state it has had since: a power
 * cut leaves any one of them, each sector on its own, or tears a sector between
 * two of them.
 *
 * Memory that is not there is a CHECK.  Pure; not thread-safe.
 */
#ifndef PLATTER_H
#define PLATTER_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "tests/disk/luck.h"

enum { PLATTER_SECTOR = 512 };

struct platter_bytes {
    uint8_t *bytes; /* Owned. */
    size_t length, capacity;
};

/* One sector as one write left it. */
struct platter_state {
    size_t sector; /* Its number in the file. */
    size_t order;  /* Which of all states it is. */
    size_t length; /* Of the whole file then. */
    uint8_t bytes[PLATTER_SECTOR];
};

struct platter {
    struct platter_bytes seen, kept;
    struct platter_state *states; /* Owned; oldest first. */
    size_t count, capacity;
};

/** Make an empty file; zeroes are one too. */
void platter_init(struct platter *p);
void platter_fini(struct platter *p);

/** Make `to`, which is uninitialized, the same as `from`. */
void platter_copy(struct platter *to, const struct platter *from);

/** Write, with zeros between the end and `at` if there is a gap. */
void platter_write(struct platter *p, size_t at, struct slice bytes);

/** All is kept. */
void platter_sync(struct platter *p);

/**
 * A sync that fails, as Linux fails it: each sector was kept or was not, and in
 * both cases it counts as written: readers go on seeing the new bytes, later
 * syncs succeed, and a power cut brings the old ones back.
 */
void platter_sync_badly(struct platter *p, struct luck *luck);

/** The power is cut: from now on what is kept is all there is. */
void platter_cut_power(struct platter *p, struct luck *luck);

/** Make the file `length` bytes long, kept at once: damage, for tests. */
void platter_resize(struct platter *p, size_t length);

/** Change the bits of `mask` at `at`, kept at once: damage, for tests. */
void platter_flip(struct platter *p, size_t at, uint8_t mask);

#endif
