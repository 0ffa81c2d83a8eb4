/**
 * storekeeper.h - reading the store of a master from outside. [layer: server]
 *
 * What stint_store_check(), stint_store_export() and stint_backup() share; the
 * contracts are in stint.h.
 */
#ifndef STOREKEEPER_H
#define STOREKEEPER_H

#include "client/stint.h"
#include "common/row.h"
#include "master/store/disk.h"

/* Who is told of what is read, and of what cannot be. */
struct storekeeper_see {
    void (*found)(void *arg, const struct stint_store_damage *damage);
    int (*row)(void *arg, const struct stint_store_row *row);
    void *arg;
};

/** Read all of the store on `disk`, of the master in `dir`; each member of
 * `see` may be NULL.  As stint_store_export(); a sentence is said. */
int storekeeper_read(const char *dir, struct disk *disk,
    const struct storekeeper_see *see, struct stint_store_stat *out);

/** What a read that ended with `rc` is to people.  Says it, returns it. */
int storekeeper_say(int rc, const char *dir, const struct disk *disk);

#endif
