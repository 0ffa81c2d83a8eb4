/* Looking at a store that may be damaged, or in use: changes nothing. */
#include <string.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/index.h"
#include "master/store/replay.h"
#include "master/store/store.h"

/* So often a master at work may free a segment under the reader's hands. */
enum { TRIES = 20 };

struct look {
    const struct store_check *check;
    struct store_stat stat;
    struct index index; /* To count what lives. */
    bool found;
};

static int
see_segment(
    void *arg, const char *name, const struct format_segment *f, uint64_t size)
{
    struct look *l = arg;

    (void)name;
    (void)f;
    l->stat.segments += 1;
    l->stat.bytes += size;
    return 0;
}

static int
forget_row(struct look *l, const struct row *row)
{
    struct index_place before = index_clear(&l->index, row->kind, row->id);

    l->stat.live -= before.length;
    return l->check->row != NULL ? l->check->row(l->check->arg, row) : 0;
}

static int
see_row(void *arg, uint64_t segment, uint64_t at, struct slice bytes,
    const struct row *row)
{
    const struct index_place place = {
        .segment = (uint32_t)segment,
        .at = (uint32_t)at,
        .length = (uint32_t)bytes.length,
    };
    struct look *l = arg;

    if (row->deleted) return forget_row(l, row);
    int rc = index_reserve(&l->index, row->kind, row->id);
    if (rc != 0) return rc;
    struct index_place before = index_set(&l->index, row->kind, row->id, place);
    l->stat.live += bytes.length - before.length;
    return l->check->row != NULL ? l->check->row(l->check->arg, row) : 0;
}

/* The master has freed what was to be read next, and the deletes with it: what
 * was seen until now is taken back. */
static int
forget_all(struct look *l)
{
    int rc = 0;

    for (unsigned kind = 1; rc == 0 && kind < ROW_KINDS; kind++) {
        struct row row = { .kind = kind, .deleted = true };
        while (rc == 0 && index_next(&l->index, kind, &row.id).segment != 0)
            rc = forget_row(l, &row);
    }
    index_trim(&l->index);
    l->stat = (struct store_stat){ .rows = 0 };
    return rc;
}

static void
see_damage(void *arg, const char *name, uint64_t at, const char *what)
{
    struct look *l = arg;

    l->found = true;
    if (l->check->found != NULL) {
        l->check->found(l->check->arg, name, at, what);
    }
}

static int
look_once(struct look *l, struct disk *disk)
{
    struct replay r = { .disk = disk,
        .row = see_row,
        .segment = see_segment,
        .found = see_damage,
        .arg = l,
        .lenient = true };
    int rc = replay_run(&r);

    l->stat.torn = r.torn;
    l->stat.was_closed = r.was_closed;
    return rc;
}

int
store_check(
    struct disk *disk, const struct store_check *check, struct store_stat *out)
{
    struct look look = { .check = check };
    int rc = STINT_EBUSY;

    index_init(&look.index);
    for (int i = 0; i < TRIES && rc == STINT_EBUSY; i++) {
        int forgot = i > 0 ? forget_all(&look) : 0;
        rc = forgot != 0 ? forgot : look_once(&look, disk);
    }
    if (rc == STINT_EBUSY) {
        (void)say(rc,
            "the store in %s changes faster than it can be read: try again "
            "when its master has less to do",
            disk->path);
    }
    look.stat.rows = look.index.rows;
    index_fini(&look.index);
    if (out != NULL) *out = look.stat;
    return rc == 0 && look.found ? STINT_EDAMAGED : rc;
}
