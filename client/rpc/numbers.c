#include "client/rpc/numbers.h"

#include <stdlib.h>
#include <string.h>

#include "common/stint_error.h"

enum { CHUNK_SLOTS = 1024, RING_FIRST = 16 };

struct numbers_chunk {
    uint32_t used;
    void *slots[CHUNK_SLOTS];
};

void
numbers_init(struct numbers *t)
{
    *t = (struct numbers){ .ring = NULL };
}

static struct numbers_chunk **
place(const struct numbers *t, uint64_t chunk)
{
    return &t->ring[chunk & (t->capacity - 1)];
}

void
numbers_fini(struct numbers *t)
{
    for (uint64_t c = t->first; c < t->end; c++)
        free(*place(t, c));
    free(t->spare);
    free(t->ring);
    numbers_init(t);
}

static int
grow(struct numbers *t, uint64_t end)
{
    size_t capacity = t->capacity == 0 ? RING_FIRST : t->capacity;

    while (capacity < end - t->first)
        capacity *= 2;
    if (capacity == t->capacity) return 0;

    struct numbers_chunk **ring = calloc(capacity, sizeof(*ring));
    if (ring == NULL) return STINT_ENOMEM;
    for (uint64_t c = t->first; c < t->end; c++)
        ring[c & (capacity - 1)] = *place(t, c);
    free(t->ring);
    t->ring = ring;
    t->capacity = capacity;
    return 0;
}

static struct numbers_chunk *
chunk_new(struct numbers *t)
{
    struct numbers_chunk *chunk = t->spare;

    t->spare = NULL;
    return chunk != NULL ? chunk : calloc(1, sizeof(*chunk));
}

/* An empty chunk is all NULLs again, as calloc makes one. */
static void
drop_if_empty(struct numbers *t, uint64_t c)
{
    struct numbers_chunk **at = place(t, c);

    if (*at == NULL || (*at)->used != 0) return;
    if (t->spare == NULL) {
        t->spare = *at;
    } else {
        free(*at);
    }
    *at = NULL;
    while (t->first < t->end && *place(t, t->first) == NULL)
        t->first++;
}

/* The chunks of a run are all made before the first slot is set. */
static int
reserve(struct numbers *t, uint64_t from, uint64_t end)
{
    if (t->first == t->end) t->first = t->end = from;

    uint64_t last = t->end - 1;
    if (end > t->end) {
        if (grow(t, end) != 0) return STINT_ENOMEM;
        while (t->end < end)
            *place(t, t->end++) = NULL;
    }
    for (uint64_t c = from; c < end; c++) {
        struct numbers_chunk **at = place(t, c);
        if (*at == NULL) *at = chunk_new(t);
        if (*at == NULL) return STINT_ENOMEM;
    }
    if (last >= t->first && last < from) drop_if_empty(t, last);
    return 0;
}

int
numbers_add(struct numbers *t, uint64_t first, uint32_t count, void *value)
{
    uint64_t from = first / CHUNK_SLOTS;
    uint64_t end = (first + count - 1) / CHUNK_SLOTS + 1;

    if (reserve(t, from, end) != 0) return STINT_ENOMEM;
    for (uint64_t n = first; n < first + count; n++) {
        struct numbers_chunk *chunk = *place(t, n / CHUNK_SLOTS);
        chunk->slots[n % CHUNK_SLOTS] = value;
        chunk->used++;
    }
    return 0;
}

static struct numbers_chunk *
find_chunk(const struct numbers *t, uint64_t number)
{
    uint64_t c = number / CHUNK_SLOTS;

    return c < t->first || c >= t->end ? NULL : *place(t, c);
}

void *
numbers_find(const struct numbers *t, uint64_t number)
{
    const struct numbers_chunk *chunk = find_chunk(t, number);

    return chunk == NULL ? NULL : chunk->slots[number % CHUNK_SLOTS];
}

void
numbers_remove(struct numbers *t, uint64_t first, uint32_t count)
{
    for (uint64_t n = first; n < first + count; n++) {
        struct numbers_chunk *chunk = find_chunk(t, n);
        if (chunk == NULL || chunk->slots[n % CHUNK_SLOTS] == NULL) continue;
        chunk->slots[n % CHUNK_SLOTS] = NULL;
        /* The last chunk stays: the next numbers are its own. */
        chunk->used--;
        if (n / CHUNK_SLOTS + 1 < t->end) drop_if_empty(t, n / CHUNK_SLOTS);
    }
}

void
numbers_each(struct numbers *t,
    void (*see)(void *arg, uint64_t number, void *value), void *arg)
{
    uint64_t end = t->end * CHUNK_SLOTS;

    for (uint64_t n = t->first * CHUNK_SLOTS; n < end; n++) {
        void *value = numbers_find(t, n);
        if (value != NULL) see(arg, n, value);
    }
}
