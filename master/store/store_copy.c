/* A copy of a store, which may be in use while it is made. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/replay.h"
#include "master/store/store.h"

/* So often the master may free a segment under the copy's hands. */
enum { TRIES = 5, PIECE = 1 << 20, NAMES_MAX = 1 << 20 };

struct list {
    uint64_t *numbers; /* Owned. */
    size_t count;
};

static int
note(void *arg, const char *name)
{
    struct list *l = arg;
    uint64_t number;

    if (!format_is_name(name, &number)) return 0;
    if (l->count == NAMES_MAX) return 1;
    uint64_t *grown = realloc(l->numbers, (l->count + 1) * sizeof *grown);
    if (grown == NULL) return -ENOMEM;
    l->numbers = grown;
    l->numbers[l->count++] = number;
    return 0;
}

static int
refuse_any(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return 1;
}

static int
by_number(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Whether the file still is that segment, and was not taken for another. */
static bool
is_segment(struct disk *disk, struct disk_file *file, uint64_t number)
{
    uint8_t bytes[FORMAT_SEGMENT_HEADER];
    struct format_segment header;

    return disk->read(disk, file, 0, bytes, sizeof bytes) == sizeof bytes
           && format_read_segment(bytes, &header) == 0
           && header.number == number;
}

static int
copy_bytes(struct disk *from, struct disk_file *in, struct disk *to,
    struct disk_file *out, uint8_t *piece)
{
    for (uint64_t at = 0;;) {
        int64_t got = from->read(from, in, at, piece, PIECE);
        if (got < 0) return (int)got;
        if (got == 0) return to->sync(to, out);
        const struct slice part = { piece, (size_t)got };
        int rc = to->write(to, out, at, &part, 1);
        if (rc != 0) return rc;
        at += (uint64_t)got;
    }
}

/* One that is not there any more is not needed any more. */
static int
copy_segment(
    struct disk *from, struct disk *to, uint64_t number, uint8_t *piece)
{
    char name[FORMAT_NAME];
    struct disk_file *in, *out;

    format_name(name, number);
    int rc = from->open(from, name, false, &in);
    if (rc == -ENOENT) return 0;
    if (rc != 0) return rc;
    rc = to->open(to, name, true, &out);
    if (rc == 0) {
        rc = copy_bytes(from, in, to, out, piece);
        bool still = is_segment(from, in, number);
        to->close(to, out);
        if (rc == 0 && !still) rc = to->remove(to, name);
    }
    from->close(from, in);
    return rc;
}

/* Oldest first, so that the copy is as the store was when the last one was
 * read. */
static int
copy_all(struct disk *from, struct disk *to, uint8_t *piece)
{
    struct list l = { .count = 0 };
    int rc = from->list(from, note, &l);

    if (l.count > 0) qsort(l.numbers, l.count, sizeof *l.numbers, by_number);
    for (size_t i = 0; rc == 0 && i < l.count; i++)
        rc = copy_segment(from, to, l.numbers[i], piece);
    free(l.numbers);
    if (rc == 0) rc = to->sync_dir(to);
    return rc;
}

static int
remove_one(void *arg, const char *name)
{
    struct disk *disk = arg;

    return disk->remove(disk, name) == 0 ? 1 : -EIO;
}

static int
empty(struct disk *disk)
{
    int rc;

    while ((rc = disk->list(disk, remove_one, disk)) == 1) {}
    return rc;
}

static void
say_found(void *arg, const char *name, uint64_t at, const char *what)
{
    const struct disk *disk = arg;

    (void)say(STINT_EDAMAGED,
        "the copy in %s is not whole (%s at byte %" PRIu64
        ": %s): look at the store with `stint store check`",
        disk->path, name, at, what);
}

int
store_copy(struct disk *from, struct disk *to, struct store_stat *out)
{
    const struct store_check check = { .found = say_found, .arg = to };
    uint8_t *piece = malloc(PIECE);
    int rc = STINT_EDAMAGED;

    if (piece == NULL) return say(STINT_ENOMEM, "no memory for the copy");
    if (to->list(to, refuse_any, NULL) != 0) {
        free(piece);
        return say(
            STINT_EEXISTS, "%s is not empty: give a new directory", to->path);
    }
    for (int i = 0; i < TRIES && rc == STINT_EDAMAGED; i++) {
        int error = i > 0 ? empty(to) : 0;
        if (error == 0) error = copy_all(from, to, piece);
        if (error != 0) {
            rc = say(error == -ENOSPC ? STINT_ENOSPACE : STINT_EDISK,
                "%s cannot be copied to %s: %s", from->path, to->path,
                strerror(-error));
            break;
        }
        rc = store_check(to, &check, out);
    }
    free(piece);
    return rc;
}
