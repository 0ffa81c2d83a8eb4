/*
 * lmdb_rows.c - store.h on LMDB, a row a key.
 *
 * A database for each kind, keys are ids.  Ids rise, so a row that was never
 * there is appended (MDB_APPEND: full pages, no search); cursors stay where
 * they are within a batch, so that neighbours are found without one.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/stores/lmdb_env.h"
#include "common/stint_error.h"
#include "common/sys/say.h"

struct store {
    struct lmdb_env db;
    MDB_dbi kinds[ROW_KINDS];
    uint64_t last[ROW_KINDS]; /* No id of the kind is larger. */
    pthread_mutex_t lock;     /* Of stat. */
    struct store_stat stat;
};

static MDB_val
key_of(const uint64_t *id)
{
    union {
        const uint64_t *id;
        void *bytes;
    } key = { id };

    return (MDB_val){ sizeof *id, key.bytes };
}

/* ---- opening ------------------------------------------------------------- */

static int
open_kind(struct store *s, MDB_txn *txn, unsigned kind)
{
    char name[8];
    MDB_stat stat;
    MDB_cursor *at = NULL;
    MDB_val key, value;

    (void)snprintf(name, sizeof name, "%u", kind);
    int rc =
        mdb_dbi_open(txn, name, MDB_CREATE | MDB_INTEGERKEY, &s->kinds[kind]);
    if (rc == 0) rc = mdb_stat(txn, s->kinds[kind], &stat);
    if (rc == 0) rc = mdb_cursor_open(txn, s->kinds[kind], &at);
    if (rc != 0) return rc;
    s->stat.rows += stat.ms_entries;
    rc = mdb_cursor_get(at, &key, &value, MDB_LAST);
    if (rc == 0) memcpy(&s->last[kind], key.mv_data, sizeof s->last[kind]);
    mdb_cursor_close(at);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
open_kinds(struct store *s)
{
    MDB_txn *txn;

    int rc = lmdb_env_begin(&s->db, true, &txn);
    if (rc != 0) return rc;
    for (unsigned kind = 1; kind < ROW_KINDS && rc == 0; kind++) {
        rc = open_kind(s, txn, kind);
    }
    if (rc == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

int
store_open(
    struct disk *disk, const struct store_config *config, struct store **out)
{
    (void)config;
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) return say(STINT_ENOMEM, "no memory for the store");
    int rc = lmdb_env_open(&s->db, disk->path);
    if (rc != 0) {
        free(s);
        return rc;
    }
    (void)pthread_mutex_init(&s->lock, NULL);
    rc = lmdb_env_error(&s->db, open_kinds(s), "open");
    if (rc != 0) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void
store_close(struct store *s)
{
    if (s == NULL) return;
    if (!s->db.failed) (void)mdb_env_sync(s->db.env, 1);
    lmdb_env_close(&s->db);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- reading ------------------------------------------------------------- */

static int
scan_kind(struct store *s, MDB_txn *txn, unsigned kind,
    int (*see)(void *arg, const struct row *row), void *arg)
{
    struct row row = { .kind = kind };
    MDB_val key, value;
    MDB_cursor *at = NULL;

    int rc = mdb_cursor_open(txn, s->kinds[kind], &at);
    if (rc != 0) return lmdb_env_error(&s->db, rc, "read");
    int end = mdb_cursor_get(at, &key, &value, MDB_FIRST);
    for (; rc == 0 && end == 0;
         end = mdb_cursor_get(at, &key, &value, MDB_NEXT)) {
        memcpy(&row.id, key.mv_data, sizeof row.id);
        row.value = (struct slice){ value.mv_data, value.mv_size };
        rc = see(arg, &row);
    }
    mdb_cursor_close(at);
    if (rc != 0 || end == 0 || end == MDB_NOTFOUND) return rc;
    return lmdb_env_error(&s->db, end, "read");
}

int
store_scan(
    struct store *s, int (*see)(void *arg, const struct row *row), void *arg)
{
    MDB_txn *txn;

    int rc = lmdb_env_begin_read(&s->db, &txn);
    if (rc != 0) return lmdb_env_error(&s->db, rc, "read");
    for (unsigned kind = 1; rc == 0 && kind < ROW_KINDS; kind++) {
        rc = scan_kind(s, txn, kind, see, arg);
    }
    lmdb_env_end_read(&s->db, txn);
    return rc;
}

int
store_read(struct store *s, unsigned kind, uint64_t id, struct buf *value)
{
    MDB_txn *txn;
    MDB_val key = key_of(&id), data;

    int rc = lmdb_env_begin_read(&s->db, &txn);
    if (rc != 0) return lmdb_env_error(&s->db, rc, "read");
    rc = mdb_get(txn, s->kinds[kind], &key, &data);
    if (rc == 0) buf_append(value, data.mv_data, data.mv_size);
    lmdb_env_end_read(&s->db, txn);
    if (rc == MDB_NOTFOUND) return STINT_ENOTASK;
    if (rc != 0) return lmdb_env_error(&s->db, rc, "read");
    return value->failed ? STINT_ENOMEM : 0;
}

/* ---- writing ------------------------------------------------------------- */

static int
apply(struct store *s, MDB_cursor *at, const struct row *row)
{
    MDB_val key = key_of(&row->id), value;

    if (row->deleted) {
        int rc = mdb_cursor_get(at, &key, &value, MDB_SET);
        if (rc == MDB_NOTFOUND) return 0;
        return rc == 0 ? mdb_cursor_del(at, 0) : rc;
    }
    bool is_new = row->id > s->last[row->kind];
    value.mv_size = row->value.length;
    int rc = mdb_cursor_put(
        at, &key, &value, MDB_RESERVE | (is_new ? MDB_APPEND : 0U));
    if (rc == 0 && value.mv_size > 0) {
        memcpy(value.mv_data, row->value.bytes, value.mv_size);
    }
    return rc;
}

static int
try_commit(struct store *s, struct slice ops, bool sync)
{
    MDB_cursor *at[ROW_KINDS] = { NULL };
    MDB_txn *txn;
    struct row row;

    int rc = lmdb_env_begin(&s->db, sync, &txn);
    if (rc != 0) return rc;
    while (rc == 0 && row_next(&ops, &row) == 1) {
        MDB_cursor **cursor = &at[row.kind];
        if (*cursor == NULL) {
            rc = mdb_cursor_open(txn, s->kinds[row.kind], cursor);
        }
        if (rc == 0) rc = apply(s, *cursor, &row);
        if (rc == 0 && row.id > s->last[row.kind]) s->last[row.kind] = row.id;
    }
    if (rc == 0) return mdb_txn_commit(txn); /* Closes the cursors too. */
    mdb_txn_abort(txn);
    return rc;
}

int
store_commit(struct store *s, struct slice ops, bool sync)
{
    if (s->db.failed) return say(STINT_EDISK, "%s has failed", s->db.path);
    int rc = try_commit(s, ops, sync);
    while (rc == MDB_MAP_FULL) {
        rc = lmdb_env_grow(&s->db);
        if (rc == 0) rc = try_commit(s, ops, sync);
    }
    (void)pthread_mutex_lock(&s->lock);
    s->stat.commits += rc == 0;
    s->stat.syncs += rc == 0 && sync;
    s->stat.full = rc == ENOSPC;
    (void)pthread_mutex_unlock(&s->lock);
    return lmdb_env_error(&s->db, rc, "commit");
}

int
store_tend(struct store *s)
{
    return s->db.failed ? STINT_EDISK : 0;
}

struct store_stat
store_stat(struct store *s)
{
    (void)pthread_mutex_lock(&s->lock);
    struct store_stat stat = s->stat;
    (void)pthread_mutex_unlock(&s->lock);
    stat.bytes = lmdb_env_size(&s->db);
    stat.failed = s->db.failed;
    return stat;
}

/* ---- tools --------------------------------------------------------------- */

int
store_check(
    struct disk *disk, const struct store_check *check, struct store_stat *out)
{
    struct store *s;

    int rc = store_open(disk, NULL, &s);
    if (rc != 0) return rc;
    if (check->row != NULL) rc = store_scan(s, check->row, check->arg);
    *out = store_stat(s);
    store_close(s);
    return rc;
}

int
store_copy(struct disk *from, struct disk *to, struct store_stat *out)
{
    int rc = lmdb_env_copy(from->path, to->path);
    return rc == 0 ? store_check(to, &(struct store_check){ 0 }, out) : rc;
}
