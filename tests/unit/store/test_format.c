#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/store/format.h"

static struct format_segment
segment_seven(void)
{
    struct format_segment s = { .version = FORMAT_VERSION,
        .number = 7,
        .first = UINT64_C(1) << 40,
        .before = UINT64_C(1) << 41 };

    for (unsigned i = 0; i < FORMAT_ID_BYTES; i++)
        s.id[i] = (uint8_t)(i * 11);
    return s;
}

static struct format_block
block_nine(void)
{
    return (struct format_block){ .closes = true,
        .number = 9,
        .length = 4,
        .first = 3,
        .synced = UINT64_C(1) << 50 };
}

/* In segment 7 of that store. */
static struct format_place
place_at(uint64_t at)
{
    static struct format_segment s;

    s = segment_seven();
    return (struct format_place){ s.id, s.number, at };
}

static void
a_segment_is_read_as_it_was_written(void **state)
{
    (void)state;
    const struct format_segment s = segment_seven();
    struct format_segment back;
    uint8_t bytes[FORMAT_SEGMENT_HEADER];

    format_write_segment(bytes, &s);
    assert_int_equal(format_read_segment(bytes, &back), 0);
    assert_int_equal(back.version, s.version);
    assert_true(back.number == s.number);
    assert_true(back.first == s.first);
    assert_true(back.before == s.before);
    assert_memory_equal(back.id, s.id, sizeof s.id);
}

static void
every_flipped_bit_of_a_segments_header_is_seen(void **state)
{
    (void)state;
    const struct format_segment s = segment_seven();
    struct format_segment back;
    uint8_t bytes[FORMAT_SEGMENT_HEADER];

    format_write_segment(bytes, &s);
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(format_read_segment(bytes, &back), STINT_EDAMAGED);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(format_read_segment(bytes, &back), 0);
}

static void
zeros_are_no_segment_and_no_block(void **state)
{
    (void)state;
    const uint8_t zeros[FORMAT_SEGMENT_HEADER] = { 0 };
    struct format_segment s;
    struct format_block b;

    assert_int_equal(format_read_segment(zeros, &s), STINT_EDAMAGED);
    assert_false(format_read_block(zeros, place_at(64), &b));
}

static void
another_version_is_known_for_what_it_is(void **state)
{
    (void)state;
    struct format_segment s = segment_seven(), back;
    uint8_t bytes[FORMAT_SEGMENT_HEADER];

    s.version = FORMAT_VERSION + 1;
    format_write_segment(bytes, &s);
    assert_int_equal(format_read_segment(bytes, &back), STINT_EFORMAT);
    assert_int_equal(back.version, FORMAT_VERSION + 1);
    s.version = 0;
    format_write_segment(bytes, &s);
    assert_int_equal(format_read_segment(bytes, &back), STINT_EFORMAT);
}

static void
a_block_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct format_block b = block_nine(), back;
    uint8_t bytes[FORMAT_BLOCK_HEADER];

    format_write_block(bytes, place_at(64), &b, slice_of("rows"));
    assert_true(format_read_block(bytes, place_at(64), &back));
    assert_true(back.closes);
    assert_true(back.number == b.number);
    assert_true(back.length == b.length);
    assert_true(back.first == b.first);
    assert_true(back.synced == b.synced);
    assert_true(format_check_rows(&back, slice_of("rows")));
    b.closes = false;
    format_write_block(bytes, place_at(64), &b, slice_of("rows"));
    assert_true(format_read_block(bytes, place_at(64), &back));
    assert_false(back.closes);
}

