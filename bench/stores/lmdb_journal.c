/*
 * lmdb_journal.c - store.h on LMDB used as a journal: one value a commit.
 *
 * Keys are numbers of commits, a value is the batch as it came (a chunk); an
 * index in memory says where the newest value of each row is, and how much of
 * a chunk lives is counted.  The oldest chunk goes when nothing in it lives;
 * only the oldest, so that a delete never goes before what it deletes.  What
 * lives too long in the oldest is appended again.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/stores/lmdb_env.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/index.h"

enum { MOVE_BYTES = 1 << 20, IDLE_BYTES = 32 << 20, FIRST_RING = 1024 };

struct chunk {
    uint32_t live;  /* Rows. */
    uint32_t bytes; /* Of the value. */
};

struct store {
    struct lmdb_env db;
    MDB_dbi dbi;
    struct index index;
    struct chunk *ring;   /* Of chunk n: ring[n & mask], owned. */
    uint32_t mask;        /* Length - 1, a power of two's. */
    uint32_t first, next; /* Chunks first … next - 1 are there; 1, 2, … */
    pthread_mutex_t lock; /* Of the index, the ring and stat. */
    struct store_stat stat;
};

static struct chunk *
chunk_of(struct store *s, uint32_t number)
{
    return &s->ring[number & s->mask];
}

static MDB_val
key_of(const size_t *number)
{
    union {
        const size_t *number;
        void *bytes;
    } key = { number };

    return (MDB_val){ sizeof *number, key.bytes };
}

/* ---- the index and the counts -------------------------------------------- */

/* Room for one more chunk and its rows. */
static int
reserve(struct store *s, struct slice ops)
{
    struct row row;
    int rc = 0;

    if (s->next - s->first > s->mask) {
        uint32_t mask = s->mask * 2 + 1;
        struct chunk *ring = calloc((size_t)mask + 1, sizeof *ring);
        if (ring == NULL) return STINT_ENOMEM;
        for (uint32_t n = s->first; n < s->next; n++)
            ring[n & mask] = *chunk_of(s, n);
        free(s->ring);
        s->ring = ring;
        s->mask = mask;
    }
    while (rc == 0 && row_next(&ops, &row) == 1) {
        if (!row.deleted) rc = index_reserve(&s->index, row.kind, row.id);
    }
    return rc;
}

static void
forget_place(struct store *s, struct index_place was)
{
    if (was.segment == 0) return;
    chunk_of(s, was.segment)->live--;
    s->stat.live -= was.length;
}

/* What chunk `number` says.  Cannot fail: room was reserved. */
static void
apply(struct store *s, uint32_t number, struct slice ops)
{
    const uint8_t *start = ops.bytes;
    struct row row;

    *chunk_of(s, number) = (struct chunk){ .bytes = (uint32_t)ops.length };
    s->stat.bytes += ops.length;
    while (row_next(&ops, &row) == 1) {
        struct index_place place = { .segment = number,
            .at = (uint32_t)(row.value.bytes - start),
            .length = (uint32_t)row.value.length };
        if (row.deleted) {
            forget_place(s, index_clear(&s->index, row.kind, row.id));
            continue;
        }
        forget_place(s, index_set(&s->index, row.kind, row.id, place));
        chunk_of(s, number)->live++;
        s->stat.live += place.length;
    }
    index_trim(&s->index);
}

/* ---- opening ------------------------------------------------------------- */

