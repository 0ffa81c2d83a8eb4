/**
 * replay.h - reading the log again.                            [layer: store]
 *
 * From the oldest segment that is needed to the end of the newest.  What is not
 * what was written is told apart by what stands behind it:
 *
 *     a block that does not read, and a later header, of a block or of a
 *     segment, was written when it was known to be on the disk      damage
 *     at the end of the newest segment, and nothing says so         torn: it
 *                                   was being written when it all ended
 *
 * A newest segment without a block is as if it were not there: it was made, and
 * nobody got to write to it.  (Maybe because its name could not be synced; then
 * it may never be on the disk, and must not be written to.)
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "common/row.h"
#include "master/store/disk.h"
#include "master/store/format.h"

struct replay {
    struct disk *disk;
    /* Each change of a row, in order: where it stands, and its bytes.  Non-zero
     * ends it all and is returned.  Called only when its block is whole. */
    int (*row)(void *arg, uint64_t segment, uint64_t at, struct slice bytes,
        const struct row *row);
    /* Each segment before its rows. */
    int (*segment)(void *arg, const char *name, const struct format_segment *s,
        uint64_t size);
    /* What is wrong; after it a lenient replay goes on behind it. */
    void (*found)(void *arg, const char *name, uint64_t at, const char *what);
    void *arg;
    bool lenient;

    /* What it came to. */
    bool is_new;          /* There is no log. */
    uint64_t first, last; /* Segments. */
    uint64_t empties;     /* So many behind `last` that have no block. */
    uint64_t end;         /* Where the last one ends. */
    uint64_t torn;        /* Bytes from there that were a block; 0: clean. */
    uint64_t unsure; /* What is in the last one from here on may be only in the
                        memory of the system. */
    uint64_t number; /* Of the last block; 0: none. */
    bool was_closed, has_id;
    uint8_t id[FORMAT_ID_BYTES];
};

/** Run it.  Returns 0, STINT_EDAMAGED, STINT_EFORMAT (both were told to
 * `found`), STINT_EDISK (said), STINT_ENOMEM, or what a callback returned. */
int replay_run(struct replay *r);

#endif
