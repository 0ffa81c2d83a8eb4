#include "master/store/segments.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/check.h"

enum { FILL_BYTES = 1 << 20, FILL_SYNC = 4 << 20 };

void
segments_init(struct segments *s, struct disk *disk, uint64_t size)
{
    *s = (struct segments){ .disk = disk, .size = size };
}

void
segments_free(struct segments *s, struct segment *segment)
{
    if (segment == NULL) return;
    s->disk->close(s->disk, segment->file);
    free(segment);
}

void
segments_fini(struct segments *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        segments_free(s, s->list[i]);
    for (uint32_t i = 0; i < s->spares_count; i++)
        s->disk->close(s->disk, s->spares[i].file);
    if (s->filling.file != NULL) s->disk->close(s->disk, s->filling.file);
    free(s->list);
    segments_init(s, s->disk, s->size);
}

struct segment *
segments_last(const struct segments *s)
{
    return s->count > 0 ? s->list[s->count - 1] : NULL;
}

struct segment *
segments_find(const struct segments *s, uint64_t number)
{
    CHECK(s->count > 0);
    uint64_t index = number - s->list[0]->number;

    CHECK(index < s->count);
    return s->list[index];
}

/* ---- the list ------------------------------------------------------------ */

int
segments_reserve(struct segments *s)
{
    if (s->count < s->capacity) return 0;
    uint32_t want = s->capacity == 0 ? 16 : s->capacity * 2;
    struct segment **list = realloc(s->list, want * sizeof(struct segment *));
    if (list == NULL) return -ENOMEM;
    s->list = list;
    s->capacity = want;
    return 0;
}

void
segments_push(struct segments *s, struct segment *segment)
{
    const struct segment *last = segments_last(s);

    CHECK(s->count < s->capacity);
    CHECK(last == NULL || segment->number == last->number + 1);
    s->list[s->count++] = segment;
    s->bytes += segment->size;
}

struct segment *
segments_pop(struct segments *s)
{
    CHECK(s->count > 0);
    struct segment *oldest = s->list[0];

    CHECK(oldest->live == 0 && oldest->readers == 0);
    s->count -= 1;
    memmove(s->list, s->list + 1, s->count * sizeof(struct segment *));
    s->bytes -= oldest->size;
    return oldest;
}

static struct segment *
new_segment(const struct segments *s, uint64_t number, uint64_t size)
{
    struct segment *segment = malloc(sizeof *segment);

    if (segment == NULL) return NULL;
    *segment = (struct segment){
        .number = number, .size = size, .filled = size == s->size
    };
    return segment;
}

int
segments_open(
    struct segments *s, uint64_t number, uint64_t size, struct segment **out)
{
    char name[FORMAT_NAME];
    struct segment *segment = new_segment(s, number, size);

    if (segment == NULL) return -ENOMEM;
    format_name(name, number);
    int rc = s->disk->open(s->disk, name, false, &segment->file);
    if (rc != 0) {
        free(segment);
        return rc;
    }
    *out = segment;
    return 0;
}

/* ---- spares -------------------------------------------------------------- */

static void
spare_name(char out[FORMAT_NAME], uint64_t number)
{
    (void)snprintf(out, FORMAT_NAME, "spare-%" PRIu64, number);
}

static bool
is_spare_name(const char *name, uint64_t *number)
{
    char same[FORMAT_NAME];

    if (strncmp(name, "spare-", 6) != 0) return false;
    *number = strtoull(name + 6, NULL, 10);
    spare_name(same, *number);
    return strcmp(name, same) == 0;
}

static int
make_spare(struct segments *s, struct segments_spare *spare)
{
    char name[FORMAT_NAME];

    spare->name = ++s->names;
    spare_name(name, spare->name);
    int rc = s->disk->open(s->disk, name, true, &spare->file);
    if (rc != 0) spare->file = NULL;
    return rc;
}

