/* Access files: what is written is read again, what is odd is refused with its
 * line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "proto/access.h"

#define K32 "00112233445566778899aabbccddeeff"
#define KEY K32 K32
#define GOOD                                                 \
    "version = 1\naddress = tcp://h:4725\nserver-key = " KEY \
    "\nrole = work\nname = w\nseed = " KEY "\n"

static int
parse(const char *text, struct access_file *a, unsigned *line)
{
    const char *why = NULL;

    int rc = access_parse(slice_of(text), a, line, &why);
    assert_true((rc == 0) == (why == NULL));
    return rc;
}

static void
what_is_written_is_read_again(void **unused)
{
    char text[ACCESS_TEXT_MAX];
    unsigned line = 0;
    const char *why = NULL;
    struct access_file a = { .role = ROLE_SUBMIT | ROLE_WORK }, b;

    (void)unused;
    memset(a.address, 'a', sizeof a.address - 1);
    memset(a.name, 'n', sizeof a.name - 1);
    memset(a.server_key, 0xff, sizeof a.server_key);
    memset(a.seed, 0x80, sizeof a.seed);
    size_t length = access_format(&a, text);
    assert_true(length < sizeof text);
    assert_int_equal(access_parse((struct slice){ (uint8_t *)text, length }, &b,
                         &line, &why),
        0);
    assert_memory_equal(&a, &b, sizeof a);
}

static void
a_name_cannot_smuggle_in_a_line(void **unused)
{
    char text[ACCESS_TEXT_MAX];
    unsigned line = 0;
    struct access_file a = { .role = ROLE_WORK }, b;

    (void)unused;
    memcpy(a.address, "tcp://h:1", 10);
    memcpy(a.name, "x\nrole = admin", 15);
    text[access_format(&a, text)] = '\0';
    assert_int_equal(parse(text, &b, &line), 0);
    assert_string_equal(b.name, "x_role = admin");
    assert_int_equal(b.role, ROLE_WORK);
}

static void
comments_blanks_and_carriage_returns_are_passed_over(void **unused)
{
    unsigned line = 0;
    struct access_file a;

    (void)unused;
    assert_int_equal(
        parse("# mine\r\n\r\n  version=1\r\naddress =tcp://h:4725\r\n"
              "server-key= " KEY "\r\nrole\t=\twork,submit\r\nname = a b \r\n"
              "seed = " KEY,
            &a, &line),
        0);
    assert_string_equal(a.name, "a b");
    assert_int_equal(a.role, ROLE_WORK | ROLE_SUBMIT);
}

static void
what_is_wrong_is_refused_with_its_line(void **unused)
{
    static const struct {
        const char *text;
        unsigned line;
    } bad[] = {
        { "", 1 },
        { "hello\n", 1 },
        { "version = 2\n", 1 },
        { GOOD "colour = red\n", 7 },
        { GOOD "name = again\n", 7 },
        { "version = 1\naddress = \n", 2 },
        { "version = 1\naddress = a\nserver-key = 12\n", 3 },
        { "version = 1\nrole = boss\n", 2 },
        { "version = 1\nrole = work,\n", 3 }, /* Then address is missing. */
        { "version = 1\nseed = zz" K32 K32 "\n", 2 },
        { "version = 1\nname = a\x01"
          "b\n",
            2 },
        { "address = tcp://h:4725\nserver-key = " KEY
          "\nrole = work\nname = w\nseed = " KEY "\n",
            6 },
    };
    struct access_file a;

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        unsigned line = 0;
        assert_int_equal(parse(bad[i].text, &a, &line), STINT_EACCESS);
        assert_int_equal(line, bad[i].line);
    }
}

static void
a_zero_byte_is_refused(void **unused)
{
    static const char text[] = "version = 1\nname = a\0b\n";
    unsigned line = 0;
    const char *why = NULL;
    struct access_file a;

    (void)unused;
    assert_int_equal(
        access_parse((struct slice){ (const uint8_t *)text, sizeof text - 1 },
            &a, &line, &why),
        STINT_EACCESS);
    assert_int_equal(line, 2);
}

static void
every_cut_of_a_good_file_is_refused_or_whole(void **unused)
{
    static const char good[] = GOOD;
    const char *why = NULL;
    unsigned line = 0;
    struct access_file a;

    (void)unused;
    for (size_t n = 0; n < sizeof good - 2; n++) {
        assert_int_equal(
            access_parse(
                (struct slice){ (const uint8_t *)good, n }, &a, &line, &why),
            STINT_EACCESS);
    }
    assert_int_equal(parse(good, &a, &line), 0);
}

static void
roles_are_names_with_commas(void **unused)
{
    char text[ACCESS_ROLE_TEXT];

    (void)unused;
    for (unsigned role = 1; role < 8; role++) {
        access_role_text(role, text);
        assert_int_equal(access_role_parse(slice_of(text)), role);
    }
    access_role_text(7, text);
    assert_string_equal(text, "work,submit,admin");
    assert_int_equal(access_role_parse(slice_of("")), 0);
    assert_int_equal(access_role_parse(slice_of("Work")), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_name_cannot_smuggle_in_a_line),
        cmocka_unit_test(comments_blanks_and_carriage_returns_are_passed_over),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(every_cut_of_a_good_file_is_refused_or_whole),
        cmocka_unit_test(roles_are_names_with_commas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
