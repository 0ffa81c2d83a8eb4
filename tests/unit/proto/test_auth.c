/* Keys and authkeys: the derivation is for ever, so it is pinned by vectors
 * that were computed with other programs (Python's hashlib, X25519 by hand). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/stint_error.h"
#include "proto/auth.h"

/* The bytes 0, 1, … 31. */
static const char KNOWN[] =
    "stint1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9Pg9p_";
static const char PERSONS[] = "correct horse battery";

static void
assert_public(const struct auth_pair *pair, const char *expected)
{
    char hex[2 * PROTO_KEY_BYTES + 1];

    (void)sodium_bin2hex(
        hex, sizeof hex, pair->public_key, sizeof pair->public_key);
    assert_string_equal(hex, expected);
}

static void
a_generated_key_is_recognised_and_no_two_are_alike(void **unused)
{
    char a[AUTH_KEY_TEXT], b[AUTH_KEY_TEXT];

    (void)unused;
    auth_authkey_generate(a);
    auth_authkey_generate(b);
    assert_true(auth_authkey_is_generated(slice_of(a)));
    assert_true(auth_authkey_is_generated(slice_of(b)));
    assert_string_not_equal(a, b);
    assert_memory_equal(a, "stint1-", 7);
}

static void
what_a_person_made_is_not_taken_for_a_generated_one(void **unused)
{
    (void)unused;
    assert_false(auth_authkey_is_generated(slice_of("abc")));
    assert_false(auth_authkey_is_generated(slice_of(PERSONS)));
    assert_false(auth_authkey_is_generated(slice_of("")));
    assert_false(auth_authkey_is_generated((struct slice){ NULL, 0 }));
}

static void
a_typing_error_in_a_generated_key_is_refused_not_hashed(void **unused)
{
    char text[sizeof KNOWN];
    struct auth_pair server, client;

    (void)unused;
    for (size_t i = 7; i < sizeof KNOWN - 1; i++) {
        memcpy(text, KNOWN, sizeof text);
        text[i] = text[i] == 'x' ? 'y' : 'x';
        assert_int_equal(
            auth_authkey_derive(slice_of(text), true, NULL, &server, &client),
            STINT_EINVAL);
    }
    memcpy(text, KNOWN, sizeof text);
    text[sizeof text - 2] = '\0';
    assert_non_null(auth_authkey_problem(slice_of(text), true, false));
}

static void
a_generated_key_gives_the_pairs_of_the_vector(void **unused)
{
    struct auth_pair server, client;

    (void)unused;
    assert_int_equal(
        auth_authkey_derive(slice_of(KNOWN), false, NULL, &server, &client), 0);
    assert_public(&server,
        "78d26e2a90831e5269df2eb0b04ee1977216b0b0d2d2a63295c6a12acf807025");
    assert_public(&client,
        "3ea9db68e5c2f78a2ed0286b29454ec5d129007e0e43f3646e70f2b1d9fb830a");
}

static void
a_pinned_server_key_salts_the_client_pair(void **unused)
{
    uint8_t pin[PROTO_KEY_BYTES];
    struct auth_pair client;

    (void)unused;
    memset(pin, 7, sizeof pin);
    assert_int_equal(
        auth_authkey_derive(slice_of(KNOWN), false, pin, NULL, &client), 0);
    assert_public(&client,
        "7910502e233e6862b9b84959edef5016f5f09a87442e32b39bbda98b0dbdd026");
}

static void
a_persons_key_is_stretched_to_the_pairs_of_the_vector(void **unused)
{
    struct auth_pair server, client;

    (void)unused;
    assert_int_equal(
        auth_authkey_derive(slice_of(PERSONS), false, NULL, &server, &client),
        0);
    assert_public(&server,
        "1387a0acfb572e53cba2b16cd8c31eec80764218099c32488b855dbd16c1b367");
    assert_public(&client,
        "a84b6ff0ec139320331ab92d4792a6402c673fdecaa3024bcfe1f8c843ea311b");
}

static void
a_persons_key_with_a_pinned_server_gives_another_pair(void **unused)
{
    uint8_t pin[PROTO_KEY_BYTES];
    struct auth_pair client;

    (void)unused;
    memset(pin, 7, sizeof pin);
    assert_int_equal(
        auth_authkey_derive(slice_of(PERSONS), false, pin, NULL, &client), 0);
    assert_public(&client,
        "7cac39732636f0d0331d74fd40ee16a83e1ac0a7fbe0bf82ac47d01b803b6142");
}

static void
a_line_end_behind_the_key_does_not_count(void **unused)
{
    static const char *const same[] = {
        "stint1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9Pg9p_\n",
        "stint1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9Pg9p_\r\n",
    };
    struct auth_pair server, client, again;

    (void)unused;
    assert_int_equal(
        auth_authkey_derive(slice_of(KNOWN), false, NULL, &server, &client), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_true(auth_authkey_is_generated(slice_of(same[i])));
        assert_int_equal(auth_authkey_derive(
                             slice_of(same[i]), false, NULL, &server, &again),
            0);
        assert_memory_equal(&again, &client, sizeof again);
    }
}

static void
a_short_key_needs_leave_or_a_pinned_server(void **unused)
{
    struct auth_pair server, client;

    (void)unused;
    assert_true(auth_authkey_is_weak(slice_of("fifteen bytes!!")));
    assert_false(auth_authkey_is_weak(slice_of("sixteen bytes!!!")));
    assert_true(auth_authkey_is_weak(slice_of("fifteen bytes!!\n")));
    assert_int_equal(
        auth_authkey_derive(slice_of("abc"), false, NULL, &server, &client),
        STINT_EINVAL);
    assert_null(auth_authkey_problem(slice_of("abc"), true, false));
    assert_null(auth_authkey_problem(slice_of("abc"), false, true));
}

static void
an_empty_key_is_never_taken(void **unused)
{
    struct auth_pair server, client;

    (void)unused;
    assert_int_equal(
        auth_authkey_derive(slice_of(""), true, NULL, &server, &client),
        STINT_EINVAL);
    assert_int_equal(
        auth_authkey_derive(slice_of("\n"), true, NULL, &server, &client),
        STINT_EINVAL);
}

static void
one_seed_gives_one_pair_and_another_seed_another(void **unused)
{
    uint8_t seed[32], other[32];
    struct auth_pair a, b;

    (void)unused;
    auth_seed_random(seed);
    auth_seed_random(other);
    auth_pair_from_seed(&a, seed);
    auth_pair_from_seed(&b, seed);
    assert_memory_equal(&a, &b, sizeof a);
    auth_pair_from_seed(&b, other);
    assert_memory_not_equal(&a, &b, sizeof a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_generated_key_is_recognised_and_no_two_are_alike),
        cmocka_unit_test(what_a_person_made_is_not_taken_for_a_generated_one),
        cmocka_unit_test(
            a_typing_error_in_a_generated_key_is_refused_not_hashed),
        cmocka_unit_test(a_generated_key_gives_the_pairs_of_the_vector),
        cmocka_unit_test(a_pinned_server_key_salts_the_client_pair),
        cmocka_unit_test(a_persons_key_is_stretched_to_the_pairs_of_the_vector),
        cmocka_unit_test(a_persons_key_with_a_pinned_server_gives_another_pair),
        cmocka_unit_test(a_line_end_behind_the_key_does_not_count),
        cmocka_unit_test(a_short_key_needs_leave_or_a_pinned_server),
        cmocka_unit_test(an_empty_key_is_never_taken),
        cmocka_unit_test(one_seed_gives_one_pair_and_another_seed_another),
    };

    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
