/* The fake disk itself: what it keeps, what it loses, how it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/disk/fake.h"

enum { SEEDS = 300, SECTOR = 512 };

static struct disk_file *
make(struct fake *fake, const char *name)
{
    struct disk *disk = fake_disk(fake);
    struct disk_file *file = NULL;

    assert_int_equal(disk->open(disk, name, true, &file), 0);
    return file;
}

static void
shut(struct fake *fake, struct disk_file *file)
{
    fake_disk(fake)->close(fake_disk(fake), file);
}

static int
fill(struct fake *fake, struct disk_file *file, uint64_t at, size_t length,
    uint8_t byte)
{
    struct disk *disk = fake_disk(fake);
    uint8_t *bytes = malloc(length);

    assert_non_null(bytes);
    memset(bytes, byte, length);
    struct slice halves[] = { { bytes, length / 2 },
        { bytes + length / 2, length - length / 2 } };
    int code = disk->write(disk, file, at, halves, 2);
    free(bytes);
    return code;
}

static int
sync(struct fake *fake, struct disk_file *file)
{
    return fake_disk(fake)->sync(fake_disk(fake), file);
}

static int
sync_dir(struct fake *fake)
{
    return fake_disk(fake)->sync_dir(fake_disk(fake));
}

static bool
is_there(const struct fake *fake, const char *name)
{
    for (size_t i = 0; fake_name(fake, i) != NULL; i++) {
        if (strcmp(fake_name(fake, i), name) == 0) return true;
    }
    return false;
}

static bool
is_all(struct slice bytes, size_t from, size_t length, uint8_t byte)
{
    for (size_t i = from; i < from + length; i++) {
        if (i >= bytes.length || bytes.bytes[i] != byte) return false;
    }
    return true;
}

/* A file "a" whose name and `length` bytes of `byte` are kept. */
static struct fake *
with_file(uint64_t seed, size_t length, uint8_t byte)
{
    struct fake *fake = fake_new(seed);
    struct disk_file *file = make(fake, "a");

    assert_int_equal(fill(fake, file, 0, length, byte), 0);
    assert_int_equal(sync(fake, file), 0);
    assert_int_equal(sync_dir(fake), 0);
    shut(fake, file);
    return fake;
}

static struct disk_file *
open_a(struct fake *fake)
{
    struct disk_file *file = NULL;

    assert_int_equal(
        fake_disk(fake)->open(fake_disk(fake), "a", false, &file), 0);
    return file;
}

static void
what_was_written_is_read(void **state)
{
    (void)state;
    struct fake *fake = fake_new(1);
    struct disk *disk = fake_disk(fake);
    struct disk_file *file = make(fake, "a");
    uint8_t got[8] = { 0 };

    assert_int_equal(fill(fake, file, 3, 4, 'x'), 0);
    assert_int_equal(disk->size(disk, file), 7);
    assert_int_equal(disk->read(disk, file, 1, got, sizeof got), 6);
    assert_memory_equal(got, "\0\0xxxx\0\0", 8);
    assert_int_equal(disk->read(disk, file, 7, got, sizeof got), 0);
    assert_int_equal(disk->open(disk, "a", true, &file), -EEXIST);
    assert_int_equal(disk->open(disk, "b", false, &file), -ENOENT);
    assert_int_equal(fake_calls(fake, FAKE_READ), 2);
    assert_int_equal(fake_calls(fake, FAKE_ANY), 7);
    shut(fake, file);
    fake_free(fake);
}

static void
what_was_synced_survives_every_power_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, 3000, 'x');
        fake_cut_power(fake);
        struct slice bytes = fake_contents(fake, "a");
        assert_int_equal(bytes.length, 3000);
        assert_true(is_all(bytes, 0, 3000, 'x'));
        fake_free(fake);
    }
}

