/* What store.h says, as sentences; damage is test_store_damage.c's. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/unit/store/shelf.h"

/* ---- rows ---------------------------------------------------------------- */

static void
rows_return_after_a_close_and_after_a_kill(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    shelf_put_text(&s, 7, 1, "one");
    shelf_put_text(&s, 8, UINT64_MAX, "");
    shelf_reopen(&s);
    assert_true(store_stat(s.store).was_closed);
    shelf_has_text(&s, 7, 1, "one");
    shelf_has_text(&s, 8, UINT64_MAX, "");
    shelf_put_text(&s, 7, 2, "two");
    shelf_kill(&s);
    shelf_open(&s);
    assert_false(store_stat(s.store).was_closed);
    shelf_has_text(&s, 7, 1, "one");
    shelf_has_text(&s, 7, 2, "two");
    assert_true(store_stat(s.store).rows == 3);
    shelf_free(&s);
}

static void
a_replaced_row_is_the_new_one(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    shelf_put_text(&s, 7, 1, "old");
    shelf_put_text(&s, 7, 1, "new");
    shelf_has_text(&s, 7, 1, "new");
    assert_true(store_stat(s.store).rows == 1);
    shelf_reopen(&s);
    shelf_has_text(&s, 7, 1, "new");
    shelf_free(&s);
}

static void
a_deleted_row_is_gone_and_may_come_again(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    shelf_put_text(&s, 7, 1, "one");
    shelf_delete(&s, 7, 1);
    shelf_delete(&s, 7, 99);
    shelf_has_not(&s, 7, 1);
    shelf_reopen(&s);
    shelf_has_not(&s, 7, 1);
    assert_true(store_stat(s.store).rows == 0);
    assert_true(store_stat(s.store).live == 0);
    shelf_put_text(&s, 7, 1, "again");
    shelf_reopen(&s);
    shelf_has_text(&s, 7, 1, "again");
    shelf_free(&s);
}

static void
in_a_batch_the_last_change_of_a_row_counts(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    struct buf ops;

    buf_init(&ops);
    row_put(&ops, 7, 1, slice_of("a"));
    row_put(&ops, 7, 1, slice_of("b"));
    row_put(&ops, 7, 2, slice_of("c"));
    row_delete(&ops, 7, 2);
    row_delete(&ops, 7, 3);
    row_put(&ops, 7, 3, slice_of("d"));
    const struct slice all = { ops.bytes, ops.length };
    assert_int_equal(store_commit(s.store, all, true), 0);
    for (int i = 0; i < 2; i++) {
        shelf_has_text(&s, 7, 1, "b");
        shelf_has_not(&s, 7, 2);
        shelf_has_text(&s, 7, 3, "d");
        shelf_reopen(&s);
    }
    buf_fini(&ops);
    shelf_free(&s);
}

static void
a_read_appends_to_what_is_there(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    struct buf got;

    shelf_put_text(&s, 7, 1, "world");
    buf_init(&got);
    buf_append(&got, "hello ", 6);
    assert_int_equal(store_read(s.store, 7, 1, &got), 0);
    assert_int_equal(got.length, 11);
    assert_memory_equal(got.bytes, "hello world", 11);
    buf_fini(&got);
    shelf_free(&s);
}

struct walk {
    unsigned kind, rows, stop_after;
    uint64_t id;
};

static int
step(void *arg, const struct row *row)
{
    struct walk *w = arg;

    assert_false(row->deleted);
    assert_true(
        row->kind > w->kind || (row->kind == w->kind && row->id > w->id));
    w->kind = row->kind;
    w->id = row->id;
    return ++w->rows == w->stop_after ? 42 : 0;
}

static void
a_scan_goes_by_kind_and_id_and_ends_when_it_is_told(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    struct walk all = { .kind = 0 }, some = { .stop_after = 5 };

    for (uint64_t i = 0; i < 500; i++) {
        assert_int_equal(shelf_try_put(s.store, 1 + (unsigned)(i * 7 % 31),
                             i * 7919 % 500 * 1000, 0, 30),
            0);
    }
    assert_int_equal(shelf_try_put(s.store, 31, UINT64_MAX, 0, 2 * SEGMENT), 0);
    assert_int_equal(store_scan(s.store, step, &all), 0);
    assert_int_equal(all.rows, 501);
    assert_true(all.id == UINT64_MAX);
    assert_int_equal(store_scan(s.store, step, &some), 42);
    assert_int_equal(some.rows, 5);
    shelf_free(&s);
}

