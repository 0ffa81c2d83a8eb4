/* stint_store_check(), stint_store_export(): looking into a store. */
#include "master/server/storekeeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/server/newest.h"
#include "master/server/place.h"
#include "master/server/storerow.h"
#include "master/store/store.h"

enum { TRIES = 5 };

/* ---- the first time: what there is --------------------------------------- */

struct reading {
    const char *path; /* Of the store. */
    const struct storekeeper_see *see;
    struct stint_store_stat *stat;
    struct newest newest;
    struct storerow room;
    uint64_t number; /* Of the row, the second time. */
    int stopped;     /* What `see` returned, if not 0. */
};

static void
tell(const struct reading *r, const char *file, uint64_t offset,
    const char *what)
{
    const struct stint_store_damage damage = { file, offset, what };

    r->stat->damages += 1;
    if (r->see->found != NULL) r->see->found(r->see->arg, &damage);
}

static void
found(void *arg, const char *file, uint64_t offset, const char *what)
{
    const struct reading *r = arg;
    char path[PLACE_ROOM];

    /* A name that is too long for its directory is told alone. */
    bool fits =
        strchr(file, '/') == NULL && place_path(path, r->path, file) == 0;
    tell(r, fits ? path : file, offset, what);
}

/* What some rows say of the whole. */
static void
learn(struct reading *r, unsigned kind, const union storerow_record *record)
{
    if (kind == ROW_master) {
        r->stat->format = record->master.format;
        r->stat->starts = record->master.starts;
    } else if (kind == ROW_clock) {
        r->stat->committed_ns = (int64_t)record->clock.wall;
    }
}

static int
count_row(void *arg, const struct row *row)
{
    struct reading *r = arg;
    union storerow_record record;
    bool is_bad = !row->deleted && storerow_read(row, &record) != 0;

    if (!row->deleted && !is_bad) learn(r, row->kind, &record);
    return newest_add(&r->newest, row, is_bad);
}

static void
count_key(void *arg, unsigned kind, uint64_t id, bool is_bad)
{
    struct reading *r = arg;
    const char *name = stint_store_kind(kind);
    char label[64];

    r->stat->rows += 1;
    if (kind < STINT_STORE_KINDS) r->stat->kinds[kind] += 1;
    if (!is_bad) return;
    (void)snprintf(label, sizeof label, "row %s %" PRIu64,
        name != NULL ? name : "of an unknown kind", id);
    tell(r, label, 0, "its value is not what its kind has");
}

static int
count(struct reading *r, struct disk *disk)
{
    const struct store_check check = { found, count_row, r };
    struct store_stat stat = { .rows = 0 };

    int rc = store_check(disk, &check, &stat);
    newest_each(&r->newest, count_key, r);
    r->stat->live_bytes = stat.live;
    r->stat->bytes = stat.bytes;
    r->stat->free_bytes = stat.free;
    r->stat->segments = stat.segments;
    r->stat->torn_bytes = stat.torn;
    r->stat->was_closed = stat.was_closed;
    return rc == 0 && r->stat->damages > 0 ? STINT_EDAMAGED : rc;
}

/* ---- the second time: the newest of them --------------------------------- */

static int
show_row(void *arg, const struct row *row)
{
    struct reading *r = arg;
    struct stint_store_row out;

    r->number += 1;
    if (row->deleted || !newest_is(&r->newest, row, r->number)) return 0;
    if (storerow_show(row, &r->room, &out) != 0) return 0;
    r->stopped = r->see->row(r->see->arg, &out);
    return r->stopped;
}

/* It meets the same damage as the first time. */
static int
show(struct reading *r, struct disk *disk)
{
    const struct store_check check = { NULL, show_row, r };

    int rc = store_check(disk, &check, NULL);
    return rc == STINT_EDAMAGED ? 0 : rc;
}

/* ---- both ---------------------------------------------------------------- */

