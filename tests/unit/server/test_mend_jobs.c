/* What is left of jobs after damage fits together: a master takes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/stint_error.h"
#include "common/tick.h"
#include "master/core/core.h"
#include "master/core/job.h"
#include "master/server/mend.h"
#include "master/server/place.h"
#include "master/server/storerow.h"

struct rig {
    char dir[64];
    struct disk *disk;
    struct store *store;
    struct buf ops;
    unsigned told;
};

static void
put(struct rig *r, unsigned kind, uint64_t id, const void *record)
{
    storerow_write(&r->ops, kind, id, record);
}

static void
put_task(struct rig *r, uint64_t id, uint64_t seq)
{
    put(r, ROW_task, id,
        &(struct rec_kept_task){ .queue = JOB_QUEUES | 1,
            .expires = TICK_NEVER,
            .payload = slice_of("x"),
            .seq = seq });
}

static void
put_end(struct rig *r, uint64_t task, uint64_t seq, uint64_t number, int code)
{
    put(r, ROW_end, task,
        &(struct rec_kept_end){ .job = 1,
            .seq = seq,
            .number = number,
            .code = code,
            .attempts = 1 });
}

static void
put_piece(struct rig *r, uint64_t id, const char *name, uint64_t from)
{
    static const uint8_t bytes[16384], hash[32];

    put(r, ROW_file, id,
        &(struct rec_kept_file){ .job = 1,
            .name = slice_of(name),
            .size = 3 * sizeof bytes,
            .hash = { hash, sizeof hash },
            .from = from,
            .bytes = { bytes, sizeof bytes } });
}

/* Job 1: task 1 done, 2 dead, 3 open, 4 cancelled. */
static void
put_all(struct rig *r)
{
    static const uint8_t zero[32];
    const struct rec_kept_queue queue = {
        .queue = slice_of("q"), .lease_ns = (uint64_t)TICK_S, .attempts_max = 3
    };
    struct rec_kept_queue own = queue;

    put(r, ROW_master, 1,
        &(struct rec_kept_master){ .format = 1,
            .id = { zero, 16 },
            .secret = { zero, 16 },
            .starts = 1 });
    put(r, ROW_last, 1, &(struct rec_kept_last){ .task = 4, .job = 1 });
    put(r, ROW_clock, 1, &(struct rec_kept_clock){ .boot = { zero, 16 } });
    put(r, ROW_queue, 0, &queue);
    own.queue = slice_of("job/1");
    own.job = 1;
    put(r, ROW_queue, JOB_QUEUES | 1, &own);
    put(r, ROW_tally, JOB_QUEUES | 1,
        &(struct rec_kept_tally){
            .accepted = 4, .done = 1, .cancelled = 1, .ends = 3 });
    put_task(r, 2, 2);
    put_task(r, 3, 3);
    put(r, ROW_state, 2, &(struct rec_kept_state){ .attempts = 1, .dead = 1 });
    put(r, ROW_job, 1,
        &(struct rec_kept_job){ .queue = JOB_QUEUES | 1,
            .parent = 0,
            .owner = { zero, sizeof zero },
            .keep_ns = (uint64_t)TICK_S,
            .expires = TICK_NEVER,
            .end = JOB_CLOSED });
    put_end(r, 1, 1, 1, 0);
    put_end(r, 2, 2, 2, STINT_EDEAD);
    put_end(r, 4, 4, 3, STINT_ECANCELLED);
    for (uint64_t i = 0; i < 3; i++) {
        put_piece(r, 1 + 2 * i, "a", i * 16384);
        put_piece(r, 2 + 2 * i, "b", i * 16384);
    }
}

static int
load(void *arg, const struct row *row)
{
    const char *why = "";
    int rc = core_load(arg, row, &why);

    if (rc != 0) print_error("row %u: %s\n", row->kind, why);
    return rc;
}

/* A master starts with it; its totals. */
static struct core_totals
start(struct rig *r)
{
    struct core_config config;
    const char *why = "";

    core_config_init(&config);
    config.durable = true;
    struct core *core = core_new(&config, TICK_S);
    assert_non_null(core);
    assert_int_equal(store_scan(r->store, load, core), 0);
    int rc = core_loaded(core, TICK_S, &why);
    if (rc != 0) print_error("%s\n", why);
    assert_int_equal(rc, 0);
    core_check(core);
    core_turn(core, TICK_S);
    struct core_totals sum = core_totals(core);
    core_free(core);
    return sum;
}

