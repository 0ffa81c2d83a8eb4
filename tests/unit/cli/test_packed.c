/* Bytes of shared objects as JSON, as text, as digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/packed.h"

/* What is said of bytes: their form, and the text for people. */
static void
assert_reads(const char *bytes, size_t size, enum packed_first first,
    enum packed_form form, const char *text)
{
    struct packed p;

    packed_read(&p, (struct stint_bytes){ bytes, size }, first);
    assert_int_equal(p.form, form);
    assert_string_equal(p.text, text);
    assert_non_null(p.json);
    packed_fini(&p);
}
#define READS(bytes, first, form, text) \
    assert_reads((bytes), sizeof(bytes) - 1, (first), (form), (text))
#define IS_VALUE(bytes, text) \
    READS(bytes, PACKED_VALUE_FIRST, PACKED_MSGPACK, text)
#define IS_TEXT(bytes, text) READS(bytes, PACKED_VALUE_FIRST, PACKED_TEXT, text)
#define IS_HEX(bytes, text) READS(bytes, PACKED_VALUE_FIRST, PACKED_HEX, text)

static void
one_value_of_msgpack_is_json(void **state)
{
    (void)state;
    IS_VALUE("\x07", "7");
    IS_VALUE("\xff", "-1");
    IS_VALUE("\xc0", "null");
    IS_VALUE("\xc3", "true");
    IS_VALUE("\xcb\x40\x04\0\0\0\0\0\0", "2.5");
    IS_VALUE("\xa3"
             "abc",
        "\"abc\"");
    IS_VALUE("\x92\x01\x90", "[1,[]]");
    IS_VALUE("\x82\xa1"
             "a\x01\x02\xc4\x02\0\xff",
        "{\"a\":1,\"2\":{\"hex\":\"00ff\"}}");
}

static void
numbers_that_json_does_not_have_are_words(void **state)
{
    (void)state;
    IS_VALUE("\xcb\x7f\xf8\0\0\0\0\0\0", "\"nan\"");
    IS_VALUE("\xcb\xff\xf0\0\0\0\0\0\0", "\"-inf\"");
}

static void
what_is_not_exactly_one_value_is_text_or_digits(void **state)
{
    (void)state;
    IS_TEXT("36", "36");
    IS_TEXT("", "");
    IS_TEXT("a\tb\n", "a\\tb\\n");
    IS_HEX("\x92\x01", "9201");
    IS_HEX("\x01\x02", "0102");
    IS_HEX("\xc1", "c1");
    /* An extension, and more than 63 bits. */
    IS_HEX("\xd4\x01\x02", "d40102");
    IS_HEX("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "cfffffffffffffffff");
}

/* Elements are declared, and not there; or deeper than is looked. */
static void
bombs_are_digits(void **state)
{
    static const char deep[] = "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
                               "\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0";

    (void)state;
    IS_HEX("\xdd\xff\xff\xff\xff", "ddffffffff");
    IS_HEX("\xdf\xff\xff\xff\xff\x01", "dfffffffff01");
    IS_HEX(deep, "9191919191919191919191919191919191919191c0");
}

static void
short_bytes_that_are_both_say_so(void **state)
{
    struct packed p;

    (void)state;
    packed_read(&p, (struct stint_bytes){ "A", 1 }, PACKED_VALUE_FIRST);
    assert_int_equal(json_integer_value(p.json), 65);
    assert_string_equal(p.plain, "A");
    assert_string_equal(p.text, "65 or 'A'");
    packed_fini(&p);
    packed_read(&p, (struct stint_bytes){ "\x07", 1 }, PACKED_VALUE_FIRST);
    assert_null(p.plain);
    packed_fini(&p);
}

static void
keys_are_texts_first_and_bytes_never_values(void **state)
{
    (void)state;
    READS("A", PACKED_TEXT_FIRST, PACKED_TEXT, "A");
    READS("\x07", PACKED_TEXT_FIRST, PACKED_MSGPACK, "7");
    READS("\x07", PACKED_TEXT_ONLY, PACKED_HEX, "07");
    READS("A", PACKED_TEXT_ONLY, PACKED_TEXT, "A");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_of_msgpack_is_json),
        cmocka_unit_test(numbers_that_json_does_not_have_are_words),
        cmocka_unit_test(what_is_not_exactly_one_value_is_text_or_digits),
        cmocka_unit_test(bombs_are_digits),
        cmocka_unit_test(short_bytes_that_are_both_say_so),
        cmocka_unit_test(keys_are_texts_first_and_bytes_never_values),
    };

    return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
