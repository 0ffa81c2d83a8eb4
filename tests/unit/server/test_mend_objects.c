/* What is left of named objects after damage fits together: a master takes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/tick.h"
#include "master/core/core.h"
#include "master/core/shared/object.h"
#include "master/server/mend.h"
#include "master/server/place.h"
#include "master/server/storerow.h"
#include "master/server/vault.h"

enum { SESSION = 5, LOCK = 1, HIDDEN, OWN, SHARING, SEMAPHORE, DICT };

struct rig {
    char dir[64];
    struct disk *disk;
    struct store *store;
    struct buf ops;
    unsigned told;
    unsigned rows[ROW_KINDS];
    struct rec_kept_object semaphore;
};

static const uint8_t zero[32] = { 0 };
static uint8_t key[32] = { 1 };

static void
put(struct rig *r, unsigned kind, uint64_t id, const void *record)
{
    storerow_write(&r->ops, kind, id, record);
}

static void
put_object(struct rig *r, uint64_t number, struct rec_kept_object row)
{
    put(r, ROW_object, number, &row);
}

static void
put_hold(struct rig *r, uint64_t id, uint64_t object, uint64_t count)
{
    put(r, ROW_hold, id,
        &(struct rec_kept_hold){ .object = object,
            .session = SESSION,
            .count = count,
            .fence = id });
}

/* Two conditions, one with a lock of its own; a semaphore of 3 of which 2 are
 * held; a dict of one entry. */
static void
put_all(struct rig *r)
{
    put(r, ROW_master, 1,
        &(struct rec_kept_master){ .format = 1,
            .id = { zero, 16 },
            .secret = { zero, 16 },
            .starts = 1 });
    put(r, ROW_clock, 1, &(struct rec_kept_clock){ .boot = { zero, 16 } });
    put(r, ROW_session, SESSION,
        &(struct rec_kept_session){
            .session = { zero, 16 }, .public_key = { key, 32 } });
    put_object(r, LOCK,
        (struct rec_kept_object){ .name = slice_of("L"), .kind = OBJECT_LOCK });
    put_object(r, HIDDEN,
        (struct rec_kept_object){ .name = slice_of("C"),
            .kind = OBJECT_RLOCK,
            .flags = OBJECT_HIDDEN });
    put_object(r, OWN,
        (struct rec_kept_object){
            .name = slice_of("C"), .kind = OBJECT_CONDITION, .lock = HIDDEN });
    put_object(r, SHARING,
        (struct rec_kept_object){
            .name = slice_of("D"), .kind = OBJECT_CONDITION, .lock = LOCK });
    put_object(r, SEMAPHORE,
        (struct rec_kept_object){ .name = slice_of("S"),
            .kind = OBJECT_SEMAPHORE,
            .flags = OBJECT_BOUNDED,
            .size = 3,
            .number = 1 });
    put_object(r, DICT,
        (struct rec_kept_object){
            .name = slice_of("E"), .kind = OBJECT_DICT, .version = 1 });
    put_hold(r, 1, LOCK, 1);
    put_hold(r, 2, HIDDEN, 2);
    put_hold(r, 3, SEMAPHORE, 2);
    put(r, ROW_entry, 1,
        &(struct rec_kept_entry){ .object = DICT,
            .rank = 1,
            .key = slice_of("k"),
            .value = slice_of("v"),
            .version = 1 });
}

static int
load(void *arg, const struct row *row)
{
    const char *why = "";
    int rc = core_load(arg, row, &why);

    if (rc != 0) print_error("row %u: %s\n", row->kind, why);
    return rc;
}

static int
count_rows(void *arg, const struct row *row)
{
    struct rig *r = arg;
    union storerow_record record;

    r->rows[row->kind] += 1;
    if (row->kind == ROW_object && row->id == SEMAPHORE) {
        assert_int_equal(storerow_read(row, &record), 0);
        r->semaphore = record.object;
    }
    return 0;
}

static void
count_told(void *arg, const char *what)
{
    struct rig *r = arg;

    assert_true(what[0] != '\0');
    r->told += 1;
}

