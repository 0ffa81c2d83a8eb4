#include "master/store/clean.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/stint_error.h"
#include "master/store/log.h"
#include "master/store/rows.h"

enum { MOVE_BYTES = 256 << 10, SEGMENTS_LEAST = 4 };

static bool
is_due(const struct store *s)
{
    const struct segments *segments = &s->segments;
    uint64_t least = SEGMENTS_LEAST * segments->size;
    uint64_t most = 2 * s->live + 2 * segments->size;

    if (segments->count < 2) return false;
    /* What costs nothing is always due, but for one that is soon used again. */
    if (segments->list[0]->live == 0 && segments->count > 2) return true;
    if (s->stat.full) {
        least -= segments->size;
        most = s->live + s->live / 2 + segments->size;
    }
    return segments->bytes > (least > most ? least : most);
}

/* Rows of a block that live there are to be appended again. */
static void
pick(struct store *s, uint64_t segment, uint64_t at, struct slice ops)
{
    const uint8_t *start = ops.bytes;
    struct row row;

    for (;;) {
        const uint8_t *from = ops.bytes;
        if (row_next(&ops, &row) <= 0) return;
        if (row.deleted) continue;
        struct index_place place = index_find(&s->index, row.kind, row.id);
        if (place.segment != segment
            || place.at != at + (uint64_t)(from - start)) {
            continue;
        }
        buf_append(&s->move, from, (size_t)(ops.bytes - from));
    }
}

/* Read the block at s->moved_to of the oldest segment and pick what lives.
 * Returns 1, 0 at its end, or an error. */
static int
pick_block(struct store *s)
{
    const struct segment *oldest = s->segments.list[0];
    uint8_t header[FORMAT_BLOCK_HEADER];
    struct format_block b;

    int64_t got = s->disk->read(
        s->disk, oldest->file, s->moved_to, header, sizeof header);
    if (got < 0) return log_fail(s, "read", got);
    if (got < (int64_t)sizeof header
        || !format_read_block(header,
            (struct format_place){
                s->segments.id, oldest->number, s->moved_to },
            &b)
        || b.seals) {
        return 0;
    }
    uint8_t *rows = malloc(b.length + 1);
    if (rows == NULL) return STINT_ENOMEM;
    uint64_t at = s->moved_to + FORMAT_BLOCK_HEADER;
    got = s->disk->read(s->disk, oldest->file, at, rows, b.length);
    int rc = 1;
    if (got < (int64_t)b.length) {
        rc = log_fail(s, "read", got < 0 ? got : -EIO);
    } else if (!format_check_rows(
                   &b, (struct slice){ rows, (size_t)b.length })) {
        rc = log_fail(s, "read (a checksum is wrong)", -EIO);
    } else {
        pick(s, oldest->number, at, (struct slice){ rows, (size_t)b.length });
        s->moved_to += format_block_bytes(b.length);
    }
    free(rows);
    return rc;
}

/* Returns 1, or an error; of a full disk 0: another time. */
static int
move_some(struct store *s)
{
    int rc = 1;

    buf_clear(&s->move);
    while (rc > 0 && s->move.length < MOVE_BYTES && !s->move.failed
           && s->segments.list[0]->live > s->move.length) {
        rc = pick_block(s);
    }
    if (rc < 0 && rc != STINT_ENOMEM) return rc;
    if (rc < 0 || s->move.failed) {
        /* Another time, from the start: what was passed over is not moved. */
        s->moved_to = FORMAT_SEGMENT_HEADER;
        return 0;
    }
    if (s->move.length == 0) {
        if (rc > 0) return 0;
        /* Rows that the index has and the segment has not. */
        return log_fail(s, "read (rows are missing)", -EIO);
    }
    const struct slice ops = { s->move.bytes, s->move.length };
    uint64_t at;
    rc = log_append(s, LOG_MOVED, ops, &at);
    if (rc == STINT_ENOSPACE || rc == STINT_ENOMEM) {
        s->moved_to = FORMAT_SEGMENT_HEADER;
        return 0;
    }
    if (rc != 0) return rc;
    rows_take(s, ops, segments_last(&s->segments)->number, at);
    (void)pthread_mutex_lock(&s->lock);
    s->stat.moved += ops.length;
    (void)pthread_mutex_unlock(&s->lock);
    return 1;
}

/* NULL while somebody reads in it. */
static struct segment *
pop_oldest(struct store *s)
{
    struct segment *oldest = NULL;

    (void)pthread_mutex_lock(&s->lock);
    if (s->segments.list[0]->readers == 0) {
        oldest = segments_pop(&s->segments);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return oldest;
}

/* A block that is on the disk says that it is needed no more; then it goes. */
static int
free_oldest(struct store *s)
{
    const struct slice nothing = { NULL, 0 };
    uint64_t number = s->segments.list[0]->number, first = s->first, at;

    /* What was moved comes first: that block must not be read without it. */
    int rc = log_sync(s);
    if (rc == 0 && first <= number) {
        s->first = number + 1;
        rc = log_append(s, LOG_MOVED, nothing, &at);
        if (rc == STINT_ENOSPACE || rc == STINT_ENOMEM) {
            s->first = first;
            return 0;
        }
        if (rc == 0) rc = log_sync(s);
    }
    if (rc != 0) return rc;
    struct segment *oldest = pop_oldest(s);
    if (oldest == NULL) return 0;
    s->moved_to = 0;
    rc = segments_retire(&s->segments, oldest);
    return rc == 0 ? 1 : log_fail(s, "tidied up", rc);
}

int
clean_some(struct store *s)
{
    if (s->moved_to == 0) s->moved_to = FORMAT_SEGMENT_HEADER;
    if (!is_due(s)) return 0;
    return s->segments.list[0]->live > 0 ? move_some(s) : free_oldest(s);
}
