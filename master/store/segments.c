#include "master/store/segments.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "master/store/replay.h"

enum { FILL_BYTES = 1 << 20 };

void
segments_init(struct segments *s, struct disk *disk, uint64_t size)
{
    *s = (struct segments){ .disk = disk, .size = size };
}

void
segments_fini(struct segments *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        s->disk->close(s->disk, s->list[i].file);
    if (s->filling != NULL) s->disk->close(s->disk, s->filling);
    free(s->list);
    s->list = NULL;
    s->filling = NULL;
    s->count = 0;
}

struct segment *
segments_last(const struct segments *s)
{
    return s->count > 0 ? &s->list[s->count - 1] : NULL;
}

struct segment *
segments_find(const struct segments *s, uint64_t number)
{
    uint64_t index = number - s->list[0].number;

    CHECK(s->count > 0 && index < s->count);
    return &s->list[index];
}

/* ---- those in use -------------------------------------------------------- */

static bool
make_room(struct segments *s)
{
    if (s->count < s->capacity) return true;
    uint32_t want = s->capacity == 0 ? 16 : s->capacity * 2;
    struct segment *list = realloc(s->list, want * sizeof *list);
    if (list == NULL) return false;
    s->list = list;
    s->capacity = want;
    return true;
}

static void
append(
    struct segments *s, uint64_t number, uint64_t size, struct disk_file *file)
{
    s->list[s->count++] =
        (struct segment){ .number = number, .size = size, .file = file };
    s->bytes += size;
}

int
segments_add(struct segments *s, uint64_t number, uint64_t size)
{
    char name[REPLAY_NAME];
    struct disk_file *file;

    if (!make_room(s)) return -ENOMEM;
    replay_name(name, number);
    int rc = s->disk->open(s->disk, name, false, &file);
    if (rc == 0) append(s, number, size, file);
    return rc;
}

/* A sync that failed, for whatever reason, is the end: nobody knows what is on
 * the disk now. */
static int
certain(int rc)
{
    return rc == 0 ? 0 : -EIO;
}

/* ---- spares -------------------------------------------------------------- */

static void
spare_name(char out[REPLAY_NAME], uint64_t number)
{
    (void)snprintf(out, REPLAY_NAME, "spare-%" PRIu64, number);
}

static void
give_up_filling(struct segments *s)
{
    char name[REPLAY_NAME];

    s->disk->close(s->disk, s->filling);
    s->filling = NULL;
    spare_name(name, s->filling_name);
    (void)s->disk->remove(s->disk, name);
}

static int
fill_more(struct segments *s)
{
    static const uint8_t zeros[FILL_BYTES];
    uint64_t length = s->size - s->filled;

    if (length > FILL_BYTES) length = FILL_BYTES;
    const struct slice part = { zeros, (size_t)length };
    int rc = s->disk->write(s->disk, s->filling, s->filled, &part, 1);
    /* By pieces: a batch may be waiting. */
    if (rc == 0) rc = s->disk->sync(s->disk, s->filling);
    if (rc == 0) s->filled += length;
    return rc;
}

static int
finish_filling(struct segments *s)
{
    int rc = certain(s->disk->sync_dir(s->disk));

    if (rc != 0) return rc;
    s->disk->close(s->disk, s->filling);
    s->filling = NULL;
    s->spares[s->spares_count++] = s->filling_name;
    return 0;
}

static int
begin_filling(struct segments *s)
{
    char name[REPLAY_NAME];

    s->filling_name = ++s->names;
    spare_name(name, s->filling_name);
    s->filled = 0;
    return s->disk->open(s->disk, name, true, &s->filling);
}

int
segments_fill(struct segments *s)
{
    if (s->filling == NULL) {
        if (s->spares_count >= SEGMENTS_RESERVE) return 0;
        int rc = begin_filling(s);
        if (rc != 0) s->filling = NULL;
        return rc != 0 ? rc : 1;
    }
    if (s->spares_count >= SEGMENTS_RESERVE) {
        give_up_filling(s); /* One came back meanwhile. */
        return 0;
    }
    int rc = s->filled < s->size ? fill_more(s) : finish_filling(s);
    if (rc != 0) {
        give_up_filling(s);
        return rc;
    }
    return s->filling != NULL || s->spares_count < SEGMENTS_RESERVE;
}

/* ---- a new one ----------------------------------------------------------- */

/* One for a block that is larger than a segment: not worth filling first. */
static int
open_large(struct segments *s, uint64_t *spare, struct disk_file **file)
{
    char name[REPLAY_NAME];

    *spare = ++s->names;
    spare_name(name, *spare);
    return s->disk->open(s->disk, name, true, file);
}