/* Best effort: what is left over is removed by the next open. */
static void
drop_spare(struct segments *s, const struct segments_spare *spare)
{
    char name[FORMAT_NAME];

    s->disk->close(s->disk, spare->file);
    spare_name(name, spare->name);
    (void)s->disk->remove(s->disk, name);
}

static int
write_zeros(
    struct segments *s, struct disk_file *file, uint64_t at, uint64_t length)
{
    static const uint8_t zeros[FILL_BYTES];
    const struct slice part = { zeros, (size_t)length };

    CHECK(length <= FILL_BYTES);
    return s->disk->write(s->disk, file, at, &part, 1);
}

int
segments_fill(struct segments *s)
{
    if (s->spares_count >= SEGMENTS_RESERVE) return 0;
    if (s->filling.file == NULL) {
        int rc = make_spare(s, &s->filling);
        s->filled = 0;
        if (rc != 0) return rc;
    }
    uint64_t length = s->size - s->filled;
    if (length > FILL_BYTES) length = FILL_BYTES;
    int rc = write_zeros(s, s->filling.file, s->filled, length);
    if (rc != 0) return rc;
    s->filled += length;
    /* Not all at its end: the commits in between would wait for it. */
    if (s->filled == s->size || s->filled % FILL_SYNC == 0) {
        rc = s->disk->sync(s->disk, s->filling.file);
        /* No code of a sync means "try again", not even -ENOSPC. */
        if (rc != 0) return -EIO;
    }
    if (s->filled < s->size) return 1;
    s->spares[s->spares_count++] = s->filling;
    s->filling.file = NULL;
    return s->spares_count < SEGMENTS_RESERVE;
}

int
segments_fill_up(struct segments *s, struct segment *segment, uint64_t end)
{
    if (segment->filled || segment->size != s->size) return 0;
    if (segment->size - end > FILL_BYTES) return 0;
    int rc = write_zeros(s, segment->file, end, segment->size - end);
    segment->filled = rc == 0;
    return rc == -ENOSPC || rc == -EDQUOT ? 0 : rc;
}

/* ---- a new one ----------------------------------------------------------- */

/* Its header is on the disk before it has the name of a segment. */
static int
write_header(struct segments *s, struct disk_file *file, uint64_t number,
    struct segments_wish wish)
{
    struct format_segment header = { .version = FORMAT_VERSION,
        .number = number,
        .first = wish.first,
        .before = wish.before };
    uint8_t bytes[FORMAT_SEGMENT_HEADER];

    memcpy(header.id, s->id, sizeof header.id);
    format_write_segment(bytes, &header);
    const struct slice part = { bytes, sizeof bytes };
    int rc = s->disk->write(s->disk, file, 0, &part, 1);
    if (rc != 0) return rc;
    return s->disk->sync(s->disk, file) == 0 ? 0 : -EIO;
}

static int
name_it(struct segments *s, uint64_t spare, uint64_t number)
{
    char from[FORMAT_NAME], to[FORMAT_NAME];

    spare_name(from, spare);
    format_name(to, number);
    int rc = s->disk->rename(s->disk, from, to);
    if (rc != 0) return rc;
    return s->disk->sync_dir(s->disk) == 0 ? 0 : -EIO;
}

static int
make_of(struct segments *s, const struct segments_spare *spare,
    struct segment *segment, struct segments_wish wish)
{
    int rc = write_header(s, spare->file, segment->number, wish);

    if (rc == 0) rc = name_it(s, spare->name, segment->number);
    segment->file = spare->file;
    return rc;
}

bool
segments_has_spare(const struct segments *s, uint64_t bytes, bool cleaning)
{
    return FORMAT_SEGMENT_HEADER + bytes <= s->size
           && s->spares_count > (cleaning ? 0 : 1);
}

int
segments_make(
    struct segments *s, struct segments_wish wish, struct segment **out)
{
    const struct segment *last = segments_last(s);
    uint64_t size = FORMAT_SEGMENT_HEADER + wish.bytes;
    bool ready = segments_has_spare(s, wish.bytes, wish.cleaning);
    struct segments_spare spare;
    int rc = 0;