static void
a_batch_larger_than_a_segment_is_a_batch(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    shelf_put(&s, 1, 0, 100);
    shelf_put(&s, 2, 0, 5 * SEGMENT + 3);
    shelf_put(&s, 3, 0, 100);
    for (size_t i = 0; i < 200; i++) /* All lengths around a segment's end. */
        shelf_put(&s, 10 + i, 0, SEGMENT - 250 + i);
    shelf_reopen(&s);
    shelf_has(&s, 1, 0, 100);
    shelf_has(&s, 2, 0, 5 * SEGMENT + 3);
    shelf_has(&s, 3, 0, 100);
    for (size_t i = 0; i < 200; i++)
        shelf_has(&s, 10 + i, 0, SEGMENT - 250 + i);
    shelf_free(&s);
}

static void
an_empty_batch_with_a_sync_is_a_sync_of_what_was_before(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct shelf s = { .fake = fake_new(seed) };
        struct buf ops;

        shelf_open(&s);
        buf_init(&ops);
        row_put(&ops, 7, 1, slice_of("unsynced"));
        assert_int_equal(store_commit(s.store,
                             (struct slice){ ops.bytes, ops.length }, false),
            0);
        buf_fini(&ops);
        assert_int_equal(
            store_commit(s.store, (struct slice){ NULL, 0 }, true), 0);
        shelf_cut_power(&s);
        shelf_open(&s);
        shelf_has_text(&s, 7, 1, "unsynced");
        shelf_free(&s);
    }
}

/* ---- space --------------------------------------------------------------- */

static void
one_old_row_under_much_churn_stays_and_space_is_used_again(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    uint64_t most = 0;

    shelf_put_text(&s, 1, 1, "old");
    for (unsigned turn = 0; turn < 100; turn++) { /* 50 segments. */
        shelf_put(&s, turn % 3, turn, FULL - 200);
        shelf_tend(&s);
        if (turn == 20) shelf_reopen(&s);
        if (fake_bytes(s.fake) > most) most = fake_bytes(s.fake);
        struct store_stat stat = store_stat(s.store);
        assert_true(stat.live <= stat.bytes);
    }
    assert_in_range(most, 1, 11 * SEGMENT);
    assert_in_range(store_stat(s.store).segments, 1, 6);
    assert_true(store_stat(s.store).moved > 0);
    assert_false(shelf_has_file(&s, "0000000000000001.log"));
    shelf_has_text(&s, 1, 1, "old");
    shelf_reopen(&s);
    shelf_has_text(&s, 1, 1, "old");
    for (unsigned turn = 97; turn < 100; turn++)
        shelf_has(&s, turn % 3, turn, FULL - 200);
    assert_true(store_stat(s.store).rows == 4);
    shelf_free(&s);
}

static void
no_file_is_made_any_more_once_all_turns(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    uint64_t made = 0;

    for (unsigned turn = 0; turn < 200; turn++) {
        if (turn == 100) made = fake_calls(s.fake, FAKE_CREATE);
        shelf_put(&s, 1, turn, FULL - 200);
        shelf_tend(&s);
    }
    assert_true(fake_calls(s.fake, FAKE_CREATE) == made);
    shelf_has(&s, 1, 199, FULL - 200);
    shelf_free(&s);
}

static void
a_row_that_was_deleted_does_not_come_back_with_the_cleaning(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    shelf_put_text(&s, 1, 1, "kept");
    shelf_put_text(&s, 1, 2, "deleted");
    shelf_put(&s, 1, 0, FULL + 200); /* The delete is in another segment. */
    shelf_put(&s, 2, 0, FULL + 200);
    shelf_delete(&s, 1, 2);
    for (unsigned turn = 0; turn < 40; turn++) {
        shelf_put(&s, 1, turn, FULL);
        shelf_tend(&s);
        shelf_reopen(&s);
        shelf_has_not(&s, 1, 2);
    }
    shelf_has_text(&s, 1, 1, "kept");
    shelf_free(&s);
}

