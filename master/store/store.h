/**
 * store.h - bytes that survive.                                [layer: store]
 *
 * Rows (common/row.h) in a directory.  A batch of changes is committed whole or
 * not at all, and in order: when a batch is there after a crash, so is every
 * one before it.  It knows rows, not tasks; another implementation could keep
 * them in a table of PostgreSQL with the primary key (kind, id).
 *
 * This one is a log (docs/DESIGN.md "The store" says why, with numbers):
 * segments of fixed size, filled with zeros when made and used again; batches
 * are appended, each with a checksum; an index in memory says where the newest
 * value of each row is.  The oldest segment is always the one that is freed:
 * what still lives there is appended again.
 *
 * One thread at a time calls it, but for store_read() and store_stat(), which
 * any thread may call while another is in store_commit() or store_tend().
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/row.h"
#include "common/slice.h"
#include "master/store/disk.h"

struct store;

struct store_config {
    uint32_t segment; /* Bytes of a segment; 0: 16 MiB.  At least 4 KiB. */
};

/**
 * Open the store on `disk` (borrowed until the close), making it if there is
 * none.  Recovers: reads the log, checks all of it, cuts a torn end.  Killed at
 * any instant, here too, the next one finds the same rows.
 *
 * Returns: 0 with *out, or
 *          STINT_EDAMAGED  bytes that were synced are not what they were, or
 *                          a segment is missing; the sentence names file and
 *                          offset and what to do (`stint store check`)
 *          STINT_EFORMAT   another version wrote it
 *          STINT_EDISK, STINT_ENOSPACE, STINT_ENOMEM
 *          A sentence is said; nothing of what was there was changed.
 */
int store_open(
    struct disk *disk, const struct store_config *config, struct store **out);

/** Close; what was committed is all there.  Says in the log that the end is
 * whole, if it can.  NULL is fine. */
void store_close(struct store *s);

/**
 * Show every row, ordered by kind and then by id, until `see` returns non-zero,
 * which is returned; else 0, or STINT_EDISK, STINT_EDAMAGED, STINT_ENOMEM
 * (said). The row is lent for the call.
 */
int store_scan(
    struct store *s, int (*see)(void *arg, const struct row *row), void *arg);

/**
 * Commit the changes `ops` (which must be well-formed).  With `sync` they, and
 * all before them, are on the disk when it returns; without, they survive the
 * end of the process but maybe not of the host.
 *
 * Returns: 0, or
 *          STINT_ENOSPACE  the disk is full and so is the reserve: nothing
 *                          changed; the same call may succeed later.
 *          STINT_EDISK     a write or a sync failed (said): the store takes
 *                          nothing more and every later call returns this.
 *          STINT_ENOMEM    nothing changed.
 *          STINT_ETOOLARGE more than 4 GiB less 1 MiB; nothing changed.
 */
int store_commit(struct store *s, struct slice ops, bool sync);

/** Append the value of a committed row to `value`.  Returns 0, STINT_ENOTASK
 * (there is no such row), STINT_EDISK, STINT_EDAMAGED (said), STINT_ENOMEM.
 * Any thread. */
int store_read(struct store *s, unsigned kind, uint64_t id, struct buf *value);

/**
 * Do a little of what can wait: keep three empty segments in reserve (the last
 * of them is for moving what lives, which gives one back), move what lives in
 * the oldest.  When the disk has no room for the reserve the store counts as
 * full (store_stat), until a later call finds room again.  To be called when
 * there is nothing to commit, and after commits. Returns 1 (there is more to
 * do), 0, or STINT_EDISK.  Takes a few milliseconds at most on an ordinary
 * disk.
 */
int store_tend(struct store *s);

struct store_stat {
    uint64_t rows;                  /* That live now. */
    uint64_t live;                  /* Bytes that they take in the log. */
    uint64_t bytes;                 /* Of all files. */
    uint64_t free;                  /* Of segments that are ready to be used. */
    uint32_t segments;              /* In use. */
    uint64_t commits, syncs, moved; /* Since the open; moved: bytes. */
    uint64_t torn;                  /* Bytes that the open cut off. */
    bool was_closed;                /* The log ended with a close. */
    bool full;   /* The disk is: what is committed now eats the reserve,
                    so take in no new work. */
    bool failed; /* The disk has failed. */
};

/** Any thread. */
struct store_stat store_stat(struct store *s);

/**
 * Read all of a store and say of each thing that is wrong where it is; changes
 * nothing and needs no lock, so it also reads one that is in use (a torn end is
 * normal there).
 *
 * `found` (may be NULL) is told each damage: file, offset, what; and, when not
 * NULL, `row` each row of the newest state that could be read, in order of the
 * log (later ones replace earlier ones), skipping what is damaged: the way to
 * get out what is left.
 * Returns 0, STINT_EDAMAGED, STINT_EFORMAT, STINT_EDISK, STINT_ENOMEM, or
 * STINT_EBUSY (said): it is in use and changes too fast to be read.  Of one in
 * use it may happen that rows are shown and then all deleted, to begin again.
 */
struct store_check {
    void (*found)(
        void *arg, const char *file, uint64_t offset, const char *what);
    int (*row)(void *arg, const struct row *row);
    void *arg;
};
int store_check(
    struct disk *disk, const struct store_check *check, struct store_stat *out);

/** Copy the store on `from`, which may be in use by another process, to the
 * empty directory of `to`: a new store with the same rows, checked and synced.
 * Returns 0, STINT_EEXISTS (`to` is not empty), or as store_open() (said). */
int store_copy(struct disk *from, struct disk *to, struct store_stat *out);

#endif