/* All rows but this one; a master starts with what is made of them. */
static void
damage(struct rig *r, unsigned kind, uint64_t id)
{
    struct core_config config;
    const char *why = "";

    put_all(r);
    if (kind != 0) row_delete(&r->ops, kind, id);
    assert_int_equal(store_commit(r->store,
                         (struct slice){ r->ops.bytes, r->ops.length }, true),
        0);
    assert_int_equal(mend_store(r->store, count_told, r), 0);
    assert_int_equal(store_scan(r->store, count_rows, r), 0);
    core_config_init(&config);
    config.durable = true;
    struct core *core = core_new(&config, TICK_S);
    assert_non_null(core);
    assert_int_equal(core_key_add(core, slice_of("k"), ROLE_SUBMIT, key), 0);
    assert_int_equal(store_scan(r->store, load, core), 0);
    assert_int_equal(core_loaded(core, TICK_S, &why), 0);
    core_check(core);
    core_free(core);
}

static void
what_fits_is_not_changed(void **state)
{
    struct rig *r = *state;

    damage(r, 0, 0);
    assert_int_equal(r->told, 0);
    assert_int_equal(r->rows[ROW_object], 6);
    assert_int_equal(r->rows[ROW_hold], 3);
}

static void
a_condition_whose_lock_is_lost_is_left_out(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_object, LOCK);
    assert_int_equal(r->told, 2);
    assert_int_equal(r->rows[ROW_object], 4);
    assert_int_equal(r->rows[ROW_hold], 2);
}

static void
a_lock_whose_condition_is_lost_is_left_out(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_object, OWN);
    assert_int_equal(r->rows[ROW_object], 4);
    assert_int_equal(r->rows[ROW_hold], 2);
}

static void
permits_of_a_lost_hold_are_free(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_hold, 3);
    assert_int_equal(r->told, 1);
    assert_int_equal(r->semaphore.number, 3);
}

static void
entries_of_a_lost_dict_are_left_out(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_object, DICT);
    assert_int_equal(r->told, 1);
    assert_int_equal(r->rows[ROW_entry], 0);
}

static void
put_entry(struct rig *r, uint64_t id, struct rec_kept_entry row)
{
    row.object = DICT;
    row.value = slice_of("w");
    put(r, ROW_entry, id, &row);
}

/* Its newest row was damaged, or the row of its end was: an old one is back. */
static void
of_two_entries_with_one_key_the_newer_one_stays(void **state)
{
    struct rig *r = *state;

    put_entry(r, 2,
        (struct rec_kept_entry){
            .rank = 2, .key = slice_of("k"), .version = 2 });
    put_entry(r, 3,
        (struct rec_kept_entry){
            .rank = 3, .key = slice_of("l"), .version = 3 });
    damage(r, 0, 0);
    assert_int_equal(r->told, 1);
    assert_int_equal(r->rows[ROW_entry], 2);
}

static void
of_two_entries_in_one_place_the_newer_one_stays(void **state)
{
    struct rig *r = *state;

    put_entry(r, 2,
        (struct rec_kept_entry){
            .rank = 1, .key = slice_of("l"), .version = 2 });
    damage(r, 0, 0);
    assert_int_equal(r->told, 1);
    assert_int_equal(r->rows[ROW_entry], 1);
}

static void
of_two_objects_of_one_name_the_newer_one_stays(void **state)
{
    struct rig *r = *state;

    put_object(r, DICT + 1,
        (struct rec_kept_object){
            .name = slice_of("E"), .kind = OBJECT_LIST, .version = 1 });
    put_object(r, DICT + 2,
        (struct rec_kept_object){
            .name = slice_of("L"), .kind = OBJECT_RLOCK });
    damage(r, 0, 0);
    /* A dict, its entry, a lock, what was held of it, and its condition. */
    assert_int_equal(r->told, 5);
    assert_int_equal(r->rows[ROW_object], 5);
    assert_int_equal(r->rows[ROW_hold], 2);
    assert_int_equal(r->rows[ROW_entry], 0);
}

