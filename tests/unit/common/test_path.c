/* Names that stay inside a folder, and those that would not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/path.h"

static void
a_name_stays_inside_or_is_none(void **state)
{
    static const char *const inner[] = { "a", "a/b", "...", "..a", "a..",
        "a/...", " ", "-rf", "\xc3\xa9", "a b/c d", ".hidden/.x" };
    static const char *const outer[] = { "", "/", "/a", "a/", "a//b", ".", "..",
        "../a", "a/..", "a/../b", "./a", "a/.", "a\nb", "a\x7f", "\xff\xfe",
        "a\x1b[2J", "\xe2\x80\xae" };

    (void)state;
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        if (!path_is_inner(slice_of(inner[i]))) fail_msg("%s", inner[i]);
    }
    for (size_t i = 0; i < sizeof outer / sizeof outer[0]; i++) {
        if (path_is_inner(slice_of(outer[i]))) fail_msg("%s", outer[i]);
    }
    assert_false(path_is_inner((struct slice){ (const uint8_t *)"a\0b", 3 }));
}

static void
a_name_is_at_most_1024_bytes_and_a_part_255(void **state)
{
    char name[1026];

    (void)state;
    memset(name, 'a', sizeof name);
    for (size_t i = 200; i < sizeof name; i += 200)
        name[i] = '/';
    assert_true(path_is_inner((struct slice){ (uint8_t *)name, 1024 }));
    assert_false(path_is_inner((struct slice){ (uint8_t *)name, 1025 }));
    memset(name, 'a', sizeof name);
    assert_true(path_is_inner((struct slice){ (uint8_t *)name, 255 }));
    assert_false(path_is_inner((struct slice){ (uint8_t *)name, 256 }));
}

static void
a_name_is_tidied_but_not_led_elsewhere(void **state)
{
    static const char *const cases[][2] = { { "./a", "a" }, { "a//b/", "a/b" },
        { "a/./b/.", "a/b" }, { "/a/./b", "/a/b" }, { "../a", "../a" },
        { ".", "" }, { "//", "/" }, { "a", "a" } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s", cases[i][0]);
        size_t length = path_tidy(name, strlen(name));
        assert_int_equal(length, strlen(cases[i][1]));
        assert_memory_equal(name, cases[i][1], length);
    }
}

static void
the_last_part_is_what_stands_behind_the_last_slash(void **state)
{
    (void)state;
    assert_true(slice_equal(path_last(slice_of("a/b.c")), slice_of("b.c")));
    assert_true(slice_equal(path_last(slice_of("b.c")), slice_of("b.c")));
    assert_true(slice_equal(path_last(slice_of("a/")), slice_of("")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stays_inside_or_is_none),
        cmocka_unit_test(a_name_is_at_most_1024_bytes_and_a_part_255),
        cmocka_unit_test(a_name_is_tidied_but_not_led_elsewhere),
        cmocka_unit_test(the_last_part_is_what_stands_behind_the_last_slash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