static int
replay(struct store *s, MDB_cursor *at)
{
    MDB_val key, value;
    size_t number;

    int rc = mdb_cursor_get(at, &key, &value, MDB_FIRST);
    for (bool any = false; rc == 0; any = true) {
        memcpy(&number, key.mv_data, sizeof number);
        if (!any) s->first = (uint32_t)number;
        s->next = (uint32_t)number;
        const struct slice ops = { value.mv_data, value.mv_size };
        if (reserve(s, ops) != 0) return ENOMEM;
        s->next++;
        apply(s, (uint32_t)number, ops);
        rc = mdb_cursor_get(at, &key, &value, MDB_NEXT);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
open_journal(struct store *s)
{
    MDB_cursor *at = NULL;
    MDB_txn *txn;

    int rc = lmdb_env_begin(&s->db, true, &txn);
    if (rc != 0) return rc;
    rc = mdb_dbi_open(txn, "journal", MDB_CREATE | MDB_INTEGERKEY, &s->dbi);
    if (rc == 0) rc = mdb_cursor_open(txn, s->dbi, &at);
    if (rc == 0) {
        rc = replay(s, at);
        mdb_cursor_close(at);
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
    s->ring = calloc(FIRST_RING, sizeof *s->ring);
    s->mask = FIRST_RING - 1;
    s->first = s->next = 1;
    index_init(&s->index);
    (void)pthread_mutex_init(&s->lock, NULL);
    int rc = s->ring == NULL ? say(STINT_ENOMEM, "no memory for the store")
                             : lmdb_env_open(&s->db, disk->path);
    if (rc == 0) rc = lmdb_env_error(&s->db, open_journal(s), "open");
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
    if (s->db.env != NULL) {
        if (!s->db.failed) (void)mdb_env_sync(s->db.env, 1);
        lmdb_env_close(&s->db);
    }
    index_fini(&s->index);
    (void)pthread_mutex_destroy(&s->lock);
    free(s->ring);
    free(s);
}

/* ---- reading ------------------------------------------------------------- */

static struct index_place
find(struct store *s, unsigned kind, uint64_t id)
{
    (void)pthread_mutex_lock(&s->lock);
    struct index_place place = index_find(&s->index, kind, id);
    (void)pthread_mutex_unlock(&s->lock);
    return place;
}

/* MDB_NOTFOUND also when the row was moved since it was looked up. */
static int
get(struct store *s, MDB_txn *txn, struct index_place place, struct slice *out)
{
    const size_t number = place.segment;
    MDB_val key = key_of(&number), data;

    int rc = mdb_get(txn, s->dbi, &key, &data);
    if (rc != 0) return rc;
    if (data.mv_size < place.at + place.length) return MDB_CORRUPTED;
    *out = (struct slice){ (const uint8_t *)data.mv_data + place.at,
        place.length };
    return 0;
}

int
store_scan(
    struct store *s, int (*see)(void *arg, const struct row *row), void *arg)
{
    struct index_place place;
    MDB_txn *txn;

    int rc = lmdb_env_begin_read(&s->db, &txn);
    if (rc != 0) return lmdb_env_error(&s->db, rc, "read");
    for (unsigned kind = 1; rc == 0 && kind < ROW_KINDS; kind++) {
        struct row row = { .kind = kind };
        for (; rc == 0; row.id++) {
            place = index_next(&s->index, kind, &row.id);
            if (place.segment == 0) break;
            rc = lmdb_env_error(&s->db, get(s, txn, place, &row.value), "read");
            if (rc == 0) rc = see(arg, &row);
        }
    }
    lmdb_env_end_read(&s->db, txn);
    return rc;
}

int
store_read(struct store *s, unsigned kind, uint64_t id, struct buf *value)
{
    struct slice bytes;
    MDB_txn *txn;
    int rc;

    do {
        struct index_place place = find(s, kind, id);
        if (place.segment == 0) return STINT_ENOTASK;
        rc = lmdb_env_begin_read(&s->db, &txn);
        if (rc != 0) break;
        rc = get(s, txn, place, &bytes);
        if (rc == 0) buf_append(value, bytes.bytes, bytes.length);
        lmdb_env_end_read(&s->db, txn);
    } while (rc == MDB_NOTFOUND);
    if (rc != 0) return lmdb_env_error(&s->db, rc, "read");
    return value->failed ? STINT_ENOMEM : 0;
}

/* ---- writing ------------------------------------------------------------- */

/* The first chunk that is to stay: those before it are dead, and so is the
 * oldest when all that lives in it is `moved`. */
static uint32_t
first_to_stay(struct store *s, uint32_t moved)
{
    uint32_t n = moved > s->first ? moved : s->first;

    while (n < s->next && chunk_of(s, n)->live == 0)
        n++;
    return n;
}

static int
try_append(struct store *s, struct slice ops, bool sync, uint32_t stay)
{
    const size_t number = s->next;
    MDB_val key = key_of(&number), value = { .mv_size = ops.length };
    MDB_txn *txn;

    int rc = lmdb_env_begin(&s->db, sync, &txn);
    if (rc != 0) return rc;
    for (size_t n = s->first; rc == 0 && n < stay; n++) {
        MDB_val dead = key_of(&n);
        rc = mdb_del(txn, s->dbi, &dead, NULL);
    }
    if (rc == 0) {
        rc = mdb_put(txn, s->dbi, &key, &value, MDB_RESERVE | MDB_APPEND);
    }
    if (rc == 0) {
        memcpy(value.mv_data, ops.bytes, ops.length);
        return mdb_txn_commit(txn);
    }
    mdb_txn_abort(txn);
    return rc;
}

static void
free_chunks(struct store *s, uint32_t stay)
{
    for (; s->first < stay; s->first++) {
        CHECK(chunk_of(s, s->first)->live == 0);
        s->stat.bytes -= chunk_of(s, s->first)->bytes;
    }
}

/* Append a chunk; those before `moved` have nothing that is not in it. */
static int
append(struct store *s, struct slice ops, bool sync, uint32_t moved)
{
    if (s->db.failed) return say(STINT_EDISK, "%s has failed", s->db.path);
    (void)pthread_mutex_lock(&s->lock);
    int rc = reserve(s, ops);
    (void)pthread_mutex_unlock(&s->lock);
    if (rc != 0) return say(rc, "no memory for the index");

    uint32_t stay = first_to_stay(s, moved);
    rc = try_append(s, ops, sync, stay);
    while (rc == MDB_MAP_FULL) {
        rc = lmdb_env_grow(&s->db);
        if (rc == 0) rc = try_append(s, ops, sync, stay);
    }
    (void)pthread_mutex_lock(&s->lock);
    s->stat.full = rc == ENOSPC;
    if (rc == 0) {
        apply(s, s->next++, ops);
        free_chunks(s, stay);
        s->stat.commits++;
        s->stat.syncs += sync;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return lmdb_env_error(&s->db, rc, "commit");
}

int
store_commit(struct store *s, struct slice ops, bool sync)
{
    return append(s, ops, sync, s->first);
}

/* ---- what lives too long ------------------------------------------------- */

/* Append the rows that live in chunk `number` to `out`. */
static int
gather(struct store *s, uint32_t number, struct buf *out)
{
    const size_t n = number;
    MDB_val key = key_of(&n), data;
    MDB_txn *txn;
    struct row row;

    int rc = lmdb_env_begin_read(&s->db, &txn);
    if (rc != 0) return rc;
    rc = mdb_get(txn, s->dbi, &key, &data);
    struct slice ops = { data.mv_data, rc == 0 ? data.mv_size : 0 };
    while (row_next(&ops, &row) == 1) {
        struct index_place place = index_find(&s->index, row.kind, row.id);
        bool lives =
            !row.deleted && place.segment == number
            && (const uint8_t *)data.mv_data + place.at == row.value.bytes;
        if (lives) row_put(out, row.kind, row.id, row.value);
    }
    lmdb_env_end_read(&s->db, txn);
    return out->failed ? ENOMEM : rc;
}

int
store_tend(struct store *s)
{
    uint32_t n = s->first;
    struct buf moved;
    int rc = 0;

    if (s->stat.bytes < IDLE_BYTES + 2 * s->stat.live) return 0;
    buf_init(&moved);
    for (; rc == 0 && n < s->next && moved.length < MOVE_BYTES; n++) {
        rc = gather(s, n, &moved);
    }
    rc = rc != 0
             ? lmdb_env_error(&s->db, rc, "read")
             : append(s, (struct slice){ moved.bytes, moved.length }, true, n);
    if (rc == 0) s->stat.moved += moved.length;
    buf_fini(&moved);
    if (rc != 0) return s->db.failed ? STINT_EDISK : 0;
    return s->stat.bytes >= IDLE_BYTES + 2 * s->stat.live;
}

struct store_stat
store_stat(struct store *s)
{
    (void)pthread_mutex_lock(&s->lock);
    struct store_stat stat = s->stat;
    stat.rows = s->index.rows;
    stat.segments = s->next - s->first;
    (void)pthread_mutex_unlock(&s->lock);
    stat.failed = s->db.failed;
    stat.free = lmdb_env_size(&s->db) - stat.bytes;
    stat.bytes += stat.free;
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