/* The master drops them. */
static void
what_is_cleared_or_deleted_is_no_damage(void **state)
{
    struct rig *r = *state;
    const struct rec_kept_entry old = {
        .object = DICT + 1, .rank = 1, .key = slice_of("k"), .version = 1
    };

    put_object(r, DICT + 1,
        (struct rec_kept_object){ .name = slice_of("E"),
            .kind = OBJECT_DICT,
            .flags = OBJECT_HIDDEN | OBJECT_GONE,
            .version = 1 });
    put(r, ROW_entry, 7, &old);
    put(r, ROW_entry, 8, &old);
    damage(r, 0, 0);
    assert_int_equal(r->told, 0);
    assert_int_equal(r->rows[ROW_entry], 3);
}

static void
what_a_lost_session_held_goes_back(void **state)
{
    struct rig *r = *state;

    damage(r, ROW_session, SESSION);
    assert_int_equal(r->told, 0);
}

static void
hear(void *arg, int level, const char *line)
{
    unsigned *heard = arg;

    (void)level;
    if (strstr(line, "mended object=1 ") != NULL) *heard += 1;
}

/* As a master once wrote them: 2^63 permits. */
static void
put_too_many_permits(struct buf *ops)
{
    const uint8_t most[] = { 0xcf, 0x7f, 0xff, 0xff, 0xff };

    storerow_write(ops, ROW_object, 1,
        &(struct rec_kept_object){ .name = slice_of("S"),
            .kind = OBJECT_SEMAPHORE,
            .size = 3,
            .number = INT64_MAX });
    uint8_t *at = memmem(ops->bytes, ops->length, most, sizeof most);
    assert_non_null(at);
    at[1] = 0x80;
    memset(at + 2, 0, 7);
}

/* A master takes it, and says so, instead of refusing the whole store. */
static void
more_permits_than_a_row_may_say_are_as_many_as_it_may(void **state)
{
    struct rig *r = *state;
    struct core_config config;
    struct timeline time;
    struct vault vault;
    unsigned heard = 0;
    const struct logger logger = { .write = hear, .arg = &heard };
    char dir[] = "/tmp/stint-mend-XXXXXX", path[64];

    put(r, ROW_master, 1,
        &(struct rec_kept_master){ .format = 1,
            .id = { zero, 16 },
            .secret = { zero, 16 },
            .starts = 1 });
    put_too_many_permits(&r->ops);
    assert_non_null(mkdtemp(dir));
    vault_init(&vault, false);
    assert_int_equal(vault_open(&vault, dir), 0);
    struct slice ops = { r->ops.bytes, r->ops.length };
    assert_int_equal(store_commit(vault.store, ops, true), 0);
    core_config_init(&config);
    config.durable = true;
    struct core *core = core_new(&config, TICK_S);
    timeline_init(&time);
    assert_int_equal(vault_load(&vault, core, &time, &logger), 0);
    assert_int_equal(heard, 1);
    const struct object *o = object_find(core, slice_of("S"));
    assert_true(o->is.semaphore.permits == INT64_MAX);
    core_check(core);
    core_free(core);
    vault_close(&vault);
    (void)snprintf(path, sizeof path, "%s/store", dir);
    place_remove(path);
    (void)rmdir(dir);
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
        TEST(a_condition_whose_lock_is_lost_is_left_out),
        TEST(a_lock_whose_condition_is_lost_is_left_out),
        TEST(permits_of_a_lost_hold_are_free),
        TEST(entries_of_a_lost_dict_are_left_out),
        TEST(of_two_entries_with_one_key_the_newer_one_stays),
        TEST(of_two_entries_in_one_place_the_newer_one_stays),
        TEST(of_two_objects_of_one_name_the_newer_one_stays),
        TEST(what_is_cleared_or_deleted_is_no_damage),
        TEST(more_permits_than_a_row_may_say_are_as_many_as_it_may),
        TEST(what_a_lost_session_held_goes_back),
    };

    return cmocka_run_group_tests_name("mend objects", tests, NULL, NULL);
}