static void
a_full_disk_eats_the_reserve_says_so_and_goes_on_with_room(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    uint64_t id = 0;
    int rc = 0;

    shelf_tend(&s);
    assert_false(store_stat(s.store).full);
    assert_true(store_stat(s.store).free >= 2 * SEGMENT);
    fake_set_room(s.fake, fake_bytes(s.fake));
    while (rc == 0 && id < 1000) {
        rc = shelf_try_put(s.store, 7, ++id, 0, 500);
        if (rc == 0 && store_tend(s.store) < 0) fail();
    }
    assert_int_equal(rc, STINT_ENOSPACE);
    shelf_said("full");
    assert_true(store_stat(s.store).full);
    assert_false(store_stat(s.store).failed);
    /* It had taken in more than there was left of the first segment. */
    assert_true(id * 500 > SEGMENT);
    shelf_has_not(&s, 7, id);
    shelf_has(&s, id - 1, 0, 500);
    assert_int_equal(shelf_try_put(s.store, 7, id, 0, 500), STINT_ENOSPACE);

    fake_set_room(s.fake, UINT64_MAX);
    shelf_put(&s, id, 1, 500);
    shelf_tend(&s);
    assert_false(store_stat(s.store).full);
    shelf_reopen(&s);
    for (uint64_t i = 1; i < id; i++)
        shelf_has(&s, i, 0, 500);
    shelf_has(&s, id, 1, 500);
    shelf_free(&s);
}

static void
on_a_full_disk_deletes_make_room(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    uint64_t id = 0;

    shelf_tend(&s);
    fake_set_room(s.fake, 12 * SEGMENT);
    while (id < 1000 && !store_stat(s.store).full) {
        shelf_put(&s, ++id, 0, 500);
        shelf_tend(&s);
    }
    assert_true(store_stat(s.store).full);
    for (uint64_t i = 1; i <= id; i++) {
        shelf_delete(&s, 7, i);
        shelf_tend(&s);
    }
    assert_false(store_stat(s.store).full);
    assert_true(store_stat(s.store).rows == 0);
    shelf_put(&s, 1, 1, FULL);
    shelf_free(&s);
}

static void
a_batch_that_does_not_fit_on_the_disk_changes_nothing(void **state)
{
    (void)state;

    for (uint64_t room = 0; room < 600; room += 7) {
        struct shelf s = shelf_new();

        shelf_put_text(&s, 7, 1, "before");
        uint64_t free = 3 * SEGMENT / 2 + room;
        fake_set_room(s.fake, fake_bytes(s.fake) + free);
        assert_int_equal(shelf_try_put(s.store, 7, 2, 0, 3 * SEGMENT / 2 + 600),
            STINT_ENOSPACE);
        shelf_has_not(&s, 7, 2);
        fake_set_room(s.fake, UINT64_MAX);
        shelf_put_text(&s, 7, 3, "after");
        shelf_put(&s, 4, 0, 2 * SEGMENT);
        shelf_kill(&s);
        shelf_open(&s);
        shelf_has_text(&s, 7, 1, "before");
        shelf_has_not(&s, 7, 2);
        shelf_has_text(&s, 7, 3, "after");
        shelf_has(&s, 4, 0, 2 * SEGMENT);
        shelf_free(&s);
    }
}

/* ---- a disk that fails --------------------------------------------------- */

static void
fails_for_ever(enum fake_call call)
{
    struct shelf s = shelf_new();

    shelf_put_text(&s, 7, 1, "before");
    fake_fail(
        s.fake, (struct fake_fault){ .call = call, .nth = 1, .error = EIO });
    assert_int_equal(shelf_try_put(s.store, 7, 2, 0, 100), STINT_EDISK);
    assert_int_equal(fake_failures(s.fake), 1);
    shelf_said("failed");
    assert_true(store_stat(s.store).failed);
    uint64_t writes = fake_calls(s.fake, FAKE_WRITE);
    uint64_t syncs = fake_calls(s.fake, FAKE_SYNC);
    assert_int_equal(shelf_try_put(s.store, 7, 3, 0, 100), STINT_EDISK);
    assert_int_equal(store_tend(s.store), STINT_EDISK);
    shelf_close(&s);
    /* Nothing was tried again, and no close mark says that all is well. */
    assert_true(fake_calls(s.fake, FAKE_WRITE) == writes);
    assert_true(fake_calls(s.fake, FAKE_SYNC) == syncs);
    fake_kill(s.fake);
    shelf_open(&s);
    assert_false(store_stat(s.store).was_closed);
    shelf_has_text(&s, 7, 1, "before");
    shelf_has_not(&s, 7, 3);
    shelf_put_text(&s, 7, 3, "after");
    shelf_free(&s);
}

