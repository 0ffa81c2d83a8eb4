/* Items on their way to a worker together, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "client/pool/chunk.h"
#include "common/base.h"

static void
a_chunk_ends_at_its_length_or_at_so_many_bytes(void **state)
{
    (void)state;
    static const char byte = 'x';
    const struct stint_bytes items[] = { { &byte, 1 }, { &byte, CHUNK_BYTES },
        { &byte, 1 }, { &byte, 1 } };

    assert_int_equal(chunk_fit(items, 4, 1), 1);
    assert_int_equal(chunk_fit(items, 4, 10), 2);
    assert_int_equal(chunk_fit(items + 1, 3, 10), 1);
    assert_int_equal(chunk_fit(items + 2, 2, 10), 2);
    assert_int_equal(chunk_fit(items + 2, 2, 0), 1);
}

static void
items_are_packed_as_an_array_of_bytes(void **state)
{
    (void)state;
    char long_one[300] = "long";
    const struct stint_bytes items[] = { { "a", 1 }, { NULL, 0 },
        { long_one, sizeof long_one } };
    struct stint_bytes packed, item;
    struct stint_unpack u;
    size_t count;

    assert_int_equal(chunk_pack(items, 3, &packed), 0);
    stint_unpack_begin(&u, &packed);
    assert_int_equal(stint_unpack_next_array(&u, &count), 0);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stint_unpack_next_bytes(&u, &item), 0);
        assert_int_equal(item.size, items[i].size);
    }
    assert_int_equal(stint_unpack_end(&u), 0);
    stint_bytes_free(&packed);
}

static bool
reads(const char *bytes, size_t size, size_t count, struct outcome *out)
{
    const struct stint_bytes result = { bytes, size };
    struct cursor c;

    if (!chunk_read(&c, &result, count)) return false;
    for (size_t i = 0; i < count; i++) {
        if (!chunk_next(&c, out)) return false;
    }
    return true;
}

static void
outcomes_are_results_or_failures(void **state)
{
    (void)state;
    struct outcome o;

    assert_true(reads("\x91\x92\x00\xc4\x02hi", 7, 1, &o));
    assert_false(o.failed);
    assert_int_equal(o.bytes.size, 2);
    assert_true(reads("\x91\x93\x01\xa3why\xa4here", 12, 1, &o));
    assert_true(o.failed);
    assert_memory_equal(o.bytes.data, "why", 3);
    assert_memory_equal(o.host.data, "here", 4);
}

/* Each byte of it may be any other, and each end may come too soon. */
static void
what_is_damaged_is_told_and_read_no_further(void **state)
{
    (void)state;
    static const char good[] = "\x92\x92\x00\xc4\x02hi\x93\x01\xa3why\xa4here";
    const size_t size = sizeof good - 1;
    struct outcome o;

    assert_true(reads(good, size, 2, &o));
    assert_false(reads(good, size, 1, &o));
    assert_false(reads(good, size, 3, &o));
    for (size_t cut = 0; cut < size; cut++) {
        char *bytes = malloc(cut + 1);
        assert_non_null(bytes);
        memcpy(bytes, good, cut);
        assert_false(reads(bytes, cut, 2, &o));
        free(bytes);
    }
    for (size_t at = 0; at < size; at++) {
        for (int value = 0; value < 256; value++) {
            char *bytes = malloc(size);
            assert_non_null(bytes);
            memcpy(bytes, good, size);
            bytes[at] = (char)value;
            if (reads(bytes, size, 2, &o)) assert_true(o.bytes.size <= size);
            free(bytes);
        }
    }
}

static void
a_failure_is_kept_with_memory_of_its_own(void **state)
{
    (void)state;
    const struct ended_one how = {
        .worker = "w", .attempts = 3, .code = STINT_EWORKERLOST
    };
    struct fault f = { 0 };

    chunk_lost(&f, &how, 7);
    struct stint_failure failure = chunk_failure(&f);
    assert_int_equal(failure.code, STINT_EWORKERLOST);
    assert_int_equal(failure.index, 7);
    assert_int_equal(failure.attempt, 3);
    assert_string_equal(failure.worker, "w");
    assert_true(strlen(failure.text) > 0);

    char *large = calloc(1, 5000);
    assert_non_null(large);
    (void)memset(large, 'x', 5000);
    const struct outcome outcome = {
        .failed = true, .bytes = { large, 5000 }, .host = { large, 5000 }
    };
    chunk_failed(&f, &outcome, &how, 2);
    free(large);
    assert_int_equal(strlen(f.text), sizeof f.text - 1);
    assert_int_equal(strlen(f.host), sizeof f.host - 1);
    assert_int_equal(f.code, STINT_EDEAD);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_ends_at_its_length_or_at_so_many_bytes),
        cmocka_unit_test(items_are_packed_as_an_array_of_bytes),
        cmocka_unit_test(outcomes_are_results_or_failures),
        cmocka_unit_test(what_is_damaged_is_told_and_read_no_further),
        cmocka_unit_test(a_failure_is_kept_with_memory_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
