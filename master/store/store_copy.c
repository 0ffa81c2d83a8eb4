/* A copy of a store, which may be in use while it is made: its rows, not its
 * files. */
#include <string.h>

#include "common/buf.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/store.h"

enum { BATCH_BYTES = 1 << 20 };

struct copy {
    const char *from;
    struct store *to;
    struct buf ops; /* Read, and not committed yet. */
};

static int
commit(struct copy *c)
{
    int rc = c->ops.failed
                 ? say(STINT_ENOMEM, "no memory for the copy")
                 : store_commit(c->to,
                     (struct slice){ c->ops.bytes, c->ops.length }, false);

    buf_clear(&c->ops);
    return rc;
}

static int
copy_row(void *arg, const struct row *row)
{
    struct copy *c = arg;

    if (row->deleted) {
        row_delete(&c->ops, row->kind, row->id);
    } else {
        row_put(&c->ops, row->kind, row->id, row->value);
    }
    return c->ops.failed || c->ops.length >= BATCH_BYTES ? commit(c) : 0;
}

static void
say_found(void *arg, const char *name, uint64_t at, const char *what)
{
    const struct copy *c = arg;

    (void)say(STINT_EDAMAGED,
        "%s/%s is damaged at byte %llu: %s.  There is no copy; look at the "
        "store with `stint store check`",
        c->from, name, (unsigned long long)at, what);
}

static int
refuse_any(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return 1;
}

static int
be_empty(struct disk *disk)
{
    int rc = disk->list(disk, refuse_any, NULL);

    if (rc > 0) {
        return say(
            STINT_EEXISTS, "%s is not empty: give a new directory", disk->path);
    }
    if (rc == 0) return 0;
    return say(STINT_EDISK, "%s cannot be read: %s", disk->path, strerror(-rc));
}

/* A close syncs, and says so in the log: whoever checks the copy then knows
 * that it is whole. */
static int
check_copy(struct disk *to, struct store_stat *out)
{
    const struct store_check nobody = { .found = NULL };
    struct store_stat stat;
    int rc = store_check(to, &nobody, &stat);

    if (out != NULL) *out = stat;
    if (rc == 0 && stat.was_closed) return 0;
    return say(rc == 0 ? STINT_EDISK : rc,
        "the copy in %s is not whole: is the disk full?", to->path);
}

int
store_copy(struct disk *from, struct disk *to, struct store_stat *out)
{
    struct copy c = { .from = from->path };
    const struct store_check check = { say_found, copy_row, &c };

    int rc = be_empty(to);
    if (rc != 0) return rc;
    rc = store_open(to, NULL, &c.to);
    if (rc != 0) return rc;
    buf_init(&c.ops);
    rc = store_check(from, &check, NULL);
    if (rc == 0) rc = commit(&c);
    buf_fini(&c.ops);
    store_close(c.to);
    return rc == 0 ? check_copy(to, out) : rc;
}
