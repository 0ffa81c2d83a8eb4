/* Rows of jobs and files, damaged everywhere: a master takes what fits, refuses
 * the rest with a reason, and takes all that was mended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/row.h"
#include "common/stint_error.h"
#include "common/tick.h"
#include "master/core/core.h"
#include "master/core/job.h"
#include "master/server/mend.h"
#include "master/server/place.h"
#include "master/server/storerow.h"

enum { ROWS_MAX = 64, PIECE = 16 };

struct rig {
    char dir[64];
    struct disk *disk;
    struct store *store;
    struct buf ops; /* All rows, undamaged. */
    struct row rows[ROWS_MAX];
    size_t count;
    unsigned told, failed;
};

/* ---- the rows ------------------------------------------------------------ */

static void
put_task(struct rig *r, uint64_t id, uint64_t seq, uint64_t job)
{
    storerow_write(&r->ops, ROW_task, id,
        &(struct rec_kept_task){ .queue = JOB_QUEUES | job,
            .expires = TICK_NEVER,
            .payload = slice_of("x"),
            .seq = seq });
}

static void
put_end(struct rig *r, uint64_t job, uint64_t task, uint64_t seq, uint64_t n,
    int code)
{
    storerow_write(&r->ops, ROW_end, task,
        &(struct rec_kept_end){ .job = job,
            .seq = seq,
            .number = n,
            .code = code,
            .attempts = 1,
            .worker = slice_of("w"),
            .payload = slice_of("x"),
            .output = slice_of("out"),
            .size = 1 });
}

/* Of task 1, which is done; seq 0: an input. */
static void
put_piece(
    struct rig *r, uint64_t id, uint64_t seq, const char *name, uint64_t from)
{
    static const uint8_t bytes[PIECE], hash[32];

    storerow_write(&r->ops, ROW_file, id,
        &(struct rec_kept_file){ .job = 1,
            .seq = seq,
            .attempt = seq,
            .task = seq,
            .name = slice_of(name),
            .size = 2 * sizeof bytes,
            .hash = { hash, sizeof hash },
            .from = from,
            .bytes = { bytes, sizeof bytes } });
}

static void
put_job(struct rig *r, uint64_t job, unsigned end, int64_t ended,
    const struct rec_kept_tally *tally)
{
    static const uint8_t zero[32];
    char name[16];

    (void)snprintf(name, sizeof name, "job/%d", (int)job);
    storerow_write(&r->ops, ROW_queue, JOB_QUEUES | job,
        &(struct rec_kept_queue){ .queue = slice_of(name),
            .lease_ns = (uint64_t)TICK_S,
            .attempts_max = 3,
            .job = job });
    storerow_write(&r->ops, ROW_tally, JOB_QUEUES | job, tally);
    storerow_write(&r->ops, ROW_job, job,
        &(struct rec_kept_job){ .queue = JOB_QUEUES | job,
            .name = slice_of("n"),
            .owner = { zero, sizeof zero },
            .halted = slice_of(end == JOB_HALTED ? "why" : ""),
            .keep_ns = (uint64_t)TICK_S,
            .expires = TICK_NEVER,
            .end = end,
            .ended = ended });
}

/* Job 1: task 1 done, 2 dead, 3 open, 4 cancelled; two inputs, and what task 1
 * left.  Job 2 has ended with task 5; of job 3, which is being forgotten, task
 * 6 is left; job 4 is being cancelled with task 7 in it. */
static void
put_all(struct rig *r)
{
    static const uint8_t zero[32];

    storerow_write(&r->ops, ROW_master, 1,
        &(struct rec_kept_master){ .format = 1,
            .id = { zero, 16 },
            .secret = { zero, 16 },
            .starts = 1 });
    storerow_write(
        &r->ops, ROW_last, 1, &(struct rec_kept_last){ .task = 7, .job = 4 });
    storerow_write(&r->ops, ROW_clock, 1,
        &(struct rec_kept_clock){ .boot = { zero, 16 } });
    storerow_write(&r->ops, ROW_queue, 0,
        &(struct rec_kept_queue){ .queue = slice_of("q"),
            .lease_ns = (uint64_t)TICK_S,
            .attempts_max = 3 });
    put_job(r, 1, JOB_CLOSED, 0,
        &(struct rec_kept_tally){
            .accepted = 4, .done = 1, .cancelled = 1, .ends = 3 });
    put_job(r, 2, JOB_ENDED, TICK_S,
        &(struct rec_kept_tally){ .accepted = 1, .done = 1, .ends = 1 });
    put_job(r, 3, JOB_FORGOTTEN, TICK_S,
        &(struct rec_kept_tally){ .accepted = 1, .done = 1, .ends = 1 });
    put_job(r, 4, JOB_CANCELLED, 0, &(struct rec_kept_tally){ .accepted = 1 });
    put_task(r, 2, 2, 1);
    put_task(r, 3, 3, 1);
    put_task(r, 7, 1, 4);
    storerow_write(&r->ops, ROW_state, 2,
        &(struct rec_kept_state){ .attempts = 1, .dead = 1 });
    put_end(r, 1, 1, 1, 1, 0);
    put_end(r, 1, 2, 2, 2, STINT_EDEAD);
    put_end(r, 1, 4, 4, 3, STINT_ECANCELLED);
    put_end(r, 2, 5, 1, 1, 0);
    put_end(r, 3, 6, 1, 1, 0);
    put_piece(r, 1, 0, "in", 0);
    put_piece(r, 2, 0, "in", PIECE);
    put_piece(r, 3, 1, "out", 0);
    put_piece(r, 4, 1, "out", PIECE);
}

