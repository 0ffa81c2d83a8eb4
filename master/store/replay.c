#include "master/store/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"

/* One segment in memory, while it is read. */
struct text {
    char name[REPLAY_NAME];
    uint64_t number;
    uint8_t *bytes; /* Owned. */
    uint64_t size;
    struct format_segment header;
    uint32_t seed; /* Of its checksums. */
};

void
replay_name(char out[REPLAY_NAME], uint64_t segment)
{
    (void)snprintf(out, REPLAY_NAME, "%016" PRIx64 ".log", segment);
}

static int
found(
    struct replay *r, const char *name, uint64_t at, const char *what, int code)
{
    if (r->found != NULL) r->found(r->arg, name, at, what);
    return code;
}

/* ---- files --------------------------------------------------------------- */

struct names {
    uint64_t *numbers; /* Owned; ascending. */
    size_t count, capacity;
    bool failed;
};

static int
note_name(void *arg, const char *name)
{
    struct names *n = arg;
    char same[REPLAY_NAME];
    char *end;

    uint64_t number = strtoull(name, &end, 16);
    replay_name(same, number);
    if (number == 0 || strcmp(same, name) != 0) return 0;
    if (n->count == n->capacity) {
        size_t want = n->capacity == 0 ? 64 : n->capacity * 2;
        uint64_t *grown = realloc(n->numbers, want * sizeof *grown);
        if (grown == NULL) {
            n->failed = true;
            return 1;
        }
        n->numbers = grown;
        n->capacity = want;
    }
    n->numbers[n->count++] = number;
    return 0;
}

static int
by_number(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static bool
has(const struct names *n, uint64_t number)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->numbers[i] == number) return true;
    }
    return false;
}

static int
disk_error(const char *name, const char *what, int64_t rc)
{
    return say(
        STINT_EDISK, "%s cannot be %s: %s", name, what, strerror((int)-rc));
}

static void
text_fini(struct text *t)
{
    free(t->bytes);
    t->bytes = NULL;
}

static int
read_all(struct replay *r, struct disk_file *file, struct text *t)
{
    int64_t size = r->disk->size(r->disk, file);
    if (size < 0) return disk_error(t->name, "read", size);

    t->size = (uint64_t)size;
    t->bytes = malloc(t->size + 1);
    if (t->bytes == NULL) return STINT_ENOMEM;
    int64_t got = r->disk->read(r->disk, file, 0, t->bytes, t->size);
    if (got < 0) return disk_error(t->name, "read", got);
    t->size = (uint64_t)got;
    return 0;
}

static int
check_header(struct replay *r, struct text *t)
{
    if (t->size < FORMAT_SEGMENT_HEADER) {
        return found(r, t->name, 0, "the segment is cut short", STINT_EDAMAGED);
    }
    int rc = format_read_segment(t->bytes, &t->header);
    if (rc == STINT_EFORMAT) {
        return found(r, t->name, 8,
            "the segment was written by another version of stint", rc);
    }
    if (rc != 0 || t->header.number != t->number) {
        return found(r, t->name, 0, "this is not the header of the segment",
            STINT_EDAMAGED);
    }
    if (r->has_id && memcmp(r->id, t->header.id, sizeof r->id) != 0) {
        return found(
            r, t->name, 16, "the segment is of another store", STINT_EDAMAGED);
    }
    t->seed = format_seed(t->header.id, t->number);
    return 0;
}

/* Read a segment whole. */
static int
load(struct replay *r, uint64_t number, struct text *t)
{
    struct disk_file *file;

    *t = (struct text){ .number = number };
    replay_name(t->name, number);
    int rc = r->disk->open(r->disk, t->name, false, &file);
    if (rc == -ENOENT) {
        return found(r, t->name, 0, "the segment is missing", STINT_EDAMAGED);
    }
    if (rc != 0) return disk_error(t->name, "opened", rc);
    rc = read_all(r, file, t);
    r->disk->close(r->disk, file);
    if (rc == 0) rc = check_header(r, t);
    if (rc != 0) text_fini(t);
    return rc;
}

/* ---- blocks -------------------------------------------------------------- */

/* The block at `at`, whole; else false. */
static bool
read_block(const struct text *t, uint64_t at, struct format_block *b)
{
    if (at > t->size || t->size - at < FORMAT_BLOCK_HEADER) return false;
    if (!format_read_block(t->bytes + at, t->seed, b)) return false;
    uint64_t room = t->size - at - FORMAT_BLOCK_HEADER;
    if (b->length > room) return false;
    return format_check_rows(
        b, (struct slice){
               t->bytes + at + FORMAT_BLOCK_HEADER, (size_t)b->length });
}

/* The next whole block from `at` on with a number above `above`. */
static bool
find_block(
    const struct text *t, uint64_t *at, uint64_t above, struct format_block *b)
{
    for (; *at + FORMAT_BLOCK_HEADER <= t->size; *at += FORMAT_ALIGN) {
        if (read_block(t, *at, b) && b->number > above) return true;
    }
    return false;
}

/* Whether a later block knew that the one that should be at `at`, behind block
 * `before` (0: the log begins here), was synced. */
static bool
was_synced(const struct text *t, uint64_t at, uint64_t before)
{
    struct format_block b;

    while (find_block(t, &at, before + 1, &b)) {
        if (b.synced >= (before != 0 ? before + 1 : b.number - 1)) return true;
        at += format_block_bytes(b.length);
    }
    return false;
}

