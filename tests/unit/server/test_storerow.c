/* Rows as the public header shows them: every field, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/server/storerow.h"

static const struct stint_store_field *
field(const struct stint_store_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->fields[i].name, name) == 0) return &row->fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

/* The put at the front of `b`. */
static struct row
first_row(const struct buf *b)
{
    struct slice ops = { b->bytes, b->length };
    struct row row;

    assert_int_equal(row_next(&ops, &row), 1);
    return row;
}

static void
kinds_have_the_names_of_the_table(void **state)
{
    (void)state;
    assert_string_equal(stint_store_kind(ROW_master), "master");
    assert_string_equal(stint_store_kind(ROW_task), "task");
    assert_string_equal(stint_store_kind(ROW_receipt), "receipt");
    assert_null(stint_store_kind(0));
    assert_null(stint_store_kind(STINT_STORE_KINDS - 1));
    assert_null(stint_store_kind(STINT_STORE_KINDS));
    assert_null(stint_store_kind(UINT32_MAX));
}

static void
a_row_is_shown_with_its_fields_and_put_back_to_the_same_bytes(void **state)
{
    static const uint8_t PAYLOAD[] = { 0, 0xff, 'x' };
    const struct rec_kept_task task = { .queue = 3,
        .priority = -7,
        .born = INT64_MIN,
        .expires = INT64_MAX,
        .handler = slice_of("square"),
        .payload = { PAYLOAD, sizeof PAYLOAD } };
    struct storerow room;
    struct stint_store_row out;
    struct buf b, again;

    (void)state;
    buf_init(&b);
    buf_init(&again);
    storerow_write(&b, ROW_task, 17, &task);
    const struct row row = first_row(&b);
    assert_int_equal(storerow_show(&row, &room, &out), 0);
    assert_string_equal(out.kind, "task");
    assert_int_equal(out.id, 17);
    assert_int_equal(field(&out, "queue")->type, STINT_STORE_UNSIGNED);
    assert_int_equal(field(&out, "queue")->number, 3);
    assert_int_equal(field(&out, "priority")->type, STINT_STORE_SIGNED);
    assert_int_equal(field(&out, "priority")->number, -7);
    assert_int_equal(field(&out, "born")->number, INT64_MIN);
    assert_int_equal(field(&out, "handler")->type, STINT_STORE_TEXT);
    assert_int_equal(field(&out, "handler")->bytes.size, 6);
    assert_int_equal(field(&out, "payload")->type, STINT_STORE_BYTES);
    assert_memory_equal(field(&out, "payload")->bytes.data, PAYLOAD, 3);
    assert_int_equal(storerow_put(&again, &out), 0);
    assert_int_equal(again.length, b.length);
    assert_memory_equal(again.bytes, b.bytes, b.length);
    buf_fini(&again);
    buf_fini(&b);
}

static void
every_kind_goes_out_and_in_with_the_least_it_can_hold(void **state)
{
    static const uint8_t BYTES[32];
    const struct stint_bytes some = { BYTES, 16 }, key = { BYTES, 32 };
    const struct stint_bytes name = { "q", 1 };
    const struct stint_store_field master[] = {
        { "format", STINT_STORE_SIGNED, 1, { NULL, 0 } },
        { "id", STINT_STORE_BYTES, 0, some },
        { "secret", STINT_STORE_BYTES, 0, some },
        { "starts", STINT_STORE_UNSIGNED, 1, { NULL, 0 } },
    };
    const struct stint_store_field clock[] = {
        { "boot", STINT_STORE_BYTES, 0, some },
    };
    const struct stint_store_field queue[] = {
        { "queue", STINT_STORE_TEXT, 0, name },
        { "lease_ns", STINT_STORE_UNSIGNED, 1, { NULL, 0 } },
        { "attempts_max", STINT_STORE_UNSIGNED, 1, { NULL, 0 } },
    };
    const struct stint_store_field session[] = {
        { "session", STINT_STORE_BYTES, 0, some },
        { "public_key", STINT_STORE_BYTES, 0, key },
    };
    const struct stint_store_field owed[] = {
        { "session", STINT_STORE_UNSIGNED, 1, { NULL, 0 } },
        { "ref", STINT_STORE_UNSIGNED, 1, { NULL, 0 } },
    };
    const struct stint_store_field asked[] = {
        { "session", STINT_STORE_UNSIGNED, 1, { NULL, 0 } },
        { "request", STINT_STORE_UNSIGNED, 1, { NULL, 0 } },
    };
    const struct stint_store_row rows[] = {
        { "master", 1, master, ARRAY_LEN(master) },
        { "last", 1, NULL, 0 },
        { "clock", 1, clock, ARRAY_LEN(clock) },
        { "queue", 0, queue, ARRAY_LEN(queue) },
        { "tally", 0, NULL, 0 },
        { "session", 1, session, ARRAY_LEN(session) },
        { "task", 1, NULL, 0 },
        { "state", 1, NULL, 0 },
        { "result", 1, owed, ARRAY_LEN(owed) },
        { "receipt", 1, asked, ARRAY_LEN(asked) },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct storerow room;
        struct stint_store_row out;
        struct buf b, again;

        buf_init(&b);
        buf_init(&again);
        assert_int_equal(storerow_put(&b, &rows[i]), 0);
        const struct row row = first_row(&b);
        assert_int_equal(storerow_show(&row, &room, &out), 0);
        assert_string_equal(out.kind, rows[i].kind);
        assert_int_equal(storerow_put(&again, &out), 0);
        assert_int_equal(again.length, b.length);
        assert_memory_equal(again.bytes, b.bytes, b.length);
        buf_fini(&again);
        buf_fini(&b);
    }
}

