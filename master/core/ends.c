#include "master/core/ends.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/task.h"

/* malloc's own word for each block. */
enum { BLOCK_OVERHEAD = 16 };

static const size_t CHUNK_MEMORY = sizeof(struct ends_chunk) + BLOCK_OVERHEAD;

/* In place of a chunk: all that it held is gone. */
static struct ends_chunk all_gone;

/* ---- tables -------------------------------------------------------------- */

void
ends_init(struct ends *ends)
{
    memset(ends, 0, sizeof *ends);
}

static struct ends_chunk **
chunk_at(const struct ends_table *table, uint64_t place)
{
    uint64_t at = place / ENDS_CHUNK;

    if (at < table->base || at - table->base >= table->count) return NULL;
    return &table->chunks[at - table->base];
}

/* Forget the freed chunks at the front, when they are many. */
static void
trim(struct ends_table *table)
{
    size_t gone = 0;

    while (gone < table->count && table->chunks[gone] == &all_gone)
        gone++;
    if (gone < 64 || gone < table->count / 2) return;
    memmove(table->chunks, table->chunks + gone,
        (table->count - gone) * sizeof(struct ends_chunk *));
    table->base += gone;
    table->count -= gone;
}

static bool
widen(struct ends *ends, struct ends_table *table, uint64_t at)
{
    trim(table);
    size_t need = (size_t)(at - table->base) + 1;
    if (need > table->capacity) {
        size_t want = table->capacity == 0 ? 4 : table->capacity * 2;
        if (want < need) want = need;
        struct ends_chunk **chunks =
            realloc(table->chunks, want * sizeof(struct ends_chunk *));
        if (chunks == NULL) return false;
        ends->memory += (want - table->capacity) * sizeof *chunks;
        table->chunks = chunks;
        table->capacity = want;
    }
    while (table->count < need)
        table->chunks[table->count++] = NULL;
    return true;
}

/* Room for `place`, which is not gone. */
static bool
ensure(struct ends *ends, enum ends_order order, uint64_t place)
{
    struct ends_table *table = &ends->by[order];
    struct ends_chunk **chunk = chunk_at(table, place);

    if (chunk == NULL) {
        CHECK(place / ENDS_CHUNK >= table->base);
        if (!widen(ends, table, place / ENDS_CHUNK)) return false;
        chunk = chunk_at(table, place);
    }
    CHECK(chunk != NULL && *chunk != &all_gone);
    if (*chunk != NULL) return true;
    *chunk = calloc(1, sizeof **chunk);
    if (*chunk == NULL) return false;
    /* Places count from 1. */
    if (place / ENDS_CHUNK == 0) {
        (*chunk)->kind[0] = ENDS_GONE;
        (*chunk)->gone = 1;
    }
    ends->memory += CHUNK_MEMORY;
    return true;
}

static void
set(struct ends *ends, enum ends_order order, uint64_t place,
    enum ends_kind kind, void *is)
{
    struct ends_chunk **chunk = chunk_at(&ends->by[order], place);

    CHECK(chunk != NULL && *chunk != NULL && *chunk != &all_gone);
    (*chunk)->kind[place % ENDS_CHUNK] = (uint8_t)kind;
    (*chunk)->is[place % ENDS_CHUNK] = is;
    if (kind != ENDS_GONE) return;
    (*chunk)->gone += 1;
    if ((*chunk)->gone < ENDS_CHUNK) return;
    free(*chunk);
    *chunk = &all_gone;
    ends->memory -= CHUNK_MEMORY;
}

struct ends_place
ends_at(const struct ends *ends, enum ends_order order, uint64_t place)
{
    const struct ends_table *table = &ends->by[order];
    struct ends_place found = { .kind = ENDS_NONE };

    if (place / ENDS_CHUNK < table->base) {
        found.kind = ENDS_GONE;
        return found;
    }
    struct ends_chunk **chunk = chunk_at(table, place);
    if (chunk == NULL || *chunk == NULL) return found;
    if (*chunk == &all_gone) {
        found.kind = ENDS_GONE;
        return found;
    }
    found.kind = (enum ends_kind)(*chunk)->kind[place % ENDS_CHUNK];
    if (found.kind == ENDS_TASK)
        found.is.task = (*chunk)->is[place % ENDS_CHUNK];
    if (found.kind == ENDS_END) found.is.end = (*chunk)->is[place % ENDS_CHUNK];
    return found;
}

