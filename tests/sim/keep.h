/**
 * keep.h - the store of a simulated master, and its disk.       [tests/sim]
 *
 * The real store on a disk that tears, loses and reorders what was not synced.
 * A batch is under way for a time that the seed says, and nothing that waits
 * for it may leave; a crash may come before, in the middle of, or behind its
 * commit.
 */
#ifndef KEEP_H
#define KEEP_H

#include "master/core/core.h"
#include "master/store/store.h"

struct fake;
struct world;

struct keep {
    struct fake *fake; /* NULL: nothing is kept. */
    struct store *store;
    struct store_config config;
    struct core_batch batch;
    bool flies;    /* A batch is under way. */
    tick_ns lands; /* Until then. */
    bool power;    /* Was cut since the last start that came through. */
};

/** Make the disk, if the plan says that the master is durable. */
void keep_init(struct world *w);
void keep_fini(struct world *w);

/** Make w->core of what is on the disk.  Fails the world where that cannot be
 * read. */
void keep_start(struct world *w);

/** Land what is due, and let the next batch take off. */
void keep_turn(struct world *w);

/** When keep_turn() is needed; TICK_NEVER. */
tick_ns keep_due(const struct world *w);

/** The master dies; `power`: the whole host.  Ends w->core. */
void keep_crash(struct world *w, bool power);

#endif