int
storekeeper_say(int rc, const char *dir, const struct disk *disk)
{
    switch (rc) {
    case STINT_EDAMAGED:
        return say(rc,
            "%s is damaged: `stint store check --data %s` says where, `stint "
            "store export --data %s > rows.jsonl` gets out what is left, and "
            "`stint store import --data NEW < rows.jsonl` makes a new store of "
            "it",
            disk->path, dir, dir);
    case STINT_EFORMAT:
        return say(rc,
            "%s was written by another version of stint: use that one, and "
            "take the rows over with its `stint store export`",
            disk->path);
    case STINT_EDISK:
        return say(rc,
            "%s cannot be read: the disk may be failing; copy what can be "
            "copied to another one, or restore a backup",
            disk->path);
    case STINT_ENOMEM:
        return say(rc, "no memory to read %s", disk->path);
    default:
        return rc;
    }
}

int
storekeeper_read(const char *dir, struct disk *disk,
    const struct storekeeper_see *see, struct stint_store_stat *out)
{
    struct stint_store_stat none = { .rows = 0 };
    struct reading *r = calloc(1, sizeof *r);

    if (r == NULL) return storekeeper_say(STINT_ENOMEM, dir, disk);
    r->path = disk->path;
    r->see = see;
    r->stat = out != NULL ? out : &none;
    memset(r->stat, 0, sizeof *r->stat);
    r->stat->in_use = place_in_use(dir);
    newest_init(&r->newest);
    int rc = count(r, disk);
    if (see->row != NULL && (rc == 0 || rc == STINT_EDAMAGED)) {
        int shown = show(r, disk);
        if (shown != 0) rc = shown;
    }
    int stopped = r->stopped;
    newest_fini(&r->newest);
    free(r);
    return stopped != 0 ? stopped : storekeeper_say(rc, dir, disk);
}

/* A master frees segments under our hands, which looks like damage once.  What
 * is damaged stays so, and is told the last time. */
static int
check_in_use(const char *dir, struct disk *disk,
    const struct storekeeper_see *see, struct stint_store_stat *out)
{
    static const struct storekeeper_see NOBODY = { .row = NULL };
    int rc = STINT_EDAMAGED;

    for (int i = 1; i <= TRIES && rc == STINT_EDAMAGED; i++)
        rc = storekeeper_read(dir, disk, i < TRIES ? &NOBODY : see, out);
    return rc;
}

int
stint_store_check(const char *data_dir,
    void (*see)(void *arg, const struct stint_store_damage *damage), void *arg,
    struct stint_store_stat *out)
{
    const struct storekeeper_see seer = { .found = see, .arg = arg };
    struct disk *disk;

    int rc = place_open(data_dir, &disk);
    if (rc != 0) return rc;
    rc = place_in_use(data_dir) ? check_in_use(data_dir, disk, &seer, out)
                                : storekeeper_read(data_dir, disk, &seer, out);
    disk_close(disk);
    return rc;
}

/* ---- out of a store that changes meanwhile ------------------------------- */

/* It is read twice, so it has to stand still. */
static int
export_copy(struct disk *disk, const struct storekeeper_see *see)
{
    const char *base = getenv("TMPDIR");
    char temporary[PLACE_ROOM];
    struct disk *copy;

    int rc = place_path(
        temporary, base != NULL ? base : "/tmp", "stint-export.XXXXXX");
    if (rc != 0) return rc;
    if (mkdtemp(temporary) == NULL) {
        return say(STINT_ESYSTEM,
            "no directory for a copy of the store can be made in %s: set "
            "TMPDIR",
            base != NULL ? base : "/tmp");
    }
    rc = place_make(temporary, &copy);
    if (rc != 0) return rc;
    rc = store_copy(disk, copy, NULL);
    if (rc == 0) rc = storekeeper_read(temporary, copy, see, NULL);
    disk_close(copy);
    place_remove(temporary);
    return rc;
}

int
stint_store_export(const char *data_dir,
    int (*see)(void *arg, const struct stint_store_row *row),
    void (*tell_damage)(void *arg, const struct stint_store_damage *damage),
    void *arg)
{
    const struct storekeeper_see seer = { tell_damage, see, arg };
    struct disk *disk;

    int rc = place_open(data_dir, &disk);
    if (rc != 0) return rc;
    rc = place_in_use(data_dir) ? export_copy(disk, &seer)
                                : storekeeper_read(data_dir, disk, &seer, NULL);
    disk_close(disk);
    return rc;
}
