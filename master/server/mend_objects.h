/**
 * mend_objects.h - what is left of named objects.             [layer: server]
 *
 * Of two of the same name the newer one stays.  A condition whose lock is lost
 * is left out, and so is what is held of an object that is lost, and what such
 * a dict or list had.  Permits of a bounded semaphore that nobody holds any
 * more are free.
 */
#ifndef MEND_OBJECTS_H
#define MEND_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/row.h"
#include "master/server/mend_entries.h"
#include "proto/proto.h"

struct mend_object;

struct mend_objects {
    struct mend_object *objects; /* Owned; in order of their numbers. */
    size_t count, room;
    bool names_are_clear; /* No two have the same one. */
    struct mend_entries entries;
    struct buf *ops; /* What is to change; the caller's. */
    void (*told)(void *arg, const char *what);
    void *arg;
};

void mend_objects_init(struct mend_objects *m, struct buf *ops,
    void (*told)(void *arg, const char *what), void *arg);
void mend_objects_fini(struct mend_objects *m);

/**
 * Of a row of an object that cannot be read: were its permits more than a row
 * may say, which a master once let them become, append it to `mended` with as
 * many as it may.  False: that is not what is wrong with it.
 */
bool mend_objects_permits(const struct row *row, struct buf *mended);

/* Rows, in order of kinds and ids.  False: no memory. */
bool mend_objects_see(
    struct mend_objects *m, uint64_t number, const struct rec_kept_object *row);
bool mend_objects_see_hold(
    struct mend_objects *m, uint64_t id, const struct rec_kept_hold *row);
bool mend_objects_see_entry(
    struct mend_objects *m, uint64_t id, const struct rec_kept_entry *row);

/** That was all. */
bool mend_objects(struct mend_objects *m);

#endif
