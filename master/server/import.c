/* stint_store_import(): a new store of rows. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/stint.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"
#include "master/core/core.h"
#include "master/server/lock.h"
#include "master/server/mend.h"
#include "master/server/place.h"
#include "master/server/storerow.h"
#include "master/store/store.h"

static const size_t BATCH = 1 << 20;      /* Bytes of a commit. */
static const size_t FIT_MEMORY = 1 << 28; /* Payloads beyond it stay on disk. */

struct import {
    int (*next)(void *arg, struct stint_store_row *row);
    void (*mended)(void *arg, const char *what);
    void *arg;
    struct store *store;
    struct buf ops;
    uint64_t rows;
};

/* ---- the rows ------------------------------------------------------------ */

static int
commit(struct import *in, bool sync)
{
    if (in->ops.failed) return say(STINT_ENOMEM, "no memory for a row");
    int rc = store_commit(
        in->store, (struct slice){ in->ops.bytes, in->ops.length }, sync);
    buf_clear(&in->ops);
    if (rc == STINT_ENOSPACE) {
        return say(rc,
            "the disk is full after %" PRIu64 " rows: make room and import "
            "again",
            in->rows);
    }
    if (rc == 0 && store_tend(in->store) < 0) rc = STINT_EDISK;
    return rc;
}

static int
take_rows(struct import *in)
{
    struct stint_store_row row;
    int rc;

    while ((rc = in->next(in->arg, &row)) > 0) {
        rc = storerow_put(&in->ops, &row);
        if (rc != 0) return rc;
        in->rows += 1;
        if (in->ops.length >= BATCH || in->ops.failed) rc = commit(in, false);
        if (rc < 0) return rc;
    }
    if (rc < 0) return rc;
    if (in->rows == 0) {
        return say(STINT_EINVAL,
            "there are no rows: give what `stint store export` has printed");
    }
    return commit(in, true);
}

/* ---- would a master take them? ------------------------------------------- */

static int
load_row(void *arg, const struct row *row)
{
    const char *why = NULL, *kind = stint_store_kind(row->kind);

    int rc = core_load(arg, row, &why);
    if (rc == 0 || rc == STINT_ENOMEM) return rc;
    return say(STINT_EINVAL,
        "row %s %" PRIu64 " does not fit: %s; correct or remove it", kind,
        row->id, why != NULL ? why : "it is of another version");
}

static bool
fetch_nothing(void *arg, unsigned kind, uint64_t id, struct buf *value)
{
    (void)arg;
    (void)kind;
    (void)id;
    (void)value;
    return false;
}

static int
check_fit(struct store *store)
{
    const char *why = NULL;
    struct core_config config;

    core_config_init(&config);
    config.durable = true;
    config.memory_max = FIT_MEMORY;
    config.fetch = fetch_nothing;
    struct core *core = core_new(&config, clock_now());
    if (core == NULL) return say(STINT_ENOMEM, "no memory to try the rows");
    int rc = store_scan(store, load_row, core);
    if (rc == 0) {
        rc = core_loaded(core, clock_now(), &why);
        if (rc == STINT_EDAMAGED || rc == STINT_EFORMAT) {
            rc = say(STINT_EINVAL, "the rows do not fit: %s",
                why != NULL ? why : "their counts do not agree");
        }
    }
    core_free(core);
    return rc == STINT_ENOMEM ? say(rc, "no memory to try the rows") : rc;
}

/* ---- the whole ----------------------------------------------------------- */

static int
fill(struct import *in, struct disk *disk)
{
    int rc = store_open(disk, NULL, &in->store);

    if (rc != 0) return rc;
    rc = take_rows(in);
    if (rc == 0) rc = mend_store(in->store, in->mended, in->arg);
    if (rc == 0) rc = check_fit(in->store);
    store_close(in->store);
    return rc;
}

/* Under another name until it is complete. */
static int
build(struct import *in, const char *dir, const char *path)
{
    char made[PLACE_ROOM], lock[PLACE_ROOM];
    struct disk *disk = NULL;

    int rc = place_path(made, dir, "store.new");
    if (rc == 0) rc = place_path(lock, path, "lock");
    if (rc == 0) rc = place_make(made, &disk);
    if (rc != 0) return rc;
    rc = fill(in, disk);
    disk_close(disk);
    if (rc == 0) {
        (void)unlink(lock);
        rc = place_move(made, path);
    }
    if (rc != 0) place_remove(made);
    return rc;
}

int
stint_store_import(const char *data_dir,
    int (*next)(void *arg, struct stint_store_row *row),
    void (*mended)(void *arg, const char *what), void *arg, uint64_t *count)
{
    struct import in = { .next = next, .mended = mended, .arg = arg };
    char path[PLACE_ROOM];
    int lock = -1;

    int rc = place_path(path, data_dir, "store");
    if (rc == 0) rc = secret_make_dir(data_dir);
    if (rc == 0) rc = lock_dir("state directory", data_dir, &lock);
    if (rc != 0) return rc;
    buf_init(&in.ops);
    if (place_is_empty(path, "lock")) {
        rc = build(&in, data_dir, path);
    } else {
        rc = say(STINT_EEXISTS,
            "there is a store in %s already: name another directory, or move "
            "it away (mv %s %s.old)",
            data_dir, path, path);
    }
    buf_fini(&in.ops);
    (void)close(lock);
    if (rc == 0 && count != NULL) *count = in.rows;
    return rc;
}