static int
open_spare(struct segments *s, uint64_t *spare, struct disk_file **file)
{
    char name[REPLAY_NAME];

    while (s->spares_count == 0) {
        int rc = segments_fill(s);
        if (rc < 0) return rc;
    }
    *spare = s->spares[s->spares_count - 1];
    spare_name(name, *spare);
    return s->disk->open(s->disk, name, false, file);
}

/* Its header is on the disk before it has the name of a segment. */
static int
name_it(struct segments *s, uint64_t spare, struct disk_file *file,
    uint64_t number, uint64_t first)
{
    struct format_segment header = {
        .version = FORMAT_VERSION, .number = number, .first = first
    };
    uint8_t bytes[FORMAT_SEGMENT_HEADER];
    char from[REPLAY_NAME], to[REPLAY_NAME];

    memcpy(header.id, s->id, sizeof header.id);
    format_write_segment(bytes, &header);
    const struct slice part = { bytes, sizeof bytes };
    int rc = s->disk->write(s->disk, file, 0, &part, 1);
    if (rc == 0) rc = certain(s->disk->sync(s->disk, file));
    if (rc != 0) return rc;
    spare_name(from, spare);
    replay_name(to, number);
    rc = s->disk->rename(s->disk, from, to);
    return rc != 0 ? rc : certain(s->disk->sync_dir(s->disk));
}

int
segments_begin(struct segments *s, uint64_t bytes, uint64_t first)
{
    const struct segment *last = segments_last(s);
    uint64_t number = last != NULL ? last->number + 1 : 1;
    bool large = bytes > s->size - FORMAT_SEGMENT_HEADER;
    uint64_t size = large ? bytes + FORMAT_SEGMENT_HEADER : s->size;
    struct disk_file *file = NULL;
    uint64_t spare = 0;

    if (!make_room(s)) return -ENOMEM;
    int rc =
        large ? open_large(s, &spare, &file) : open_spare(s, &spare, &file);
    if (rc != 0) return rc;
    rc = name_it(s, spare, file, number, first);
    if (rc != 0) {
        s->disk->close(s->disk, file);
        return rc;
    }
    if (!large) s->spares_count -= 1;
    append(s, number, size, file);
    return 0;
}

/* ---- an old one ---------------------------------------------------------- */

int
segments_free_oldest(struct segments *s)
{
    struct segment oldest = s->list[0];
    char from[REPLAY_NAME], to[REPLAY_NAME];
    int rc;

    CHECK(s->count > 1 && oldest.live == 0);
    s->disk->close(s->disk, oldest.file);
    s->count -= 1;
    s->bytes -= oldest.size;
    memmove(s->list, s->list + 1, s->count * sizeof *s->list);
    replay_name(from, oldest.number);
    if (oldest.size != s->size || s->spares_count == SEGMENTS_SPARES) {
        return s->disk->remove(s->disk, from);
    }
    spare_name(to, ++s->names);
    rc = s->disk->rename(s->disk, from, to);
    if (rc == 0) s->spares[s->spares_count++] = s->names;
    return rc;
}

/* ---- what lies about ----------------------------------------------------- */

struct litter {
    struct segments *s;
    uint64_t first;
    char names[64][REPLAY_NAME]; /* To be removed; the rest another time. */
    unsigned count;
    uint64_t spares[SEGMENTS_SPARES];
    uint32_t spares_count;
};

static int
sort_out(void *arg, const char *name)
{
    struct litter *l = arg;
    char same[REPLAY_NAME];
    char *end;
    uint64_t number = 0;

    if (strncmp(name, "spare-", 6) == 0) {
        number = strtoull(name + 6, &end, 10);
        spare_name(same, number);
        if (strcmp(same, name) != 0) return 0;
        if (number > l->s->names) l->s->names = number;
        if (l->spares_count < SEGMENTS_SPARES) {
            l->spares[l->spares_count++] = number;
            return 0;
        }
    } else {
        number = strtoull(name, &end, 16);
        replay_name(same, number);
        if (strcmp(same, name) != 0 || number >= l->first) return 0;
    }
    if (l->count < 64) memcpy(l->names[l->count++], same, sizeof same);
    return 0;
}

/* A spare that is not as long as a segment was never finished. */
static int
take_spare(struct segments *s, uint64_t number)
{
    char name[REPLAY_NAME];
    struct disk_file *file;

    spare_name(name, number);
    int rc = s->disk->open(s->disk, name, false, &file);
    if (rc != 0) return rc;
    int64_t size = s->disk->size(s->disk, file);
    /* Of one that was made before a crash nobody knows whether it was synced.
     */
    if (size == (int64_t)s->size) rc = s->disk->sync(s->disk, file);
    s->disk->close(s->disk, file);
    if (size < 0) return (int)size;
    if (rc != 0) return rc;
    if (size != (int64_t)s->size) return s->disk->remove(s->disk, name);
    s->spares[s->spares_count++] = number;
    return 0;
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
