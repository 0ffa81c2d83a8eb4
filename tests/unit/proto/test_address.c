/* Addresses, in a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "proto/address.h"

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct good {
    const char *text, *endpoint;
    bool loopback, wildcard, ipv6, pinned;
} good[] = {
    { "tcp://host:4725", "tcp://host:4725", 0, 0, 0, 0 },
    { "host", "tcp://host:4725", 0, 0, 0, 0 },
    { "host:1", "tcp://host:1", 0, 0, 0, 0 },
    { "tcp://10.1.2.3:65535", "tcp://10.1.2.3:65535", 0, 0, 0, 0 },
    { "127.0.0.1", "tcp://127.0.0.1:4725", 1, 0, 0, 0 },
    { "127.9.9.9:0", "tcp://127.9.9.9:0", 1, 0, 0, 0 },
    { "localhost:5000", "tcp://localhost:5000", 1, 0, 0, 0 },
    { "127.evil.example", "tcp://127.evil.example:4725", 0, 0, 0, 0 },
    { "tcp://*:4725", "tcp://*:4725", 0, 1, 0, 0 },
    { "*", "tcp://*:4725", 0, 1, 0, 0 },
    { "0.0.0.0:7", "tcp://0.0.0.0:7", 0, 1, 0, 0 },
    { "[::]:7", "tcp://[::]:7", 0, 1, 1, 0 },
    { "[::1]", "tcp://[::1]:4725", 1, 0, 1, 0 },
    { "tcp://[fe80::1%eth0]:9", "tcp://[fe80::1%eth0]:9", 0, 0, 1, 0 },
    { "ipc:///tmp/s", "ipc:///tmp/s", 1, 0, 0, 0 },
    { ("host:1#" PIN), "tcp://host:1", 0, 0, 0, 1 },
    { ("ipc:///tmp/s#" PIN), "ipc:///tmp/s", 1, 0, 0, 1 },
};

static const char *const bad[] = { "", ":1", "tcp://", "host:", "host:x",
    "host:65536", "host:99999999999999999999", "host:-1", "::1", "fe80::1:9",
    "[::1", "[nonsense]:1", "[127.0.0.1]:1", "[fe80::1%a;b]:1", "a b", "a;b:1",
    "a/b:1", "udp://h:1", "inproc://x", "ipc://", "host:1#", "host:1#12",
    ("host:1#" PIN "0"), ("host:1#zz" PIN), "**", "tcp://h:1:2" };

static void
good_ones_become_endpoints(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct address a;
        const char *why = NULL;
        assert_int_equal(address_parse(good[i].text, &a, &why), 0);
        assert_string_equal(a.endpoint, good[i].endpoint);
        assert_int_equal(a.loopback, good[i].loopback);
        assert_int_equal(a.wildcard, good[i].wildcard);
        assert_int_equal(a.ipv6, good[i].ipv6);
        assert_int_equal(a.pinned, good[i].pinned);
        if (a.pinned) assert_int_equal(a.server_key[31], 0xff);
    }
}

static void
bad_ones_are_refused_with_a_reason(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct address a;
        const char *why = NULL;
        if (address_parse(bad[i], &a, &why) != STINT_EINVAL) {
            fail_msg("\"%s\" was taken as %s", bad[i], a.endpoint);
        }
        assert_non_null(why);
    }
}

static void
too_long_ones_are_refused(void **unused)
{
    char text[1024];
    const char *why = NULL;
    struct address a;

    (void)unused;
    for (size_t length = 240; length < sizeof text; length++) {
        memset(text, 'a', length);
        text[length] = '\0';
        int rc = address_parse(text, &a, &why);
        assert_int_equal(rc, length <= 244 ? 0 : STINT_EINVAL);
    }
    memcpy(text, "ipc://", 6);
    assert_int_equal(address_parse(text, &a, &why), STINT_EINVAL);
}

static void
an_endpoint_splits_into_host_and_port(void **unused)
{
    char host[256];
    unsigned port = 0;

    (void)unused;
    assert_true(address_split("tcp://[fe80::1]:4725", host, &port));
    assert_string_equal(host, "fe80::1");
    assert_int_equal(port, 4725);
    assert_true(address_split("tcp://0.0.0.0:1", host, &port));
    assert_string_equal(host, "0.0.0.0");
    assert_false(address_split("ipc:///tmp/x", host, &port));
    assert_false(address_split("tcp://nothing", host, &port));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_become_endpoints),
        cmocka_unit_test(bad_ones_are_refused_with_a_reason),
        cmocka_unit_test(too_long_ones_are_refused),
        cmocka_unit_test(an_endpoint_splits_into_host_and_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
