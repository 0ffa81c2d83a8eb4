#include "master/store/scroll.h"

#include <errno.h>
#include <string.h>

#include "common/stint_error.h"
#include "common/sys/say.h"

static int
disk_error(const struct disk *disk, const char *name, int64_t rc)
{
    return say(STINT_EDISK, "%s/%s cannot be read: %s", disk->path, name,
        strerror((int)-rc));
}

static int
read_all(struct scroll *t, struct disk *disk, struct disk_file *file)
{
    int64_t size = disk->size(disk, file);
    if (size < 0) return disk_error(disk, t->name, size);

    t->bytes = malloc((size_t)size + 1);
    if (t->bytes == NULL) return STINT_ENOMEM;
    int64_t got = disk->read(disk, file, 0, t->bytes, (size_t)size);
    if (got < 0) return disk_error(disk, t->name, got);
    t->size = (uint64_t)got;
    return 0;
}

static int
check_header(struct scroll *t, uint64_t number, const char **what, uint64_t *at)
{
    *at = 0;
    if (t->size < FORMAT_SEGMENT_HEADER) {
        *what = "the segment is cut short";
        return STINT_EDAMAGED;
    }
    int rc = format_read_segment(t->bytes, &t->header);
    if (rc == STINT_EFORMAT) {
        *what = "the segment was written by another version of stint";
        *at = 8;
        return rc;
    }
    if (rc == 0 && t->header.number == number) return 0;
    *what = "this is not the header of the segment";
    return STINT_EDAMAGED;
}

int
scroll_load(struct scroll *t, struct disk *disk, uint64_t number,
    const char **what, uint64_t *at)
{
    struct disk_file *file;

    *t = (struct scroll){ .size = 0 };
    format_name(t->name, number);
    int rc = disk->open(disk, t->name, false, &file);
    if (rc == -ENOENT) {
        *what = "the segment is missing";
        *at = 0;
        return STINT_EDAMAGED;
    }
    if (rc != 0) return disk_error(disk, t->name, rc);
    rc = read_all(t, disk, file);
    disk->close(disk, file);
    if (rc == 0) rc = check_header(t, number, what, at);
    if (rc != 0) scroll_fini(t);
    return rc;
}

void
scroll_fini(struct scroll *t)
{
    free(t->bytes);
    t->bytes = NULL;
    t->size = 0;
}

static bool
header_at(const struct scroll *t, uint64_t at, struct format_block *b)
{
    const struct format_place place = { t->header.id, t->header.number, at };

    return at <= t->size && t->size - at >= FORMAT_BLOCK_HEADER
           && format_read_block(t->bytes + at, place, b);
}

bool
scroll_block(const struct scroll *t, uint64_t at, struct format_block *b)
{
    if (!header_at(t, at, b) || b->seals) return false;
    at += FORMAT_BLOCK_HEADER;
    return b->length <= t->size - at
           && format_check_rows(
               b, (struct slice){ t->bytes + at, (size_t)b->length });
}

bool
scroll_find(const struct scroll *t, uint64_t *at, uint64_t above,
    struct format_block *b)
{
    for (; *at + FORMAT_BLOCK_HEADER <= t->size; *at += FORMAT_ALIGN) {
        if (scroll_block(t, *at, b) && b->number > above) return true;
    }
    return false;
}

uint64_t
scroll_claims(const struct scroll *t, uint64_t at, uint64_t *end, bool *seal)
{
    struct format_block b;
    uint64_t claims = 0;

    *end = at;
    *seal = false;
    for (; at + FORMAT_BLOCK_HEADER <= t->size; at += FORMAT_ALIGN) {
        if (!header_at(t, at, &b)) continue;
        if (b.synced > claims) claims = b.synced;
        uint64_t room = t->size - at - FORMAT_BLOCK_HEADER;
        *end = b.length <= room ? at + format_block_bytes(b.length) : t->size;
        if (*end > t->size) *end = t->size;
        *seal = b.seals;
    }
    return claims;
}
