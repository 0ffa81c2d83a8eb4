#include "master/store/ends.h"

#include <string.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/scroll.h"

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
list_names(struct disk *disk, struct names *n)
{
    int rc = disk->list(disk, note_name, n);

    if (rc > 0) return STINT_ENOMEM;
    if (rc < 0) {
        return say(
            STINT_EDISK, "%s cannot be read: %s", disk->path, strerror(-rc));
    }
    if (n->count > 0) {
        qsort(n->numbers, n->count, sizeof *n->numbers, by_number);
    }
    return 0;
}

/* ---- the newest ---------------------------------------------------------- */

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

/* Take `last` for the newest.  Returns 0; 1: it is empty, the one before it is;
 * or an error. */
static int
take_newest(struct ends *e, struct disk *disk, struct ends_damage *damage)
{
    struct scroll t;

    e->first = e->last;
    int rc = scroll_load(&t, disk, e->last, &damage->what, &damage->at);
    memcpy(damage->name, t.name, sizeof damage->name);
    if (rc != 0) return rc;
    memcpy(e->id, t.header.id, sizeof e->id);
    e->first = first_needed(&t);
    bool empty = is_empty(&t);
    /* The first of all: nothing was ever written. */
    e->is_new = empty && t.header.before == 0 && e->last == 1;
    bool go_back = empty && t.header.first < e->last;
    scroll_fini(&t);
    return go_back;
}

int
ends_find(struct ends *e, struct disk *disk, struct ends_damage *damage)
{
    struct names n = { .count = 0 };
    int rc = list_names(disk, &n);

    *e = (struct ends){ .is_new = n.count == 0 };
    if (rc == 0 && n.count > 0) {
        e->oldest = n.numbers[0];
        e->last = n.numbers[n.count - 1];
        while ((rc = take_newest(e, disk, damage)) > 0) {
            e->last--;
            e->empties++;
        }
        e->empties += e->is_new;
    }
    free(n.numbers);
    return rc;
}
