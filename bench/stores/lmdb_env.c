#include "bench/stores/lmdb_env.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/row.h"
#include "common/stint_error.h"
#include "common/sys/say.h"

enum { FIRST_MAP = 256 << 20 };

int
lmdb_env_error(struct lmdb_env *e, int rc, const char *what)
{
    if (rc == 0) return 0;
    if (rc == ENOMEM) return say(STINT_ENOMEM, "%s: no memory", e->path);
    if (rc == ENOSPC) {
        return say(STINT_ENOSPACE, "%s: %s: the disk is full", e->path, what);
    }
    if (rc == MDB_CORRUPTED || rc == MDB_INVALID || rc == MDB_PAGE_NOTFOUND) {
        return say(
            STINT_EDAMAGED, "%s: %s: %s", e->path, what, mdb_strerror(rc));
    }
    if (rc == MDB_VERSION_MISMATCH) {
        return say(STINT_EFORMAT, "%s: %s", e->path, mdb_strerror(rc));
    }
    e->failed = true;
    return say(STINT_EDISK, "%s: %s: %s", e->path, what, mdb_strerror(rc));
}

int
lmdb_env_open(struct lmdb_env *e, const char *path)
{
    *e = (struct lmdb_env){ .map = FIRST_MAP };
    (void)snprintf(e->path, sizeof e->path, "%s", path);
    (void)pthread_rwlock_init(&e->map_lock, NULL);
    int rc = mdb_env_create(&e->env);
    if (rc != 0) return lmdb_env_error(e, rc, "create");
    (void)mdb_env_set_maxdbs(e->env, ROW_KINDS);
    rc = mdb_env_set_mapsize(e->env, e->map);
    if (rc == 0) rc = mdb_env_open(e->env, path, MDB_NOTLS, 0600);
    MDB_envinfo info;
    if (rc == 0) rc = mdb_env_info(e->env, &info);
    if (rc == 0) {
        e->map = info.me_mapsize;
        return 0;
    }
    rc = lmdb_env_error(e, rc, "open");
    lmdb_env_close(e);
    return rc;
}

void
lmdb_env_close(struct lmdb_env *e)
{
    mdb_env_close(e->env);
    e->env = NULL;
    (void)pthread_rwlock_destroy(&e->map_lock);
}

int
lmdb_env_begin(struct lmdb_env *e, bool sync, MDB_txn **out)
{
    if (e->lazy == sync) {
        int rc = mdb_env_set_flags(e->env, MDB_NOSYNC, !sync);
        if (rc != 0) return rc;
        e->lazy = !sync;
    }
    return mdb_txn_begin(e->env, NULL, 0, out);
}

int
lmdb_env_grow(struct lmdb_env *e)
{
    (void)pthread_rwlock_wrlock(&e->map_lock);
    int rc = mdb_env_set_mapsize(e->env, e->map * 2);
    if (rc == 0) e->map *= 2;
    (void)pthread_rwlock_unlock(&e->map_lock);
    return rc;
}

int
lmdb_env_begin_read(struct lmdb_env *e, MDB_txn **out)
{
    (void)pthread_rwlock_rdlock(&e->map_lock);
    int rc = mdb_txn_begin(e->env, NULL, MDB_RDONLY, out);
    if (rc != 0) (void)pthread_rwlock_unlock(&e->map_lock);
    return rc;
}

void
lmdb_env_end_read(struct lmdb_env *e, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    (void)pthread_rwlock_unlock(&e->map_lock);
}

uint64_t
lmdb_env_size(const struct lmdb_env *e)
{
    struct stat st;
    mdb_filehandle_t fd;

    if (mdb_env_get_fd(e->env, &fd) != 0 || fstat(fd, &st) != 0) return 0;
    return (uint64_t)st.st_blocks * 512;
}

int
lmdb_env_copy(const char *from, const char *to)
{
    struct lmdb_env e;

    int rc = lmdb_env_open(&e, from);
    if (rc != 0) return rc;
    rc = lmdb_env_error(&e, mdb_env_copy2(e.env, to, MDB_CP_COMPACT), "copy");
    lmdb_env_close(&e);
    return rc;
}
