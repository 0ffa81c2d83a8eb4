/**
 * inside.h - what the files of the store share.                [layer: store]
 */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

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
    /* Index, list of segments and stat are read by any thread, with the lock.
     * They are changed by one, which needs the lock only for changing them, and
     * never holds it while the disk works. */
    pthread_mutex_t lock;
    struct index index;
    struct segments segments;
    uint64_t end, number, synced;
    uint64_t first;    /* The oldest segment that is needed. */
    uint64_t live;     /* Bytes, of all segments. */
    struct buf move;   /* Rows of the oldest segment, to be written again. */
    uint64_t moved_to; /* How far in it; 0: not begun. */
    struct store_stat stat;
};

#endif
