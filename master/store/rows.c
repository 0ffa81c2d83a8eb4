#include "master/store/rows.h"

#include <inttypes.h>
#include <string.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/crc.h"

/* The lock is held for so many rows at a time: a reader waits for microseconds.
 */
enum { ROWS_AT_ONCE = 512 };

/* ---- the index ----------------------------------------------------------- */

int
rows_reserve(struct store *s, struct slice ops)
{
    struct row row;
    int rc = 0, got = 1;

    while (rc == 0 && got > 0) {
        (void)pthread_mutex_lock(&s->lock);
        for (int i = 0; rc == 0 && i < ROWS_AT_ONCE; i++) {
            got = row_next(&ops, &row);
            if (got <= 0) break;
            if (!row.deleted) rc = index_reserve(&s->index, row.kind, row.id);
        }
        (void)pthread_mutex_unlock(&s->lock);
    }
    CHECK(got >= 0);
    return rc;
}

static void
set_place(struct store *s, const struct row *row, struct index_place place)
{
    struct index_place before =
        place.segment != 0 ? index_set(&s->index, row->kind, row->id, place)
                           : index_clear(&s->index, row->kind, row->id);

    if (before.segment != 0) {
        segments_find(&s->segments, before.segment)->live -= before.length;
        s->live -= before.length;
    }
    if (place.segment != 0) {
        segments_find(&s->segments, place.segment)->live += place.length;
        s->live += place.length;
    }
}

static struct index_place
place_of(
    const struct row *row, struct slice bytes, uint64_t segment, uint64_t at)
{
    if (row->deleted) return (struct index_place){ .segment = 0 };
    return (struct index_place){ .segment = (uint32_t)segment,
        .at = (uint32_t)at,
        .length = (uint32_t)bytes.length,
        .crc = crc_more(0, bytes.bytes, bytes.length) };
}

void
rows_take(struct store *s, struct slice ops, uint64_t segment, uint64_t at)
{
    const uint8_t *start = ops.bytes;
    struct row row;
    int got = 1;

    while (got > 0) {
        (void)pthread_mutex_lock(&s->lock);
        for (int i = 0; i < ROWS_AT_ONCE; i++) {
            const uint8_t *from = ops.bytes;
            got = row_next(&ops, &row);
            if (got <= 0) break;
            const struct slice bytes = { from, (size_t)(ops.bytes - from) };
            set_place(s, &row,
                place_of(&row, bytes, segment, at + (uint64_t)(from - start)));
        }
        (void)pthread_mutex_unlock(&s->lock);
    }
}

void
rows_trim(struct store *s)
{
    if (s->index.empty == NULL) return;
    (void)pthread_mutex_lock(&s->lock);
    index_trim(&s->index);
    (void)pthread_mutex_unlock(&s->lock);
}

int
rows_load(struct store *s, const struct row *row, struct slice bytes,
    uint64_t segment, uint64_t at)
{
    if (!row->deleted) {
        int rc = index_reserve(&s->index, row->kind, row->id);
        if (rc != 0) return rc;
    }
    set_place(s, row, place_of(row, bytes, segment, at));
    return 0;
}

/* ---- reading ------------------------------------------------------------- */

/* The row is what was written; else a sentence is said. */
static int
check_row(const struct store *s, struct index_place place, const uint8_t *bytes,
    struct row *row)
{
    struct slice all = { bytes, place.length };
    char name[FORMAT_NAME];

    if (crc_more(0, bytes, place.length) == place.crc
        && row_next(&all, row) == 1) {
        return 0;
    }
    format_name(name, place.segment);
    return say(STINT_EDAMAGED,
        "%s/%s is damaged: the row at byte %" PRIu32 " is not what was "
        "written.  Stop the master and type `stint store check`",
        s->disk->path, name, place.at);
}

static int
unreadable(const struct store *s, uint64_t segment, int64_t got)
{
    char name[FORMAT_NAME];

    format_name(name, segment);
    return say(STINT_EDISK, "a row in %s/%s cannot be read: %s", s->disk->path,
        name, got < 0 ? strerror((int)-got) : "it ends too early");
}

/* Append the value that stands there. */
static int
fetch(struct store *s, struct disk_file *file, struct index_place place,
    struct buf *value)
{
    uint8_t *room = buf_reserve(value, place.length);
    struct row row;

    if (room == NULL) return STINT_ENOMEM;
    int64_t got = s->disk->read(s->disk, file, place.at, room, place.length);
    if (got < (int64_t)place.length) return unreadable(s, place.segment, got);
    int rc = check_row(s, place, room, &row);
    if (rc != 0) return rc;
    memmove(room, row.value.bytes, row.value.length);
    value->length += row.value.length;
    return 0;
}

int
rows_read(struct store *s, unsigned kind, uint64_t id, struct buf *value)
{
    struct segment *segment = NULL;

    (void)pthread_mutex_lock(&s->lock);
    bool failed = s->stat.failed;
    struct index_place place = index_find(&s->index, kind, id);
    if (!failed && place.segment != 0) {
        segment = segments_find(&s->segments, place.segment);
        segment->readers++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (failed) {
        return say(
            STINT_EDISK, "the disk under %s has failed before", s->disk->path);
    }
    if (segment == NULL) return STINT_ENOTASK;
    int rc = fetch(s, segment->file, place, value);
    (void)pthread_mutex_lock(&s->lock);
    segment->readers--;
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

/* Much is read at once only by who goes on from where the last ended. */
static size_t
amount(const struct window *w, struct index_place place)
{
    enum { NEAR = 64 << 10, LITTLE = 4 << 10, MUCH = 1 << 20 };
    uint64_t end = w->at + w->length;
    bool goes_on = place.segment == w->segment && place.at >= w->at
                   && place.at < end + NEAR;
    size_t want = goes_on ? MUCH : LITTLE;

    return place.length > want ? place.length : want;
}

static int
look(struct store *s, struct window *w, struct index_place place)
{
    size_t want = amount(w, place);

    if (place.segment == w->segment && place.at >= w->at
        && place.at + (uint64_t)place.length <= w->at + w->length) {
        return 0;
    }
    if (want > w->capacity) {
        uint8_t *bytes = realloc(w->bytes, want);
        if (bytes == NULL) return STINT_ENOMEM;
        w->bytes = bytes;
        w->capacity = want;
    }
    w->length = 0;
    int64_t got =
        s->disk->read(s->disk, segments_find(&s->segments, place.segment)->file,
            place.at, w->bytes, want);
    if (got < (int64_t)place.length) return unreadable(s, place.segment, got);
    w->segment = place.segment;
    w->at = place.at;
    w->length = (size_t)got;
    return 0;
}

int
rows_scan(
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
            if (rc == 0) {
                rc = check_row(s, place, w.bytes + (place.at - w.at), &row);
            }
            if (rc == 0) rc = see(arg, &row);
            if (id == UINT64_MAX) break;
        }
    }
    free(w.bytes);
    return rc;
}
