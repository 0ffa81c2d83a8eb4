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
 * So a file with the name of a segment always has its header.  When there is no
 * spare, or only the last one, which is for the cleaning, a segment begins
 * empty and grows.
 *
 * One thread changes all this.  Others may look at the list while they hold the
 * store's lock, which the one holds in turn for segments_push() and
 * segments_pop() only; a segment with readers is not popped.
 */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "master/store/disk.h"
#include "master/store/format.h"

struct segment {
    uint64_t number;
    uint64_t size; /* Blocks go no further. */
    uint64_t live; /* Bytes of rows whose newest value is here. */
    uint64_t end;  /* Of its blocks, when it is the last one no more. */
    struct disk_file *file;
    unsigned readers; /* Threads that read it now. */
    bool filled;      /* The file is that long already. */
    bool unsealed;    /* It is to say that the log goes on. */
};

enum { SEGMENTS_RESERVE = 3, SEGMENTS_SPARES = 4 };

struct segments_spare {
    struct disk_file *file;
    uint64_t name;
};

struct segments {
    struct disk *disk;
    uint64_t size; /* Of an ordinary one. */
    uint8_t id[FORMAT_ID_BYTES];
    struct segment **list; /* Owned; oldest first, numbers without a gap. */
    uint32_t count, capacity;
    uint64_t bytes; /* Of those in use. */
    struct segments_spare spares[SEGMENTS_SPARES];
    uint32_t spares_count;
    uint64_t names;                /* Last number of a spare. */
    struct segments_spare filling; /* The next one, if it has a file, */
    uint64_t filled;               /* and its bytes so far. */
};

void segments_init(struct segments *s, struct disk *disk, uint64_t size);

/** Close all files. */
void segments_fini(struct segments *s);

/** Open the file of a segment that is there; to be pushed.  Returns 0 or a
 * negative errno. */
int segments_open(
    struct segments *s, uint64_t number, uint64_t size, struct segment **out);

struct segments_wish {
    uint64_t bytes;  /* What is to fit, */
    uint64_t first;  /* the oldest segment that is needed, */
    uint64_t before; /* and the last block; it is on the disk. */
    bool cleaning;   /* The last spare may be used up. */
};

/** Whether a spare lies ready for so many bytes. */
bool segments_has_spare(
    const struct segments *s, uint64_t bytes, bool cleaning);

/** Make the next one; to be pushed.  Returns 0 or a negative errno. */
int segments_make(
    struct segments *s, struct segments_wish wish, struct segment **out);

/** Have room for one more.  Returns 0 or -ENOMEM.  With the lock held. */
int segments_reserve(struct segments *s);

/** It is the last one now (room for it was reserved). With the lock held. */
void segments_push(struct segments *s, struct segment *segment);

/** Take the oldest out of the list.  With the lock held. */
struct segment *segments_pop(struct segments *s);

/** It is needed no more: it becomes a spare, or is removed.  Takes it.  Returns
 * 0 or a negative errno. */
int segments_retire(struct segments *s, struct segment *segment);

/** Close it.  NULL is fine. */
void segments_free(struct segments *s, struct segment *segment);

/** The segment will not be written to any more: if it grew and little is
 * missing, make it as long as a spare is to be.  Returns 0 or a negative
 * errno, but for -ENOSPC. */
int segments_fill_up(struct segments *s, struct segment *segment, uint64_t end);

/** Write a little of the next spare.  Returns 1: there is more to do; 0: the
 * reserve is complete; or a negative errno; after -ENOSPC the next call goes
 * on. */
int segments_fill(struct segments *s);

/** Take the spares that are there; remove those that were never finished, and
 * segments below `first`, which may be there under two names after a failed
 * sync and so are not used again.  Returns 0 or a negative errno. */
int segments_collect(struct segments *s, uint64_t first);

struct segment *segments_last(const struct segments *s);

/** By number, which must be in use. */
struct segment *segments_find(const struct segments *s, uint64_t number);

#endif
