#include "master/store/replay.h"

#include <errno.h>
#include <string.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/scroll.h"

static int
found(
    struct replay *r, const char *name, uint64_t at, const char *what, int code)
{
    if (r->found != NULL) r->found(r->arg, name, at, what);
    return code;
}

static int
load(struct replay *r, uint64_t number, struct scroll *t)
{
    const char *what;
    uint64_t at;
    int rc = scroll_load(t, r->disk, number, &what, &at);

    if (rc == STINT_EDAMAGED || rc == STINT_EFORMAT) {
        return found(r, t->name, at, what, rc);
    }
    return rc;
}

/* ---- files --------------------------------------------------------------- */

struct names {
    uint64_t *numbers; /* Owned; ascending. */
    size_t count, capacity;
};

static int
note_name(void *arg, const char *name)
{
    struct names *n = arg;
    uint64_t number;

    if (!format_is_name(name, &number)) return 0;
    if (n->count == n->capacity) {
        size_t want = n->capacity == 0 ? 64 : n->capacity * 2;
        uint64_t *grown = realloc(n->numbers, want * sizeof *grown);
        if (grown == NULL) return 1;
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

static int
list_names(struct replay *r, struct names *n)
{
    int rc = r->disk->list(r->disk, note_name, n);

    if (rc > 0) return STINT_ENOMEM;
    if (rc < 0) {
        return say(
            STINT_EDISK, "%s cannot be read: %s", r->disk->path, strerror(-rc));
    }
    if (n->count > 0) {
        qsort(n->numbers, n->count, sizeof *n->numbers, by_number);
    }
    return 0;
}

/* ---- blocks -------------------------------------------------------------- */

static int
take_rows(struct replay *r, const struct scroll *t, uint64_t at,
    const struct format_block *b)
{
    const uint8_t *start = t->bytes + at + FORMAT_BLOCK_HEADER;
    struct slice ops = { start, (size_t)b->length };
    struct row row;

    for (;;) {
        const uint8_t *from = ops.bytes;
        int rc = row_next(&ops, &row);
        if (rc == 0) return 0;
        uint64_t place = (uint64_t)(from - t->bytes);
        if (rc < 0) {
            return found(r, t->name, place, "this is no row", STINT_EDAMAGED);
        }
        rc = r->row(r->arg, t->header.number, place,
            (struct slice){ from, (size_t)(ops.bytes - from) }, &row);
        if (rc != 0) return rc;
    }
}

/* The blocks that follow each other, up to number `until`.  *at: behind the
 * last.  Of those behind `sure` nobody knows whether they are on the disk. */
static int
take_blocks(struct replay *r, const struct scroll *t, uint64_t *at,
    uint64_t until, uint64_t sure)
{
    struct format_block b;

    while (r->number < until && scroll_block(t, *at, &b)
           && b.number == r->number + 1) {
        int rc = take_rows(r, t, *at, &b);
        if (rc != 0) return rc;
        r->number = b.number;
        r->was_closed = b.closes;
        *at += format_block_bytes(b.length);
        if (b.number <= sure) r->unsure = *at;
    }
    return 0;
}

/* In a lenient replay: the next block that reads, behind damage at `at`. */
static bool
go_on(struct replay *r, const struct scroll *t, uint64_t *at)
{
    struct format_block b;

    if (!r->lenient || !scroll_find(t, at, r->number, &b)) return false;
    r->number = b.number - 1;
    return true;
}

/* What headers in the last segment claim, from `at` on. */
struct claims {
    uint64_t synced, end;
    bool seal;
};

static struct claims
claims_from(const struct replay *r, const struct scroll *t, uint64_t at)
{
    struct claims c = { .end = at };

    if (t->header.number == r->last) {
        c.synced = scroll_claims(t, at, &c.end, &c.seal);
    }
    return c;
}

/* Everything up to block `known` is there (UINT64_MAX: nobody knows); of the
 * last segment its own headers tell as well. */
static int
take_segment(struct replay *r, const struct scroll *t, uint64_t known)
{
    bool is_last = t->header.number == r->last;
    uint64_t until = is_last ? UINT64_MAX : known, at = FORMAT_SEGMENT_HEADER;
    struct claims claims = claims_from(r, t, at);
    uint64_t sure = claims.synced;
    int worst = 0;

    if (known == UINT64_MAX) known = 0;
    if (sure < t->header.before) sure = t->header.before;
    r->number = t->header.before;
    r->unsure = at;
    for (;;) {
        int rc = take_blocks(r, t, &at, until, sure);
        if (rc != 0) return rc;
        claims = claims_from(r, t, at);
        if (claims.synced <= r->number && known <= r->number) break;
        worst = found(r, t->name, at,
            claims.seal ? "the log goes on behind this, and the segment where "
                          "it does is missing"
                        : "a block that was on the disk cannot be read",
            STINT_EDAMAGED);
        if (!go_on(r, t, &at)) return worst;
    }
    r->end = at;
    r->torn = claims.end - at;
    return worst;
}

/* ---- the log ------------------------------------------------------------- */

/* What its newest block says is the oldest segment that is needed. */
static uint64_t
first_needed(const struct scroll *t)
{
    struct format_block b;
    uint64_t at = FORMAT_SEGMENT_HEADER, first = t->header.first;
    uint64_t number = t->header.before;

    while (scroll_find(t, &at, number, &b)) {
        first = b.first;
        number = b.number;
        at += format_block_bytes(b.length);
    }
    return first;
}

/* Whether the segment was never written to.  If it was, and what was is gone,
 * that is damage, which will be found. */
static bool
is_empty(const struct scroll *t)
{
    struct format_block b;
    uint64_t end;
    bool seal;

    if (scroll_block(t, FORMAT_SEGMENT_HEADER, &b)
        && b.number == t->header.before + 1) {
        return false;
    }
    return scroll_claims(t, FORMAT_SEGMENT_HEADER, &end, &seal)
           <= t->header.before;
}

/* The newest segment that was written to.  Returns 0 or an error; of one that
 * cannot be read, too, `last` is set. */
static int
find_last(struct replay *r, uint64_t newest)
{
    struct scroll t;

    for (r->last = newest;; r->last--, r->empties++) {
        r->first = r->last;
        int rc = load(r, r->last, &t);
        if (rc != 0) return rc;
        memcpy(r->id, t.header.id, sizeof r->id);
        r->has_id = true;
        r->first = first_needed(&t);
        bool empty = is_empty(&t);
        /* The first of all: nothing was ever written. */
        r->is_new = empty && t.header.before == 0 && r->last == 1;
        bool go_back = empty && t.header.first < r->last;
        scroll_fini(&t);
        if (!go_back) break;
    }
    r->empties += r->is_new;
    return 0;
}

/* The header of the segment behind `number` tells where that one ends: *known
 * is its last block, UINT64_MAX when nobody tells.  A header that cannot be
 * read is damage that is found when its turn comes. */
static int
ask_next(struct replay *r, uint64_t number, uint64_t *known)
{
    uint8_t bytes[FORMAT_SEGMENT_HEADER];
    struct format_segment next;
    char name[FORMAT_NAME];
    struct disk_file *file;

    *known = UINT64_MAX;
    if (number == r->last && r->empties == 0) return 0;
    format_name(name, number + 1);
    int64_t rc = r->disk->open(r->disk, name, false, &file);
    if (rc == -ENOENT) return 0;
    if (rc == 0) {
        rc = r->disk->read(r->disk, file, 0, bytes, sizeof bytes);
        r->disk->close(r->disk, file);
    }
    if (rc < 0) {
        return say(STINT_EDISK, "%s/%s cannot be read: %s", r->disk->path, name,
            strerror((int)-rc));
    }
    if (rc == sizeof bytes && format_read_segment(bytes, &next) == 0
        && next.number == number + 1) {
        *known = next.before;
    }
    return 0;
}

static int
take_number(struct replay *r, uint64_t number)
{
    struct scroll t;
    uint64_t known;
    int rc = ask_next(r, number, &known);

    if (rc == 0) rc = load(r, number, &t);
    if (rc != 0) return rc;
    if (!r->has_id) {
        memcpy(r->id, t.header.id, sizeof r->id);
        r->has_id = true;
    }
    if (memcmp(t.header.id, r->id, sizeof r->id) != 0) {
        rc = found(
            r, t.name, 0, "the segment is of another store", STINT_EDAMAGED);
    } else if (r->segment != NULL) {
        rc = r->segment(r->arg, t.name, &t.header, t.size);
    }
    if (rc == 0) rc = take_segment(r, &t, known);
    scroll_fini(&t);
    return rc;
}

static bool
may_go_on(const struct replay *r, int rc)
{
    return rc == 0
           || (r->lenient && (rc == STINT_EDAMAGED || rc == STINT_EFORMAT));
}

int
replay_run(struct replay *r)
{
    struct names n = { .count = 0 };
    int rc = list_names(r, &n), worst = 0;

    r->is_new = rc == 0 && n.count == 0;
    if (rc == 0 && n.count > 0) {
        worst = rc = find_last(r, n.numbers[n.count - 1]);
        /* Of what cannot be read nobody knows what it needs: look at all else.
         */
        if (rc != 0 && may_go_on(r, rc)) {
            r->first = n.numbers[0];
            r->last -= 1;
        }
    }
    free(n.numbers);
    if (r->is_new || !may_go_on(r, rc)) return rc;
    for (uint64_t number = r->first; number <= r->last; number++) {
        rc = take_number(r, number);
        if (!may_go_on(r, rc)) return rc;
        if (rc != 0) worst = rc;
    }
    return worst;
}
