/**
 * ends.h - where a log begins and where it ends.               [layer: store]
 *
 * A newest segment without a block is as if it were not there: it was made, and
 * nobody got to write to it.  (Maybe because its name could not be synced; then
 * it may never be on the disk, and must not be written to.)
 */
#ifndef ENDS_H
#define ENDS_H

#include "master/store/disk.h"
#include "master/store/format.h"

struct ends {
    bool is_new;          /* There is no log, or nothing in it. */
    uint64_t first, last; /* Segments: the oldest that is needed, the newest. */
    uint64_t empties;     /* So many behind `last` that have no block. */
    uint64_t oldest;      /* The lowest number of any. */
    uint8_t id[FORMAT_ID_BYTES];
};

/* What is wrong with one of them. */
struct ends_damage {
    char name[FORMAT_NAME];
    uint64_t at;
    const char *what;
};

/** Find them.  Returns 0; STINT_EDAMAGED or STINT_EFORMAT of the segment
 * `last`, of which nothing but that is known, with *damage; STINT_EDISK (said),
 * STINT_ENOMEM. */
int ends_find(struct ends *e, struct disk *disk, struct ends_damage *damage);

#endif
