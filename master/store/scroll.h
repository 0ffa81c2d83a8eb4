/**
 * scroll.h - one segment in memory, to be read.                [layer: store]
 */
#ifndef SCROLL_H
#define SCROLL_H

#include "master/store/disk.h"
#include "master/store/format.h"

struct scroll {
    char name[FORMAT_NAME];
    struct format_segment header;
    uint8_t *bytes; /* Owned. */
    uint64_t size;
};

/**
 * Read a segment whole.
 *
 * Returns: 0; STINT_EDAMAGED (it is missing, or its header is not whole) or
 *          STINT_EFORMAT, with *what and *at; STINT_EDISK (said);
 *          STINT_ENOMEM.  But for 0 there is nothing to be freed.  `name` is
 *          always set.
 */
int scroll_load(struct scroll *t, struct disk *disk, uint64_t number,
    const char **what, uint64_t *at);
void scroll_fini(struct scroll *t);

/** The block that stands at `at`, whole; else false. */
bool scroll_block(const struct scroll *t, uint64_t at, struct format_block *b);

/** Move *at to the next whole block with a number above `above`. */
bool scroll_find(const struct scroll *t, uint64_t *at, uint64_t above,
    struct format_block *b);

/**
 * The last block of which a header from `at` on, of a block that is whole or
 * not, says that it was on the disk; 0: none.  *end: behind the last of these
 * blocks (`at`: there is none).  *seal: the last header is a seal.
 */
uint64_t scroll_claims(
    const struct scroll *t, uint64_t at, uint64_t *end, bool *seal);

#endif
