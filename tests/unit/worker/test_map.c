/* One task that is several calls of a handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "client/stint_value.h"
#include "worker/map.h"

static struct stint_call call;

/* "x" fails, "" has no reason, "s" cancels what follows; others are doubled. */
static int
twice(struct stint_call *c)
{
    struct stint_bytes b = stint_call_payload(c);
    char text[64];

    if (b.size == 0) return 5;
    if (memcmp(b.data, "x", 1) == 0) return stint_call_fail(c, "an x");
    if (memcmp(b.data, "s", 1) == 0) atomic_store(&c->cancelled, true);
    memcpy(text, b.data, b.size);
    memcpy(text + b.size, b.data, b.size);
    return stint_call_result(c, text, 2 * b.size);
}

static const struct stint_handler table[] = { { "twice", twice },
    { "map:own", twice }, { 0 } };
static const struct handlers handlers = { .tables = { table, NULL } };

static int
begin(void **state)
{
    (void)state;
    call_init(&call);
    call_begin(&call);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    call_fini(&call);
    return 0;
}

static void
load(const char *handler, const void *bytes, size_t size)
{
    (void)snprintf(call.handler, sizeof call.handler, "%s", handler);
    buf_clear(&call.payload);
    if (size > 0) buf_append(&call.payload, bytes, size);
    call.given =
        (struct stint_bytes){ call.payload.bytes, call.payload.length };
}

static void
load_items(const char *const *items, size_t count)
{
    struct stint_pack p = { 0 };
    struct stint_bytes packed;

    stint_pack_add_array(&p, count);
    for (size_t i = 0; i < count; i++)
        stint_pack_add_bytes(&p, items[i], strlen(items[i]));
    assert_int_equal(stint_pack_end(&p, &packed), 0);
    load("map:twice", packed.data, packed.size);
    stint_bytes_free(&packed);
}

static struct stint_unpack
results(size_t count)
{
    const struct stint_bytes all = { call.result.bytes, call.result.length };
    struct stint_unpack u;
    size_t there;

    stint_unpack_begin(&u, &all);
    assert_int_equal(stint_unpack_next_array(&u, &there), 0);
    assert_int_equal(there, count);
    return u;
}

static void
expect(struct stint_unpack *u, int64_t how, const char *text)
{
    struct stint_bytes bytes;
    size_t parts;
    int64_t got;

    assert_int_equal(stint_unpack_next_array(u, &parts), 0);
    assert_int_equal(parts, how == 0 ? 2 : 3);
    assert_int_equal(stint_unpack_next_int(u, &got), 0);
    assert_int_equal(got, how);
    int rc = how == 0 ? stint_unpack_next_bytes(u, &bytes)
                      : stint_unpack_next_string(u, &bytes);
    assert_int_equal(rc, 0);
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
    if (how != 0) assert_int_equal(stint_unpack_next_string(u, &bytes), 0);
}

/* ---- tests --------------------------------------------------------------- */

static void
each_item_has_a_result_or_a_failure(void **state)
{
    (void)state;
    static const char *const items[] = { "a", "x", "", "bc" };

    load_items(items, 4);
    assert_int_equal(call_run(&call, &handlers), RUN_DONE);
    assert_int_equal(call.items, 4);
    struct stint_unpack u = results(4);
    expect(&u, 0, "aa");
    expect(&u, 1, "an x");
    expect(&u, 1,
        "function \"twice\" returned 5 without saying why with "
        "stint_call_fail()");
    expect(&u, 0, "bcbc");
    assert_int_equal(stint_unpack_end(&u), 0);
}

static void
no_items_have_no_results(void **state)
{
    (void)state;

    load_items(NULL, 0);
    assert_int_equal(call_run(&call, &handlers), RUN_DONE);
    struct stint_unpack u = results(0);
    assert_int_equal(stint_unpack_end(&u), 0);
}

static void
what_is_no_array_of_bytes_fails(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = { { "", 0 }, { "hello", 5 }, { "\x91", 1 }, { "\x91\x07", 2 },
        { "\xdd\xff\xff\xff\xff", 5 },
        { "\x91\xc4\x05"
          "a",
            4 } };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        load("map:twice", bad[i].bytes, bad[i].size);
        call_begin(&call);
        assert_int_equal(call_run(&call, &handlers), RUN_FAILED);
        assert_true(call.reason.text[0] != '\0');
    }
}

static void
it_stops_between_two_items_when_it_is_cancelled(void **state)
{
    (void)state;
    static const char *const items[] = { "a", "s", "b", "c" };

    load_items(items, 4);
    assert_int_equal(call_run(&call, &handlers), RUN_FAILED);
    assert_int_equal(call.items, 2);
}

static void
a_function_that_is_not_here_may_be_elsewhere(void **state)
{
    (void)state;

    load("map:thrice", "\x90", 1);
    assert_int_equal(call_run(&call, &handlers), RUN_FAILED);
    assert_non_null(strstr(call.reason.text, "no handler \"thrice\""));
    load("map:", "\x90", 1);
    call_begin(&call);
    assert_int_equal(call_run(&call, &handlers), RUN_FAILED);
}

static void
a_handler_of_that_very_name_comes_first(void **state)
{
    (void)state;

    load("map:own", "plain", 5);
    assert_int_equal(call_run(&call, &handlers), RUN_DONE);
    assert_int_equal(call.result.length, 10);
    assert_memory_equal(call.result.bytes, "plainplain", 10);
}

#define CALL(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CALL(each_item_has_a_result_or_a_failure),
        CALL(no_items_have_no_results),
        CALL(what_is_no_array_of_bytes_fails),
        CALL(it_stops_between_two_items_when_it_is_cancelled),
        CALL(a_function_that_is_not_here_may_be_elsewhere),
        CALL(a_handler_of_that_very_name_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