static void
refused(const char *kind, struct stint_store_field one, const char *says)
{
    const struct stint_store_row row = { kind, 5, &one, one.name != NULL };
    struct buf b;

    buf_init(&b);
    assert_int_equal(storerow_put(&b, &row), STINT_EINVAL);
    assert_non_null(strstr(say_message(), says));
    assert_int_equal(b.length, 0);
    buf_fini(&b);
}

static void
what_is_no_row_is_refused_in_a_sentence_and_changes_nothing(void **state)
{
    static const char LONG[] =
        "a name of a handler that is far longer than the sixty-four bytes "
        "there are";
    const struct stint_store_field nothing = { .name = NULL };

    (void)state;
    refused("tusk", nothing, "\"tusk\"");
    refused(NULL, nothing, "no kind");
    refused("receipt", nothing, "row receipt 5: session");
    refused("task",
        (struct stint_store_field){
            .name = "colour", .type = STINT_STORE_UNSIGNED },
        "\"colour\"");
    refused("task",
        (struct stint_store_field){
            .name = "queue", .type = STINT_STORE_SIGNED, .number = -1 },
        "queue must be a number from 0 to 4294967295");
    refused("task",
        (struct stint_store_field){ .name = "queue", .type = STINT_STORE_TEXT },
        "queue must be a number");
    refused("task",
        (struct stint_store_field){
            .name = "payload", .type = STINT_STORE_UNSIGNED },
        "payload must be bytes");
    refused("task",
        (struct stint_store_field){ .name = "handler",
            .type = STINT_STORE_TEXT,
            .bytes = { LONG, sizeof LONG - 1 } },
        "handler must be bytes of a length from 0 to 64");
}

static void
bytes_that_are_no_record_are_damage_and_other_kinds_another_version(
    void **state)
{
    union storerow_record record;
    uint8_t array_of_one[] = { 0x91, 0x05, 0x00 };
    struct row row = { .kind = ROW_last, .value = { array_of_one, 2 } };

    (void)state;
    assert_int_equal(storerow_read(&row, &record), 0);
    assert_int_equal(record.last.task, 5);
    row.value.length = 1;
    assert_int_equal(storerow_read(&row, &record), STINT_EDAMAGED);
    row.value.length = 3;
    assert_int_equal(storerow_read(&row, &record), STINT_EDAMAGED);
    row.value.length = 0;
    assert_int_equal(storerow_read(&row, &record), STINT_EDAMAGED);
    row.kind = ROW_KINDS - 1;
    assert_int_equal(storerow_read(&row, &record), STINT_EFORMAT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_the_names_of_the_table),
        cmocka_unit_test(
            a_row_is_shown_with_its_fields_and_put_back_to_the_same_bytes),
        cmocka_unit_test(every_kind_goes_out_and_in_with_the_least_it_can_hold),
        cmocka_unit_test(
            what_is_no_row_is_refused_in_a_sentence_and_changes_nothing),
        cmocka_unit_test(
            bytes_that_are_no_record_are_damage_and_other_kinds_another_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
