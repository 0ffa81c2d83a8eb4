/**
 * kept.h - a master whose store is a table in memory, on a bench.     [tests]
 */
#ifndef KEPT_H
#define KEPT_H

#include "common/row.h"
#include "master/core/inside.h"
#include "tests/unit/core/rig.h"

enum { KEPT_ROWS_MAX = 512 };

struct kept_row {
    unsigned kind;
    uint64_t id;
    struct buf value;
};

static struct kept_table {
    struct kept_row rows[KEPT_ROWS_MAX];
    size_t count;
    unsigned syncs, batches;
} kept_table;

static inline struct kept_row *
kept_find_row(unsigned kind, uint64_t id)
{
    for (size_t i = 0; i < kept_table.count; i++) {
        if (kept_table.rows[i].kind == kind && kept_table.rows[i].id == id) {
            return &kept_table.rows[i];
        }
    }
    return NULL;
}

static inline void
kept_apply(const struct row *row)
{
    struct kept_row *kept = kept_find_row(row->kind, row->id);

    if (row->deleted) {
        if (kept == NULL) return;
        buf_fini(&kept->value);
        *kept = kept_table.rows[--kept_table.count];
        return;
    }
    if (kept == NULL) {
        assert_true(kept_table.count < KEPT_ROWS_MAX);
        kept = &kept_table.rows[kept_table.count++];
        *kept = (struct kept_row){ .kind = row->kind, .id = row->id };
        buf_init(&kept->value);
    }
    buf_clear(&kept->value);
    buf_append(&kept->value, row->value.bytes, row->value.length);
}

static inline unsigned
kept_count_rows(unsigned kind)
{
    unsigned count = 0;

    for (size_t i = 0; i < kept_table.count; i++)
        count += kept_table.rows[i].kind == kind;
    return count;
}

static inline bool
kept_fetch(void *arg, unsigned kind, uint64_t id, struct buf *value)
{
    const struct kept_row *row = kept_find_row(kind, id);

    (void)arg;
    if (row == NULL) return false;
    buf_append(value, row->value.bytes, row->value.length);
    return true;
}

static inline int
kept_by_key(const void *a, const void *b)
{
    const struct kept_row *x = a, *y = b;

    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Commit what there is; false when there is nothing. */
static inline bool
kept_commit(struct rig *rig)
{
    struct core_batch batch;
    struct row row;

    if (!core_take(rig->core, &batch)) return false;
    struct slice ops = { batch.ops.bytes, batch.ops.length };
    while (row_next(&ops, &row) > 0)
        kept_apply(&row);
    kept_table.batches += 1;
    kept_table.syncs += batch.sync;
    core_committed(rig->core, batch.number);
    core_recycle(rig->core, &batch.ops);
    return true;
}

/* Turn and commit until all is still. */
static inline void
kept_settle(struct rig *rig)
{
    do {
        rig_turn(rig);
    } while (kept_commit(rig));
    rig_turn(rig);
}

static inline void
kept_load(struct rig *rig)
{
    const char *why = "";

    qsort(kept_table.rows, kept_table.count, sizeof kept_table.rows[0],
        kept_by_key);
    for (size_t i = 0; i < kept_table.count; i++) {
        const struct kept_row *kept = &kept_table.rows[i];
        struct row row = { .kind = kept->kind,
            .id = kept->id,
            .value = { kept->value.bytes, kept->value.length } };
        if (core_load(rig->core, &row, &why) != 0) fail_msg("%s", why);
    }
    if (core_loaded(rig->core, rig->now, &why) != 0) fail_msg("%s", why);
    assert_true(kept_commit(rig));
}

static inline void
kept_begin(struct rig *rig, const struct rig_peer *const keys[], unsigned count)
{
    rig->config.durable = true;
    rig->config.fetch = kept_fetch;
    rig->config.master[0] += 1;
    rig->config.seed += 1;
    rig_start(rig);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(
            core_key_add(rig->core, slice_of((const char *)keys[i]->key),
                keys[i]->key[0] == 's' ? ROLE_SUBMIT : ROLE_WORK, keys[i]->key),
            0);
    }
    kept_load(rig);
}

/* The master dies and starts again; everybody has lost the connection. */
static inline void
kept_restart(struct rig *rig)
{
    core_free(rig->core);
    for (unsigned i = 0; i < rig->peers_count; i++) {
        struct rig_peer *p = rig->peers[i];
        rig_forget_inbox(p);
        p->conn = 0;
        stream_fini(&p->stream);
    }
    kept_begin(
        rig, (const struct rig_peer *const *)rig->peers, rig->peers_count);
}

static inline int
kept_set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    kept_begin(rig, NULL, 0);
    *state = rig;
    return 0;
}

static inline int
kept_tear_down(void **state)
{
    while (kept_table.count > 0)
        buf_fini(&kept_table.rows[--kept_table.count].value);
    kept_table.syncs = kept_table.batches = 0;
    return rig_tear_down(state);
}

/* The same put, get or done once more, under its old number. */
static inline void
kept_again(struct rig_peer *p, uint64_t number)
{
    p->last = number - 1;
}

static inline uint64_t
kept_show_all(struct rig_peer *p, const struct rig_task *t)
{
    struct msg m = { .type = MSG_renew, .as.renew.all = 1 };

    if (t != NULL) return rig_show(p, m, t);
    m.as.renew.request = ++p->last;
    codec_message(stream_message(&p->stream), &m);
    rig_send(p);
    return p->last;
}

#endif
