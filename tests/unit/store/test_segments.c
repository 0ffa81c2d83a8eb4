#include <errno.h>

#include "master/store/segments.h"
#include "tests/unit/store/shelf.h"

/* ---- what every test has ------------------------------------------------- */

struct bench {
    struct fake *fake;
    struct segments all;
};

static void
setup(struct bench *b)
{
    b->fake = fake_new(1);
    segments_init(&b->all, fake_disk(b->fake), SEGMENT);
}

static void
teardown(struct bench *b)
{
    segments_fini(&b->all);
    assert_int_equal(fake_handles(b->fake), 0);
    fake_free(b->fake);
}

static void
fill(struct bench *b)
{
    int rc;

    while ((rc = segments_fill(&b->all)) == 1) {}
    assert_int_equal(rc, 0);
}

static int
try_begin(struct bench *b, uint64_t bytes, bool cleaning)
{
    const struct segments_wish wish = {
        .bytes = bytes, .first = 1, .before = 0, .cleaning = cleaning
    };
    struct segment *segment;

    assert_int_equal(segments_reserve(&b->all), 0);
    int rc = segments_make(&b->all, wish, &segment);
    if (rc == 0) segments_push(&b->all, segment);
    return rc;
}

static struct segment *
begin(struct bench *b, uint64_t bytes)
{
    assert_int_equal(try_begin(b, bytes, false), 0);
    return segments_last(&b->all);
}

static bool
has_file(const struct bench *b, const char *name)
{
    for (size_t i = 0; fake_name(b->fake, i) != NULL; i++) {
        if (strcmp(fake_name(b->fake, i), name) == 0) return true;
    }
    return false;
}

static size_t
files(const struct bench *b)
{
    size_t count = 0;

    while (fake_name(b->fake, count) != NULL)
        count++;
    return count;
}

/* ---- sentences ----------------------------------------------------------- */

static void
segments_are_numbered_from_one_and_found_by_number(void **state)
{
    (void)state;
    struct bench b;

    setup(&b);
    assert_null(segments_last(&b.all));
    for (uint64_t number = 1; number <= 40; number++)
        assert_true(begin(&b, 100)->number == number);
    assert_int_equal(b.all.count, 40);
    assert_true(b.all.bytes == 40 * SEGMENT);
    for (uint64_t number = 1; number <= 40; number++)
        assert_true(segments_find(&b.all, number)->number == number);
    teardown(&b);
}

static void
the_reserve_is_filled_with_zeros_and_then_complete(void **state)
{
    (void)state;
    struct bench b;

    setup(&b);
    fill(&b);
    assert_int_equal(b.all.spares_count, SEGMENTS_RESERVE);
    assert_int_equal(files(&b), SEGMENTS_RESERVE);
    for (size_t i = 0; i < files(&b); i++) {
        struct slice bytes = fake_contents(b.fake, fake_name(b.fake, i));
        assert_int_equal(bytes.length, SEGMENT);
        for (size_t j = 0; j < bytes.length; j++)
            assert_int_equal(bytes.bytes[j], 0);
    }
    assert_int_equal(segments_fill(&b.all), 0);
    teardown(&b);
}

static void
a_segment_has_its_header_and_its_name_after_every_power_cut(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct bench b;
        struct format_segment header;

        b.fake = fake_new(seed);
        segments_init(&b.all, fake_disk(b.fake), SEGMENT);
        if (seed % 2 == 0) fill(&b);
        (void)begin(&b, 100);
        segments_fini(&b.all);
        fake_cut_power(b.fake);
        struct slice bytes = fake_contents(b.fake, "0000000000000001.log");
        assert_int_equal(format_read_segment(bytes.bytes, &header), 0);
        assert_true(header.number == 1);
        fake_free(b.fake);
    }
}

static void
the_last_spare_is_for_the_cleaning(void **state)
{
    (void)state;
    struct bench b;

    setup(&b);
    fill(&b);
    for (int i = 1; i < SEGMENTS_RESERVE; i++)
        assert_true(begin(&b, 100)->filled);
    assert_int_equal(b.all.spares_count, 1);
    assert_false(segments_has_spare(&b.all, 100, false));
    assert_true(segments_has_spare(&b.all, 100, true));
    assert_false(begin(&b, 100)->filled);
    assert_int_equal(b.all.spares_count, 1);
    assert_int_equal(try_begin(&b, 100, true), 0);
    assert_true(segments_last(&b.all)->filled);
    assert_int_equal(b.all.spares_count, 0);
    teardown(&b);
}

static void
a_large_block_gets_a_segment_of_its_size_which_is_removed_later(void **state)
{
    (void)state;
    struct bench b;

    setup(&b);
    fill(&b);
    struct segment *large = begin(&b, 3 * SEGMENT);
    assert_true(large->size == FORMAT_SEGMENT_HEADER + 3 * SEGMENT);
    assert_int_equal(b.all.spares_count, SEGMENTS_RESERVE);
    (void)begin(&b, 100);
    assert_ptr_equal(segments_pop(&b.all), large);
    assert_true(b.all.bytes == SEGMENT);
    assert_int_equal(segments_retire(&b.all, large), 0);
    assert_false(has_file(&b, "0000000000000001.log"));
    assert_int_equal(b.all.spares_count, SEGMENTS_RESERVE - 1);
    teardown(&b);
}

