#include "master/store/log.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "common/sys/say.h"

int
log_fail(struct store *s, const char *what, int64_t rc)
{
    (void)pthread_mutex_lock(&s->lock);
    s->stat.failed = true;
    (void)pthread_mutex_unlock(&s->lock);
    return say(STINT_EDISK,
        "the disk under %s failed while it was %s (%s): nothing more is "
        "acknowledged; look at the disk, then start the master again",
        s->disk->path, what, strerror((int)-rc));
}

/* ---- the index ----------------------------------------------------------- */

void
log_note_row(struct store *s, const struct row *row, uint64_t segment,
    uint64_t at, uint64_t length)
{
    const struct index_place place = { .segment = (uint32_t)segment,
        .at = (uint32_t)at,
        .length = (uint32_t)length };
    struct index_place before =
        row->deleted ? index_clear(&s->index, row->kind, row->id)
                     : index_set(&s->index, row->kind, row->id, place);

    if (before.segment != 0) {
        segments_find(&s->segments, before.segment)->live -= before.length;
        s->live -= before.length;
    }
    if (!row->deleted) {
        segments_find(&s->segments, segment)->live += length;
        s->live += length;
    }
}

/* Room in the index for all rows of a batch, so that nothing fails later. */
static int
reserve(struct store *s, struct slice ops)
{
    struct row row;
    int rc;

    while ((rc = row_next(&ops, &row)) > 0) {
        if (row.deleted) continue;
        rc = index_reserve(&s->index, row.kind, row.id);
        if (rc != 0) return rc;
    }
    CHECK(rc == 0);
    return 0;
}

/* The rows of a block at `at` of the last segment are the newest. */
static void
take_in(struct store *s, struct slice ops, uint64_t at)
{
    const uint64_t segment = segments_last(&s->segments)->number;
    const uint8_t *start = ops.bytes;
    struct slice left = ops;
    struct row row;

    for (;;) {
        const uint8_t *from = left.bytes;
        if (row_next(&left, &row) <= 0) break;
        log_note_row(s, &row, segment, at + (uint64_t)(from - start),
            (uint64_t)(left.bytes - from));
    }
    index_trim(&s->index);
}

/* ---- appending ----------------------------------------------------------- */

int
log_sync(struct store *s)
{
    if (s->synced == s->number) return 0;
    int rc = s->disk->sync(s->disk, segments_last(&s->segments)->file);
    if (rc != 0) return log_fail(s, "syncing", rc);
    s->synced = s->number;
    (void)pthread_mutex_lock(&s->lock);
    s->stat.syncs += 1;
    (void)pthread_mutex_unlock(&s->lock);
    return 0;
}

/* A segment with room for `bytes` at its end.  The one before it is synced
 * first, so that only the newest can ever be torn. */
int
log_make_room(struct store *s, uint64_t bytes)
{
    const struct segment *last = segments_last(&s->segments);

    if (last != NULL && last->size - s->end >= bytes) return 0;
    int rc = last != NULL ? log_sync(s) : 0;
    if (rc != 0) return rc;
    (void)pthread_mutex_lock(&s->lock);
    rc = segments_begin(&s->segments, bytes, s->first);
    if (rc == 0) s->end = FORMAT_SEGMENT_HEADER;
    s->stat.full = s->stat.full || rc == -ENOSPC || rc == -EDQUOT;
    (void)pthread_mutex_unlock(&s->lock);
    if (rc == 0) return 0;
    if (rc == -ENOMEM) return STINT_ENOMEM;
    if (rc == -ENOSPC || rc == -EDQUOT) {
        return say(STINT_ENOSPACE, "the disk under %s is full: make room there",
            s->disk->path);
    }
    return log_fail(s, "making a segment", rc);
}

static int
write_block(struct store *s, struct slice ops, bool closes)
{
    static const uint8_t zeros[FORMAT_ALIGN];
    const struct segment *last = segments_last(&s->segments);
    struct format_block b = {
        .closes = closes,
        .number = s->number + 1,
        .length = ops.length,
        .first = s->first,
        .synced = s->synced,
    };
    uint8_t header[FORMAT_BLOCK_HEADER];
    uint64_t bytes = format_block_bytes(ops.length);

    format_write_block(
        header, format_seed(s->segments.id, last->number), &b, ops);
    const struct slice parts[] = { { header, sizeof header }, ops,
        { zeros, (size_t)(bytes - sizeof header - ops.length) } };
    int rc =
        s->disk->write(s->disk, last->file, s->end, parts, ARRAY_LEN(parts));
    if (rc == -ENOSPC || rc == -EDQUOT) {
        (void)pthread_mutex_lock(&s->lock);
        s->stat.full = true;
        (void)pthread_mutex_unlock(&s->lock);
        return say(STINT_ENOSPACE, "the disk under %s is full: make room there",
            s->disk->path);
    }
    return rc == 0 ? 0 : log_fail(s, "written to", rc);
}

int
log_append(struct store *s, struct slice ops, bool sync, bool closes)
{
    uint64_t bytes = format_block_bytes(ops.length);
    int rc = reserve(s, ops);

    if (rc == 0) rc = log_make_room(s, bytes);
    if (rc == 0) rc = write_block(s, ops, closes);
    if (rc != 0) return rc;
    (void)pthread_mutex_lock(&s->lock);
    take_in(s, ops, s->end + FORMAT_BLOCK_HEADER);
    s->end += bytes;
    s->number += 1;
    s->stat.commits += 1;
    (void)pthread_mutex_unlock(&s->lock);
    return sync ? log_sync(s) : 0;
}
