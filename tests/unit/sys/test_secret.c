/* Key files: only their owner reads them, and they are whole or not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"

struct place {
    char dir[64], file[128];
};

static int
make_place(void **state)
{
    static struct place p;

    memcpy(p.dir, "/tmp/stint-secret-XXXXXX", 25);
    if (mkdtemp(p.dir) == NULL) return -1;
    (void)snprintf(p.file, sizeof p.file, "%s/key", p.dir);
    *state = &p;
    return 0;
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    (void)unlink(p->file);
    return rmdir(p->dir); /* Fails if anything was left beside the file. */
}

static void
write_it(const struct place *p, const char *text)
{
    assert_int_equal(secret_write(p->file, slice_of(text), true), 0);
}

static void
what_is_written_is_read_and_nobody_else_can(void **state)
{
    struct place *p = *state;
    char text[16];
    size_t length = 0;
    struct stat st;

    mode_t before = umask(0);
    write_it(p, "abc\n");
    (void)umask(before);
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(secret_read(p->file, text, sizeof text, &length), 0);
    assert_int_equal(length, 4);
    assert_memory_equal(text, "abc\n", 4);
}

static void
an_old_file_is_replaced_only_on_request(void **state)
{
    struct place *p = *state;
    char text[16];
    size_t length = 0;

    assert_int_equal(secret_write(p->file, slice_of("one"), false), 0);
    assert_int_equal(
        secret_write(p->file, slice_of("two"), false), STINT_EEXISTS);
    assert_int_equal(secret_read(p->file, text, sizeof text, &length), 0);
    assert_memory_equal(text, "one", 3);
    write_it(p, "three");
    assert_int_equal(secret_read(p->file, text, sizeof text, &length), 0);
    assert_int_equal(length, 5);
}

static void
a_file_that_others_can_read_or_write_is_refused_with_the_cure(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601 };
    struct place *p = *state;
    char text[16], cure[160];
    size_t length = 0;

    write_it(p, "abc");
    (void)snprintf(cure, sizeof cure, "chmod 600 %s", p->file);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(p->file, modes[i]), 0);
        assert_int_equal(
            secret_read(p->file, text, sizeof text, &length), STINT_EACCESS);
        assert_non_null(strstr(say_message(), cure));
    }
    assert_int_equal(chmod(p->file, 0400), 0);
    assert_int_equal(secret_read(p->file, text, sizeof text, &length), 0);
}

static void
what_the_service_manager_hands_over_may_have_bits_of_a_group(void **state)
{
    struct place *p = *state;
    char text[16];
    size_t length = 0;

    write_it(p, "abc");
    assert_int_equal(chmod(p->file, 0440), 0);
    assert_int_equal(
        secret_read(p->file, text, sizeof text, &length), STINT_EACCESS);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", p->dir, 1), 0);
    assert_int_equal(secret_read(p->file, text, sizeof text, &length), 0);
    /* The beginning of a name is not the directory. */
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp/stint-se", 1), 0);
    assert_int_equal(
        secret_read(p->file, text, sizeof text, &length), STINT_EACCESS);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void
what_is_no_regular_file_is_refused_without_waiting(void **state)
{
    struct place *p = *state;
    char text[16];
    size_t length = 0;

    assert_int_equal(mkfifo(p->file, 0600), 0);
    assert_int_equal(
        secret_read(p->file, text, sizeof text, &length), STINT_EACCESS);
    assert_int_equal(
        secret_read(p->dir, text, sizeof text, &length), STINT_EACCESS);
    assert_int_equal(
        secret_read("/dev/zero", text, sizeof text, &length), STINT_EACCESS);
}

static void
another_users_file_is_refused(void **state)
{
    struct place *p = *state;
    char text[16];
    size_t length = 0;

    if (geteuid() != 0) skip();
    write_it(p, "abc");
    assert_int_equal(chown(p->file, 12345, 12345), 0);
    assert_int_equal(
        secret_read(p->file, text, sizeof text, &length), STINT_EACCESS);
    assert_non_null(strstr(say_message(), "12345"));
}

static void
a_file_longer_than_asked_for_is_refused_one_as_long_is_not(void **state)
{
    struct place *p = *state;
    char text[4];
    size_t length = 0;

    write_it(p, "1234");
    assert_int_equal(secret_read(p->file, text, sizeof text, &length), 0);
    assert_int_equal(length, 4);
    write_it(p, "12345");
    assert_int_equal(
        secret_read(p->file, text, sizeof text, &length), STINT_EACCESS);
}

static void
a_missing_file_is_named(void **state)
{
    struct place *p = *state;
    char text[4];
    size_t length = 0;

    assert_int_equal(
        secret_read(p->file, text, sizeof text, &length), STINT_EACCESS);
    assert_non_null(strstr(say_message(), p->file));
}

static void
a_write_into_no_directory_leaves_nothing(void **state)
{
    struct place *p = *state;
    char path[160];

    (void)snprintf(path, sizeof path, "%s/none/key", p->dir);
    assert_int_equal(secret_write(path, slice_of("abc"), true), STINT_ESYSTEM);
}

static void
the_state_directory_follows_the_environment(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(setenv("XDG_STATE_HOME", "/x", 1), 0);
    assert_int_equal(setenv("HOME", "/h", 1), 0);
    assert_int_equal(secret_state_dir(out, sizeof out), 8);
    assert_string_equal(out, "/x/stint");
    assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
    assert_true(secret_state_dir(out, sizeof out) > 0);
    assert_string_equal(out, "/h/.local/state/stint");
    assert_int_equal(unsetenv("HOME"), 0);
    assert_true(secret_state_dir(out, sizeof out) > 0);
    assert_string_equal(out, "/var/lib/stint");
    assert_int_equal(secret_state_dir(out, 5), 0);
}

static void
directories_are_made_for_the_owner_only(void **state)
{
    struct place *p = *state;
    char path[160], parent[160];
    struct stat st;

    (void)snprintf(parent, sizeof parent, "%s/a", p->dir);
    (void)snprintf(path, sizeof path, "%s/a/b/", p->dir);
    assert_int_equal(secret_make_dir(path), 0);
    assert_int_equal(secret_make_dir(path), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(parent), 0);
    write_it(p, "abc");
    assert_int_equal(secret_make_dir(p->file), STINT_ESYSTEM);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_and_nobody_else_can),
        TEST(an_old_file_is_replaced_only_on_request),
        TEST(a_file_that_others_can_read_or_write_is_refused_with_the_cure),
        TEST(what_the_service_manager_hands_over_may_have_bits_of_a_group),
        TEST(what_is_no_regular_file_is_refused_without_waiting),
        TEST(another_users_file_is_refused),
        TEST(a_file_longer_than_asked_for_is_refused_one_as_long_is_not),
        TEST(a_missing_file_is_named),
        TEST(a_write_into_no_directory_leaves_nothing),
        TEST(the_state_directory_follows_the_environment),
        TEST(directories_are_made_for_the_owner_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
