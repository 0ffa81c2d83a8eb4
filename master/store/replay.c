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

/* ---- a store in use ------------------------------------------------------ */

/* What seems wrong may be a master at work.  Returns STINT_EBUSY: segment
 * `number` is needed no more; 1: the log goes on further; 0: neither; or an
 * error. */
static int
ask_again(struct replay *r, uint64_t number)
{
    struct ends_damage damage;
    struct ends now;

    if (!r->lenient) return 0;
    int rc = ends_find(&now, r->disk, &damage);
    /* What is damaged there is found when its turn comes. */
    if (rc == STINT_EDAMAGED || rc == STINT_EFORMAT || now.is_new) return 0;
    if (rc != 0) return rc;
    if (number < now.first) return STINT_EBUSY;
    if (now.last <= r->ends.last) return 0;
    r->ends = now;
    return 1;
}

static int
load(struct replay *r, uint64_t number, struct scroll *t)
{
    const char *what;
    uint64_t at;
    int rc = scroll_load(t, r->disk, number, &what, &at);

    if (rc != STINT_EDAMAGED && rc != STINT_EFORMAT) return rc;
    int again = ask_again(r, number);
    return again < 0 ? again : found(r, t->name, at, what, rc);
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

/* The header of the segment behind `number` tells where that one ends: *known
 * is its last block, UINT64_MAX when nobody tells or it is the last one
 * anyway.  A header that cannot be
 * read is damage that is found when its turn comes. */
static int
ask_next(struct replay *r, uint64_t number, uint64_t *known)
{
    uint8_t bytes[FORMAT_SEGMENT_HEADER];
    struct format_segment next;
    char name[FORMAT_NAME];
    struct disk_file *file;

    *known = UINT64_MAX;
    if (number == r->ends.last && r->ends.empties == 0) return 0;
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

/* What headers in the last segment claim, from `at` on. */
struct claims {
    uint64_t synced, end;
    bool seal;
};

static struct claims
claims_from(const struct replay *r, const struct scroll *t, uint64_t at)
{
    struct claims c = { .end = at };

    if (t->header.number == r->ends.last) {
        c.synced = scroll_claims(t, at, &c.end, &c.seal);
    }
    return c;
}

/* Whether the block that could not be read at `at` can be now, or the log has
 * gone on: 1, 0, or an error. */
static int
look_again(struct replay *r, struct scroll *t, uint64_t at)
{
    struct format_block b;
    struct scroll fresh;
    const char *what;
    uint64_t where;
    int rc = ask_again(r, t->header.number);

    if (rc < 0 || !r->lenient) return rc;
    int loaded = scroll_load(&fresh, r->disk, t->header.number, &what, &where);
    if (loaded == STINT_EDAMAGED || loaded == STINT_EFORMAT) return 0;
    if (loaded != 0) return loaded;
    scroll_fini(t);
    *t = fresh;
    return rc == 1 || (scroll_block(t, at, &b) && b.number == r->number + 1);
}

/* Everything up to block `known` is there (UINT64_MAX: nobody knows); of the
 * last segment its own headers tell as well. */
static int
take_segment(struct replay *r, struct scroll *t)
{
    uint64_t at = FORMAT_SEGMENT_HEADER, known;
    struct claims claims = claims_from(r, t, at);
    uint64_t sure = claims.synced;
    int worst = 0;

    if (sure < t->header.before) sure = t->header.before;
    r->number = t->header.before;
    r->unsure = at;
    for (;;) {
        int rc = ask_next(r, t->header.number, &known);
        if (rc == 0) rc = take_blocks(r, t, &at, known, sure);
        if (rc != 0) return rc;
        claims = claims_from(r, t, at);
        if (known == UINT64_MAX) known = 0;
        if (claims.synced <= r->number && known <= r->number) break;
        rc = look_again(r, t, at);
        if (rc < 0) return rc;
        if (rc > 0) continue;
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

static int
take_number(struct replay *r, uint64_t number)
{
    struct scroll t;
    int rc = load(r, number, &t);

    if (rc != 0) return rc;
    if (!r->knows_id) memcpy(r->ends.id, t.header.id, sizeof r->ends.id);
    r->knows_id = true;
    if (memcmp(t.header.id, r->ends.id, sizeof r->ends.id) != 0) {
        rc = found(
            r, t.name, 16, "the segment is of another store", STINT_EDAMAGED);
    } else if (r->segment != NULL) {
        rc = r->segment(r->arg, t.name, &t.header, t.size);
    }
    if (rc == 0) rc = take_segment(r, &t);
    scroll_fini(&t);
    return rc;
}

static bool
may_go_on(const struct replay *r, int rc)
{
    return rc == 0
           || (r->lenient && (rc == STINT_EDAMAGED || rc == STINT_EFORMAT));
}

/* Of a newest segment that cannot be read nobody knows what it needs: a lenient
 * replay looks at all others. */
static int
find_ends(struct replay *r)
{
    struct ends_damage d;
    int rc = ends_find(&r->ends, r->disk, &d);

    if (rc != STINT_EDAMAGED && rc != STINT_EFORMAT) return rc;
    rc = found(r, d.name, d.at, d.what, rc);
    r->ends.first = r->ends.oldest;
    r->ends.last -= 1;
    r->knows_id = false;
    return rc;
}

int
replay_run(struct replay *r)
{
    r->knows_id = true;
    int rc = find_ends(r), worst = rc;
    uint64_t number = r->ends.first;

    if (!may_go_on(r, rc) || r->ends.is_new) return rc;
    for (; number <= r->ends.last; number++) {
        rc = take_number(r, number);
        if (!may_go_on(r, rc)) return rc;
        if (rc != 0 && worst != STINT_EFORMAT) worst = rc;
    }
    return worst;
}
