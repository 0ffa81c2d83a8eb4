#include "master/core/task.h"

#include <stdlib.h>

#include "common/check.h"
#include "master/core/job.h"

/* malloc's own word for each block. */
enum { BLOCK_OVERHEAD = 16 };

/* The pointer has no place of its own: most tasks have none. */
static uint8_t *
block_of(const struct task *t)
{
    uint8_t *block;

    memcpy(&block, t->room, sizeof block);
    return block;
}

static void
set_block(struct task *t, uint8_t *block)
{
    memcpy(t->room, &block, sizeof block);
}

struct task *
task_new(struct slice payload)
{
    bool large = payload.length > TASK_INLINE;
    struct task *t =
        malloc(sizeof *t + (large ? sizeof(void *) : payload.length));

    if (t == NULL) return NULL;
    memset(t, 0, sizeof *t);
    list_init(&t->at.in_list);
    t->size = (uint32_t)payload.length;
    if (!large) {
        if (t->size > 0) memcpy(t->room, payload.bytes, t->size);
        return t;
    }
    void *block = payload.bytes == NULL ? NULL : malloc(payload.length);
    if (block == NULL && payload.bytes != NULL) {
        free(t);
        return NULL;
    }
    if (block != NULL) memcpy(block, payload.bytes, payload.length);
    set_block(t, block);
    return t;
}

struct slice
task_payload(const struct task *t)
{
    return (
        struct slice){ t->size > TASK_INLINE ? block_of(t) : t->room, t->size };
}

void
task_chill(struct task *t)
{
    if (t->size <= TASK_INLINE) return;
    free(block_of(t));
    set_block(t, NULL);
}

void
task_free(struct task *t)
{
    if (t == NULL) return;
    if (t->more != NULL) {
        free(t->more->reason);
        buf_fini(&t->more->notes);
    }
    free(t->more);
    task_chill(t);
    free(t);
}

size_t
task_memory(const struct task *t)
{
    size_t more = t->more == NULL ? 0
                                  : sizeof *t->more + t->more->reason_length
                                        + t->more->notes.capacity;

    if (t->size <= TASK_INLINE) {
        return sizeof *t + t->size + more + BLOCK_OVERHEAD;
    }
    size_t large = block_of(t) == NULL ? 0 : t->size + BLOCK_OVERHEAD;

    return sizeof *t + sizeof(void *) + large + more + BLOCK_OVERHEAD;
}

struct task_more *
task_more(struct task *t)
{
    if (t->more != NULL) return t->more;

    struct task_more *more = calloc(1, sizeof *more);
    if (more == NULL) return NULL;
    more->task = t;
    more->expires = TICK_NEVER;
    t->more = more;
    return more;
}

uint32_t
task_number(const struct task *t)
{
    return t->attempts > t->unbegun ? t->attempts - t->unbegun : 0;
}

/* Losses of its worker that use up no attempt. */
static uint32_t
losses_free(const struct task *t)
{
    if (t->seq == 0) return 0;
    return t->queue != NULL && t->queue->job != NULL ? t->queue->job->losses
                                                     : TASK_LOST_FREE;
}

uint32_t
task_all_tries(const struct task *t)
{
    uint32_t lost = t->lost, unpaid = losses_free(t);

    lost -= lost < unpaid ? lost : unpaid;
    return (uint32_t)t->failures + lost + t->timeouts;
}

uint32_t
task_tries(const struct task *t)
{
    uint32_t all = task_all_tries(t);
    uint32_t forgiven = t->more != NULL ? t->more->forgiven : 0;

    return all > forgiven ? all - forgiven : 0;
}

void
task_table_init(struct task_table *table)
{
    *table = (struct task_table){ .chunks = NULL };
}

void
task_table_fini(struct task_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->chunks[i] == NULL) continue;
        CHECK(table->chunks[i]->live == 0);
        free(table->chunks[i]);
    }
    free(table->chunks);
    task_table_init(table);
}

/* Forget the freed chunks at the front, when they are many. */
static void
trim(struct task_table *table)
{
    size_t gone = 0;

    while (gone < table->count && table->chunks[gone] == NULL)
        gone++;
    if (gone < 64 || gone < table->count / 2) return;
    memmove(table->chunks, table->chunks + gone,
        (table->count - gone) * sizeof(struct task_chunk *));
    table->base += gone;
    table->count -= gone;
}

/* Places for chunks up to number `at`. */
static bool
widen(struct task_table *table, uint64_t at)
{
    trim(table);
    if (table->count == 0) table->base = at;
    size_t need = (size_t)(at - table->base) + 1;
    if (need <= table->count) return true;
    if (need > table->capacity) {
        size_t want = table->capacity == 0 ? 64 : table->capacity * 2;
        if (want < need) want = need;
        struct task_chunk **chunks =
            realloc(table->chunks, want * sizeof(struct task_chunk *));
        if (chunks == NULL) return false;
        table->chunks = chunks;
        table->capacity = want;
    }
    while (table->count < need)
        table->chunks[table->count++] = NULL;
    return true;
}