/* Counts what became of the four sectors of an unsynced write. */
static void
an_unsynced_sector_is_there_or_not_or_torn_and_each_on_its_own(void **state)
{
    (void)state;
    unsigned old[4] = { 0 }, new[4] = { 0 }, torn = 0, reordered = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, 4 * SECTOR, 'x');
        struct disk_file *file = open_a(fake);
        assert_int_equal(fill(fake, file, 0, 4 * SECTOR, 'y'), 0);
        shut(fake, file);
        assert_true(is_all(fake_contents(fake, "a"), 0, 4 * SECTOR, 'y'));
        fake_cut_power(fake);
        struct slice bytes = fake_contents(fake, "a");
        assert_int_equal(bytes.length, 4 * SECTOR);
        for (unsigned i = 0; i < 4; i++) {
            bool is_old = is_all(bytes, i * SECTOR, SECTOR, 'x');
            bool is_new = is_all(bytes, i * SECTOR, SECTOR, 'y');
            old[i] += is_old;
            new[i] += is_new;
            torn += !is_old && !is_new;
        }
        reordered += is_all(bytes, 0, SECTOR, 'x')
                     && is_all(bytes, 3 * SECTOR, SECTOR, 'y');
        fake_free(fake);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(old[i], SEEDS / 4, SEEDS);
        assert_in_range(new[i], SEEDS / 4, SEEDS);
    }
    assert_in_range(torn, 5, SEEDS);
    assert_in_range(reordered, 20, SEEDS);
}

static void
an_unsynced_end_of_a_file_may_be_missing_or_zero(void **state)
{
    (void)state;
    unsigned shorter = 0, zero = 0, whole = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, SECTOR, 'x');
        struct disk_file *file = open_a(fake);
        assert_int_equal(fill(fake, file, SECTOR, SECTOR, 'y'), 0);
        shut(fake, file);
        fake_cut_power(fake);
        struct slice bytes = fake_contents(fake, "a");
        assert_true(is_all(bytes, 0, SECTOR, 'x'));
        shorter += bytes.length == SECTOR;
        zero += is_all(bytes, SECTOR, SECTOR, 0);
        whole += is_all(bytes, SECTOR, SECTOR, 'y');
        fake_free(fake);
    }
    assert_in_range(shorter, 20, SEEDS);
    assert_in_range(zero, 20, SEEDS);
    assert_in_range(whole, 20, SEEDS);
}

static void
a_dead_process_leaves_all_it_wrote_but_synced_it_is_not(void **state)
{
    (void)state;
    unsigned lost = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, SECTOR, 'x');
        struct disk_file *file = open_a(fake);
        assert_int_equal(fill(fake, file, 0, SECTOR, 'y'), 0);
        shut(fake, file);
        fake_kill(fake);
        assert_true(is_all(fake_contents(fake, "a"), 0, SECTOR, 'y'));
        fake_cut_power(fake);
        lost += is_all(fake_contents(fake, "a"), 0, SECTOR, 'x');
        fake_free(fake);
    }
    assert_in_range(lost, 20, SEEDS);
}

static void
a_synced_file_without_a_synced_name_may_be_gone(void **state)
{
    (void)state;
    unsigned gone = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = fake_new(seed);
        struct disk_file *file = make(fake, "a");
        assert_int_equal(fill(fake, file, 0, SECTOR, 'x'), 0);
        assert_int_equal(sync(fake, file), 0);
        shut(fake, file);
        fake_cut_power(fake);
        gone += !is_there(fake, "a");
        if (is_there(fake, "a")) {
            assert_true(is_all(fake_contents(fake, "a"), 0, SECTOR, 'x'));
        }
        fake_free(fake);
    }
    assert_in_range(gone, 20, SEEDS - 20);
}

static void
a_renamed_file_has_one_name_after_every_power_cut(void **state)
{
    (void)state;
    unsigned before = 0, after = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, SECTOR, 'x');
        struct disk *disk = fake_disk(fake);
        struct disk_file *file = make(fake, "b");
        assert_int_equal(fill(fake, file, 0, SECTOR, 'y'), 0);
        assert_int_equal(sync(fake, file), 0);
        assert_int_equal(sync_dir(fake), 0);
        shut(fake, file);
        assert_int_equal(disk->rename(disk, "b", "a"), 0);
        assert_false(is_there(fake, "b"));
        fake_cut_power(fake);
        assert_true(is_there(fake, "a"));
        bool done = is_all(fake_contents(fake, "a"), 0, SECTOR, 'y');
        assert_true(done != is_there(fake, "b"));
        assert_true(done || is_all(fake_contents(fake, "a"), 0, SECTOR, 'x'));
        before += !done;
        after += done;
        fake_free(fake);
    }
    assert_in_range(before, 20, SEEDS);
    assert_in_range(after, 20, SEEDS);
}

