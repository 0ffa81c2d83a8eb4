#include "master/store/log.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
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

int
log_error(struct store *s, const char *what, int64_t rc)
{
    if (rc == -ENOMEM) return STINT_ENOMEM;
    if (rc != -ENOSPC && rc != -EDQUOT) return log_fail(s, what, rc);
    (void)pthread_mutex_lock(&s->lock);
    s->stat.full = true;
    (void)pthread_mutex_unlock(&s->lock);
    return say(STINT_ENOSPACE, "the disk under %s is full: make room there",
        s->disk->path);
}

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

static void
push(struct store *s, struct segment *next)
{
    struct segment *last = segments_last(&s->segments);

    (void)pthread_mutex_lock(&s->lock);
    segments_push(&s->segments, next);
    s->stat.free = s->segments.spares_count * s->segments.size;
    (void)pthread_mutex_unlock(&s->lock);
    if (last != NULL) {
        last->end = s->end;
        last->unsealed = true;
    }
    s->end = FORMAT_SEGMENT_HEADER;
}

/* The one before is synced first, so that only the newest can ever be torn. */
static int
begin(struct store *s, uint64_t bytes, bool cleaning)
{
    struct segment *last = segments_last(&s->segments);
    struct segment *next = NULL;
    const struct segments_wish wish = { .bytes = bytes,
        .first = s->first,
        .before = s->number,
        .cleaning = cleaning };

    int rc = last != NULL ? log_sync(s) : 0;
    if (rc != 0) return rc;
    rc = last != NULL ? segments_fill_up(&s->segments, last, s->end) : 0;
    if (rc != 0) return log_fail(s, "written to", rc);
    (void)pthread_mutex_lock(&s->lock);
    rc = segments_reserve(&s->segments);
    (void)pthread_mutex_unlock(&s->lock);
    if (rc == 0) rc = segments_make(&s->segments, wish, &next);
    if (rc != 0) return log_error(s, "making a segment", rc);
    push(s, next);
    return 0;
}

int
log_begin(struct store *s)
{
    return begin(s, 2 * FORMAT_BLOCK_HEADER, false);
}

/* Room for the block and, behind it, the seal. */
static int
have_room(struct store *s, uint64_t bytes, bool cleaning)
{
    const struct segment *last = segments_last(&s->segments);

    bytes += FORMAT_BLOCK_HEADER;
    if (last->size - s->end >= bytes) return 0;
    return begin(s, bytes, cleaning);
}

/* A block that a full disk took in part, or even whole, is none. */
static void
take_back(struct store *s, struct disk_file *file)
{
    static const uint8_t zeros[FORMAT_BLOCK_HEADER];
    const struct slice part = { zeros, sizeof zeros };

    (void)s->disk->write(s->disk, file, s->end, &part, 1);
}

static int
write_block(struct store *s, enum log_block what, struct slice ops)
{
    static const uint8_t zeros[FORMAT_ALIGN];
    const struct segment *last = segments_last(&s->segments);
    const struct format_place place = { s->segments.id, last->number, s->end };
    struct format_block b = {
        .closes = what == LOG_CLOSES,
        .number = s->number + 1,
        .length = ops.length,
        .first = s->first,
        .synced = s->synced,
    };
    uint8_t header[FORMAT_BLOCK_HEADER];
    uint64_t bytes = format_block_bytes(ops.length);

    format_write_block(header, place, &b, ops);
    const struct slice parts[] = { { header, sizeof header }, ops,
        { zeros, (size_t)(bytes - sizeof header - ops.length) } };
    int rc =
        s->disk->write(s->disk, last->file, s->end, parts, ARRAY_LEN(parts));
    if (rc == -ENOSPC || rc == -EDQUOT) take_back(s, last->file);
    return rc == 0 ? 0 : log_error(s, "written to", rc);
}

/* The disk is full, and the segment was to grow: go on in a spare. */
static int
write_elsewhere(struct store *s, enum log_block what, struct slice ops)
{
    const struct segment *last = segments_last(&s->segments);
    bool cleaning = what == LOG_MOVED;
    uint64_t bytes = format_block_bytes(ops.length) + FORMAT_BLOCK_HEADER;

    if (last->filled || !segments_has_spare(&s->segments, bytes, cleaning)) {
        return STINT_ENOSPACE;
    }
    int rc = begin(s, bytes, cleaning);
    return rc == 0 ? write_block(s, what, ops) : rc;
}

int
log_append(struct store *s, enum log_block what, struct slice ops, uint64_t *at)
{
    uint64_t bytes = format_block_bytes(ops.length);
    int rc = have_room(s, bytes, what == LOG_MOVED);

    if (rc == 0) rc = write_block(s, what, ops);
    if (rc == STINT_ENOSPACE) rc = write_elsewhere(s, what, ops);
    if (rc != 0) return rc;
    *at = s->end + FORMAT_BLOCK_HEADER;
    s->end += bytes;
    s->number += 1;
    return 0;
}

/* Without it, a newest segment that is lost would be missed by nobody. */
int
log_seal(struct store *s)
{
    const struct segments *all = &s->segments;
    struct segment *before = all->count < 2 ? NULL : all->list[all->count - 2];
    uint8_t header[FORMAT_BLOCK_HEADER];

    if (before == NULL || !before->unsealed) return 0;
    if (s->end == FORMAT_SEGMENT_HEADER || s->synced < s->number) return 0;
    const struct format_place place = { all->id, before->number, before->end };
    struct format_block b = { .seals = true,
        .number = s->number,
        .first = s->first,
        .synced = s->synced };
    format_write_block(header, place, &b, (struct slice){ NULL, 0 });
    const struct slice part = { header, sizeof header };
    before->unsealed = false;
    int rc = s->disk->write(s->disk, before->file, before->end, &part, 1);
    if (rc == -ENOSPC || rc == -EDQUOT) return 0;
    if (rc == 0) rc = s->disk->sync(s->disk, before->file);
    return rc == 0 ? 0 : log_fail(s, "written to", rc);
}