/* The chunk number `at`, for which there is a place, is there. */
static bool
fill(struct task_table *table, uint64_t at)
{
    struct task_chunk **chunk = &table->chunks[at - table->base];

    if (*chunk == NULL) *chunk = calloc(1, sizeof **chunk);
    return *chunk != NULL;
}

static bool
ensure(struct task_table *table, uint64_t at)
{
    return widen(table, at) && fill(table, at);
}

bool
task_table_reserve(struct task_table *table, uint64_t more)
{
    uint64_t from = (table->last + 1) / TASK_CHUNK;
    uint64_t to = (table->last + more) / TASK_CHUNK;

    for (uint64_t at = from; at <= to; at++) {
        bool is_there = at >= table->base && at - table->base < table->count
                        && table->chunks[at - table->base] != NULL;
        if (!is_there && !ensure(table, at)) return false;
    }
    return true;
}

static struct task_chunk *
chunk_of(const struct task_table *table, uint64_t id)
{
    uint64_t at = id / TASK_CHUNK;

    if (at < table->base || at >= table->base + table->count) return NULL;
    return table->chunks[at - table->base];
}

/* Free an empty chunk, but for the one that goes on being filled. */
static void
drop_if_empty(struct task_table *table, uint64_t at)
{
    if (at < table->base || at >= table->last / TASK_CHUNK) return;

    struct task_chunk **chunk = &table->chunks[at - table->base];
    if (*chunk == NULL || (*chunk)->live > 0) return;
    free(*chunk);
    *chunk = NULL;
}

/* Its chunk is there. */
static void
add_at(struct task_table *table, struct task *t, uint64_t id)
{
    struct task_chunk *chunk = chunk_of(table, id);

    CHECK(chunk != NULL);
    t->id = id;
    chunk->tasks[id % TASK_CHUNK] = t;
    chunk->live += 1;
}

void
task_table_add(struct task_table *table, struct task *t)
{
    uint64_t id = ++table->last;

    /* All of the one before may have ended while it was the last. */
    if (id % TASK_CHUNK == 0) drop_if_empty(table, id / TASK_CHUNK - 1);
    add_at(table, t, id);
}

bool
task_table_restore(struct task_table *table, struct task *t, uint64_t id)
{
    CHECK(id > table->last);
    if (!ensure(table, id / TASK_CHUNK)) return false;
    table->last = id;
    add_at(table, t, id);
    return true;
}

/* Places for chunks down to number `at`, which were trimmed away. */
static bool
widen_down(struct task_table *table, uint64_t at)
{
    if (table->count == 0 || at >= table->base) return true;
    size_t more = (size_t)(table->base - at);
    if (table->count + more > table->capacity) {
        size_t want = table->count + more;
        struct task_chunk **chunks =
            realloc(table->chunks, want * sizeof(struct task_chunk *));
        if (chunks == NULL) return false;
        table->chunks = chunks;
        table->capacity = want;
    }
    memmove(table->chunks + more, table->chunks,
        table->count * sizeof(struct task_chunk *));
    for (size_t i = 0; i < more; i++)
        table->chunks[i] = NULL;
    table->base = at;
    table->count += more;
    return true;
}

bool
task_table_return(struct task_table *table, struct task *t, uint64_t id)
{
    uint64_t at = id / TASK_CHUNK;

    CHECK(id >= 1 && id <= table->last);
    CHECK(task_table_find(table, id) == NULL);
    if (!widen_down(table, at)) return false;
    bool is_within = table->count > 0 && at - table->base < table->count;
    /* Not widen(): that might trim what widen_down() just made. */
    if (!(is_within ? fill(table, at) : ensure(table, at))) return false;
    add_at(table, t, id);
    return true;
}

struct task *
task_table_find(const struct task_table *table, uint64_t id)
{
    const struct task_chunk *chunk = chunk_of(table, id);

    return chunk != NULL ? chunk->tasks[id % TASK_CHUNK] : NULL;
}

struct task *
task_table_next(const struct task_table *table, uint64_t after)
{
    uint64_t id = after + 1;
    uint64_t end = (table->base + table->count) * TASK_CHUNK;

    if (id / TASK_CHUNK < table->base) id = table->base * TASK_CHUNK;
    while (id <= table->last && id < end) {
        const struct task_chunk *chunk = chunk_of(table, id);
        if (chunk == NULL || chunk->live == 0) {
            id = (id / TASK_CHUNK + 1) * TASK_CHUNK;
            continue;
        }
        if (chunk->tasks[id % TASK_CHUNK] != NULL) {
            return chunk->tasks[id % TASK_CHUNK];
        }
        id++;
    }
    return NULL;
}

void
task_table_remove(struct task_table *table, struct task *t)
{
    struct task_chunk *chunk = chunk_of(table, t->id);

    CHECK(chunk != NULL && chunk->tasks[t->id % TASK_CHUNK] == t);
    chunk->tasks[t->id % TASK_CHUNK] = NULL;
    chunk->live -= 1;
    drop_if_empty(table, t->id / TASK_CHUNK);
}