uint64_t
ends_skip(const struct ends *ends, enum ends_order order, uint64_t after)
{
    const struct ends_table *table = &ends->by[order];
    uint64_t place = after + 1;

    if (place / ENDS_CHUNK < table->base) place = table->base * ENDS_CHUNK;
    for (;;) {
        struct ends_chunk **chunk = chunk_at(table, place);
        if (chunk == NULL || *chunk == NULL) return place;
        if (*chunk == &all_gone) {
            place = (place / ENDS_CHUNK + 1) * ENDS_CHUNK;
        } else if ((*chunk)->kind[place % ENDS_CHUNK] == ENDS_GONE) {
            place += 1;
        } else {
            return place;
        }
    }
}

bool
ends_reserve(struct ends *ends, uint64_t seq)
{
    return ensure(ends, ENDS_BY_SEQ, seq);
}

void
ends_open(struct ends *ends, struct task *t)
{
    set(ends, ENDS_BY_SEQ, t->seq, ENDS_TASK, t);
}

void
ends_lose(struct ends *ends, uint64_t seq)
{
    set(ends, ENDS_BY_SEQ, seq, ENDS_GONE, NULL);
    ends->dropped += 1;
}

/* ---- ends ---------------------------------------------------------------- */

static size_t
memory_of(const struct end *e)
{
    size_t words = (size_t)e->worker + e->reason + e->notes;
    size_t bytes = e->cold ? 0 : (size_t)e->payload + e->output;

    return sizeof *e + words + bytes + BLOCK_OVERHEAD;
}

static uint8_t *
add(uint8_t *at, struct slice bytes)
{
    if (bytes.length > 0) memcpy(at, bytes.bytes, bytes.length);
    return at + bytes.length;
}

static struct end *
new_end(const struct rec_end *r, bool cold)
{
    size_t bytes = cold ? 0 : r->payload.length + r->output.length;
    struct end *e = malloc(sizeof *e + r->worker.length + r->reason.length
                           + r->notes.length + bytes);

    if (e == NULL) return NULL;
    *e = (struct end){
        .seq = r->seq,
        .task = r->task,
        .number = r->number,
        .code = (int32_t)r->code,
        .attempts = (uint32_t)r->attempts,
        .payload = (uint32_t)r->payload.length,
        .output = (uint32_t)r->output.length,
        .size = (uint32_t)r->size,
        .reason = (uint16_t)r->reason.length,
        .notes = (uint16_t)r->notes.length,
        .unbegun = (uint16_t)r->unbegun,
        .worker = (uint8_t)r->worker.length,
        .cold = cold,
    };
    uint8_t *at = add(e->bytes, r->worker);
    at = add(at, r->reason);
    at = add(at, r->notes);
    if (cold) return e;
    at = add(at, r->payload);
    (void)add(at, r->output);
    return e;
}

struct end *
ends_make(struct ends *ends, const struct rec_end *r, bool cold, uint64_t batch)
{
    if (!ensure(ends, ENDS_BY_NUMBER, ends->given + 1)) return NULL;

    struct end *e = new_end(r, cold);
    if (e == NULL) return NULL;
    e->number = ends->given + 1;
    e->batch = batch;
    ends->memory += memory_of(e);
    return e;
}

void
ends_free(struct ends *ends, struct end *e)
{
    ends->memory -= memory_of(e);
    free(e);
}

static void
place(struct ends *ends, struct end *e)
{
    set(ends, ENDS_BY_SEQ, e->seq, ENDS_END, e);
    set(ends, ENDS_BY_NUMBER, e->number, ENDS_END, e);
    ends->kept += 1;
}

void
ends_add(struct ends *ends, struct end *e)
{
    CHECK(e->number == ends->given + 1);
    ends->given += 1;
    place(ends, e);
}