static void
a_segment_that_is_needed_no_more_is_a_spare_until_there_are_enough(void **state)
{
    (void)state;
    struct bench b;

    setup(&b);
    for (int i = 0; i < 10; i++) {
        fill(&b);
        (void)begin(&b, 100);
    }
    fill(&b);
    while (b.all.count > 1)
        assert_int_equal(segments_retire(&b.all, segments_pop(&b.all)), 0);
    assert_int_equal(b.all.spares_count, SEGMENTS_SPARES);
    assert_int_equal(files(&b), SEGMENTS_SPARES + 1);
    /* And it is used again. */
    uint64_t made = fake_calls(b.fake, FAKE_CREATE);
    (void)begin(&b, 100);
    assert_true(fake_calls(b.fake, FAKE_CREATE) == made);
    teardown(&b);
}

static void
a_full_disk_is_said_and_filling_goes_on_later(void **state)
{
    (void)state;
    struct bench b;
    int rc;

    setup(&b);
    fake_set_room(b.fake, SEGMENT + SEGMENT / 2);
    while ((rc = segments_fill(&b.all)) == 1) {}
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(segments_fill(&b.all), -ENOSPC);
    assert_int_equal(b.all.spares_count, 1);
    fake_set_room(b.fake, UINT64_MAX);
    fill(&b);
    assert_int_equal(b.all.spares_count, SEGMENTS_RESERVE);
    teardown(&b);
}

static void
a_segment_that_cannot_be_made_changes_nothing(void **state)
{
    (void)state;
    struct bench b;

    setup(&b);
    (void)begin(&b, 100);
    fake_set_room(b.fake, fake_bytes(b.fake));
    assert_int_equal(try_begin(&b, 100, false), -ENOSPC);
    assert_int_equal(b.all.count, 1);
    assert_int_equal(files(&b), 1);
    fake_set_room(b.fake, UINT64_MAX);
    assert_true(begin(&b, 100)->number == 2);
    teardown(&b);
}

static void
no_code_of_a_sync_means_that_room_helps(void **state)
{
    (void)state;
    struct bench b;

    setup(&b);
    fake_fail(b.fake,
        (struct fake_fault){ .call = FAKE_SYNC, .nth = 1, .error = ENOSPC });
    assert_int_equal(try_begin(&b, 100, false), -EIO);
    fake_fail(b.fake,
        (struct fake_fault){ .call = FAKE_SYNC, .nth = 1, .error = ENOSPC });
    int rc;
    while ((rc = segments_fill(&b.all)) == 1) {}
    assert_int_equal(rc, -EIO);
    teardown(&b);
}

static void
what_lies_about_is_collected_and_what_is_not_ours_stays(void **state)
{
    (void)state;
    static const char *const strangers[] = { "notes.txt", "spare-", "spare-01",
        "spare-x", "7.log" };
    struct bench b;
    struct disk_file *file;

    setup(&b);
    fill(&b);
    for (int i = 0; i < 3; i++)
        (void)begin(&b, 100);
    segments_fini(&b.all);
    struct disk *disk = fake_disk(b.fake);
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        assert_int_equal(disk->open(disk, strangers[i], true, &file), 0);
        disk->close(disk, file);
    }
    assert_int_equal(disk->open(disk, "spare-77", true, &file), 0);
    disk->close(disk, file); /* Never finished. */

    assert_int_equal(segments_collect(&b.all, 3), 0);
    assert_false(has_file(&b, "0000000000000001.log"));
    assert_false(has_file(&b, "0000000000000002.log"));
    assert_true(has_file(&b, "0000000000000003.log"));
    assert_false(has_file(&b, "spare-77"));
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++)
        assert_true(has_file(&b, strangers[i]));
    assert_int_equal(b.all.spares_count, 1);
    assert_true(b.all.names >= 77); /* No name is given twice. */
    teardown(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_numbered_from_one_and_found_by_number),
        cmocka_unit_test(the_reserve_is_filled_with_zeros_and_then_complete),
        cmocka_unit_test(
            a_segment_has_its_header_and_its_name_after_every_power_cut),
        cmocka_unit_test(the_last_spare_is_for_the_cleaning),
        cmocka_unit_test(
            a_large_block_gets_a_segment_of_its_size_which_is_removed_later),
        cmocka_unit_test(
            a_segment_that_is_needed_no_more_is_a_spare_until_there_are_enough),
        cmocka_unit_test(a_full_disk_is_said_and_filling_goes_on_later),
        cmocka_unit_test(a_segment_that_cannot_be_made_changes_nothing),
        cmocka_unit_test(no_code_of_a_sync_means_that_room_helps),
        cmocka_unit_test(
            what_lies_about_is_collected_and_what_is_not_ours_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
