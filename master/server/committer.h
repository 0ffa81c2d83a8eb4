/**
 * committer.h - the thread that waits for the disk.          [layer: server]
 *
 * Owns the store while it runs.  The loop gives it one batch at a time and goes
 * on; what became of it is news, for which a descriptor becomes readable.  What
 * arrives meanwhile is the next batch, so a slow disk makes larger ones.
 *
 * A batch that finds no room is kept and tried again until there is some.  A
 * disk that failed takes nothing more.  With nothing to commit it tends the
 * store.
 */
#ifndef COMMITTER_H
#define COMMITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "master/core/core.h"
#include "master/server/logger.h"
#include "master/store/store.h"

struct committer;

/** Borrows `store`, of which nobody else may commit or tend, until the stop.
 * Returns 0 with *out, or STINT_ENOMEM, STINT_ESYSTEM; a sentence is said. */
int committer_start(
    struct store *store, const struct logger *logger, struct committer **out);

/** Let it end what it is at: a batch that a sync is under way for is committed,
 * one that waits for room is not.  NULL is fine.  False: the disk has not
 * answered for two seconds, so that the store is still used, until the process
 * ends. */
bool committer_stop(struct committer *c);

/** Readable when there is news, until committer_wake().  Lends until the
 * stop. */
int committer_fd(const struct committer *c);

/** Whoever waited for the descriptor has woken up, and will hear. */
void committer_wake(struct committer *c);

/* ---- for one thread ------------------------------------------------------ */

/** Whether it takes a batch: what it was given is done and was heard. */
bool committer_is_idle(const struct committer *c);

/** Commit `batch`.  Takes batch->ops.  It must be idle. */
void committer_give(struct committer *c, struct core_batch *batch);

struct committer_news {
    uint64_t number; /* Of the batch that is committed now; 0: none. */
    struct buf ops;  /* Its bytes are yours again, if there is one. */
    bool full;       /* The disk is. */
    int failed; /* STINT_EDISK, … and a sentence is said: nothing that was
                   not heard of yet will ever be committed. */
};

/** What happened since the last call.  False: nothing.  Gives news->ops. */
bool committer_hear(struct committer *c, struct committer_news *news);

#endif
