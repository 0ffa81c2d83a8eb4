/* Values to msgpack and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/stint_value.h"
#include "common/base.h"

static struct stint_bytes
bytes_of(const char *text, size_t size)
{
    return (struct stint_bytes){ text, size };
}
#define BYTES(text) bytes_of(text, sizeof(text) - 1)

static void
assert_bytes(struct stint_bytes bytes, struct stint_bytes expected)
{
    assert_int_equal(bytes.size, expected.size);
    if (bytes.size > 0) {
        assert_memory_equal(bytes.data, expected.data, bytes.size);
    }
}

static void
an_integer_is_packed_in_its_shortest_form_and_comes_back(void **state)
{
    static const int64_t numbers[] = { 0, 1, 127, 128, 255, 256, 65535, 65536,
        UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX, -1, -32, -33, -128,
        -129, INT16_MIN, INT16_MIN - 1, INT32_MIN, (int64_t)INT32_MIN - 1,
        INT64_MIN };
    static const size_t sizes[] = { 1, 1, 1, 2, 2, 3, 3, 5, 5, 9, 9, 1, 1, 2, 2,
        3, 3, 5, 5, 9, 9 };
    struct stint_bytes packed;
    int64_t n;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_int_equal(stint_pack_int(&packed, numbers[i]), 0);
        assert_int_equal(packed.size, sizes[i]);
        assert_int_equal(stint_unpack_int(&packed, &n), 0);
        assert_true(n == numbers[i]);
        stint_bytes_free(&packed);
        assert_null(packed.data);
    }
}

static void
what_does_not_fit_or_is_of_another_type_leaves_the_target_alone(void **state)
{
    const struct stint_bytes huge =
        BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    const struct stint_bytes text = BYTES("\xa1x"), two = BYTES("\x01\x02");
    const struct stint_bytes cut = BYTES("\xcd\x01"), none = { NULL, 0 };
    int64_t n = 7;
    double x = 7;
    bool yes;

    (void)state;
    assert_int_equal(stint_unpack_int(&huge, &n), STINT_EOVERFLOW);
    assert_int_equal(stint_unpack_int(&text, &n), STINT_ETYPE);
    assert_int_equal(stint_unpack_int(&two, &n), STINT_EMALFORMED);
    assert_int_equal(stint_unpack_int(&cut, &n), STINT_EMALFORMED);
    assert_int_equal(stint_unpack_int(&none, &n), STINT_EMALFORMED);
    assert_int_equal(stint_unpack_bool(&two, &yes), STINT_ETYPE);
    assert_int_equal(stint_unpack_double(&text, &x), STINT_ETYPE);
    assert_int_equal(n, 7);
    assert_true(x >= 7 && x <= 7);
}

static void
doubles_booleans_texts_and_bytes_come_back(void **state)
{
    struct stint_bytes packed, out;
    double x;
    bool yes;

    (void)state;
    assert_int_equal(stint_pack_double(&packed, 2.5), 0);
    assert_bytes(packed, BYTES("\xcb\x40\x04\0\0\0\0\0\0"));
    assert_int_equal(stint_unpack_double(&packed, &x), 0);
    assert_true(x >= 2.5 && x <= 2.5);
    stint_bytes_free(&packed);
    assert_int_equal(stint_pack_bool(&packed, true), 0);
    assert_int_equal(stint_unpack_bool(&packed, &yes), 0);
    assert_true(yes);
    stint_bytes_free(&packed);
    assert_int_equal(stint_pack_string(&packed, "ada"), 0);
    assert_bytes(packed, BYTES("\xa3"
                               "ada"));
    assert_int_equal(stint_unpack_string(&packed, &out), 0);
    assert_bytes(out, BYTES("ada"));
    assert_int_equal(stint_unpack_bytes(&packed, &out), STINT_ETYPE);
    stint_bytes_free(&packed);
    assert_int_equal(stint_pack_bytes(&packed, NULL, 0), 0);
    assert_int_equal(stint_unpack_bytes(&packed, &out), 0);
    assert_int_equal(out.size, 0);
    stint_bytes_free(&packed);
    assert_int_equal(stint_pack_nil(&packed), 0);
    assert_bytes(packed, BYTES("\xc0"));
    stint_bytes_free(&packed);
}

static void
an_integer_is_a_double_if_a_double_holds_it(void **state)
{
    struct stint_bytes packed;
    double x;

    (void)state;
    assert_int_equal(stint_pack_int(&packed, -3), 0);
    assert_int_equal(stint_unpack_double(&packed, &x), 0);
    assert_true(x >= -3 && x <= -3);
    stint_bytes_free(&packed);
    assert_int_equal(stint_pack_int(&packed, (INT64_C(1) << 53) + 1), 0);
    assert_int_equal(stint_unpack_double(&packed, &x), STINT_EOVERFLOW);
    stint_bytes_free(&packed);
}

static void
arrays_of_numbers_come_back_whole(void **state)
{
    static int64_t many[70000], back[70000];
    const double reals[] = { 1.5, -2, 1e300 };
    struct stint_bytes packed;
    double x[3];
    size_t count;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = (int64_t)i - 5;
    assert_int_equal(stint_pack_ints(&packed, many, ARRAY_LEN(many)), 0);
    assert_int_equal(
        stint_unpack_ints(&packed, back, ARRAY_LEN(back), &count), 0);
    assert_int_equal(count, ARRAY_LEN(many));
    assert_memory_equal(many, back, sizeof many);
    assert_int_equal(
        stint_unpack_ints(&packed, back, 10, &count), STINT_EOVERFLOW);
    assert_int_equal(count, ARRAY_LEN(many));
    stint_bytes_free(&packed);
    assert_int_equal(stint_pack_doubles(&packed, reals, 3), 0);
    assert_int_equal(stint_unpack_doubles(&packed, x, 3, &count), 0);
    assert_memory_equal(x, reals, sizeof reals);
    stint_bytes_free(&packed);
}

/* { "name": "ada", "ages": [36, 37] }, and a nil behind it. */
static void
values_nest_and_are_read_one_after_the_other(void **state)
{
    struct stint_pack p = { NULL, 0, 0, 0 };
    struct stint_bytes packed, key, name;
    struct stint_unpack u, start;
    size_t count;
    int64_t age;

    (void)state;
    stint_pack_add_map(&p, 2);
    stint_pack_add_string(&p, "name");
    stint_pack_add_string(&p, "ada");
    stint_pack_add_string(&p, "ages");
    stint_pack_add_array(&p, 2);
    stint_pack_add_int(&p, 36);
    stint_pack_add_int(&p, 37);
    stint_pack_add_nil(&p);
    assert_int_equal(stint_pack_end(&p, &packed), 0);
    assert_int_equal(p.size, 0);
    stint_unpack_begin(&u, &packed);
    start = u;
    assert_int_equal(stint_unpack_peek(&u), STINT_PACKED_MAP);
    assert_int_equal(stint_unpack_next_array(&u, &count), STINT_ETYPE);
    assert_int_equal(stint_unpack_next_map(&u, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(stint_unpack_next_string(&u, &key), 0);
    assert_int_equal(stint_unpack_next_string(&u, &name), 0);
    assert_bytes(name, BYTES("ada"));
    assert_int_equal(stint_unpack_skip(&u), 0);
    assert_int_equal(stint_unpack_next_array(&u, &count), 0);
    assert_int_equal(stint_unpack_next_int(&u, &age), 0);
    assert_int_equal(age, 36);
    assert_int_equal(stint_unpack_skip(&u), 0);
    assert_int_equal(stint_unpack_end(&u), STINT_EMALFORMED);
    assert_int_equal(stint_unpack_next_nil(&u), 0);
    assert_int_equal(stint_unpack_end(&u), 0);
    assert_int_equal(stint_unpack_peek(&u), STINT_PACKED_END);
    assert_int_equal(stint_unpack_next_nil(&u), STINT_EMALFORMED);
    assert_int_equal(stint_unpack_skip(&start), 0);
    assert_int_equal(stint_unpack_next_nil(&start), 0);
    stint_bytes_free(&packed);
}

/* Seven bytes that announce 4 G elements. */
static void
what_is_only_announced_is_refused(void **state)
{
    const struct stint_bytes array = BYTES("\xdd\xff\xff\xff\xff\x01\x02");
    const struct stint_bytes map = BYTES("\x82\x01\x02\x03");
    const struct stint_bytes text = BYTES("\xdb\xff\xff\xff\xff\x01\x02");
    struct stint_unpack u;
    struct stint_bytes out;
    size_t count;

    (void)state;
    stint_unpack_begin(&u, &array);
    assert_int_equal(stint_unpack_next_array(&u, &count), STINT_EMALFORMED);
    stint_unpack_begin(&u, &map);
    assert_int_equal(stint_unpack_next_map(&u, &count), STINT_EMALFORMED);
    assert_int_equal(stint_unpack_string(&text, &out), STINT_EMALFORMED);
}

/* Each pair of bytes, and each byte with zeros behind it. */
static void
any_bytes_are_safe_to_unpack(void **state)
{
    unsigned char raw[12] = { 0 };

    (void)state;
    for (unsigned i = 0; i < 65536; i++) {
        const struct stint_bytes packed = { raw, 2 + i % 11 };
        struct stint_unpack u;
        struct stint_bytes out;
        int64_t n;
        double x;
        raw[0] = (unsigned char)(i >> 8);
        raw[1] = (unsigned char)i;
        assert_true(stint_unpack_int(&packed, &n) <= 0);
        assert_true(stint_unpack_double(&packed, &x) <= 0);
        assert_true(stint_unpack_string(&packed, &out) <= 0);
        assert_true(stint_unpack_bytes(&packed, &out) <= 0);
        stint_unpack_begin(&u, &packed);
        while (stint_unpack_peek(&u) != STINT_PACKED_END) {
            const unsigned char *at = u.at;
            if (stint_unpack_skip(&u) != 0) break;
            assert_true(u.at > at && u.at <= u.end);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            an_integer_is_packed_in_its_shortest_form_and_comes_back),
        cmocka_unit_test(
            what_does_not_fit_or_is_of_another_type_leaves_the_target_alone),
        cmocka_unit_test(doubles_booleans_texts_and_bytes_come_back),
        cmocka_unit_test(an_integer_is_a_double_if_a_double_holds_it),
        cmocka_unit_test(arrays_of_numbers_come_back_whole),
        cmocka_unit_test(values_nest_and_are_read_one_after_the_other),
        cmocka_unit_test(what_is_only_announced_is_refused),
        cmocka_unit_test(any_bytes_are_safe_to_unpack),
    };

    return cmocka_run_group_tests_name("packed values", tests, NULL, NULL);
}