static void
a_file_that_was_removed_may_come_back_whole(void **state)
{
    (void)state;
    unsigned back = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, SECTOR, 'x');
        struct disk *disk = fake_disk(fake);
        assert_int_equal(disk->remove(disk, "a"), 0);
        assert_int_equal(disk->remove(disk, "a"), -ENOENT);
        fake_cut_power(fake);
        back += is_there(fake, "a")
                && is_all(fake_contents(fake, "a"), 0, SECTOR, 'x');
        fake_free(fake);
    }
    assert_in_range(back, 20, SEEDS - 20);
}

static void
a_stopped_disk_does_nothing_until_the_process_is_dead(void **state)
{
    (void)state;
    unsigned parts = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, 0, 'x');
        struct disk_file *file = open_a(fake);
        fake_stop_at(fake, 2);
        assert_int_equal(fill(fake, file, 0, 8, 'y'), 0);
        assert_false(fake_is_stopped(fake));
        assert_int_equal(fill(fake, file, 8, 8, 'z'), FAKE_STOPPED);
        assert_true(fake_is_stopped(fake));
        assert_int_equal(fill(fake, file, 16, 8, '!'), FAKE_STOPPED);
        assert_int_equal(sync(fake, file), FAKE_STOPPED);
        shut(fake, file);
        fake_kill(fake);
        struct slice bytes = fake_contents(fake, "a");
        assert_in_range(bytes.length, 8, 16);
        assert_true(is_all(bytes, 8, bytes.length - 8, 'z'));
        parts += bytes.length > 8 && bytes.length < 16;
        file = open_a(fake);
        shut(fake, file);
        fake_free(fake);
    }
    assert_in_range(parts, 20, SEEDS);
}

static void
the_nth_call_of_a_kind_fails_once_or_for_ever(void **state)
{
    (void)state;
    struct fake *fake = with_file(1, 8, 'x');
    struct disk_file *file = open_a(fake);

    fake_fail(
        fake, (struct fake_fault){ .call = FAKE_SYNC, .nth = 2, .error = EIO });
    assert_int_equal(sync(fake, file), 0);
    assert_int_equal(fill(fake, file, 0, 8, 'y'), 0);
    assert_int_equal(sync(fake, file), -EIO);
    assert_int_equal(sync(fake, file), 0);
    assert_int_equal(fake_failures(fake), 1);
    fake_fail(fake,
        (struct fake_fault){
            .call = FAKE_ANY, .nth = 1, .error = ENOSPC, .forever = true });
    assert_int_equal(sync(fake, file), -ENOSPC);
    assert_int_equal(sync_dir(fake), -ENOSPC);
    assert_int_equal(fake_failures(fake), 2);
    shut(fake, file);
    fake_free(fake);
}

static void
after_a_failed_sync_the_bytes_are_seen_and_later_lost(void **state)
{
    (void)state;
    unsigned lost = 0, rewritten_lost = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *fake = with_file(seed, 2 * SECTOR, 'x');
        struct disk_file *file = open_a(fake);
        fake_fail(fake,
            (struct fake_fault){ .call = FAKE_SYNC, .nth = 1, .error = EIO });
        assert_int_equal(fill(fake, file, 0, 2 * SECTOR, 'y'), 0);
        assert_int_equal(sync(fake, file), -EIO);
        assert_true(is_all(fake_contents(fake, "a"), 0, 2 * SECTOR, 'y'));
        assert_int_equal(fill(fake, file, 0, SECTOR, 'y'), 0);
        assert_int_equal(sync(fake, file), 0);
        shut(fake, file);
        fake_cut_power(fake);
        struct slice bytes = fake_contents(fake, "a");
        rewritten_lost += !is_all(bytes, 0, SECTOR, 'y');
        lost += !is_all(bytes, SECTOR, SECTOR, 'y');
        fake_free(fake);
    }
    assert_int_equal(rewritten_lost, 0);
    assert_in_range(lost, 20, SEEDS);
}

