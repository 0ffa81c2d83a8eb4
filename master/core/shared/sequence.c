#include "master/core/shared/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"

void
sequence_init(struct sequence *q)
{
    *q = (struct sequence){ .all = NULL };
}

void
sequence_fini(struct sequence *q)
{
    /* Values that are all zero may be very many. */
    for (size_t i = 0; i < q->count && q->memory > 0; i++)
        entry_free(sequence_at(q, i));
    free(q->all);
}

static size_t
memory_of(const struct entry *e)
{
    return e != NULL ? entry_memory(e) : 0;
}

bool
sequence_scrap_last(struct sequence *q, struct entry **last)
{
    if (q->count == 0) return false;
    *last = sequence_at(q, --q->count);
    q->memory -= memory_of(*last);
    return true;
}

size_t
sequence_memory(const struct sequence *q)
{
    return q->memory + q->capacity * sizeof(struct entry *);
}

static void
move(struct sequence *q, size_t to, size_t from, size_t count)
{
    if (count == 0) return;
    memmove(q->all + to, q->all + from, count * sizeof(struct entry *));
    q->moved += count;
}

static bool
resize(struct sequence *q, size_t capacity)
{
    struct entry **all = realloc(q->all, capacity * sizeof(struct entry *));

    if (all == NULL) return false;
    q->all = all;
    q->capacity = capacity;
    return true;
}

/* The front is used again only when it is as long as what moves there. */
bool
sequence_reserve(struct sequence *q)
{
    if (q->first + q->count < q->capacity) return true;
    if (q->first > q->count) {
        move(q, 0, q->first, q->count);
        q->first = 0;
        return true;
    }
    return resize(q, q->capacity == 0 ? 8 : q->capacity * 2);
}

bool
sequence_fill(struct sequence *q, size_t count)
{
    struct entry **all = calloc(count, sizeof(struct entry *));

    if (all == NULL) return false;
    q->all = all;
    q->count = q->capacity = count;
    return true;
}

struct entry *
sequence_set(struct sequence *q, size_t at, struct entry *e)
{
    struct entry *before = sequence_at(q, at);

    q->all[q->first + at] = e;
    q->memory += memory_of(e);
    q->memory -= memory_of(before);
    return before;
}

/* Half of the room goes to the end that has none, so that the next ones there
 * find some. */
static void
share_room(struct sequence *q)
{
    size_t first = (q->capacity - q->count) / 2;

    if (q->first == 0) first += (q->capacity - q->count) % 2;
    move(q, first, q->first, q->count);
    q->first = first;
}

/* The shorter side moves. */
void
sequence_insert(struct sequence *q, size_t at, struct entry *e)
{
    bool in_front = at < q->count / 2;

    CHECK(at <= q->count && q->count < q->capacity);
    if (in_front ? q->first == 0 : q->first + q->count == q->capacity) {
        share_room(q);
    }
    if (in_front) {
        move(q, q->first - 1, q->first, at);
        q->first -= 1;
    } else {
        move(q, q->first + at + 1, q->first + at, q->count - at);
    }
    q->all[q->first + at] = e;
    q->count += 1;
    q->memory += memory_of(e);
}

struct entry *
sequence_take(struct sequence *q, size_t at)
{
    struct entry *e = sequence_at(q, at);

    if (at < q->count / 2) {
        move(q, q->first + 1, q->first, at);
        q->first += 1;
    } else {
        move(q, q->first + at, q->first + at + 1, q->count - at - 1);
    }
    q->count -= 1;
    q->memory -= memory_of(e);
    return e;
}

void
sequence_reverse(struct sequence *q)
{
    for (size_t i = 0, j = q->count; i + 1 < j; i++) {
        struct entry *e = sequence_at(q, i);
        q->all[q->first + i] = sequence_at(q, --j);
        q->all[q->first + j] = e;
    }
}

void
sequence_settle(struct sequence *q)
{
    if (q->capacity < 64 || q->count > q->capacity / 4) return;
    move(q, 0, q->first, q->count);
    q->first = 0;
    (void)resize(q, q->capacity / 2);
}

void
sequence_check(const struct sequence *q)
{
    size_t memory = 0;

    CHECK(q->first + q->count <= q->capacity);
    for (size_t i = 0; i < q->count; i++)
        memory += memory_of(sequence_at(q, i));
    CHECK(memory == q->memory);
}
