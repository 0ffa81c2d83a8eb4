/**
 * log.h - the end of the log, where everything is written.     [layer: store]
 *
 * What store.c and clean.c share: the one struct, and appending to it.
 */
#ifndef LOG_H
#define LOG_H

#include <pthread.h>

#include "master/store/index.h"
#include "master/store/segments.h"
#include "master/store/store.h"
/*
 * Holds always: every row of the index is in a segment in use; the live bytes
 * of a segment are the sum of its rows' lengths; block `number` ends at `end`
 * of the last segment, and up to `synced` all are on the disk.
 */
struct store {
    struct disk *disk;
    /* Index and list of segments are read by any thread and changed by one,
     * which needs the lock only for changing them. */
    pthread_mutex_t lock;
    struct index index;
    struct segments segments;
    uint64_t end, number, synced;
    uint64_t first;    /* The oldest segment that is needed. */
    uint64_t live;     /* Bytes, of all segments. */
    struct buf move;   /* Rows of the oldest segment, to be written again. */
    uint64_t moved_to; /* How far in it. */
    struct store_stat stat;
};

/** Append a block.  `closes`: it is the close mark.  As store_commit(). */
int log_append(struct store *s, struct slice ops, bool sync, bool closes);

/** What was appended is on the disk then.  Returns 0 or STINT_EDISK. */
int log_sync(struct store *s);

/** The last segment has room for `bytes` then.  Returns as store_commit(). */
int log_make_room(struct store *s, uint64_t bytes);

/** The change of `row` at this place is the newest; room in the index was
 * reserved. */
void log_note_row(struct store *s, const struct row *row, uint64_t segment,
    uint64_t at, uint64_t length);

/** The disk has failed: say so, once and for ever.  Returns STINT_EDISK. */
int log_fail(struct store *s, const char *what, int64_t rc);

#endif
