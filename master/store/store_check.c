/* Looking at a store that may be damaged, or in use: changes nothing. */
#include <string.h>

#include "common/stint_error.h"
#include "master/store/index.h"
#include "master/store/replay.h"
#include "master/store/store.h"

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
see_row(void *arg, uint64_t segment, uint64_t at, struct slice bytes,
    const struct row *row)
{
    struct look *l = arg;
    struct index_place before;

    if (row->deleted) {
        before = index_clear(&l->index, row->kind, row->id);
    } else {
        int rc = index_reserve(&l->index, row->kind, row->id);
        if (rc != 0) return rc;
        before = index_set(&l->index, row->kind, row->id,
            (struct index_place){ .segment = (uint32_t)segment,
                .at = (uint32_t)at,
                .length = (uint32_t)bytes.length });
        l->stat.live += bytes.length;
    }
    if (before.segment != 0) l->stat.live -= before.length;
    return l->check->row != NULL ? l->check->row(l->check->arg, row) : 0;
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

int
store_check(
    struct disk *disk, const struct store_check *check, struct store_stat *out)
{
    struct look look = { .check = check };
    struct replay r = { .disk = disk,
        .row = see_row,
        .segment = see_segment,
        .found = see_damage,
        .arg = &look,
        .lenient = true };

    index_init(&look.index);
    int rc = replay_run(&r);
    look.stat.rows = look.index.rows;
    look.stat.torn = r.torn;
    look.stat.was_closed = r.was_closed;
    index_fini(&look.index);
    if (out != NULL) *out = look.stat;
    return rc == 0 && look.found ? STINT_EDAMAGED : rc;
}
