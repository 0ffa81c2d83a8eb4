#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"

static void
an_empty_buffer_owns_nothing(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b);
    assert_null(b.bytes);
    assert_int_equal(b.capacity, 0);
    buf_append(&b, "", 0);
    assert_null(b.bytes);
    buf_fini(&b);
    buf_fini(&b);
}

static void
appends_follow_each_other(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b);
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)(i * 7);
        buf_append(&b, &byte, 1);
    }
    assert_false(b.failed);
    assert_int_equal(b.length, 100000);
    for (unsigned i = 0; i < 100000; i++) {
        if (b.bytes[i] != (uint8_t)(i * 7)) fail_msg("byte %u", i);
    }
    buf_fini(&b);
    assert_null(b.bytes);
}

static void
reserving_changes_no_length(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b);
    buf_append(&b, "ab", 2);
    uint8_t *room = buf_reserve(&b, 5000);
    assert_ptr_equal(room, b.bytes + 2);
    assert_int_equal(b.length, 2);
    assert_true(b.capacity >= 5002);
    assert_memory_equal(b.bytes, "ab", 2);
    buf_fini(&b);
}

static void
without_memory_the_contents_stay_and_appends_do_nothing(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b);
    buf_append(&b, "ab", 2);
    assert_null(buf_reserve(&b, SIZE_MAX / 2 + 2));
    assert_true(b.failed);
    buf_append(&b, "c", 1);
    assert_null(buf_reserve(&b, 1));
    assert_int_equal(b.length, 2);
    assert_memory_equal(b.bytes, "ab", 2);
    buf_clear(&b);
    assert_false(b.failed);
    buf_append(&b, "c", 1);
    assert_int_equal(b.length, 1);
    assert_memory_equal(b.bytes, "c", 1);
    buf_fini(&b);
}

static void
truncating_cuts_the_end(void **state)
{
    (void)state;
    struct buf b;

    buf_init(&b);
    buf_append(&b, "abcdef", 6);
    buf_truncate(&b, 6);
    assert_int_equal(b.length, 6);
    buf_truncate(&b, 2);
    buf_append(&b, "x", 1);
    assert_int_equal(b.length, 3);
    assert_memory_equal(b.bytes, "abx", 3);
    buf_fini(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_owns_nothing),
        cmocka_unit_test(appends_follow_each_other),
        cmocka_unit_test(reserving_changes_no_length),
        cmocka_unit_test(
            without_memory_the_contents_stay_and_appends_do_nothing),
        cmocka_unit_test(truncating_cuts_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
