/**
 * vault.h - what survives a master, and how it comes back.   [layer: server]
 *
 * The directory `store` inside the state directory, locked by itself as well:
 * two state directories may share one by mistake.  Everything here is of the
 * loop's thread.
 */
#ifndef VAULT_H
#define VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "master/core/core.h"
#include "master/server/logger.h"
#include "master/server/timeline.h"
#include "master/store/store.h"

struct vault {
    int lock_fd;
    struct disk *disk; /* Owned, as the store. */
    struct store *store;
    bool notifies; /* The service manager, of how far it is. */
    tick_ns began; /* When it was opened. */
    int failed;    /* A row could not be read: the master must end. */
    char sentence[1024];
};

/** Open nothing yet, so that vault_close() is fine. */
void vault_init(struct vault *v, bool notifies);

/**
 * Open the store inside the state directory `dir`, making it if need be.
 *
 * Returns: 0, or STINT_EBUSY (another master uses the store), STINT_ESYSTEM, or
 *          as store_open(); a sentence is said.
 */
int vault_open(struct vault *v, const char *dir);

/**
 * Bring everything back into `core`, whose keys are there already, and let the
 * time go on.  Says every two seconds how far it is.
 *
 * Returns: 0, or STINT_EDAMAGED, STINT_EFORMAT, STINT_EDISK, STINT_ENOMEM; a
 *          sentence is said.
 */
int vault_load(struct vault *v, struct core *core, struct timeline *time,
    const struct logger *logger);

/** Commit what `core` has to say before anybody is let in, and wait for the
 * disk.  Returns 0 or as store_commit(); a sentence is said. */
int vault_commit(
    struct vault *v, struct core *core, const struct timeline *time);

/** core_config.fetch; `arg` is the vault. */
bool vault_fetch(void *arg, unsigned kind, uint64_t id, struct buf *value);

/** Close the store (its log says that its end is whole) and unlock. */
void vault_close(struct vault *v);

#endif
