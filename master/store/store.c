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

enum { SEGMENT_BYTES = 16 << 20, SEGMENT_LEAST = 4 << 10 };

/* A place in a segment is a uint32_t. */
static const uint64_t BATCH_MOST = UINT32_MAX - (1 << 20);

int
store_commit(struct store *s, struct slice ops, bool sync)
{
    if (s->stat.failed) {
        return say(
            STINT_EDISK, "the disk under %s has failed before", s->disk->path);
    }
    if (ops.length > BATCH_MOST) {
        return say(STINT_ENOMEM, "a batch of %zu bytes is too long to commit",
            ops.length);
    }
    return log_append(s, ops, sync, false);
}

/* ---- reading ------------------------------------------------------------- */

static int
changed(const struct store *s, struct index_place place)
{
    return say(STINT_EDAMAGED,
        "a row in %s, segment %" PRIx32 " at byte %" PRIu32 ", has changed",
        s->disk->path, place.segment, place.at);
}

static int
read_row(struct store *s, struct index_place place, struct buf *value)
{
    struct slice bytes;
    struct row row;

    uint8_t *room = malloc(place.length);
    if (room == NULL) return STINT_ENOMEM;
    int64_t got =
        s->disk->read(s->disk, segments_find(&s->segments, place.segment)->file,
            place.at, room, place.length);
    bytes = (struct slice){ room, place.length };
    int rc = 0;
    if (got < 0) {
        rc = say(STINT_EDISK, "a row in %s cannot be read: %s", s->disk->path,
            strerror((int)-got));
    } else if (got < (int64_t)place.length || row_next(&bytes, &row) != 1
               || row.deleted) {
        rc = changed(s, place);
    } else {
        buf_append(value, row.value.bytes, row.value.length);
        if (value->failed) rc = STINT_ENOMEM;
    }
    free(room);
    return rc;
}

int
store_read(struct store *s, unsigned kind, uint64_t id, struct buf *value)
{
    (void)pthread_mutex_lock(&s->lock);
    struct index_place place = index_find(&s->index, kind, id);
    int rc = place.segment == 0 ? STINT_ENOTASK : read_row(s, place, value);
    (void)pthread_mutex_unlock(&s->lock);
    return rc;
}

/* A part of a segment in memory: rows that were written together are read
 * together. */
struct window {
    uint8_t *bytes; /* Owned. */
    size_t capacity, length;
    uint32_t segment;
    uint64_t at;
};

static int
look(struct store *s, struct window *w, struct index_place place)
{
    enum { WINDOW = 1 << 20 };
    bool is_there = place.segment == w->segment && place.at >= w->at
                    && place.at + (uint64_t)place.length <= w->at + w->length;
    size_t want = place.length > WINDOW ? place.length : WINDOW;

    if (is_there) return 0;
    if (want > w->capacity) {
        uint8_t *bytes = realloc(w->bytes, want);
        if (bytes == NULL) return STINT_ENOMEM;
        w->bytes = bytes;
        w->capacity = want;
    }
    int64_t got =
        s->disk->read(s->disk, segments_find(&s->segments, place.segment)->file,
            place.at, w->bytes, want);
    if (got < (int64_t)place.length) {
        return say(STINT_EDISK, "a row in %s cannot be read: %s", s->disk->path,
            got < 0 ? strerror((int)-got) : "it ends too early");
    }
    w->segment = place.segment;
    w->at = place.at;
    w->length = (size_t)got;
    return 0;
}

int
store_scan(
    struct store *s, int (*see)(void *arg, const struct row *row), void *arg)
{
    struct window w = { .bytes = NULL };
    struct index_place place;
    int rc = 0;

    for (unsigned kind = 1; rc == 0 && kind < ROW_KINDS; kind++) {
        for (uint64_t id = 0;
             rc == 0 && (place = index_next(&s->index, kind, &id)).segment != 0;
             id++) {
            struct row row;
            rc = look(s, &w, place);
            if (rc != 0) break;
            struct slice bytes = { w.bytes + (place.at - w.at), place.length };
            rc = row_next(&bytes, &row) == 1 ? see(arg, &row)
                                             : changed(s, place);
        }
    }
    free(w.bytes);
    return rc;
}

