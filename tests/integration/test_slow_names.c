/* A name server that does not answer must not keep a caller past its deadline.
 * libzmq asks the getaddrinfo() below, as a program's own symbols come first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <netdb.h>

#include <stint.h>

enum { TIMEOUT_MS = 2000, LONG_MS = 60000 };

static atomic_int looking;
static atomic_bool found_out; /* That the name is not known. */

__attribute__((visibility("default"))) int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
    (void)name;
    (void)service;
    (void)hints;
    (void)out;
    atomic_fetch_add(&looking, 1);
    for (int ms = 0; ms < LONG_MS && !atomic_load(&found_out); ms++)
        (void)usleep(1000);
    atomic_fetch_sub(&looking, 1);
    return EAI_AGAIN;
}

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
a_name_that_is_looked_up_for_long_does_not_hold_a_connect(void **state)
{
    struct stint_options options = {
        .master = "tcp://a-host-that-is.looked-up:4725",
        .authkey = "abc",
        .allow_weak_authkey = true,
        .connect_timeout_ms = TIMEOUT_MS,
    };
    struct stint *s = NULL;
    int64_t from = now_ms();

    (void)state;
    assert_int_equal(stint_connect(&options, &s), STINT_EUNREACHABLE);
    assert_null(s);
    assert_true(now_ms() - from < LONG_MS / 2);
    assert_int_equal(atomic_load(&looking), 1);
    atomic_store(&found_out, true);
    while (atomic_load(&looking) > 0)
        (void)usleep(1000);
    (void)sleep(1); /* What is left over ends meanwhile. */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_name_that_is_looked_up_for_long_does_not_hold_a_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