static void
count_told(void *arg, const char *what)
{
    struct rig *r = arg;

    assert_true(what[0] != '\0');
    r->told += 1;
}

/* All rows but this one. */
static void
damage(struct rig *r, unsigned kind, uint64_t id)
{
    put_all(r);
    if (kind != 0) row_delete(&r->ops, kind, id);
    assert_int_equal(store_commit(r->store,
                         (struct slice){ r->ops.bytes, r->ops.length }, true),
        0);
    assert_int_equal(mend_store(r->store, count_told, r), 0);
}

static void
what_fits_is_not_changed(void **state)
{
    struct rig *r = *state;

    damage(r, 0, 0);
    assert_int_equal(r->told, 0);
    struct core_totals sum = start(r);
    assert_int_equal(sum.done, 1);
    assert_int_equal(sum.dead, 1);
    assert_int_equal(sum.ready, 1);
    assert_int_equal(sum.cancelled, 1);
}

static void
an_end_that_is_lost_is_counted(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_end, 1);
    assert_int_equal(r->told, 1);
    struct core_totals sum = start(r);
    assert_int_equal(sum.accepted, 4);
    assert_int_equal(sum.done, 1);
    assert_int_equal(sum.ready, 1);
}

static void
a_dead_letter_without_its_end_is_tried_again(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_end, 2);
    struct core_totals sum = start(r);
    assert_int_equal(sum.dead, 0);
    assert_int_equal(sum.ready, 2);
}

static void
an_end_without_the_state_of_its_dead_letter_is_left_out(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_state, 2);
    struct core_totals sum = start(r);
    assert_int_equal(sum.dead, 0);
    assert_int_equal(sum.ready, 2);
}

static void
a_task_that_is_lost_is_counted(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_task, 3);
    assert_int_equal(r->told, 1);
    struct core_totals sum = start(r);
    assert_int_equal(sum.accepted, 4);
    assert_int_equal(sum.ready, 0);
}

static void
without_its_tally_a_job_is_counted_anew(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_tally, JOB_QUEUES | 1);
    struct core_totals sum = start(r);
    assert_int_equal(sum.accepted, 4);
    assert_int_equal(sum.done, 1);
}

static void
of_a_job_without_its_row_nothing_is_left(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_job, 1);
    assert_int_equal(r->told, 1);
    assert_int_equal(start(r).accepted, 0);
}

static void
nor_of_one_without_its_queue(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_queue, JOB_QUEUES | 1);
    assert_int_equal(start(r).accepted, 0);
}

static void
one_whose_workers_queue_is_lost_gets_another(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_queue, 0);
    assert_int_equal(r->told, 1);
    assert_int_equal(start(r).accepted, 4);
}

static int
count_files(void *arg, const struct row *row)
{
    unsigned *count = arg;

    *count += row->kind == ROW_file;
    return 0;
}

static void
what_came_behind_a_lost_piece_of_a_file_is_left_out(void **state)
{
    struct rig *r = *state;
    unsigned count = 0;

    damage(r, ROW_file, 3);
    assert_int_equal(r->told, 1);
    assert_int_equal(store_scan(r->store, count_files, &count), 0);
    assert_int_equal(count, 1 + 3);
    assert_int_equal(start(r).accepted, 4);
}

static int
set_up(void **state)
{
    struct rig *r = calloc(1, sizeof *r);

    assert_non_null(r);
    (void)snprintf(r->dir, sizeof r->dir, "/tmp/stint-mend-XXXXXX");
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
        TEST(what_fits_is_not_changed),
        TEST(an_end_that_is_lost_is_counted),
        TEST(a_dead_letter_without_its_end_is_tried_again),
        TEST(an_end_without_the_state_of_its_dead_letter_is_left_out),
        TEST(a_task_that_is_lost_is_counted),
        TEST(without_its_tally_a_job_is_counted_anew),
        TEST(of_a_job_without_its_row_nothing_is_left),
        TEST(nor_of_one_without_its_queue),
        TEST(one_whose_workers_queue_is_lost_gets_another),
        TEST(what_came_behind_a_lost_piece_of_a_file_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