static void
every_flipped_bit_of_a_block_is_seen(void **state)
{
    (void)state;
    struct format_block b = block_nine(), back;
    uint8_t bytes[FORMAT_BLOCK_HEADER + 4] = {
        [FORMAT_BLOCK_HEADER] = 'r', 'o', 'w', 's'
    };
    const struct slice rows = { bytes + FORMAT_BLOCK_HEADER, 4 };

    format_write_block(bytes, place_at(64), &b, rows);
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(format_read_block(bytes, place_at(64), &back)
                     && format_check_rows(&back, rows));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void
a_block_belongs_to_one_place_of_one_segment_of_one_store(void **state)
{
    (void)state;
    struct format_block b = block_nine(), back;
    struct format_segment other = segment_seven();
    uint8_t bytes[FORMAT_BLOCK_HEADER];

    format_write_block(bytes, place_at(64), &b, slice_of("rows"));
    assert_true(format_read_block(bytes, place_at(64), &back));
    assert_false(format_read_block(bytes, place_at(72), &back));
    struct format_place place = place_at(64);
    place.segment = 8;
    assert_false(format_read_block(bytes, place, &back));
    other.id[15] ^= 1;
    place = (struct format_place){ other.id, 7, 64 };
    assert_false(format_read_block(bytes, place, &back));
}

static void
the_rows_of_another_header_are_not_those_of_this_one(void **state)
{
    (void)state;
    struct format_block b = block_nine(), later = block_nine();
    uint8_t bytes[FORMAT_BLOCK_HEADER];

    later.number = 10;
    format_write_block(bytes, place_at(64), &b, slice_of("rows"));
    format_write_block(bytes, place_at(64), &later, slice_of("rows"));
    assert_int_not_equal(b.rows_crc, later.rows_crc);
}

static void
a_name_is_read_as_it_was_written_and_nothing_else_is_one(void **state)
{
    (void)state;
    static const uint64_t numbers[] = { 1, 7, 0xabcdef, UINT64_MAX };
    static const char *const others[] = { "", "7.log", "0000000000000000.log",
        "0000000000000007.log2", "0000000000000007", "000000000000000A.log",
        "-000000000000007.log", "+000000000000007.log", "spare-1",
        "00000000000000007.log", " 000000000000007.log", "lock" };
    char name[FORMAT_NAME];
    uint64_t number;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        format_name(name, numbers[i]);
        assert_true(format_is_name(name, &number));
        assert_true(number == numbers[i]);
    }
    format_name(name, 7);
    assert_string_equal(name, "0000000000000007.log");
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(format_is_name(others[i], &number));
}

static void
a_seal_is_told_from_a_block(void **state)
{
    (void)state;
    struct format_block b = { .seals = true, .number = 5 }, back;
    uint8_t bytes[FORMAT_BLOCK_HEADER];
    const struct slice nothing = { NULL, 0 };

    format_write_block(bytes, place_at(64), &b, nothing);
    assert_true(format_read_block(bytes, place_at(64), &back));
    assert_true(back.seals);
    assert_false(back.closes);
    assert_true(format_check_rows(&back, nothing));
}

static void
a_block_takes_a_multiple_of_8_bytes(void **state)
{
    (void)state;

    for (uint64_t length = 0; length < 100; length++) {
        uint64_t bytes = format_block_bytes(length);
        assert_int_equal(bytes % 8, 0);
        assert_true(bytes >= FORMAT_BLOCK_HEADER + length);
        assert_true(bytes < FORMAT_BLOCK_HEADER + length + 8);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_is_read_as_it_was_written),
        cmocka_unit_test(every_flipped_bit_of_a_segments_header_is_seen),
        cmocka_unit_test(zeros_are_no_segment_and_no_block),
        cmocka_unit_test(another_version_is_known_for_what_it_is),
        cmocka_unit_test(a_block_is_read_as_it_was_written),
        cmocka_unit_test(every_flipped_bit_of_a_block_is_seen),
        cmocka_unit_test(
            a_block_belongs_to_one_place_of_one_segment_of_one_store),
        cmocka_unit_test(the_rows_of_another_header_are_not_those_of_this_one),
        cmocka_unit_test(
            a_name_is_read_as_it_was_written_and_nothing_else_is_one),
        cmocka_unit_test(a_seal_is_told_from_a_block),
        cmocka_unit_test(a_block_takes_a_multiple_of_8_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
