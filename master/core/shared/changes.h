/**
 * changes.h - what several operations did, so far.              [layer: core]
 *
 * A request does all of its operations or none.  Each is done at once, as the
 * next one must see it, and noted here; in the end settle.h either makes all of
 * them last or undoes them, last one first, which cannot fail.
 */
#ifndef CHANGES_H
#define CHANGES_H

#include <stdbool.h>

#include "common/list.h"
#include "master/core/shared/shelf.h"

enum change_kind {
    CHANGE_KEY,    /* Of a dict: `item` had `before` and has `after`. */
    CHANGE_PLACE,  /* The same of the place `at`. */
    CHANGE_INSERT, /* `after` came before the place `at`. */
    CHANGE_TAKE,   /* `before` was taken from the place `at`. */
    CHANGE_RANK,   /* `after` had the rank `rank`. */
    CHANGE_TURN,   /* The list was reversed. */
    CHANGE_CLEAR,  /* `content` was thrown away. */
};

struct change {
    enum change_kind kind;
    struct shelf *shelf;
    struct shelf_content *content; /* That it was done to. */
    struct dict_item *item;
    size_t at;
    int64_t rank;
    struct entry *before, *after;
};

struct changes {
    struct change *all; /* Owned. */
    size_t count, capacity;
    struct list touched; /* struct shelf.touched, each once. */
};

void changes_init(struct changes *c);

/** Nothing may be noted any more: settle it first. */
void changes_fini(struct changes *c);

/** Make room for one more; false without memory. */
bool changes_reserve(struct changes *c);

/** Note one, for which there is room. */
void changes_note(struct changes *c, const struct change *change);

#endif
