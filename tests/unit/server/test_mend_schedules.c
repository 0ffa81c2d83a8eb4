/* Schedules in a store whose rows were damaged: a master takes what is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/tick.h"
#include "master/core/inside.h"
#include "master/server/mend.h"
#include "master/server/place.h"
#include "master/server/storerow.h"

enum { QUEUE = 0, IN_JOB = 2 };

struct rig {
    char dir[64];
    struct disk *disk;
    struct store *store;
    struct buf ops;
    struct core *core;
    unsigned told;
};

static const uint8_t zero[32] = { 0 };

static void
put(struct rig *r, unsigned kind, uint64_t id, const void *record)
{
    storerow_write(&r->ops, kind, id, record);
}

static void
put_schedule(struct rig *r, uint64_t id, const char *name, uint64_t queue)
{
    put(r, ROW_schedule, id,
        &(struct rec_kept_schedule){ .name = slice_of(name),
            .queue = queue,
            .owner = { zero, 32 },
            .cron = slice_of("0 3 * * *"),
            .due = TICK_NEVER });
}

static void
put_all(struct rig *r)
{
    put(r, ROW_master, 1,
        &(struct rec_kept_master){ .format = 1,
            .id = { zero, 16 },
            .secret = { zero, 16 },
            .starts = 1 });
    put(r, ROW_clock, 1, &(struct rec_kept_clock){ .boot = { zero, 16 } });
    put(r, ROW_queue, QUEUE,
        &(struct rec_kept_queue){
            .queue = slice_of("q"), .lease_ns = 1, .attempts_max = 1 });
    put_schedule(r, 1, "a", QUEUE);
    put_schedule(r, 2, "b", QUEUE);
    put(r, ROW_due, 2, &(struct rec_kept_due){ .due = TICK_NEVER, .put = 7 });
}

static int
load(void *arg, const struct row *row)
{
    const char *why = "";
    int rc = core_load(arg, row, &why);

    if (rc != 0) print_error("row %u: %s\n", row->kind, why);
    return rc;
}

static void
count_told(void *arg, const char *what)
{
    struct rig *r = arg;

    assert_true(what[0] != '\0');
    r->told += 1;
}

/* A master starts with what is made of the rows. */
static void
mend(struct rig *r)
{
    struct core_config config;
    const char *why = "";

    assert_int_equal(store_commit(r->store,
                         (struct slice){ r->ops.bytes, r->ops.length }, true),
        0);
    assert_int_equal(mend_store(r->store, count_told, r), 0);
    core_config_init(&config);
    config.durable = true;
    r->core = core_new(&config, TICK_S);
    assert_non_null(r->core);
    assert_int_equal(store_scan(r->store, load, r->core), 0);
    assert_int_equal(core_loaded(r->core, TICK_S, &why), 0);
    core_check(r->core);
}

static const char *
queue_of(const struct rig *r, const char *name)
{
    const struct schedule *s = schedule_find(r->core, slice_of(name));

    return s != NULL ? s->queue->name : "none";
}

static void
what_fits_is_not_changed(void **state)
{
    struct rig *r = *state;

    put_all(r);
    mend(r);
    assert_int_equal(r->told, 0);
    assert_string_equal(queue_of(r, "a"), "q");
    assert_string_equal(queue_of(r, "b"), "q");
}

static void
a_lost_schedule_takes_nothing_with_it(void **state)
{
    struct rig *r = *state;

    put_all(r);
    row_delete(&r->ops, ROW_schedule, 1);
    mend(r);
    assert_string_equal(queue_of(r, "a"), "none");
    assert_string_equal(queue_of(r, "b"), "q");
}

static void
what_became_of_a_lost_schedule_is_left_out(void **state)
{
    struct rig *r = *state;

    put_all(r);
    row_delete(&r->ops, ROW_schedule, 2);
    mend(r);
    assert_int_equal(r->told, 1);
    assert_string_equal(queue_of(r, "a"), "q");
    assert_string_equal(queue_of(r, "b"), "none");
}

static void
those_of_a_lost_queue_go_on_with_the_one_in_its_place(void **state)
{
    struct rig *r = *state;

    put_all(r);
    row_delete(&r->ops, ROW_queue, QUEUE);
    mend(r);
    assert_int_equal(r->told, 3); /* Both, and the queue. */
    assert_string_equal(queue_of(r, "a"), "recovered-0");
    assert_string_equal(queue_of(r, "b"), "recovered-0");
}

static void
one_of_a_jobs_own_queue_is_left_out(void **state)
{
    struct rig *r = *state;

    put_all(r);
    put_schedule(r, 3, "c", JOB_QUEUES | IN_JOB);
    mend(r);
    assert_int_equal(r->told, 1);
    assert_string_equal(queue_of(r, "c"), "none");
    assert_string_equal(queue_of(r, "a"), "q");
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
    buf_init(&r->ops);
    *state = r;
    return 0;
}

static int
tear_down(void **state)
{
    struct rig *r = *state;

    core_free(r->core);
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
        TEST(a_lost_schedule_takes_nothing_with_it),
        TEST(what_became_of_a_lost_schedule_is_left_out),
        TEST(those_of_a_lost_queue_go_on_with_the_one_in_its_place),
        TEST(one_of_a_jobs_own_queue_is_left_out),
    };

    return cmocka_run_group_tests_name("mend schedules", tests, NULL, NULL);
}
