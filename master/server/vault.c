#include "master/server/vault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/notify.h"
#include "common/sys/say.h"
#include "master/server/lock.h"
#include "master/server/mend_objects.h"

enum { PATH_ROOM = 4096 + 32 };

static const tick_ns REPORT = 2 * TICK_S;
static const unsigned LOOK = 1024; /* Rows from look to look at the clock. */

void
vault_init(struct vault *v, bool notifies)
{
    memset(v, 0, sizeof *v);
    v->lock_fd = -1;
    v->notifies = notifies;
}

/* ---- opening ------------------------------------------------------------- */

int
vault_open(struct vault *v, const char *dir)
{
    char path[PATH_ROOM];

    (void)snprintf(path, sizeof path, "%s/store", dir);
    v->began = clock_now();
    int rc = disk_open(path, &v->disk);
    if (rc != 0) {
        v->disk = NULL;
        return say(STINT_ESYSTEM, "the store %s cannot be opened: %s", path,
            strerror(-rc));
    }
    rc = lock_dir("store", path, &v->lock_fd);
    /* Reading a large log says nothing of how far it is. */
    if (v->notifies) {
        notify("STATUS=reading %s\nEXTEND_TIMEOUT_USEC=600000000", path);
    }
    return rc == 0 ? store_open(v->disk, NULL, &v->store) : rc;
}

void
vault_close(struct vault *v)
{
    store_close(v->store);
    disk_close(v->disk);
    if (v->lock_fd >= 0) (void)close(v->lock_fd);
    vault_init(v, false);
}

/* ---- coming back --------------------------------------------------------- */

struct load {
    struct core *core;
    const struct logger *logger;
    const char *path;
    bool notifies;
    uint64_t rows, of;
    tick_ns began, reported;
};

static void
report(struct load *l, tick_ns now)
{
    if (now - l->reported < REPORT) return;
    l->reported = now;
    logger_say(l->logger, LOG_INFO,
        "recovering rows=%" PRIu64 " of=%" PRIu64 " ms=%" PRId64, l->rows,
        l->of, (now - l->began) / TICK_MS);
    if (!l->notifies) return;
    notify("STATUS=recovering, %" PRIu64 " of %" PRIu64 " rows\n"
           "EXTEND_TIMEOUT_USEC=60000000",
        l->rows, l->of);
}

static int
refuse(const struct load *l, const char *what, int rc, const char *why)
{
    if (rc == STINT_ENOMEM) {
        return say(rc,
            "no memory to bring back the %" PRIu64 " rows of %s: free some, or "
            "give this host more",
            l->of, l->path);
    }
    if (why == NULL) why = "it is damaged";
    if (rc == STINT_EFORMAT) {
        return say(rc,
            "%s was written by another version of stint (%s: %s): start that "
            "one, or export there and import here",
            l->path, what, why);
    }
    return say(rc,
        "%s: %s does not fit the rest: %s; restore a backup, or get out what "
        "is left with `stint store export`",
        l->path, what, why);
}

/* A store is not refused for what a peer once could make a master write. */
static int
load_mended(struct load *l, const struct row *row, const char **why)
{
    int rc = STINT_EDAMAGED;
    struct row mended = *row;
    struct buf value;

    buf_init(&value);
    if (mend_objects_permits(row, &value)) {
        mended.value = (struct slice){ value.bytes, value.length };
        rc = core_load(l->core, &mended, why);
    }
    if (rc == 0) {
        logger_say(l->logger, LOG_WARNING,
            "mended object=%" PRIu64
            " why=\"a semaphore had more permits than there may be\"",
            row->id);
    }
    buf_fini(&value);
    return rc;
}

static int
load_row(void *arg, const struct row *row)
{
    struct load *l = arg;
    const char *why = NULL;
    char what[64];

    int rc = core_load(l->core, row, &why);
    if (rc == STINT_EDAMAGED) rc = load_mended(l, row, &why);
    if (rc != 0) {
        (void)snprintf(what, sizeof what, "row %" PRIu64 " of kind %u", row->id,
            row->kind);
        return refuse(l, what, rc, why);
    }
    if (++l->rows % LOOK == 0) report(l, clock_now());
    return 0;
}

/* From here on the time is the master's own. */
static int
end_load(const struct load *l, struct timeline *time)
{
    const struct core_clock last = core_clock_loaded(l->core);
    const char *why = NULL;

    timeline_resume(time, &last);
    int rc = core_loaded(l->core, timeline_now(time), &why);
    return rc == 0 ? 0 : refuse(l, "what it holds", rc, why);
}

int
vault_load(struct vault *v, struct core *core, struct timeline *time,
    const struct logger *logger)
{
    const struct store_stat stat = store_stat(v->store);
    struct load l = { .core = core,
        .logger = logger,
        .path = v->disk->path,
        .notifies = v->notifies,
        .of = stat.rows,
        .began = v->began,
        .reported = clock_now() };

    int rc = store_scan(v->store, load_row, &l);
    if (rc == 0) rc = end_load(&l, time);
    if (rc != 0) return rc;
    if (l.rows == 0) {
        logger_say(logger, LOG_INFO, "store-begun");
        return 0;
    }
    const struct core_totals t = core_totals(core);
    logger_say(logger, LOG_INFO,
        "recovered rows=%" PRIu64 " tasks=%" PRIu64 " sessions=%" PRIu32
        " ms=%" PRId64 " closed=%s torn=%" PRIu64,
        l.rows, t.ready + t.delayed + t.leased, t.sessions,
        (clock_now() - l.began) / TICK_MS, stat.was_closed ? "yes" : "no",
        stat.torn);
    return 0;
}

int
vault_commit(struct vault *v, struct core *core, const struct timeline *time)
{
    const struct core_clock clock = timeline_clock(time);
    struct core_batch batch;
    int rc = 0;

    core_clock_set(core, &clock);
    while (rc == 0 && core_take(core, &batch)) {
        rc = store_commit(v->store,
            (struct slice){ batch.ops.bytes, batch.ops.length }, true);
        if (rc == 0) core_committed(core, batch.number);
        core_recycle(core, &batch.ops);
    }
    if (rc == 0 && core_has_failed(core)) {
        return say(STINT_ENOMEM, "no memory for what is to be stored");
    }
    return rc;
}

bool
vault_fetch(void *arg, unsigned kind, uint64_t id, struct buf *value)
{
    struct vault *v = arg;

    int rc = store_read(v->store, kind, id, value);
    if (rc == 0) return true;
    if (v->failed != 0) return false;
    v->failed = rc == STINT_ENOTASK ? STINT_EDAMAGED : rc;
    if (rc == STINT_ENOTASK) {
        (void)snprintf(v->sentence, sizeof v->sentence,
            "%s: row %" PRIu64 " of kind %u is not there any more",
            v->disk->path, id, kind);
    } else {
        (void)snprintf(v->sentence, sizeof v->sentence, "%s", say_message());
    }
    return false;
}
