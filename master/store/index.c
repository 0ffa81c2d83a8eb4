#include "master/store/index.h"

#include <string.h>

#include "common/check.h"
#include "common/stint_error.h"

enum { CHUNK_BITS = 8, CHUNK_ROWS = 1 << CHUNK_BITS, FIRST_SLOTS = 16 };

struct index_chunk {
    struct index_chunk *next_empty; /* While `listed`. */
    uint64_t number;
    uint16_t count; /* Rows that are here. */
    uint8_t kind;
    bool listed; /* In index.empty. */
    struct index_place places[CHUNK_ROWS];
};

static const struct index_place NOWHERE = { 0 };

void
index_init(struct index *ix)
{
    *ix = (struct index){ .rows = 0 };
}

void
index_fini(struct index *ix)
{
    for (unsigned i = 0; i < ROW_KINDS; i++) {
        struct index_kind *k = &ix->kinds[i];
        for (size_t j = 0; j < k->count; j++)
            free(k->slots[k->start + j].chunk);
        free(k->slots);
    }
    index_init(ix);
}

/* Which slot the chunk has, or would have: the first whose number is not
 * smaller. */
static size_t
position(const struct index_kind *k, uint64_t number)
{
    if (k->count == 0) return 0;

    const struct index_slot *slots = k->slots + k->start;
    if (number <= slots[0].number) return 0;
    /* Where numbers are dense it stands where it should. */
    uint64_t guess = number - slots[0].number;
    if (guess < k->count && slots[guess].number == number) {
        return (size_t)guess;
    }
    size_t low = 0, high = k->count;
    if (slots[high - 1].number < number) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slots[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct index_chunk *
find_chunk(const struct index *ix, unsigned kind, uint64_t id)
{
    const struct index_kind *k = &ix->kinds[kind];
    size_t i = position(k, id >> CHUNK_BITS);

    if (i == k->count) return NULL;
    const struct index_slot *slot = &k->slots[k->start + i];
    return slot->number == id >> CHUNK_BITS ? slot->chunk : NULL;
}

/* The same for who changes it. */
static struct index_chunk *
use_chunk(struct index *ix, unsigned kind, uint64_t id)
{
    struct index_kind *k = &ix->kinds[kind];

    if (k->recent == NULL || k->recent->number != id >> CHUNK_BITS) {
        k->recent = find_chunk(ix, kind, id);
    }
    return k->recent;
}

static void
list_empty(struct index *ix, struct index_chunk *c)
{
    if (c->listed) return;
    c->listed = true;
    c->next_empty = ix->empty;
    ix->empty = c;
}

/* Room for one slot more, behind the last.  What was left at the front is used
 * again when it is the greater part. */
static int
grow(struct index_kind *k)
{
    if (k->start + k->count < k->capacity) return 0;
    if (k->start > k->capacity / 2) {
        memmove(k->slots, k->slots + k->start, k->count * sizeof *k->slots);
        k->start = 0;
        return 0;
    }
    size_t capacity = k->capacity == 0 ? FIRST_SLOTS : k->capacity * 2;
    struct index_slot *slots = realloc(k->slots, capacity * sizeof *slots);
    if (slots == NULL) return STINT_ENOMEM;
    k->slots = slots;
    k->capacity = capacity;
    return 0;
}

int
index_reserve(struct index *ix, unsigned kind, uint64_t id)
{
    struct index_kind *k = &ix->kinds[kind];

    if (use_chunk(ix, kind, id) != NULL) return 0;
    struct index_chunk *c = calloc(1, sizeof *c);
    if (c == NULL || grow(k) < 0) {
        free(c);
        return STINT_ENOMEM;
    }
    c->number = id >> CHUNK_BITS;
    c->kind = (uint8_t)kind;
    size_t i = k->start + position(k, c->number);
    size_t end = k->start + k->count++;
    memmove(&k->slots[i + 1], &k->slots[i], (end - i) * sizeof *k->slots);
    k->slots[i] = (struct index_slot){ c->number, c };
    list_empty(ix, c);
    return 0;
}

struct index_place
index_set(
    struct index *ix, unsigned kind, uint64_t id, struct index_place place)
{
    struct index_chunk *c = use_chunk(ix, kind, id);

    CHECK(c != NULL && place.segment != 0);
    struct index_place *mine = &c->places[id % CHUNK_ROWS];
    struct index_place old = *mine;
    *mine = place;
    if (old.segment == 0) {
        c->count++;
        ix->rows++;
    }
    return old;
}

struct index_place
index_clear(struct index *ix, unsigned kind, uint64_t id)
{
    struct index_chunk *c = use_chunk(ix, kind, id);

    if (c == NULL) return NOWHERE;
    struct index_place *mine = &c->places[id % CHUNK_ROWS];
    struct index_place old = *mine;
    if (old.segment == 0) return NOWHERE;
    *mine = NOWHERE;
    ix->rows--;
    if (--c->count == 0) list_empty(ix, c);
    return old;
}

static void
remove_chunk(struct index_kind *k, struct index_chunk *c)
{
    size_t i = position(k, c->number);

    CHECK(i < k->count && k->slots[k->start + i].chunk == c);
    if (k->recent == c) k->recent = NULL;
    k->count--;
    if (i == 0) {
        k->start++;
    } else {
        struct index_slot *at = &k->slots[k->start + i];
        memmove(at, at + 1, (k->count - i) * sizeof *at);
    }
    free(c);
}

void
index_trim(struct index *ix)
{
    while (ix->empty != NULL) {
        struct index_chunk *c = ix->empty;
        ix->empty = c->next_empty;
        c->listed = false;
        if (c->count == 0) remove_chunk(&ix->kinds[c->kind], c);
    }
}

struct index_place
index_find(const struct index *ix, unsigned kind, uint64_t id)
{
    const struct index_chunk *c = find_chunk(ix, kind, id);

    return c == NULL ? NOWHERE : c->places[id % CHUNK_ROWS];
}

struct index_place
index_next(const struct index *ix, unsigned kind, uint64_t *id)
{
    const struct index_kind *k = &ix->kinds[kind];
    uint64_t from = *id;

    for (size_t i = position(k, from >> CHUNK_BITS); i < k->count; i++) {
        const struct index_slot *slot = &k->slots[k->start + i];
        size_t row = slot->number == from >> CHUNK_BITS ? from % CHUNK_ROWS : 0;
        for (; row < CHUNK_ROWS; row++) {
            if (slot->chunk->places[row].segment == 0) continue;
            *id = slot->number << CHUNK_BITS | row;
            return slot->chunk->places[row];
        }
    }
    return NOWHERE;
}