static int
take_rows(struct replay *r, const struct text *t, uint64_t at,
    const struct format_block *b)
{
    const uint8_t *start = t->bytes + at + FORMAT_BLOCK_HEADER;
    struct slice ops = { start, (size_t)b->length };
    struct row row;

    for (;;) {
        const uint8_t *from = ops.bytes;
        int rc = row_next(&ops, &row);
        if (rc == 0) return 0;
        if (rc < 0) {
            return found(r, t->name,
                at + FORMAT_BLOCK_HEADER + (uint64_t)(from - start),
                "this is no row", STINT_EDAMAGED);
        }
        uint64_t place = (uint64_t)(from - t->bytes);
        rc = r->row(
            r->arg, t->number, place, (uint64_t)(ops.bytes - from), &row);
        if (rc != 0) return rc;
    }
}

/* How far behind the end something still begins like a block of this segment,
 * whole or not; 0: nowhere. */
static uint64_t
leftovers(const struct text *t, uint64_t end)
{
    struct format_block b;
    uint64_t length = 0;

    for (uint64_t at = end; at + FORMAT_BLOCK_HEADER <= t->size;
         at += FORMAT_ALIGN) {
        if (format_read_block(t->bytes + at, t->seed, &b)) {
            length = at + FORMAT_BLOCK_HEADER - end;
        }
    }
    return length;
}

/* The blocks of one segment that follow each other.  *at: behind the last. */
static int
take_blocks(struct replay *r, const struct text *t, uint64_t *at)
{
    struct format_block b;

    while (read_block(t, *at, &b)) {
        if (r->number != 0 && b.number != r->number + 1) break;
        int rc = take_rows(r, t, *at, &b);
        if (rc != 0) return rc;
        r->number = b.number;
        r->was_closed = b.closes;
        *at += format_block_bytes(b.length);
    }
    return 0;
}

/* In a lenient replay: the next block that reads, behind damage at `at`. */
static bool
go_on(struct replay *r, const struct text *t, uint64_t *at)
{
    struct format_block b;

    if (!r->lenient || !find_block(t, at, r->number, &b)) return false;
    r->number = b.number - 1;
    return true;
}

/* One segment.  The last one may be torn; of the others the next one tells
 * whether blocks are missing at the end. */
static int
take_segment(struct replay *r, const struct text *t)
{
    uint64_t at = FORMAT_SEGMENT_HEADER;
    int rc = r->segment == NULL
                 ? 0
                 : r->segment(r->arg, t->name, &t->header, t->size);

    while (rc == 0) {
        rc = take_blocks(r, t, &at);
        if (rc != 0) break;
        if (!was_synced(t, at, r->number)) break;
        rc = found(r, t->name, at,
            "a block that was on the disk cannot be read", STINT_EDAMAGED);
        if (go_on(r, t, &at)) rc = 0;
    }
    r->end = at;
    return rc;
}

/* ---- the log ------------------------------------------------------------- */

/* What the newest block says is the oldest segment that is needed. */
static uint64_t
first_needed(const struct text *newest)
{
    struct format_block b;
    uint64_t at = FORMAT_SEGMENT_HEADER, first = newest->header.first;
    uint64_t number = 0;

    while (find_block(newest, &at, number, &b)) {
        first = b.first;
        number = b.number;
        at += format_block_bytes(b.length);
    }
    return first;
}

/* The first block of the segment is not the one that should follow, and knew
 * that this one was on the disk. */
static bool
has_gap(const struct replay *r, const struct text *t)
{
    struct format_block b;
    uint64_t at = FORMAT_SEGMENT_HEADER;

    return r->number != 0 && find_block(t, &at, 0, &b)
           && b.number > r->number + 1 && b.synced > r->number;
}

static int
take_all(struct replay *r)
{
    char before[REPLAY_NAME] = "";
    uint64_t before_end = 0;
    int worst = 0;

    for (uint64_t number = r->first; number <= r->last; number++) {
        struct text t;
        int rc = load(r, number, &t);
        if (rc == 0 && has_gap(r, &t)) {
            rc = found(r, before, before_end,
                "a block that was on the disk cannot be read", STINT_EDAMAGED);
            if (r->lenient) {
                worst = rc;
                rc = 0;
                struct format_block b;
                uint64_t at = FORMAT_SEGMENT_HEADER;
                if (find_block(&t, &at, 0, &b)) r->number = b.number - 1;
            }
        }
        if (rc == 0) {
            memcpy(before, t.name, sizeof before);
            rc = take_segment(r, &t);
            before_end = r->end;
            if (number == r->last && !r->was_closed) {
                r->torn = leftovers(&t, r->end);
            }
            text_fini(&t);
        }
        if (rc == 0) continue;
        if (!r->lenient || rc == STINT_EDISK || rc == STINT_ENOMEM || rc > 0) {
            return rc;
        }
        worst = rc;
    }
    return worst;
}

static int
find_ends(struct replay *r, const struct names *n)
{
    struct text newest;

    r->last = n->numbers[n->count - 1];
    r->first = r->last;
    int rc = load(r, r->last, &newest);
    if (rc == 0) {
        r->first = first_needed(&newest);
        memcpy(r->id, newest.header.id, sizeof r->id);
        r->has_id = true;
        text_fini(&newest);
    } else if (r->lenient) {
        /* Whatever follows one another is looked at. */
        while (has(n, r->first - 1))
            r->first -= 1;
        rc = 0;
    }
    return rc;
}

int
replay_run(struct replay *r)
{
    struct names n = { .count = 0 };
    int rc = r->disk->list(r->disk, note_name, &n);

    if (n.failed) {
        rc = STINT_ENOMEM;
    } else if (rc < 0) {
        rc = disk_error(r->disk->path, "read", rc);
    } else if (n.count == 0) {
        r->is_new = true;
    } else {
        qsort(n.numbers, n.count, sizeof *n.numbers, by_number);
        rc = find_ends(r, &n);
        if (rc == 0) rc = take_all(r);
    }
    free(n.numbers);
    return rc;
}
