/**
 * lmdb_env.h - what both stores on LMDB share.                 [layer: bench]
 *
 * An environment whose map grows by itself, and LMDB's errors as ours.  These
 * stores exist to be measured (docs/DESIGN.md "The store"); nothing else uses
 * them.
 */
#ifndef LMDB_ENV_H
#define LMDB_ENV_H

#include <lmdb.h>
#include <pthread.h>
#include <stdbool.h>

#include "common/slice.h"
#include "master/store/store.h"

struct lmdb_env {
    MDB_env *env;
    char path[1024];
    size_t map;
    pthread_rwlock_t map_lock; /* Held by readers; for writing: it grows. */
    bool failed;
    bool lazy; /* MDB_NOSYNC is set. */
};

/** Open the environment in the directory `path`.  Returns 0 or as
 * store_open(). */
int lmdb_env_open(struct lmdb_env *e, const char *path);

void lmdb_env_close(struct lmdb_env *e);

/** The negative STINT_E of an error of LMDB; a sentence is said. */
int lmdb_env_error(struct lmdb_env *e, int rc, const char *what);

/** Begin to write; `sync`: the commit waits for the disk. */
int lmdb_env_begin(struct lmdb_env *e, bool sync, MDB_txn **out);

/** The map was full (MDB_MAP_FULL), the transaction is aborted: make it twice
 * as large.  Returns 0 or LMDB's error. */
int lmdb_env_grow(struct lmdb_env *e);

/** Begin and end to read.  Any thread. */
int lmdb_env_begin_read(struct lmdb_env *e, MDB_txn **out);
void lmdb_env_end_read(struct lmdb_env *e, MDB_txn *txn);

/** Bytes of the file. */
uint64_t lmdb_env_size(const struct lmdb_env *e);

/** Copy the environment in use at `from` to the directory `to`. */
int lmdb_env_copy(const char *from, const char *to);

#endif
