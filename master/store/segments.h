/**
 * segments.h - the files of the log.                           [layer: store]
 *
 * Segments in use, oldest first, the last one is written to; and spares, which
 * are as long as a segment and lie ready:
 *
 *     spare-N       header written and synced, then renamed, directory synced
 *       -> NNNN.log   … until nothing in it lives and no block needs it
 *       -> spare-N    renamed; or removed when enough lie ready
 *
 * So a file with the name of a segment always has its header.  Not thread-safe.
 */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "master/store/disk.h"
#include "master/store/format.h"

struct segment {
    uint64_t number;
    uint64_t size;
    uint64_t live; /* Bytes of rows whose newest value is here. */
    struct disk_file *file;
};

struct segments {
    struct disk *disk;
    uint64_t size; /* Of an ordinary one. */
    uint8_t id[FORMAT_ID_BYTES];
    struct segment *list; /* Owned; oldest first. */
    uint32_t count, capacity;
    uint64_t bytes; /* Of those in use. */
    uint64_t spares[4];
    uint32_t spares_count;
    uint64_t names;            /* Last number of a spare. */
    struct disk_file *filling; /* The next spare, */
    uint64_t filling_name;     /* its number, */
    uint64_t filled;           /* and its bytes so far. */
};

enum { SEGMENTS_RESERVE = 2, SEGMENTS_SPARES = 4 };

void segments_init(struct segments *s, struct disk *disk, uint64_t size);

/** Close all files. */
void segments_fini(struct segments *s);

/** Take in a segment that is there, newer than all others.  Returns 0, a
 * negative errno, or -ENOMEM. */
int segments_add(struct segments *s, uint64_t number, uint64_t size);

/** Files that are neither segments from `first` on nor spares of the right
 * length are removed, the spares are taken. */
int segments_collect(struct segments *s, uint64_t first);

/** Begin a new one for a block of `bytes`; it is the last then.  `first` is
 * the oldest that is needed now.  Returns 0 or a negative errno, nothing
 * changed (but for a spare). */
int segments_begin(struct segments *s, uint64_t bytes, uint64_t first);

/** The oldest one is needed no more.  Returns 0 or a negative errno. */
int segments_free_oldest(struct segments *s);

/** Write a little of the next spare.  Returns 1: there is more to do; 0: the
 * reserve is complete; or a negative errno, and what was begun is gone. */
int segments_fill(struct segments *s);

struct segment *segments_last(const struct segments *s);

/** By number, which must be in use. */
struct segment *segments_find(const struct segments *s, uint64_t number);

#endif