int
ends_restore(struct ends *ends, const struct rec_end *r, bool cold)
{
    if (ends_at(ends, ENDS_BY_SEQ, r->seq).kind == ENDS_END
        || ends_at(ends, ENDS_BY_NUMBER, r->number).kind != ENDS_NONE) {
        return STINT_EDAMAGED;
    }
    if (!ensure(ends, ENDS_BY_SEQ, r->seq)
        || !ensure(ends, ENDS_BY_NUMBER, r->number)) {
        return STINT_ENOMEM;
    }
    struct end *e = new_end(r, cold);
    if (e == NULL) return STINT_ENOMEM;
    ends->memory += memory_of(e);
    place(ends, e);
    return 0;
}

/* Chunks up to the one of `last` are there, or all gone. */
static bool
settle(struct ends *ends, enum ends_order order, uint64_t last, uint64_t *gone)
{
    struct ends_table *table = &ends->by[order];
    uint64_t chunks = last / ENDS_CHUNK + 1;

    if (table->count < chunks && !widen(ends, table, chunks - 1)) return false;
    for (uint64_t at = 0; at < chunks; at++) {
        struct ends_chunk *chunk = table->chunks[at];
        uint64_t first = at * ENDS_CHUNK;
        if (chunk == NULL && first + ENDS_CHUNK - 1 <= last) {
            table->chunks[at] = &all_gone;
            *gone += at == 0 ? ENDS_CHUNK - 1 : ENDS_CHUNK;
            continue;
        }
        for (uint64_t at_one = first; at_one < first + ENDS_CHUNK; at_one++) {
            if (at_one == 0 || at_one > last) continue;
            if (ends_at(ends, order, at_one).kind != ENDS_NONE) continue;
            if (!ensure(ends, order, at_one)) return false;
            set(ends, order, at_one, ENDS_GONE, NULL);
            *gone += 1;
        }
    }
    return true;
}

bool
ends_settle(struct ends *ends, uint64_t tasks, uint64_t *gone)
{
    uint64_t numbers = 0;

    return settle(ends, ENDS_BY_SEQ, tasks, gone)
           && settle(ends, ENDS_BY_NUMBER, ends->given, &numbers);
}

void
ends_drop(struct ends *ends, struct end *e)
{
    set(ends, ENDS_BY_SEQ, e->seq, ENDS_GONE, NULL);
    set(ends, ENDS_BY_NUMBER, e->number, ENDS_GONE, NULL);
    ends->kept -= 1;
    ends->dropped += 1;
    ends_free(ends, e);
}

void
ends_withdraw(struct ends *ends, struct end *e, struct task *t)
{
    set(ends, ENDS_BY_SEQ, e->seq, ENDS_TASK, t);
    set(ends, ENDS_BY_NUMBER, e->number, ENDS_GONE, NULL);
    ends->kept -= 1;
    ends_free(ends, e);
}

struct rec_end
ends_record(const struct end *e)
{
    const uint8_t *at = e->bytes;
    struct rec_end r = {
        .seq = e->seq,
        .task = e->task,
        .number = e->number,
        .code = e->code,
        .attempts = e->attempts,
        .unbegun = e->unbegun,
        .size = e->size,
    };

    r.worker = (struct slice){ at, e->worker };
    r.reason = (struct slice){ at += e->worker, e->reason };
    r.notes = (struct slice){ at += e->reason, e->notes };
    if (e->cold) return r;
    r.payload = (struct slice){ at += e->notes, e->payload };
    r.output = (struct slice){ at + e->payload, e->output };
    return r;
}

/* ---- the end of it ------------------------------------------------------- */

void
ends_fini(struct ends *ends)
{
    for (int order = ENDS_BY_SEQ; order <= ENDS_BY_NUMBER; order++) {
        struct ends_table *table = &ends->by[order];
        for (size_t i = 0; i < table->count; i++) {
            struct ends_chunk *chunk = table->chunks[i];
            if (chunk == NULL || chunk == &all_gone) continue;
            for (size_t k = 0; k < ENDS_CHUNK && order == ENDS_BY_SEQ; k++) {
                if (chunk->kind[k] == ENDS_END) free(chunk->is[k]);
            }
            free(chunk);
        }
        free(table->chunks);
    }
    ends_init(ends);
}
