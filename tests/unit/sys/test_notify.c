/* A word to the service manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/sys/notify.h"

/* Listen at `path` ('@': abstract) as the manager does. */
static int
listen_at(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    size_t length = strlen(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    memcpy(at.sun_path, path, length);
    if (path[0] == '@') at.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)(void *)&at,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
        0);
    return fd;
}

static void
expect_heard(const char *path)
{
    char heard[64] = "";
    int fd = listen_at(path);

    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    notify("READY=%d\nSTATUS=%s", 1, "fine");
    assert_int_equal(recv(fd, heard, sizeof heard - 1, MSG_DONTWAIT), 19);
    assert_string_equal(heard, "READY=1\nSTATUS=fine");
    (void)close(fd);
}

static void
a_socket_in_a_directory_is_told(void **state)
{
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/stint-notify-%d", (int)getpid());
    expect_heard(path);
    (void)unlink(path);
}

static void
an_abstract_socket_is_told(void **state)
{
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof path, "@stint-notify-%d", (int)getpid());
    expect_heard(path);
}

static void
without_a_manager_nothing_happens(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    notify("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1), 0);
    notify("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
    notify("READY=1");
    (void)unsetenv("NOTIFY_SOCKET");
}

static void
the_watchdog_is_for_the_process_that_it_names(void **state)
{
    char pid[32];

    (void)state;
    (void)unsetenv("WATCHDOG_PID");
    (void)unsetenv("WATCHDOG_USEC");
    assert_true(notify_watchdog() == TICK_NEVER);
    assert_int_equal(setenv("WATCHDOG_USEC", "2000000", 1), 0);
    assert_true(notify_watchdog() == 2 * TICK_S);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
    assert_true(notify_watchdog() == TICK_NEVER);
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_true(notify_watchdog() == 2 * TICK_S);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_in_a_directory_is_told),
        cmocka_unit_test(an_abstract_socket_is_told),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(the_watchdog_is_for_the_process_that_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