static void
a_full_disk_takes_what_fits_and_overwrites_still(void **state)
{
    (void)state;
    struct fake *fake = with_file(1, 100, 'x');
    struct disk_file *file = open_a(fake);

    fake_set_room(fake, 110);
    assert_int_equal(fill(fake, file, 50, 50, 'y'), 0);
    assert_int_equal(fill(fake, file, 100, 20, 'z'), -ENOSPC);
    assert_int_equal(fake_bytes(fake), 110);
    fake_set_room(fake, 120);
    assert_int_equal(fill(fake, file, 100, 20, 'z'), 0);
    assert_int_equal(fake_bytes(fake), 120);
    shut(fake, file);
    fake_free(fake);
}

static void
a_copy_goes_its_own_way(void **state)
{
    (void)state;
    struct fake *fake = with_file(1, SECTOR, 'x');
    struct disk_file *file = open_a(fake);

    assert_int_equal(fill(fake, file, 0, SECTOR, 'y'), 0);
    shut(fake, file);
    assert_int_equal(fake_disk(fake)->rename(fake_disk(fake), "a", "b"), 0);
    unsigned old = 0, renamed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake *copy = fake_copy(fake, seed);
        assert_true(is_all(fake_contents(copy, "b"), 0, SECTOR, 'y'));
        fake_cut_power(copy);
        renamed += is_there(copy, "b");
        old += is_all(fake_contents(copy, is_there(copy, "b") ? "b" : "a"), 0,
            SECTOR, 'x');
        fake_free(copy);
    }
    assert_in_range(old, 20, SEEDS - 20);
    assert_in_range(renamed, 20, SEEDS - 20);
    assert_true(is_all(fake_contents(fake, "b"), 0, SECTOR, 'y'));
    fake_free(fake);
}

static void
damage_is_kept_at_once(void **state)
{
    (void)state;
    struct fake *fake = with_file(1, 10, 'x');

    fake_flip(fake, "a", 3, 'x' ^ 'y');
    fake_resize(fake, "a", 4);
    fake_cut_power(fake);
    struct slice bytes = fake_contents(fake, "a");
    assert_int_equal(bytes.length, 4);
    assert_memory_equal(bytes.bytes, "xxxy", 4);
    fake_lose(fake, "a");
    fake_cut_power(fake);
    assert_null(fake_name(fake, 0));
    fake_free(fake);
}

static void
time_is_what_calls_cost(void **state)
{
    (void)state;
    struct fake *fake = with_file(1, 10, 'x');
    struct disk_file *file = open_a(fake);

    fake_set_cost(fake, FAKE_ANY, 5);
    fake_set_cost(fake, FAKE_SYNC, 2000000);
    assert_int_equal(fill(fake, file, 0, 10, 'y'), 0);
    assert_int_equal(sync(fake, file), 0);
    assert_int_equal(fake_spent(fake), 2000005);
    shut(fake, file);
    fake_free(fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_was_synced_survives_every_power_cut),
        cmocka_unit_test(
            an_unsynced_sector_is_there_or_not_or_torn_and_each_on_its_own),
        cmocka_unit_test(an_unsynced_end_of_a_file_may_be_missing_or_zero),
        cmocka_unit_test(
            a_dead_process_leaves_all_it_wrote_but_synced_it_is_not),
        cmocka_unit_test(a_synced_file_without_a_synced_name_may_be_gone),
        cmocka_unit_test(a_renamed_file_has_one_name_after_every_power_cut),
        cmocka_unit_test(a_file_that_was_removed_may_come_back_whole),
        cmocka_unit_test(a_stopped_disk_does_nothing_until_the_process_is_dead),
        cmocka_unit_test(the_nth_call_of_a_kind_fails_once_or_for_ever),
        cmocka_unit_test(after_a_failed_sync_the_bytes_are_seen_and_later_lost),
        cmocka_unit_test(a_full_disk_takes_what_fits_and_overwrites_still),
        cmocka_unit_test(a_copy_goes_its_own_way),
        cmocka_unit_test(damage_is_kept_at_once),
        cmocka_unit_test(time_is_what_calls_cost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
