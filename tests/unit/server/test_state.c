/* The state directory and the key table in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"
#include "master/server/state.h"
#include "proto/access.h"

static char dir[64];

static int
make_dir(void **unused)
{
    (void)unused;
    memcpy(dir, "/tmp/stint-state-XXXXXX", 24);
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static const char *const files[] = { "lock", "server.key", "keys", "access",
    "submit.access", "work.access" };

static void
path_of(const char *file, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", dir, file);
}

static int
remove_dir(void **unused)
{
    char path[128];

    (void)unused;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        path_of(files[i], path);
        (void)unlink(path);
    }
    return rmdir(dir);
}

static struct state *
open_it(void)
{
    struct state *s = NULL;

    if (state_open(dir, &s) != 0) fail_msg("%s", say_message());
    return s;
}

static void
put_file(const char *file, const char *text)
{
    char path[128];

    path_of(file, path);
    assert_int_equal(secret_write(path, slice_of(text), true), 0);
}

static void
read_access(const char *file, struct access_file *out)
{
    char path[128], text[ACCESS_TEXT_MAX];
    size_t length = 0;
    unsigned line = 0;
    const char *why = NULL;

    path_of(file, path);
    assert_int_equal(secret_read(path, text, sizeof text, &length), 0);
    assert_int_equal(access_parse((struct slice){ (uint8_t *)text, length },
                         out, &line, &why),
        0);
}

static void
the_first_start_makes_all_and_the_second_finds_it(void **unused)
{
    const uint8_t server_key[PROTO_KEY_BYTES] = { 9 };
    struct access_file access;
    char path[128];
    struct stat st;

    (void)unused;
    struct state *s = open_it();
    struct auth_pair server = *state_server(s), admin = *state_admin(s);
    assert_int_equal(state_keys(s)->count, 3);
    assert_int_equal(state_publish(s, "tcp://h:1", server_key), 0);
    state_close(s);

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        path_of(files[i], path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    s = open_it();
    assert_memory_equal(state_server(s), &server, sizeof server);
    assert_memory_equal(state_admin(s), &admin, sizeof admin);
    path_of("access", path);
    assert_string_equal(state_admin_file(s), path);
    read_access("work.access", &access);
    assert_int_equal(access.role, ROLE_WORK);
    assert_string_equal(access.address, "tcp://h:1");
    assert_int_equal(access.server_key[0], 9);
    state_close(s);
}

static void
a_second_master_is_refused_by_the_pid_of_the_first(void **unused)
{
    char pid[32];
    struct state *first = open_it(), *second = NULL;

    (void)unused;
    assert_int_equal(state_open(dir, &second), STINT_EBUSY);
    assert_null(second);
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(say_message(), pid));
    state_close(first);
    state_close(open_it());
}

static void
the_lock_of_a_killed_master_is_free(void **unused)
{
    int status = 0;

    (void)unused;
    pid_t child = fork();
    if (child == 0) {
        struct state *s = NULL;
        _exit(state_open(dir, &s) == 0 ? 0 : 1); /* Without closing. */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    state_close(open_it());
}

static void
who_removes_an_access_file_gets_a_new_key_for_it(void **unused)
{
    const uint8_t server_key[PROTO_KEY_BYTES] = { 9 };
    char path[128];

    (void)unused;
    struct state *s = open_it();
    struct core_key old = *keytable_find(state_keys(s), "work");
    assert_int_equal(state_publish(s, "tcp://h:1", server_key), 0);
    state_close(s);
    path_of("work.access", path);
    assert_int_equal(unlink(path), 0);

    s = open_it();
    struct core_key *now = keytable_find(state_keys(s), "work");
    assert_memory_not_equal(now->public_key, old.public_key, PROTO_KEY_BYTES);
    assert_int_equal(state_keys(s)->count, 3);
    state_close(s);
}

static void
an_access_file_of_another_master_is_not_touched(void **unused)
{
    char text[ACCESS_TEXT_MAX];
    struct access_file other = { .role = ROLE_ADMIN,
        .address = "tcp://elsewhere:4725",
        .name = "admin" },
                       after;
    struct state *s = NULL;

    (void)unused;
    text[access_format(&other, text)] = '\0';
    put_file("access", text);
    assert_int_equal(state_open(dir, &s), STINT_EEXISTS);
    assert_non_null(strstr(say_message(), "tcp://elsewhere:4725"));
    read_access("access", &after);
    assert_memory_equal(&after, &other, sizeof other);
}

static void
saved_keys_come_back_with_odd_names_and_revocations(void **unused)
{
    struct keytable table = { .rows = NULL };
    struct core_key odd = { .name = "a b\n%100 \xc3\xa4",
        .role = ROLE_WORK | ROLE_SUBMIT,
        .revoked = true,
        .public_key = { 1, 2, 3 } };

    (void)unused;
    struct state *s = open_it();
    for (size_t i = 0; i < state_keys(s)->count; i++) {
        assert_int_equal(keytable_put(&table, &state_keys(s)->rows[i]), 0);
    }
    assert_int_equal(keytable_put(&table, &odd), 0);
    assert_int_equal(state_publish(s, "tcp://h:1", odd.public_key), 0);
    assert_int_equal(state_save_keys(s, &table), 0);
    state_close(s);
    keytable_fini(&table);

    s = open_it();
    assert_int_equal(state_keys(s)->count, 4);
    const struct core_key *back = keytable_find(state_keys(s), odd.name);
    assert_non_null(back);
    assert_int_equal(back->role, odd.role);
    assert_true(back->revoked);
    assert_memory_equal(back->public_key, odd.public_key, PROTO_KEY_BYTES);
    state_close(s);
}

static void
damage_is_refused_with_file_and_line(void **unused)
{
    static const char *const damaged[] = {
        "admin 12 in admin\n",
        "boss " /* role */ "00\n",
        "work "
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff in a",
        "work "
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff out "
        "a\n",
        "work "
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff in "
        "a%0\n",
        "work "
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff in a "
        "b\n",
        "work "
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff in "
        "\n",
    };
    struct state *s = NULL;

    (void)unused;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        put_file("keys", damaged[i]);
        assert_int_equal(state_open(dir, &s), STINT_EACCESS);
        assert_non_null(strstr(say_message(), "keys is damaged in line 1"));
    }
    put_file("keys", "# none\n");
    put_file("server.key", "0011\n");
    assert_int_equal(state_open(dir, &s), STINT_EACCESS);
    assert_non_null(strstr(say_message(), "server.key"));
}

static void
a_server_key_that_others_can_read_is_refused(void **unused)
{
    char path[128];
    struct state *s = open_it();

    (void)unused;
    state_close(s);
    path_of("server.key", path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(state_open(dir, &s), STINT_EACCESS);
    assert_non_null(strstr(say_message(), "chmod 600"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_start_makes_all_and_the_second_finds_it),
        TEST(a_second_master_is_refused_by_the_pid_of_the_first),
        TEST(the_lock_of_a_killed_master_is_free),
        TEST(who_removes_an_access_file_gets_a_new_key_for_it),
        TEST(an_access_file_of_another_master_is_not_touched),
        TEST(saved_keys_come_back_with_odd_names_and_revocations),
        TEST(damage_is_refused_with_file_and_line),
        TEST(a_server_key_that_others_can_read_is_refused),
    };

    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