/* ---- opening ------------------------------------------------------------- */

static int
open_segment(
    void *arg, const char *name, const struct format_segment *f, uint64_t size)
{
    struct store *s = arg;
    int rc = segments_add(&s->segments, f->number, size);

    if (rc == 0) return 0;
    if (rc == -ENOMEM) return STINT_ENOMEM;
    return say(STINT_EDISK, "%s cannot be opened: %s", name, strerror(-rc));
}

static int
open_row(void *arg, uint64_t segment, uint64_t at, uint64_t length,
    const struct row *row)
{
    struct store *s = arg;

    if (!row->deleted) {
        int rc = index_reserve(&s->index, row->kind, row->id);
        if (rc != 0) return rc;
    }
    log_note_row(s, row, segment, at, length);
    return 0;
}

static void
say_damage(void *arg, const char *name, uint64_t at, const char *what)
{
    const struct store *s = arg;

    (void)say(STINT_EDAMAGED,
        "%s/%s is damaged at byte %" PRIu64 ": %s.  Nothing was changed.  Type "
        "`stint store check` to see all of it, and `stint store export` to get "
        "out what is left",
        s->disk->path, name, at, what);
}

/* What was read may be only the system's memory of writes whose sync failed:
 * Linux counts them as written, and no later sync would write them.  So they
 * are written again (Rebello et al., "Can Applications Recover from fsync
 * Failures?", ATC 2020). */
static int
write_again(struct store *s, uint64_t end)
{
    uint8_t piece[1 << 14];
    struct disk_file *file = segments_last(&s->segments)->file;

    for (uint64_t at = 0; at < end;) {
        uint64_t length = end - at < sizeof piece ? end - at : sizeof piece;
        int64_t got = s->disk->read(s->disk, file, at, piece, (size_t)length);
        if (got < 0) return (int)got;
        if (got == 0) break; /* Of the last zeros some may be missing. */
        length = (uint64_t)got;
        const struct slice part = { piece, (size_t)length };
        int rc = s->disk->write(s->disk, file, at, &part, 1);
        if (rc != 0) return rc;
        at += length;
    }
    return 0;
}

/* The torn end becomes zeros, so that nothing there can ever be taken for a
 * block again. */
static int
write_zeros(struct store *s, uint64_t at, uint64_t end)
{
    static const uint8_t zeros[1 << 16];
    struct disk_file *file = segments_last(&s->segments)->file;

    while (at < end) {
        uint64_t length = end - at < sizeof zeros ? end - at : sizeof zeros;
        const struct slice part = { zeros, (size_t)length };
        int rc = s->disk->write(s->disk, file, at, &part, 1);
        if (rc != 0) return rc;
        at += length;
    }
    return 0;
}

/* After this, what is accepted as written is on the disk for certain. */
static int
cut(struct store *s, const struct replay *r)
{
    int rc = write_again(s, r->end);

    if (rc == 0) rc = write_zeros(s, r->end, r->end + r->torn);
    if (rc == 0) {
        rc = s->disk->sync(s->disk, segments_last(&s->segments)->file);
    }
    return rc == 0 ? 0 : log_fail(s, "made whole again", rc);
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
    if (r.is_new) {
        randombytes_buf(s->segments.id, sizeof s->segments.id);
        s->first = 1;
        rc = segments_collect(&s->segments, 1);
        if (rc != 0) return log_fail(s, "opened", rc);
        return log_make_room(s, FORMAT_BLOCK_HEADER);
    }
    memcpy(s->segments.id, r.id, sizeof r.id);
    s->first = r.first;
    s->end = r.end;
    s->number = s->synced = r.number;
    s->stat.torn = r.torn;
    s->stat.was_closed = r.was_closed;
    rc = cut(s, &r);
    if (rc != 0) return rc;
    rc = segments_collect(&s->segments, s->first);
    /* The names that were found may be the system's memory of a rename that
     * never reached the disk. */
    if (rc == 0) rc = s->disk->sync_dir(s->disk);
    return rc == 0 ? 0 : log_fail(s, "tidied up", rc);
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
        if (log_sync(s) == 0) (void)log_append(s, nothing, true, true);
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