static void
a_write_that_fails_is_final(void **state)
{
    (void)state;
    fails_for_ever(FAKE_WRITE);
}

static void
a_sync_that_fails_is_final(void **state)
{
    (void)state;
    fails_for_ever(FAKE_SYNC);
}

static void
a_batch_whose_sync_failed_is_never_half_there(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct shelf s = { .fake = fake_new(seed) };
        struct buf got;

        shelf_open(&s);
        shelf_put(&s, 1, 0, 1000);
        fake_fail(s.fake,
            (struct fake_fault){ .call = FAKE_SYNC, .nth = 1, .error = EIO });
        assert_int_equal(shelf_try_put(s.store, 7, 2, 0, 3000), STINT_EDISK);
        shelf_close(&s);
        fake_kill(s.fake);
        shelf_open(&s);
        buf_init(&got);
        bool seen = store_read(s.store, 7, 2, &got) == 0;
        buf_fini(&got);
        /* What the open has shown must be there for ever. */
        shelf_cut_power(&s);
        shelf_open(&s);
        shelf_has(&s, 1, 0, 1000);
        if (seen) shelf_has(&s, 2, 0, 3000);
        if (!seen) shelf_has_not(&s, 7, 2);
        shelf_free(&s);
    }
}

static void
a_read_that_fails_says_so_and_harms_nothing(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    struct buf got;

    shelf_put_text(&s, 7, 1, "one");
    buf_init(&got);
    fake_fail(s.fake,
        (struct fake_fault){ .call = FAKE_READ, .nth = 1, .error = EIO });
    assert_int_equal(store_read(s.store, 7, 1, &got), STINT_EDISK);
    shelf_said("cannot be read");
    assert_int_equal(got.length, 0);
    buf_fini(&got);
    shelf_has_text(&s, 7, 1, "one");
    shelf_free(&s);
}

/* ---- the operating system's disk ----------------------------------------- */

struct place {
    char path[64];
    struct disk *disk;
    struct store *store;
};

static void
place_open(struct place *p)
{
    const struct store_config config = { .segment = SEGMENT };

    assert_int_equal(disk_open(p->path, &p->disk), 0);
    assert_int_equal(store_open(p->disk, &config, &p->store), 0);
}

static void
place_close(struct place *p)
{
    store_close(p->store);
    disk_close(p->disk);
}

static void
place_init(struct place *p)
{
    (void)snprintf(p->path, sizeof p->path, "/tmp/test_store.XXXXXX");
    assert_non_null(mkdtemp(p->path));
    place_open(p);
}

static int
remove_file(void *arg, const char *name)
{
    struct disk *disk = arg;

    return disk->remove(disk, name) == 0 ? 1 : -EIO;
}

static void
place_fini(struct place *p)
{
    int rc;

    store_close(p->store);
    while ((rc = p->disk->list(p->disk, remove_file, p->disk)) == 1) {}
    assert_int_equal(rc, 0);
    disk_close(p->disk);
    assert_int_equal(rmdir(p->path), 0);
}

