#include "master/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/clean.h"
#include "master/store/log.h"
#include "master/store/replay.h"
#include "master/store/rows.h"

enum { SEGMENT_BYTES = 16 << 20, SEGMENT_LEAST = 4 << 10 };

/* A place in a segment is a uint32_t. */
static const uint64_t BATCH_MOST = UINT32_MAX - (1 << 20);

/* ---- every day ----------------------------------------------------------- */

int
store_commit(struct store *s, struct slice ops, bool sync)
{
    uint64_t at = 0;

    if (s->stat.failed) {
        return say(
            STINT_EDISK, "the disk under %s has failed before", s->disk->path);
    }
    if (ops.length > BATCH_MOST) {
        return say(STINT_ETOOLARGE,
            "a batch of %zu bytes is too long to commit", ops.length);
    }
    int rc = rows_reserve(s, ops);
    if (rc == 0 && ops.length > 0) rc = log_append(s, LOG_CHANGES, ops, &at);
    if (rc == 0 && sync) rc = log_sync(s);
    if (rc == 0 && ops.length > 0) {
        rows_take(s, ops, segments_last(&s->segments)->number, at);
    }
    rows_trim(s);
    if (rc != 0) return rc;
    (void)pthread_mutex_lock(&s->lock);
    s->stat.commits += 1;
    (void)pthread_mutex_unlock(&s->lock);
    return 0;
}

int
store_read(struct store *s, unsigned kind, uint64_t id, struct buf *value)
{
    return rows_read(s, kind, id, value);
}

int
store_scan(
    struct store *s, int (*see)(void *arg, const struct row *row), void *arg)
{
    return rows_scan(s, see, arg);
}

/* ---- opening ------------------------------------------------------------- */

static int
open_segment(
    void *arg, const char *name, const struct format_segment *f, uint64_t size)
{
    struct store *s = arg;
    struct segment *segment = NULL;
    int rc = segments_reserve(&s->segments);

    if (rc == 0) rc = segments_open(&s->segments, f->number, size, &segment);
    if (rc == -ENOMEM) return STINT_ENOMEM;
    if (rc != 0) {
        return say(STINT_EDISK, "%s/%s cannot be opened: %s", s->disk->path,
            name, strerror(-rc));
    }
    segments_push(&s->segments, segment);
    return 0;
}

static int
open_row(void *arg, uint64_t segment, uint64_t at, struct slice bytes,
    const struct row *row)
{
    return rows_load(arg, row, bytes, segment, at);
}

static void
say_damage(void *arg, const char *name, uint64_t at, const char *what)
{
    const struct store *s = arg;

    (void)say(STINT_EDAMAGED,
        "%s/%s is damaged at byte %" PRIu64 ": %s.  Nothing was changed.  Type "
        "`stint store check` to see all of it, and `stint store export` (with "
        "--data, if it is not the usual directory) to get "
        "out what is left",
        s->disk->path, name, at, what);
}

enum { PIECE = 64 << 10 };

/* What the last process wrote and was never told to be on the disk may be only
 * in the memory of the system, even after a sync, if one has failed before: it
 * is written again. */
static int
write_again(struct store *s, uint64_t at, uint64_t end)
{
    struct disk_file *file = segments_last(&s->segments)->file;
    uint8_t *bytes = malloc(PIECE);
    int rc = 0;

    if (bytes == NULL) return -ENOMEM;
    while (rc == 0 && at < end) {
        size_t length = end - at < PIECE ? (size_t)(end - at) : PIECE;
        int64_t got = s->disk->read(s->disk, file, at, bytes, length);
        /* Of the zeros behind the last block some may be missing. */
        if (got <= 0) {
            rc = (int)got;
            break;
        }
        const struct slice part = { bytes, (size_t)got };
        rc = s->disk->write(s->disk, file, at, &part, 1);
        at += (uint64_t)got;
    }
    free(bytes);
    return rc;
}

/* The torn end becomes zeros, so that nothing there can ever be taken for a
 * block again. */
static int
cut(struct store *s, uint64_t at, uint64_t end)
{
    static const uint8_t zeros[PIECE];
    struct disk_file *file = segments_last(&s->segments)->file;
    int rc = 0;

    while (rc == 0 && at < end) {
        const struct slice part = { zeros,
            end - at < PIECE ? (size_t)(end - at) : PIECE };
        rc = s->disk->write(s->disk, file, at, &part, 1);
        at += part.length;
    }
    return rc;
}

static int
remove_empties(struct store *s, const struct replay *r)
{
    uint64_t from = r->ends.is_new ? 1 : r->ends.last + 1;
    int rc = 0;

    for (uint64_t i = 0; rc == 0 && i < r->ends.empties; i++) {
        char name[FORMAT_NAME];
        format_name(name, from + i);
        rc = s->disk->remove(s->disk, name);
    }
    return rc;
}

