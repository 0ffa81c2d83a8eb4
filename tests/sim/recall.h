/**
 * recall.h - what a master must remember after it died.         [tests/sim]
 *
 * The ledger as it was when each batch was taken.  After a crash the core must
 * be exactly one of those: that of the last batch that was on the disk, or of
 * one that was on its way there.  And whoever was told something was told the
 * truth.
 */
#ifndef RECALL_H
#define RECALL_H

#include <stdbool.h>
#include <stdint.h>

struct world;
struct ledger_entry;

/* What a job has counted. */
struct recall_job {
    uint64_t number, accepted, given, dropped, kept;
};

/* The ledger at one batch. */
struct recall_page {
    uint64_t batch;
    struct ledger_entry *entries; /* Owned. */
    uint64_t count, open, dead;
    struct recall_job *jobs; /* Owned. */
    uint32_t jobs_count;
};

struct recall {
    struct recall_page *pages; /* Owned; oldest first. */
    uint32_t count, capacity;
    uint64_t landed; /* Last batch that survives the master. */
};

/** The batch is taken: all that was told to the core until now is in it. */
void recall_taken(struct world *w, uint64_t batch);

/** It is committed: older ones are history once it is `synced`. */
void recall_landed(struct world *w, uint64_t batch, bool synced);

/** Compare the new core with the pages, and make the ledger what it is now. */
void recall_crashed(struct world *w);

/** The same store was loaded again, nothing else happened. */
void recall_started(struct world *w);

void recall_fini(struct world *w);

#endif