static void
on_a_real_disk_it_is_the_same(void **state)
{
    (void)state;
    struct place p;

    place_init(&p);
    for (unsigned turn = 0; turn < 60; turn++) {
        assert_int_equal(shelf_try_put(p.store, 7, turn % 4, turn, FULL), 0);
        if (turn == 5) {
            assert_int_equal(shelf_try_put(p.store, 7, 99, 0, 3 * SEGMENT), 0);
        }
        int rc;
        while ((rc = store_tend(p.store)) == 1) {}
        assert_int_equal(rc, 0);
        if (turn % 20 == 19) {
            place_close(&p);
            place_open(&p);
            assert_true(store_stat(p.store).was_closed);
        }
    }
    for (unsigned turn = 56; turn < 60; turn++)
        assert_true(shelf_is(p.store, turn % 4, turn, FULL));
    assert_true(shelf_is(p.store, 99, 0, 3 * SEGMENT));
    assert_in_range(store_stat(p.store).bytes, 1, 22 * SEGMENT);
    place_fini(&p);
}

/* ---- threads ------------------------------------------------------------- */

enum { ROWS = 20, TURNS = 600, VALUE = 900 };

struct readers {
    struct store *store;
    atomic_bool stop;
    atomic_uint reads, bad;
};

/* A value of any turn, but whole: its bytes follow each other. */
static bool
is_whole(const struct buf *b)
{
    for (size_t i = 1; i < b->length; i++) {
        if (b->bytes[i] != (uint8_t)(b->bytes[i - 1] + 1)) return false;
    }
    return b->length == VALUE;
}

static void *
read_on(void *arg)
{
    struct readers *r = arg;
    struct buf got;

    buf_init(&got);
    for (uint64_t i = 0; !atomic_load(&r->stop) || i < 2 * ROWS; i++) {
        buf_clear(&got);
        int rc = store_read(r->store, 7, i % ROWS, &got);
        struct store_stat stat = store_stat(r->store);
        if (rc != 0 || !is_whole(&got) || stat.failed || stat.rows != ROWS) {
            atomic_fetch_add(&r->bad, 1);
        }
        atomic_fetch_add(&r->reads, 1);
    }
    buf_fini(&got);
    return NULL;
}

static void
others_read_while_one_commits_and_cleans(void **state)
{
    (void)state;
    struct readers r = { .store = NULL };
    pthread_t threads[2];
    struct place p;

    place_init(&p);
    for (uint64_t id = 0; id < ROWS; id++)
        assert_int_equal(shelf_try_put(p.store, 7, id, 0, VALUE), 0);
    r.store = p.store;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
    }
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        assert_int_equal(
            shelf_try_put(p.store, 7, turn * 7 % ROWS, turn, VALUE), 0);
        for (int i = 0; i < 4; i++)
            assert_in_range(store_tend(p.store), 0, 1);
    }
    atomic_store(&r.stop, true);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&r.bad), 0);
    assert_true(atomic_load(&r.reads) >= 4 * ROWS);
    place_fini(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_return_after_a_close_and_after_a_kill),
        cmocka_unit_test(a_replaced_row_is_the_new_one),
        cmocka_unit_test(a_deleted_row_is_gone_and_may_come_again),
        cmocka_unit_test(in_a_batch_the_last_change_of_a_row_counts),
        cmocka_unit_test(a_read_appends_to_what_is_there),
        cmocka_unit_test(a_scan_goes_by_kind_and_id_and_ends_when_it_is_told),
        cmocka_unit_test(a_batch_larger_than_a_segment_is_a_batch),
        cmocka_unit_test(
            an_empty_batch_with_a_sync_is_a_sync_of_what_was_before),
        cmocka_unit_test(
            one_old_row_under_much_churn_stays_and_space_is_used_again),
        cmocka_unit_test(no_file_is_made_any_more_once_all_turns),
        cmocka_unit_test(
            a_row_that_was_deleted_does_not_come_back_with_the_cleaning),
        cmocka_unit_test(
            a_full_disk_eats_the_reserve_says_so_and_goes_on_with_room),
        cmocka_unit_test(on_a_full_disk_deletes_make_room),
        cmocka_unit_test(a_batch_that_does_not_fit_on_the_disk_changes_nothing),
        cmocka_unit_test(a_write_that_fails_is_final),
        cmocka_unit_test(a_sync_that_fails_is_final),
        cmocka_unit_test(a_batch_whose_sync_failed_is_never_half_there),
        cmocka_unit_test(a_read_that_fails_says_so_and_harms_nothing),
        cmocka_unit_test(on_a_real_disk_it_is_the_same),
        cmocka_unit_test(others_read_while_one_commits_and_cleans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
