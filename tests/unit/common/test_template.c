#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/template.h"

static struct buf out;

static int
begin(void **state)
{
    (void)state;
    buf_init(&out);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

/* Words or values written with a "|" between (values) or behind (words). */
static struct slice
with_nuls(const char *text, char *room, size_t size)
{
    size_t length = strlen(text);

    assert_true(length < size);
    for (size_t i = 0; i < length; i++) {
        room[i] = text[i] == '|' ? '\0' : text[i];
    }
    return (struct slice){ (const uint8_t *)room, length };
}

/* What is in `out`, with a "|" for each NUL. */
static void
assert_out(const char *text)
{
    char got[512];

    assert_false(out.failed);
    assert_true(out.length < sizeof got);
    for (size_t i = 0; i < out.length; i++) {
        got[i] = out.bytes[i] == '\0' ? '|' : (char)out.bytes[i];
    }
    got[out.length] = '\0';
    assert_string_equal(got, text);
    buf_clear(&out);
}

static void
fill(const char *word, const char *payload, bool quoted)
{
    char room[256];
    struct slice values[8];
    struct template_values v = { values, 0, 17 };

    v.count = template_split(
        with_nuls(payload, room, sizeof room), values, ARRAY_LEN(values));
    template_fill(&out, slice_of(word), &v, quoted);
}

static size_t
words(const char *text, const char *payload, bool as_input)
{
    char room[256], more_room[256];
    struct slice values[8];
    struct template_values v = { values, 0, 17 };

    v.count = template_split(
        with_nuls(payload, room, sizeof room), values, ARRAY_LEN(values));
    return template_words(
        &out, with_nuls(text, more_room, sizeof more_room), &v, as_input);
}

static void
line(const char *text, const char *payload, bool as_input)
{
    char room[256], more_room[256];
    struct slice values[8];
    struct template_values v = { values, 0, 17 };

    v.count = template_split(
        with_nuls(payload, room, sizeof room), values, ARRAY_LEN(values));
    template_line(
        &out, with_nuls(text, more_room, sizeof more_room), &v, as_input);
}

/* The expected texts are what GNU parallel 20221122 writes, -q given. */
static void
holes_are_filled_as_gnu_parallel_fills_them(void **state)
{
    static const struct {
        const char *value, *stem, *base, *directory, *base_stem;
    } table[] = {
        { "a.b/c", "a.b/c", "c", "a.b", "c" },
        { ".bashrc", "", ".bashrc", ".", "" },
        { "/", "/", "", "/", "" },
        { "dir/", "dir/", "", ".", "" },
        { "", "", "", ".", "" },
        { "a.b.c", "a.b", "a.b.c", ".", "a.b" },
        { "a.", "a", "a.", ".", "a" },
        { "/a", "/a", "a", "/", "a" },
        { "a/b/", "a/b/", "", "a", "" },
        { "//", "//", "", "/", "" },
        { "///x", "///x", "x", "/", "x" },
        { "a//b", "a//b", "b", "a", "b" },
        { "dir.d/.x", "dir.d/", ".x", "dir.d", "" },
        { ".", "", ".", ".", "" },
        { "..", ".", "..", ".", "." },
        { "x/..", "x/.", "..", "x", "." },
        { "a.b/", "a.b/", "", ".", "" },
        { "...", "..", "...", ".", ".." },
        { "/.", "/", ".", "/", "" },
        { "a b.c", "a b", "a b.c", ".", "a b" },
        { "a\nb.c", "a\nb", "a\nb.c", ".", "a\nb" },
        { "a.b\nc", "a", "a.b\nc", ".", "a" },
        { "a.\n", "a", "a.\n", ".", "a" },
        { "d/b.c\n", "d/b", "b.c\n", "d", "b" },
        { "/b\n", "/b\n", "b\n", "/", "b\n" },
        { "\xff/\xfe.\xfd", "\xff/\xfe", "\xfe.\xfd", "\xff", "\xfe" },
        { "{}.{1}", "{}", "{}.{1}", ".", "{}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        fill("{}", table[i].value, false);
        assert_out(table[i].value);
        fill("{.}", table[i].value, false);
        assert_out(table[i].stem);
        fill("{1/}", table[i].value, false);
        assert_out(table[i].base);
        fill("{-1//}", table[i].value, false);
        assert_out(table[i].directory);
        fill("{/.}", table[i].value, false);
        assert_out(table[i].base_stem);
    }
}

static void
values_are_chosen_by_number_from_both_ends(void **state)
{
    static const struct {
        const char *word, *filled;
    } table[] = {
        { "{1}{-1.}{-1/}{2//}{-2/.}", "a/b.cd/ee.fdb" },
        { "x{.}y{/}", "xa/b d/eyb.c e.f" },
        { "[{3}][{-3}][{99999999999999999999}]", "[][][]" },
        { "{01}", "a/b.c" },
        { "{#}{}{#}", "17a/b.c d/e.f17" },
        { "{1.}.{-1/}{1//}{1/.}", "a/b.e.fab" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        fill(table[i].word, "a/b.c|d/e.f", false);
        assert_out(table[i].filled);
    }
}

static void
what_is_no_hole_is_text(void **state)
{
    static const char *const table[] = { "", "{", "}", "{{", "{ }", "{a}", "{1",
        "{-}", "{--1}", "{1.0}", "{+1}", "{ 1}", "{##}", "{1#}", "{-#}", "{0}",
        "{-0}", "{1///}", "{..}", "{./}", "{//.}", "{%}", "}{", "$1", "{1.{",
        "{-" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        fill(table[i], "value", false);
        assert_out(table[i]);
        assert_false(template_has_hole(slice_of(table[i])));
    }
    fill("{{1}}{}}", "v", false);
    assert_out("{v}v}");
    assert_true(template_has_hole(slice_of("{{#}")));
    assert_true(template_has_hole(slice_of("x{-12/.}")));
}

static void
values_are_not_filled_again(void **state)
{
    (void)state;
    fill("{1} {2} {}", "{2}|{1}", false);
    assert_out("{2} {1} {2} {1}");
}

static void
a_hole_for_all_values_alone_becomes_a_word_for_each(void **state)
{
    (void)state;
    assert_int_equal(words("cp|{}|", "a b|c", false), 3);
    assert_out("cp|a b|c|");
    assert_int_equal(words("cp|{/.}|x{}|{1}|", "d/a.x|c", false), 5);
    assert_out("cp|a|c|xd/a.x c|d/a.x|");
    assert_int_equal(words("cp|{}|", "", false), 2);
    assert_out("cp||");
    assert_int_equal(words("cp|{}|", "|", false), 3);
    assert_out("cp|||");
    assert_int_equal(words("{#}|", "a|b", false), 1);
    assert_out("17|");
}

static void
values_come_last_where_no_word_has_a_hole(void **state)
{
    (void)state;
    assert_int_equal(words("echo|-n|", "a|b c", false), 4);
    assert_out("echo|-n|a|b c|");
    assert_int_equal(words("cat|", "a|b", true), 1);
    assert_out("cat|");
    assert_int_equal(words("cat|{1}|", "a|b", true), 2);
    assert_out("cat|a|");
    assert_int_equal(words("echo|{#}|", "a|b", false), 2);
    assert_out("echo|17|");
    assert_int_equal(words("echo||", "a", false), 3);
    assert_out("echo||a|");
}

static void
a_line_for_a_shell_has_its_values_quoted_and_nothing_else(void **state)
{
    (void)state;
    line("echo|$HOME; ls|{}|", "a b|c|it's", false);
    assert_out("echo $HOME; ls 'a b' c 'it'\\''s'");
    line("grep x|", "$(reboot)|-v", false);
    assert_out("grep x '$(reboot)' -v");
    line("wc|>{#}.txt|", "", false);
    assert_out("wc >17.txt");
    line("wc|", "a b", true);
    assert_out("wc");
    line("echo|{}|", "", false);
    assert_out("echo ''");
    line("echo|{1.}{2}|", "x y.z|\n", false);
    assert_out("echo 'x y''\n'");
}

static void
a_shell_reads_what_was_quoted_as_it_was(void **state)
{
    char value[256], line_text[2048];

    (void)state;
    for (size_t i = 0; i < 255; i++) {
        value[i] = (char)(i + 1);
    }
    value[255] = '\0';
    assert_int_equal(setenv("EXPECTED", value, 1), 0);
    buf_append(&out, "[ \"$EXPECTED\" = ", 16);
    template_quote(&out, slice_of(value));
    buf_append(&out, " ]", 3);
    assert_true(out.length < sizeof line_text);
    memcpy(line_text, out.bytes, out.length);
    buf_clear(&out);
    assert_int_equal(system(line_text), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(unsetenv("EXPECTED"), 0);
}

static void
only_what_needs_it_is_quoted(void **state)
{
    static const struct {
        const char *text, *quoted;
    } table[] = { { "", "''" }, { "a-B_9@%+:,./", "a-B_9@%+:,./" },
        { "'", "''\\'''" }, { "A=b", "'A=b'" }, { "~", "'~'" },
        { "\xc3\x9f", "'\xc3\x9f'" }, { "a'b'", "'a'\\''b'\\'''" } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        template_quote(&out, slice_of(table[i].text));
        assert_out(table[i].quoted);
    }
}

static void
a_payload_is_split_at_its_nuls(void **state)
{
    struct slice values[3];
    static const uint8_t text[] = "a\0\0b\0";

    (void)state;
    assert_int_equal(template_split((struct slice){ 0 }, values, 3), 1);
    assert_int_equal(values[0].length, 0);
    assert_int_equal(template_split((struct slice){ text, 4 }, values, 3), 3);
    assert_int_equal(values[1].length, 0);
    assert_true(slice_equal(values[2], slice_of("b")));
    assert_true(template_split((struct slice){ text, 5 }, values, 3) > 3);
    assert_true(template_split((struct slice){ text, 5 }, values, 1) > 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_are_filled_as_gnu_parallel_fills_them),
        cmocka_unit_test(values_are_chosen_by_number_from_both_ends),
        cmocka_unit_test(what_is_no_hole_is_text),
        cmocka_unit_test(values_are_not_filled_again),
        cmocka_unit_test(a_hole_for_all_values_alone_becomes_a_word_for_each),
        cmocka_unit_test(values_come_last_where_no_word_has_a_hole),
        cmocka_unit_test(
            a_line_for_a_shell_has_its_values_quoted_and_nothing_else),
        cmocka_unit_test(a_shell_reads_what_was_quoted_as_it_was),
        cmocka_unit_test(only_what_needs_it_is_quoted),
        cmocka_unit_test(a_payload_is_split_at_its_nuls),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
