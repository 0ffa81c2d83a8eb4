#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/row.h"
#include "common/stint_error.h"

static const uint64_t ids[] = { 0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 1U << 31,
    UINT64_C(1) << 62, UINT64_C(1) << 63, UINT64_MAX };

static struct slice
all(const struct buf *b)
{
    assert_false(b->failed);
    return (struct slice){ b->bytes, b->length };
}

/* What row_next() says of these bytes, in memory of exactly that length, so
 * that a sanitizer sees a byte too many; they stand where they stood if it is
 * not 1. */
static int
read_alone(const uint8_t *bytes, size_t length, struct row *row)
{
    uint8_t *exact = malloc(length + (length == 0));

    assert_non_null(exact);
    if (length > 0) memcpy(exact, bytes, length);
    struct slice ops = { exact, length };
    int rc = row_next(&ops, row);
    if (rc == 1) {
        assert_true(ops.length < length);
        assert_true(row->value.length <= length);
        row->value = (struct slice){ NULL, row->value.length };
    } else {
        assert_ptr_equal(ops.bytes, exact);
        assert_int_equal(ops.length, length);
    }
    free(exact);
    return rc;
}

static int
read_only(const uint8_t *bytes, size_t length)
{
    struct row row;

    return read_alone(bytes, length, &row);
}

static void
next_is(struct slice *ops, struct row want)
{
    struct row row;

    assert_int_equal(row_next(ops, &row), 1);
    assert_int_equal(row.kind, want.kind);
    assert_true(row.id == want.id);
    assert_int_equal(row.deleted, want.deleted);
    assert_true(slice_equal(row.value, want.value));
}

static void
puts_and_deletes_are_read_as_they_were_written_and_in_order(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b);
    for (unsigned kind = 1; kind < ROW_KINDS; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
            row_put(&b, kind, ids[i], slice_of("value"));
            row_delete(&b, kind, ids[i]);
        }
    }
    struct slice ops = all(&b);
    struct row row;
    for (unsigned kind = 1; kind < ROW_KINDS; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
            next_is(&ops,
                (struct row){
                    .kind = kind, .id = ids[i], .value = slice_of("value") });
            next_is(&ops,
                (struct row){ .kind = kind, .id = ids[i], .deleted = true });
        }
    }
    assert_int_equal(row_next(&ops, &row), 0);
    buf_fini(&b);
}

static void
the_bytes_are_those_that_the_header_shows(void **state)
{
    (void)state;
    static const uint8_t want[] = { 7, 0xac, 0x02, 3, 0, 0, 0, 'a', 'b', 'c',
        0x87, 0xac, 0x02 };
    struct buf b;

    buf_init(&b);
    row_put(&b, 7, 300, slice_of("abc"));
    row_delete(&b, 7, 300);
    assert_int_equal(b.length, sizeof want);
    assert_memory_equal(b.bytes, want, sizeof want);
    buf_fini(&b);
}

static void
a_put_in_pieces_is_the_same_as_one_at_once(void **state)
{
    (void)state;
    struct buf pieces, once;

    buf_init(&pieces);
    buf_init(&once);
    size_t begun = row_begin(&pieces, 3, 1000);
    for (int i = 0; i < 1000; i++)
        buf_append(&pieces, "0123456789", 10);
    row_end(&pieces, begun);
    row_put(&once, 3, 1000,
        (struct slice){ pieces.bytes + begun, pieces.length - begun });
    assert_true(slice_equal(all(&pieces), all(&once)));
    buf_fini(&pieces);
    buf_fini(&once);
}

static void
an_empty_value_is_a_value(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b);
    row_put(&b, 1, 2, (struct slice){ NULL, 0 });
    struct slice ops = all(&b);
    next_is(&ops, (struct row){ .kind = 1, .id = 2 });
    assert_int_equal(ops.length, 0);
    buf_fini(&b);
}

static void
no_bytes_are_the_end(void **state)
{
    (void)state;
    struct row row;
    struct slice nothing = { NULL, 0 };

    assert_int_equal(row_next(&nothing, &row), 0);
}