    struct segment *segment = new_segment(s,
        last != NULL ? last->number + 1 : 1, size < s->size ? s->size : size);
    if (segment == NULL) return -ENOMEM;
    segment->filled = ready;
    if (ready) {
        spare = s->spares[s->spares_count - 1];
    } else {
        rc = make_spare(s, &spare);
    }
    if (rc == 0) {
        rc = make_of(s, &spare, segment, wish);
        if (rc != 0 && !ready) drop_spare(s, &spare);
    }
    if (rc != 0) {
        free(segment);
        return rc;
    }
    if (ready) s->spares_count -= 1;
    *out = segment;
    return 0;
}

/* ---- an old one ---------------------------------------------------------- */

static int
remove_segment(struct segments *s, struct segment *segment)
{
    char name[FORMAT_NAME];

    format_name(name, segment->number);
    segments_free(s, segment);
    int rc = s->disk->remove(s->disk, name);
    /* A full disk may have no room for that either; the next open will. */
    return rc == -ENOSPC || rc == -EDQUOT ? 0 : rc;
}

int
segments_retire(struct segments *s, struct segment *segment)
{
    char from[FORMAT_NAME], to[FORMAT_NAME];

    if (!segment->filled || s->spares_count == SEGMENTS_SPARES) {
        return remove_segment(s, segment);
    }
    const struct segments_spare spare = { segment->file, ++s->names };
    format_name(from, segment->number);
    spare_name(to, spare.name);
    int rc = s->disk->rename(s->disk, from, to);
    if (rc == -ENOSPC || rc == -EDQUOT) return remove_segment(s, segment);
    free(segment);
    s->spares[s->spares_count++] = spare;
    return rc;
}

/* ---- what lies about ----------------------------------------------------- */

/* Names are gathered first: a directory that is changed while it is listed may
 * show anything. */
struct litter {
    struct segments *s;
    uint64_t first;
    char names[64][FORMAT_NAME]; /* To be removed; the rest another time. */
    unsigned count;
    uint64_t spares[SEGMENTS_SPARES];
    uint32_t spares_count;
};

static int
sort_out(void *arg, const char *name)
{
    struct litter *l = arg;
    uint64_t number;

    if (is_spare_name(name, &number)) {
        if (number > l->s->names) l->s->names = number;
        if (l->spares_count < SEGMENTS_SPARES) {
            l->spares[l->spares_count++] = number;
            return 0;
        }
    } else if (!format_is_name(name, &number) || number >= l->first) {
        return 0;
    }
    if (l->count < 64) {
        (void)snprintf(l->names[l->count++], FORMAT_NAME, "%s", name);
    }
    return 0;
}

/* A spare that is not as long as a segment was never finished. */
static int
take_spare(struct segments *s, uint64_t number)
{
    char name[FORMAT_NAME];
    struct segments_spare spare = { .name = number };

    spare_name(name, number);
    int rc = s->disk->open(s->disk, name, false, &spare.file);
    if (rc != 0) return rc;
    int64_t size = s->disk->size(s->disk, spare.file);
    if (size == (int64_t)s->size) {
        s->spares[s->spares_count++] = spare;
        return 0;
    }
    s->disk->close(s->disk, spare.file);
    return size < 0 ? (int)size : s->disk->remove(s->disk, name);
}

int
segments_collect(struct segments *s, uint64_t first)
{
    struct litter *l = calloc(1, sizeof *l);

    if (l == NULL) return -ENOMEM;
    l->s = s;
    l->first = first;
    int rc = s->disk->list(s->disk, sort_out, l);
    for (unsigned i = 0; rc == 0 && i < l->count; i++)
        rc = s->disk->remove(s->disk, l->names[i]);
    for (uint32_t i = 0; rc == 0 && i < l->spares_count; i++)
        rc = take_spare(s, l->spares[i]);
    free(l);
    return rc;
}
