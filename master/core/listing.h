/**
 * listing.h - a page of rows, as an answer to `list`.           [layer: core]
 *
 * A page ends when it is long enough; who asked goes on with its `next`.
 */
#ifndef LISTING_H
#define LISTING_H

#include "master/core/inside.h"

/* A page that is being filled. */
struct listing {
    struct buf rows;
    uint32_t count, limit;
    uint64_t next;  /* Where the next page begins; 0: that was all. */
    uint64_t looks; /* At ends: so many more. */
};

/** An empty page, of as many rows as `l` asks for. */
void listing_begin(struct listing *page, const struct msg_list *l);

/** Whether there is room for one more row; else the next page begins at `at`.
 */
bool listing_has_room(struct listing *page, uint64_t at);

/** Append the record `row`. */
void listing_add(struct listing *page, enum record_type type, const void *row);

/** Answer with it; the page is gone then.  All messages of rows have the same
 * shape. */
void listing_send(struct core *core, struct session *s, struct listing *page,
    enum msg_type type, uint64_t request);

#endif
