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
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "common/row.h"
#include "master/store/disk.h"
#include "master/store/ends.h"
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
    /* Go on behind damage.  And the store may be in use: what looks like damage
     * is looked at again, and when a segment was freed before it could be read,
     * what was read before is worth nothing: STINT_EBUSY, begin again. */
    bool lenient;

    /* What it came to. */
    struct ends ends;
    uint64_t end;    /* Where the last one ends. */
    uint64_t torn;   /* Bytes from there that were a block; 0: clean. */
    uint64_t unsure; /* What is in the last one from here on may be only in the
                        memory of the system. */
    uint64_t number; /* Of the last block; 0: none. */
    bool was_closed;
    bool knows_id;
};

/** Run it.  Returns 0, STINT_EDAMAGED, STINT_EFORMAT (both were told to
 * `found`), STINT_EDISK (said), STINT_ENOMEM, or what a callback returned. */
int replay_run(struct replay *r);

#endif
