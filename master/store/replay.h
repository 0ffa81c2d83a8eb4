/**
 * replay.h - reading the log again.                            [layer: store]
 *
 * From the oldest segment that is needed to the end of the newest.  What is not
 * what was written is told apart by what stands behind it:
 *
 *     a block that does not read, and later ones that were written when it was
 *     known to be on the disk                             damage
 *     in a segment that is not the newest                 damage
 *     at the end of the newest one                        torn: it was being
 *                                                         written, and nobody
 *                                                         was told of it
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "common/row.h"
#include "master/store/disk.h"
#include "master/store/format.h"

enum { REPLAY_NAME = 32 };

struct replay {
    struct disk *disk;
    /* Each change of a row, in order: where it stands, and its bytes.  Non-zero
     * ends it all and is returned.  Called only when its block is whole. */
    int (*row)(void *arg, uint64_t segment, uint64_t at, uint64_t length,
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
    uint64_t end;         /* Where the newest one ends. */
    uint64_t torn;   /* So far behind it blocks begin that are not whole. */
    uint64_t number; /* Of the last block; 0: none. */
    bool was_closed;
    bool has_id;
    uint8_t id[FORMAT_ID_BYTES];
};

/** "0000000000000007.log" */
void replay_name(char out[REPLAY_NAME], uint64_t segment);

/** Run it.  Returns 0, STINT_EDAMAGED, STINT_EFORMAT (both were told to
 * `found`), STINT_EDISK (said), STINT_ENOMEM, or what a callback returned. */
int replay_run(struct replay *r);

#endif