static void
a_row_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct buf b;

        buf_init(&b);
        row_put(&b, 31, ids[i], slice_of("some bytes"));
        for (size_t length = 1; length < b.length; length++)
            assert_int_equal(read_only(b.bytes, length), STINT_EMALFORMED);
        assert_int_equal(read_only(b.bytes, b.length), 1);
        buf_clear(&b);
        row_delete(&b, 31, ids[i]);
        for (size_t length = 1; length < b.length; length++)
            assert_int_equal(read_only(b.bytes, length), STINT_EMALFORMED);
        assert_int_equal(read_only(b.bytes, b.length), 1);
        buf_fini(&b);
    }
}

static void
kinds_are_1_to_31(void **state)
{
    (void)state;

    for (unsigned tag = 0; tag < 256; tag++) {
        const uint8_t bytes[] = { (uint8_t)tag, 5, 0, 0, 0, 0 };
        unsigned kind = tag & 0x7f;
        int want = kind >= 1 && kind < ROW_KINDS ? 1 : STINT_EMALFORMED;
        assert_int_equal(read_only(bytes, sizeof bytes), want);
    }
}

static void
an_id_of_more_than_64_bits_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[16] = { 0x81 };
    struct row row;

    memset(bytes + 1, 0xff, 9);
    bytes[10] = 1;
    assert_int_equal(read_alone(bytes, 11, &row), 1);
    assert_true(row.id == UINT64_MAX);
    bytes[10] = 2;
    assert_int_equal(read_only(bytes, 11), STINT_EMALFORMED);
    bytes[10] = 0x80;
    assert_int_equal(read_only(bytes, sizeof bytes), STINT_EMALFORMED);
    memset(bytes + 1, 0xff, sizeof bytes - 1);
    assert_int_equal(read_only(bytes, sizeof bytes), STINT_EMALFORMED);
}

static void
a_value_longer_than_what_is_there_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[] = { 1, 1, 0xff, 0xff, 0xff, 0xff, 'x' };

    assert_int_equal(read_only(bytes, sizeof bytes), STINT_EMALFORMED);
    memset(bytes + 2, 0, 4);
    bytes[2] = 2;
    assert_int_equal(read_only(bytes, sizeof bytes), STINT_EMALFORMED);
    bytes[2] = 1;
    assert_int_equal(read_only(bytes, sizeof bytes), 1);
}

static void
any_bytes_are_safe_and_each_row_takes_some_of_them(void **state)
{
    (void)state;
    uint64_t x = 1;
    uint8_t bytes[40];
    unsigned rows = 0, refused = 0;

    for (int round = 0; round < 100000; round++) {
        struct row row;
        for (size_t i = 0; i < sizeof bytes; i++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407U;
            bytes[i] = (uint8_t)(x >> 56);
            /* Small numbers, so that some of it is rows. */
            if ((x >> 32 & 3) != 0) bytes[i] &= 0x83;
        }
        struct slice ops = { bytes, (size_t)(x >> 40) % sizeof bytes };
        size_t left = ops.length + 1;
        int rc;
        while ((rc = row_next(&ops, &row)) == 1) {
            assert_true(ops.length < left);
            left = ops.length;
            assert_in_range(row.kind, 1, ROW_KINDS - 1);
            if (row.value.length > 0) {
                assert_true(row.value.bytes > bytes);
                assert_true(row.value.bytes + row.value.length <= ops.bytes);
            }
            rows++;
        }
        if (rc != 0) {
            assert_int_equal(rc, STINT_EMALFORMED);
            refused++;
        }
    }
    assert_true(rows > 1000 && refused > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            puts_and_deletes_are_read_as_they_were_written_and_in_order),
        cmocka_unit_test(the_bytes_are_those_that_the_header_shows),
        cmocka_unit_test(a_put_in_pieces_is_the_same_as_one_at_once),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(no_bytes_are_the_end),
        cmocka_unit_test(a_row_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(kinds_are_1_to_31),
        cmocka_unit_test(an_id_of_more_than_64_bits_is_refused),
        cmocka_unit_test(a_value_longer_than_what_is_there_is_refused),
        cmocka_unit_test(any_bytes_are_safe_and_each_row_takes_some_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
