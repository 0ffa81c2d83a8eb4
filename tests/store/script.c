#include "tests/store/script.h"

#include <string.h>

#include "common/check.h"
#include "tests/disk/luck.h"

enum { LIVE = 24, YOUNG = 10, MARK_BYTES = 8 };

/* What a script remembers while it is being drawn. */
struct draft {
    struct luck luck;
    uint64_t live[LIVE + SCRIPT_CHANGES]; /* Tasks, oldest first. */
    size_t count;
    uint64_t next; /* The id of the next task. */
};

static size_t
key(const struct script *s, unsigned kind, uint64_t id)
{
    CHECK(id < s->ids);
    return (kind == SCRIPT_STATE ? s->ids : 0) + id;
}

static void
change(struct script *s, unsigned n, unsigned kind, uint64_t id, bool deleted)
{
    struct script_batch *batch = &s->batches[n];
    uint16_t *writer = &s->writers[n * 2 * s->ids + key(s, kind, id)];

    CHECK(batch->count < SCRIPT_CHANGES);
    batch->changes[batch->count++] =
        (struct script_change){ kind, id, deleted };
    s->rows[n] +=
        (*writer == 0 && !deleted) - (uint32_t)(*writer != 0 && deleted);
    *writer = (uint16_t)(deleted ? 0 : n);
}

static void
forget(struct draft *d, size_t i)
{
    d->count--;
    memmove(&d->live[i], &d->live[i + 1], (d->count - i) * sizeof d->live[0]);
}

static void
draw_puts(struct script *s, unsigned n, struct draft *d)
{
    for (size_t i = luck_below(&d->luck, 3); i > 0; i--) {
        if (d->count == LIVE && !s->keeps) return;
        if (d->count == LIVE) forget(d, 1);
        d->live[d->count++] = d->next;
        change(s, n, SCRIPT_TASK, d->next++, false);
    }
}

static void
draw_changes(struct script *s, unsigned n, struct draft *d)
{
    if (d->count == 0) return;
    if (luck_has(&d->luck, 2, 3)) {
        uint64_t id = d->live[luck_below(&d->luck, d->count)];
        change(s, n, SCRIPT_STATE, id, false);
    }
    if (luck_has(&d->luck, 1, 3)) {
        uint64_t id = d->live[luck_below(&d->luck, d->count)];
        change(s, n, SCRIPT_TASK, id, false);
    }
}

/* The first of all stays: its segment cannot be freed without moving it. */
static void
draw_deletes(struct script *s, unsigned n, struct draft *d)
{
    size_t some = luck_below(&d->luck, 3);

    if (d->count > YOUNG) some++;
    for (; some > 0 && d->count > 1; some--) {
        size_t i = 1 + luck_below(&d->luck, d->count - 1);
        uint64_t id = d->live[i];
        change(s, n, SCRIPT_TASK, id, true);
        if (luck_has(&d->luck, 4, 5)) change(s, n, SCRIPT_STATE, id, true);
        d->count--;
        memmove(
            &d->live[i], &d->live[i + 1], (d->count - i) * sizeof d->live[0]);
    }
}

static void
draw_batch(struct script *s, unsigned n, struct draft *d)
{
    memcpy(&s->writers[n * 2 * s->ids], &s->writers[(n - 1) * 2 * s->ids],
        2 * s->ids * sizeof s->writers[0]);
    s->rows[n] = s->rows[n - 1];
    draw_puts(s, n, d);
    draw_changes(s, n, d);
    if (!s->keeps) draw_deletes(s, n, d);
    s->batches[n].sync = luck_has(&d->luck, 2, 3);
    s->batches[n].reopen = luck_has(&d->luck, 1, 60);
}

void
script_init(struct script *s, uint64_t seed, unsigned count, uint32_t segment,
    uint32_t large, bool keeps)
{
    struct draft draft = { .luck = { seed }, .next = 1 };

    CHECK(count < UINT16_MAX);
    *s = (struct script){ .seed = seed,
        .count = count,
        .segment = segment,
        .large = large,
        .keeps = keeps,
        .ids = 2 * (uint64_t)count + 2 };
    s->batches = calloc(count + 1, sizeof *s->batches);
    s->writers = calloc((count + 1) * 2 * s->ids, sizeof *s->writers);
    s->rows = calloc(count + 1, sizeof *s->rows);
    CHECK(s->batches != NULL && s->writers != NULL && s->rows != NULL);
    for (unsigned n = 1; n <= count; n++)
        draw_batch(s, n, &draft);
}

void
script_fini(struct script *s)
{
    free(s->batches);
    free(s->writers);
    free(s->rows);
}

static size_t
draw_length(const struct script *s, struct luck *luck)
{
    if (s->large > 0 && luck_has(luck, 1, 50)) {
        return s->large / 2 + luck_below(luck, s->large / 2);
    }
    if (luck_has(luck, 1, 12)) return 300 + luck_below(luck, 900);
    return luck_below(luck, 150);
}

void
script_value(const struct script *s, unsigned kind, uint64_t id, unsigned batch,
    struct buf *out)
{
    struct luck luck = { s->seed ^ id << 32 ^ (uint64_t)kind << 24 ^ batch };
    size_t length = kind == SCRIPT_MARKER ? MARK_BYTES : draw_length(s, &luck);
    uint8_t *bytes = buf_reserve(out, length + sizeof(uint64_t));

    CHECK(bytes != NULL);
    if (kind == SCRIPT_MARKER) {
        for (unsigned i = 0; i < MARK_BYTES; i++)
            bytes[i] = (uint8_t)((uint64_t)batch >> 8 * i);
    } else {
        for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
            uint64_t draw = luck_next(&luck);
            memcpy(bytes + i, &draw, sizeof draw);
        }
    }
    out->length += length;
}

unsigned
script_marked(struct slice value)
{
    uint64_t batch = 0;

    if (value.length != MARK_BYTES) return 0;
    for (unsigned i = 0; i < MARK_BYTES; i++)
        batch |= (uint64_t)value.bytes[i] << 8 * i;
    return batch > UINT16_MAX ? 0 : (unsigned)batch;
}

static void
append_put(const struct script *s, unsigned batch, unsigned kind, uint64_t id,
    struct buf *out)
{
    size_t begun = row_begin(out, kind, id);

    script_value(s, kind, id, batch, out);
    row_end(out, begun);
}

void
script_ops(const struct script *s, unsigned batch, struct buf *out)
{
    const struct script_batch *b = &s->batches[batch];

    append_put(s, batch, SCRIPT_MARKER, 0, out);
    for (unsigned i = 0; i < b->count; i++) {
        if (b->changes[i].deleted) {
            row_delete(out, b->changes[i].kind, b->changes[i].id);
        } else {
            append_put(s, batch, b->changes[i].kind, b->changes[i].id, out);
        }
    }
    CHECK(!out->failed);
}

unsigned
script_writer(const struct script *s, unsigned n, unsigned kind, uint64_t id)
{
    if (kind == SCRIPT_MARKER) return id == 0 ? n : 0;
    if (kind != SCRIPT_TASK && kind != SCRIPT_STATE) return 0;
    if (id == 0 || id >= s->ids) return 0;
    return s->writers[n * 2 * s->ids + key(s, kind, id)];
}

uint32_t
script_rows(const struct script *s, unsigned n)
{
    return n == 0 ? 0 : s->rows[n] + 1;
}