/* ---- a master ------------------------------------------------------------ */

static int
by_key(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* What it took goes on, and fits together. */
static void
run(struct core *core)
{
    core_check(core);
    for (tick_ns now = TICK_S; now < 5 * TICK_S; now += TICK_S / 2) {
        core_turn(core, now);
        core_check(core);
    }
}

struct outcome {
    int rc;
    const char *why;
};

static struct core *
new_core(void)
{
    struct core_config config;

    core_config_init(&config);
    config.durable = true;
    struct core *core = core_new(&config, TICK_S);
    assert_non_null(core);
    return core;
}

static struct outcome
load_rows(const struct row *rows, size_t count)
{
    struct outcome o = { 0, "" };
    struct core *core = new_core();

    for (size_t i = 0; i < count && o.rc == 0; i++)
        o.rc = core_load(core, &rows[i], &o.why);
    if (o.rc == 0) o.rc = core_loaded(core, TICK_S, &o.why);
    if (o.rc == 0) run(core);
    core_free(core);
    return o;
}

struct loading {
    struct core *core;
    const char *why;
};

static int
load_one(void *arg, const struct row *row)
{
    struct loading *l = arg;

    return core_load(l->core, row, &l->why);
}

static struct outcome
load_store(struct rig *r)
{
    struct loading l = { new_core(), "" };
    struct outcome o = { store_scan(r->store, load_one, &l), "" };

    if (o.rc == 0) o.rc = core_loaded(l.core, TICK_S, &l.why);
    if (o.rc == 0) run(l.core);
    core_free(l.core);
    o.why = l.why;
    return o;
}

/* ---- damage -------------------------------------------------------------- */

static void
count_told(void *arg, const char *what)
{
    struct rig *r = arg;

    assert_true(what[0] != '\0');
    r->told += 1;
}

static int
delete_row(void *arg, const struct row *row)
{
    row_delete(arg, row->kind, row->id);
    return 0;
}

/* The store holds these rows and no other. */
static void
fill_store(struct rig *r, const struct row *rows, size_t count)
{
    struct buf ops;

    buf_init(&ops);
    assert_int_equal(store_scan(r->store, delete_row, &ops), 0);
    for (size_t i = 0; i < count; i++)
        row_put(&ops, rows[i].kind, rows[i].id, rows[i].value);
    assert_int_equal(
        store_commit(r->store, (struct slice){ ops.bytes, ops.length }, false),
        0);
    buf_fini(&ops);
}

static bool
all_read(const struct row *rows, size_t count)
{
    union storerow_record record;

    for (size_t i = 0; i < count; i++) {
        if (storerow_read(&rows[i], &record) != 0) return false;
    }
    return true;
}

/* A master that finds these rows does not crash, and refuses with a reason; so
 * it does when they were mended, and takes them if it was only that some are
 * missing.  Nothing is mended in silence. */
static bool
survives(struct rig *r, const struct row *rows, size_t count)
{
    const struct outcome raw = load_rows(rows, count);

    if (raw.rc != 0 && raw.why[0] == '\0') return false;
    if (!all_read(rows, count)) return true;
    fill_store(r, rows, count);
    r->told = 0;
    int rc = mend_store(r->store, count_told, r);
    if (rc == STINT_EINVAL) return true; /* "Remove it." */
    const struct outcome mended = load_store(r);
    if (rc != 0 || (mended.rc != 0 && mended.why[0] == '\0')) return false;
    if (mended.rc != 0) return count == r->count;
    return raw.rc == 0 || r->told > 0;
}

static void
survive(struct rig *r, const struct row *rows, size_t count,
    const struct row *damaged, const char *how)
{
    if (survives(r, rows, count)) return;
    r->failed += 1;
    print_error("row %s %u: %s: %s\n", stint_store_kind(damaged->kind),
        (unsigned)(damaged->id & INT32_MAX), how, load_rows(rows, count).why);
}

static void
undamaged_rows_are_taken_and_not_mended(void **state)
{
    struct rig *r = *state;

    assert_int_equal(load_rows(r->rows, r->count).rc, 0);
    fill_store(r, r->rows, r->count);
    assert_int_equal(mend_store(r->store, count_told, r), 0);
    assert_int_equal(r->told, 0);
    assert_int_equal(load_store(r).rc, 0);
}

static void
any_row_may_be_missing(void **state)
{
    struct rig *r = *state;
    struct row rows[ROWS_MAX];

    for (size_t gone = 0; gone < r->count; gone++) {
        size_t count = 0;
        for (size_t i = 0; i < r->count; i++) {
            if (i != gone) rows[count++] = r->rows[i];
        }
        survive(r, rows, count, &r->rows[gone], "is missing");
    }
    assert_int_equal(r->failed, 0);
}

static void
any_bit_may_be_another(void **state)
{
    struct rig *r = *state;
    struct row rows[ROWS_MAX];
    uint8_t copy[4096];

    for (size_t at = 0; at < r->count; at++) {
        struct slice value = r->rows[at].value;
        if (r->rows[at].kind == ROW_master) continue;
        assert_true(value.length <= sizeof copy);
        for (size_t bit = 0; bit < value.length * 8; bit += 3) {
            memcpy(rows, r->rows, sizeof rows);
            memcpy(copy, value.bytes, value.length);
            copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
            rows[at].value.bytes = copy;
            survive(r, rows, r->count, &rows[at], "has a flipped bit");
        }
    }
    assert_int_equal(r->failed, 0);
}

/* The row with another number in one of its fields. */
static void
write_other(struct buf *ops, struct stint_store_row *row,
    struct stint_store_field *field, int64_t number)
{
    const struct stint_store_field was = *field;

    field->number = number;
    buf_clear(ops);
    (void)storerow_put(ops, row);
    *field = was;
}

static void
any_number_may_be_another(void **state)
{
    static const int64_t numbers[] = { 0, 1, 2, 3, 4, 5, 7, -1 };
    struct rig *r = *state;
    struct row rows[ROWS_MAX];
    struct buf ops;

    buf_init(&ops);
    for (size_t at = 0; at < r->count; at++) {
        if (r->rows[at].kind == ROW_master) continue;
        struct storerow room;
        struct stint_store_row row;
        assert_int_equal(storerow_show(&r->rows[at], &room, &row), 0);
        for (size_t f = 0; f < row.count; f++) {
            for (size_t n = 0; n < ARRAY_LEN(numbers); n++) {
                write_other(&ops, &row, &room.fields[f], numbers[n]);
                struct slice change = { ops.bytes, ops.length };
                memcpy(rows, r->rows, sizeof rows);
                if (row_next(&change, &rows[at]) != 1) continue;
                survive(r, rows, r->count, &rows[at], row.fields[f].name);
            }
        }
    }
    buf_fini(&ops);
    assert_int_equal(r->failed, 0);
}

static int
set_up(void **state)
{
    struct rig *r = calloc(1, sizeof *r);

    assert_non_null(r);
    buf_init(&r->ops);
    put_all(r);
    struct slice ops = { r->ops.bytes, r->ops.length };
    while (row_next(&ops, &r->rows[r->count]) == 1)
        assert_true(++r->count < ROWS_MAX);
    qsort(r->rows, r->count, sizeof r->rows[0], by_key);
    (void)snprintf(r->dir, sizeof r->dir, "/tmp/stint-damage-XXXXXX");
    if (mkdtemp(r->dir) == NULL) return -1;
    assert_int_equal(place_make(r->dir, &r->disk), 0);
    assert_int_equal(store_open(r->disk, NULL, &r->store), 0);
    *state = r;
    return 0;
}

static int
tear_down(void **state)
{
    struct rig *r = *state;

    store_close(r->store);
    disk_close(r->disk);
    place_remove(r->dir);
    buf_fini(&r->ops);
    free(r);
    return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(undamaged_rows_are_taken_and_not_mended),
        TEST(any_row_may_be_missing),
        TEST(any_bit_may_be_another),
        TEST(any_number_may_be_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