/* What was found is on the disk, for certain, before anything that is not
 * needed by it goes. */
static int
make_certain(struct store *s, const struct replay *r)
{
    int rc = 0;

    if (!r->ends.is_new) {
        rc = write_again(s, r->unsure, r->end);
        if (rc == 0) rc = cut(s, r->end, r->end + r->torn);
        if (rc == 0) {
            rc = s->disk->sync(s->disk, segments_last(&s->segments)->file);
            if (rc != 0) return log_fail(s, "syncing", rc);
        }
    }
    if (rc == 0) rc = remove_empties(s, r);
    if (rc == 0) rc = segments_collect(&s->segments, s->first);
    if (rc != 0) return log_error(s, "made whole again", rc);
    /* The names that were found may be the system's memory of a rename that
     * never reached the disk. */
    rc = s->disk->sync_dir(s->disk);
    return rc == 0 ? 0 : log_fail(s, "syncing", rc);
}

static int
recover(struct store *s)
{
    struct replay r = { .disk = s->disk,
        .row = open_row,
        .segment = open_segment,
        .found = say_damage,
        .arg = s };
    int rc = replay_run(&r);

    index_trim(&s->index);
    if (rc != 0) return rc;
    s->first = 1;
    if (!r.ends.is_new) {
        memcpy(s->segments.id, r.ends.id, sizeof r.ends.id);
        s->first = r.ends.first;
        s->end = r.end;
        s->number = s->synced = r.number;
        s->stat.torn = r.torn;
        s->stat.was_closed = r.was_closed;
    }
    rc = make_certain(s, &r);
    if (rc != 0 || !r.ends.is_new) return rc;
    randombytes_buf(s->segments.id, sizeof s->segments.id);
    return log_begin(s);
}

int
store_open(
    struct disk *disk, const struct store_config *config, struct store **out)
{
    uint64_t size = config != NULL && config->segment != 0 ? config->segment
                                                           : SEGMENT_BYTES;
    struct store *s = calloc(1, sizeof *s);

    if (s == NULL) return say(STINT_ENOMEM, "no memory for the store");
    if (size < SEGMENT_LEAST) size = SEGMENT_LEAST;
    s->disk = disk;
    index_init(&s->index);
    buf_init(&s->move);
    segments_init(&s->segments, disk, size / FORMAT_ALIGN * FORMAT_ALIGN);
    if (pthread_mutex_init(&s->lock, NULL) != 0) {
        free(s);
        return say(STINT_ENOMEM, "no lock for the store");
    }
    int rc = recover(s);
    if (rc == STINT_ENOMEM) (void)say(rc, "no memory for the store");
    if (rc != 0) {
        s->stat.failed = true; /* It writes no close mark. */
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
    if (!s->stat.failed) {
        const struct slice nothing = { NULL, 0 };
        uint64_t at;
        if (log_sync(s) == 0 && log_append(s, LOG_CLOSES, nothing, &at) == 0
            && log_sync(s) == 0) {
            (void)log_seal(s); /* Maybe nobody tended since it began. */
        }
    }
    segments_fini(&s->segments);
    index_fini(&s->index);
    buf_fini(&s->move);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- tending ------------------------------------------------------------- */

/* Keep the reserve.  A full disk is no failure; it is asked again. */
static int
keep_reserve(struct store *s)
{
    int rc = segments_fill(&s->segments);
    bool full = rc == -ENOSPC || rc == -EDQUOT;

    if (full) rc = 0;
    (void)pthread_mutex_lock(&s->lock);
    s->stat.free = s->segments.spares_count * s->segments.size;
    if (rc <= 0) s->stat.full = full;
    (void)pthread_mutex_unlock(&s->lock);
    return rc < 0 ? log_fail(s, "made ready", rc) : rc;
}

int
store_tend(struct store *s)
{
    if (s->stat.failed) return STINT_EDISK;
    int rc = log_seal(s);
    if (rc != 0) return rc;
    int cleaning = clean_some(s);
    if (cleaning < 0) return cleaning;
    int filling = keep_reserve(s);
    if (filling < 0) return filling;
    return cleaning > 0 || filling > 0;
}

struct store_stat
store_stat(struct store *s)
{
    (void)pthread_mutex_lock(&s->lock);
    struct store_stat stat = s->stat;
    stat.rows = s->index.rows;
    stat.live = s->live;
    stat.bytes = s->segments.bytes + stat.free;
    stat.segments = s->segments.count;
    (void)pthread_mutex_unlock(&s->lock);
    return stat;
}
