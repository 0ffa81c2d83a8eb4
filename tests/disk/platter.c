#include "tests/disk/platter.h"

#include <string.h>

#include "common/check.h"

static void
resize(struct platter_bytes *b, size_t length)
{
    if (length > b->capacity) {
        size_t capacity = b->capacity == 0 ? PLATTER_SECTOR : b->capacity;
        while (capacity < length)
            capacity *= 2;
        b->bytes = realloc(b->bytes, capacity);
        CHECK(b->bytes != NULL);
        b->capacity = capacity;
    }
    if (length > b->length) memset(b->bytes + b->length, 0, length - b->length);
    b->length = length;
}

static void
copy(struct platter_bytes *to, const struct platter_bytes *from)
{
    resize(to, 0);
    resize(to, from->length);
    if (from->length > 0) memcpy(to->bytes, from->bytes, from->length);
}

/* Put the bytes of a sector where the file, as it is long now, has it. */
static void
place(struct platter_bytes *to, size_t sector, const uint8_t *bytes)
{
    size_t at = sector * PLATTER_SECTOR;

    if (at >= to->length) return;
    size_t room = to->length - at;
    memcpy(
        to->bytes + at, bytes, room < PLATTER_SECTOR ? room : PLATTER_SECTOR);
}

static void
fetch(const struct platter_bytes *from, size_t sector, uint8_t *bytes)
{
    size_t at = sector * PLATTER_SECTOR;

    memset(bytes, 0, PLATTER_SECTOR);
    if (at >= from->length) return;
    size_t there = from->length - at;
    memcpy(bytes, from->bytes + at,
        there < PLATTER_SECTOR ? there : PLATTER_SECTOR);
}

void
platter_init(struct platter *p)
{
    *p = (struct platter){ 0 };
}

void
platter_fini(struct platter *p)
{
    free(p->seen.bytes);
    free(p->kept.bytes);
    free(p->states);
    platter_init(p);
}

void
platter_copy(struct platter *to, const struct platter *from)
{
    platter_init(to);
    copy(&to->seen, &from->seen);
    copy(&to->kept, &from->kept);
    if (from->count == 0) return;
    to->states = malloc(from->count * sizeof *to->states);
    CHECK(to->states != NULL);
    memcpy(to->states, from->states, from->count * sizeof *to->states);
    to->count = to->capacity = from->count;
}

static void
remember(struct platter *p, size_t sector)
{
    if (p->count == p->capacity) {
        p->capacity = p->capacity == 0 ? 16 : p->capacity * 2;
        p->states = realloc(p->states, p->capacity * sizeof *p->states);
        CHECK(p->states != NULL);
    }
    struct platter_state *state = &p->states[p->count];
    state->order = p->count++;
    state->sector = sector;
    state->length = p->seen.length;
    fetch(&p->seen, sector, state->bytes);
}

void
platter_write(struct platter *p, size_t at, struct slice bytes)
{
    if (bytes.length == 0) return;
    size_t end = at + bytes.length;
    /* A gap becomes zeros, and these are new as well. */
    size_t first = at < p->seen.length ? at : p->seen.length;

    if (end > p->seen.length) resize(&p->seen, end);
    memcpy(p->seen.bytes + at, bytes.bytes, bytes.length);
    for (size_t i = first / PLATTER_SECTOR; i <= (end - 1) / PLATTER_SECTOR;
         i++)
        remember(p, i);
}

void
platter_sync(struct platter *p)
{
    resize(&p->kept, p->seen.length);
    for (size_t i = 0; i < p->count; i++)
        place(&p->kept, p->states[i].sector, p->states[i].bytes);
    p->count = 0;
}

/* The states of one sector stand together, oldest first. */
static int
compare(const void *a, const void *b)
{
    const struct platter_state *x = a, *y = b;

    if (x->sector != y->sector) return x->sector < y->sector ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* What became of a sector with `count` states: one of them, the old bytes, or
 * rarely the front of one and the end of another. */
static void
settle(struct platter *p, const struct platter_state *states, size_t count,
    size_t survive, struct luck *luck)
{
    uint8_t bytes[PLATTER_SECTOR], other[PLATTER_SECTOR];
    size_t sector = states[0].sector;

    fetch(&p->kept, sector, bytes);
    memcpy(other, bytes, sizeof other);
    for (size_t i = 0; i < count; i++) {
        if (luck_has(luck, survive, 8)) {
            memcpy(bytes, states[i].bytes, sizeof bytes);
        } else if (luck_has(luck, 1, 2)) {
            memcpy(other, states[i].bytes, sizeof other);
        }
    }
    if (luck_has(luck, 1, 16)) {
        size_t cut = luck_below(luck, PLATTER_SECTOR);
        memcpy(bytes + cut, other + cut, PLATTER_SECTOR - cut);
    }
    place(&p->kept, sector, bytes);
}

/* The file is as long as it was, or as long as some write made it. */
static size_t
draw_length(const struct platter *p, struct luck *luck)
{
    size_t pick = luck_below(luck, p->count + 1);

    return pick == p->count ? p->kept.length : p->states[pick].length;
}

static void
settle_all(struct platter *p, struct luck *luck)
{
    size_t survive = luck_below(luck, 9);

    if (p->count == 0) return;
    resize(&p->kept, draw_length(p, luck));
    qsort(p->states, p->count, sizeof *p->states, compare);
    for (size_t i = 0, end; i < p->count; i = end) {
        end = i + 1;
        while (end < p->count && p->states[end].sector == p->states[i].sector)
            end++;
        settle(p, &p->states[i], end - i, survive, luck);
    }
    p->count = 0;
}

void
platter_sync_badly(struct platter *p, struct luck *luck)
{
    settle_all(p, luck);
}

void
platter_cut_power(struct platter *p, struct luck *luck)
{
    settle_all(p, luck);
    copy(&p->seen, &p->kept);
}

void
platter_resize(struct platter *p, size_t length)
{
    CHECK(p->count == 0);
    resize(&p->seen, length);
    copy(&p->kept, &p->seen);
}

void
platter_flip(struct platter *p, size_t at, uint8_t mask)
{
    CHECK(p->count == 0 && at < p->seen.length && at < p->kept.length);
    p->seen.bytes[at] ^= mask;
    p->kept.bytes[at] ^= mask;
}
