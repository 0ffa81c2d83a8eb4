#include "tests/unit/proto/sample.h"

#include <msgpack.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"

/* Read a frame to its end: the first error, or 0.  The bytes are a heap block
 * of just their length, so that a sanitizer sees each byte read too much. */
static int
outcome(const void *bytes, size_t length, const char **where)
{
    uint8_t *exact = malloc(length > 0 ? length : 1);
    struct codec_frame f;
    struct msg m;

    assert_non_null(exact);
    if (length > 0) memcpy(exact, bytes, length);
    *where = "";
    int rc = codec_open((struct slice){ exact, length }, &f);
    if (rc == 0) {
        do {
            rc = codec_next(&f, &m, where);
        } while (rc > 0);
    }
    free(exact);
    return rc;
}

/* ---- each error has its place -------------------------------------------- */

/* What follows the array head, number 1 and ack 0 of a frame of one message. */
struct refusal_case {
    const char *what;
    const char *message;
    size_t length;
    int code;
    const char *where;
};
#define BYTES(text) (text), sizeof(text) - 1

static const struct refusal_case cases[] = {
    { "a message that is a number", BYTES("\x01"), STINT_EMALFORMED, "frame" },
    { "a message of one item", BYTES("\x91\x04"), STINT_EMALFORMED, "frame" },
    { "a message of three items", BYTES("\x93\x04\x80\x00"), STINT_EMALFORMED,
        "frame" },
    { "a type that is text", BYTES("\x92\xa1x\x80"), STINT_EMALFORMED,
        "frame" },
    { "a negative type", BYTES("\x92\xff\x80"), STINT_EMALFORMED, "frame" },
    { "an unknown type", BYTES("\x92\xcc\x80\x80"), STINT_EPROTO, "frame" },
    { "a hole in the numbers", BYTES("\x92\x00\x80"), STINT_EPROTO, "frame" },
    { "a type far out", BYTES("\x92\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x80"),
        STINT_EPROTO, "frame" },
    { "fields in an array", BYTES("\x92\x04\x90"), STINT_EMALFORMED, "ping" },
    { "a key that is text", BYTES("\x92\x04\x81\xa1x\x00"), STINT_EMALFORMED,
        "ping" },
    { "text for a number", BYTES("\x92\x04\x81\x01\xa1x"), STINT_EMALFORMED,
        "ping.echo" },
    { "a float for a number", BYTES("\x92\x04\x81\x01\xca\0\0\0\0"),
        STINT_EMALFORMED, "ping.echo" },
    { "nil for a number", BYTES("\x92\x04\x81\x01\xc0"), STINT_EMALFORMED,
        "ping.echo" },
    { "a tag that msgpack never uses", BYTES("\x92\x04\x81\x01\xc1"),
        STINT_EMALFORMED, "ping.echo" },
    { "a negative number", BYTES("\x92\x04\x81\x01\xff"), STINT_EINVAL,
        "ping.echo" },
    { "a number beyond 63 bits",
        BYTES("\x92\x04\x81\x01\xcf\x80\0\0\0\0\0\0\0"), STINT_EINVAL,
        "ping.echo" },
    { "a missing field", BYTES("\x92\x0a\x80"), STINT_EINVAL, "bye.request" },
    { "a number below its bound", BYTES("\x92\x0a\x81\x01\x00"), STINT_EINVAL,
        "bye.request" },
    { "a code that is no error", BYTES("\x92\x09\x82\x01\x01\x02\x00"),
        STINT_EINVAL, "error.code" },
    { "bin for text", BYTES("\x92\x30\x82\x01\x01\x02\xc4\x01x"),
        STINT_EMALFORMED, "join.queue" },
    { "text for bin",
        BYTES("\x92\x01\x82\x01\x01\x02\xb0"
              "0123456789abcdef"),
        STINT_EMALFORMED, "hello.session" },
    { "an empty name", BYTES("\x92\x30\x82\x01\x01\x02\xa0"), STINT_EINVAL,
        "join.queue" },
    { "text longer than its bytes", BYTES("\x92\x30\x82\x01\x01\x02\xa5x"),
        STINT_EMALFORMED, "join.queue" },
    { "an empty list", BYTES("\x92\x20\x82\x01\x01\x02\x90"), STINT_EINVAL,
        "done.tasks" },
    { "a list that is a map", BYTES("\x92\x20\x82\x01\x01\x02\x80"),
        STINT_EMALFORMED, "done.tasks" },
    { "a record that is a number", BYTES("\x92\x20\x82\x01\x01\x02\x91\x01"),
        STINT_EMALFORMED, "completion" },
    { "a record without its id", BYTES("\x92\x20\x82\x01\x01\x02\x91\x90"),
        STINT_EINVAL, "completion.task" },
    { "an item out of bounds",
        BYTES("\x92\x20\x82\x01\x01\x02\x91\x94\x00\x01\x00\xc4\x00"),
        STINT_EINVAL, "completion.task" },
    { "an item of the wrong type",
        BYTES("\x92\x20\x82\x01\x01\x02\x91\x94\x01\x01\x00\xa0"),
        STINT_EMALFORMED, "completion.result" },
    { "a byte behind the last message", BYTES("\x92\x04\x80\x00"),
        STINT_EMALFORMED, "frame" },
};

static void
each_error_names_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t frame[64] = { 0x93, 1, 0 };
        const char *where;
        assert_true(cases[i].length <= sizeof(frame) - 3);
        memcpy(frame + 3, cases[i].message, cases[i].length);
        int rc = outcome(frame, 3 + cases[i].length, &where);
        if (rc != cases[i].code || strcmp(where, cases[i].where) != 0) {
            fail_msg("%s: %d at %s", cases[i].what, rc, where);
        }
    }
}

static void
what_is_no_frame_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } frames[] = {
        { BYTES("") }, { BYTES("\x90") },          /* nothing in it */
        { BYTES("\x91\x01") },                     /* no ack */
        { BYTES("\x92\xff\x00") },                 /* number -1 */
        { BYTES("\x92\x01\xa0") },                 /* ack is text */
        { BYTES("\x82\x01\x01\x02\x02") },         /* a map */
        { BYTES("\xdc\x00") },                     /* half a head */
        { BYTES("\xdd\xff\xff\xff\xff\x01\x00") }, /* 128 GiB of msgpack-c */
        { BYTES("\xdf\xff\xff\xff\xff\x01\x00") },
        { BYTES("\x92\x01\x00\x00") }, /* more than it says */
        { BYTES("\x93\x01\x00") },     /* less than it says */
    };

    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        const char *where;
        assert_int_equal(outcome(frames[i].bytes, frames[i].length, &where),
            STINT_EMALFORMED);
    }
}

static void
a_name_of_256_bytes_is_refused(void **state)
{
    (void)state;
    struct msg m = { .type = MSG_join,
        .as.join = { .request = 1, .queue = sample_bytes(256) } };
    const char *where;
    struct buf b;

    sample_open(&b);
    codec_message(&b, &m);
    struct slice wire = sample_close(&b, 1);
    assert_int_equal(outcome(wire.bytes, wire.length, &where), STINT_EINVAL);
    assert_string_equal(where, "join.queue");
    buf_fini(&b);
}

static void
a_list_of_4097_tasks_is_refused(void **state)
{
    (void)state;
    struct msg m = { .type = MSG_put,
        .as.put = { .request = 1, .queue = slice_of("q") } };
    struct rec_payload payload = { slice_of("") };
    const char *where;
    struct buf b;

    sample_open(&b);
    struct codec_list list = codec_list_begin(&b, &m);
    for (int i = 0; i < 4097; i++) {
        codec_list_add(&b, &list, RECORD_payload, &payload);
    }
    codec_list_end(&b, &list);
    struct slice wire = sample_close(&b, 1);
    assert_int_equal(outcome(wire.bytes, wire.length, &where), STINT_EINVAL);
    assert_string_equal(where, "put.payloads");
    buf_fini(&b);
}

/* ---- truncation and bombs ------------------------------------------------ */

static void
a_frame_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (uint64_t type = 0; type < TABLE_MESSAGES; type++) {
        const char *where;
        struct buf b;
        struct msg m;
        if (table_message(type) == NULL) continue;
        sample_open(&b);
        sample_message(&b, type, SAMPLE_LEAST, &m);
        struct slice wire = sample_close(&b, 1);
        assert_int_equal(outcome(wire.bytes, wire.length, &where), 0);
        for (size_t length = 0; length < wire.length; length++) {
            assert_int_equal(
                outcome(wire.bytes, length, &where), STINT_EMALFORMED);
        }
        buf_fini(&b);
    }
}

/* Every byte of a sample changed to every other: whatever comes of it, it ends,
 * and the sanitizers see nothing. */
static void
a_changed_byte_does_no_harm(void **state)
{
    (void)state;
    const char *where;
    struct buf b;
    struct msg m;

    sample_open(&b);
    sample_message(&b, MSG_tasks, SAMPLE_LEAST, &m);
    struct slice wire = sample_close(&b, 1);
    for (size_t at = 0; at < wire.length; at++) {
        uint8_t kept = b.bytes[at];
        for (unsigned value = 0; value < 256; value++) {
            b.bytes[at] = (uint8_t)value;
            assert_true(outcome(b.bytes, b.length, &where) <= 0);
        }
        b.bytes[at] = kept;
    }
    buf_fini(&b);
}

/* A ping with an unknown field, whose value the caller appends. */
static void
open_unknown(struct buf *b)
{
    buf_init(b);
    buf_append(b, "\x93\x01\x00\x92\x04\x81\x1f", 7);
}

static int
close_unknown(struct buf *b)
{
    const char *where;
    int rc = outcome(b->bytes, b->length, &where);

    buf_fini(b);
    return rc;
}

static int
nested(const char *head, size_t head_bytes, size_t depth)
{
    struct buf b;

    open_unknown(&b);
    for (size_t i = 0; i < depth; i++)
        buf_append(&b, head, head_bytes);
    buf_append(&b, "\x00", 1);
    return close_unknown(&b);
}

static void
nesting_is_skipped_to_a_depth_of_8(void **state)
{
    (void)state;
    assert_int_equal(nested("\x91", 1, 8), 0);
    assert_int_equal(nested("\x91", 1, 9), STINT_EMALFORMED);
    assert_int_equal(nested("\x81\x00", 2, 8), 0);
    assert_int_equal(nested("\x81\x00", 2, 9), STINT_EMALFORMED);
    assert_int_equal(nested("\x91", 1, 1000000), STINT_EMALFORMED);
    assert_int_equal(nested("\x81\x00", 2, 1000000), STINT_EMALFORMED);
}

static void
a_declared_size_without_bytes_is_refused(void **state)
{
    (void)state;
    static const uint8_t tags[] = { 0xc6, 0xc9, 0xdb, 0xdd, 0xdf };

    for (size_t i = 0; i < sizeof(tags); i++) {
        struct buf b;
        open_unknown(&b);
        buf_append(&b, &tags[i], 1);
        buf_append(&b, "\xff\xff\xff\xff\x00\x00", 6);
        assert_int_equal(close_unknown(&b), STINT_EMALFORMED);
    }
    const char *where;
    static const char list[] = "\x93\x01\x00\x92\x20\x82\x01\x01\x02"
                               "\xdd\xff\xff\xff\xff";
    assert_int_equal(outcome(list, sizeof(list) - 1, &where), STINT_EMALFORMED);
    assert_string_equal(where, "done.tasks");
    static const char map[] = "\x93\x01\x00\x92\x04\xdf\xff\xff\xff\xff\x01";
    assert_int_equal(outcome(map, sizeof(map) - 1, &where), STINT_EMALFORMED);
}

/* Megabytes of one-byte nodes take as many steps, not their square. */
static void
a_wide_bomb_takes_linear_time(void **state)
{
    (void)state;
    enum { NODES = 8 * 1024 * 1024 };
    struct buf b;

    open_unknown(&b);
    uint8_t head[5] = { 0xdd, NODES >> 24, NODES >> 16 & 0xff,
        NODES >> 8 & 0xff, NODES & 0xff };
    buf_append(&b, head, sizeof(head));
    uint8_t *room = buf_reserve(&b, NODES);
    assert_non_null(room);
    memset(room, 0x90, NODES);
    b.length += NODES;
    assert_int_equal(close_unknown(&b), 0);
}

/* ---- what comes later ---------------------------------------------------- */

static void
pack_every_kind(msgpack_packer *p)
{
    msgpack_pack_array(p, 15);
    msgpack_pack_nil(p);
    msgpack_pack_true(p);
    msgpack_pack_false(p);
    msgpack_pack_float(p, 1.5F);
    msgpack_pack_double(p, 1.5);
    msgpack_pack_int64(p, INT64_MIN);
    msgpack_pack_int(p, -1);
    for (size_t length = 1; length <= 16; length *= 2) {
        msgpack_pack_ext(p, length, 3);
        msgpack_pack_ext_body(p, "0123456789abcdef", length);
    }
    msgpack_pack_ext(p, 0, 3);
    msgpack_pack_ext_body(p, "", 0);
    msgpack_pack_str(p, 3);
    msgpack_pack_str_body(p, "abc", 3);
    msgpack_pack_map(p, 1);
    msgpack_pack_str(p, 0);
    msgpack_pack_str_body(p, "", 0);
    msgpack_pack_nil(p);
}

static void
unknown_fields_of_every_kind_are_skipped(void **state)
{
    (void)state;
    msgpack_sbuffer out;
    msgpack_packer p;
    const char *where;

    msgpack_sbuffer_init(&out);
    msgpack_packer_init(&p, &out, msgpack_sbuffer_write);
    msgpack_pack_array(&p, 3);
    msgpack_pack_int(&p, 1);
    msgpack_pack_int(&p, 0);
    msgpack_pack_array(&p, 2);
    msgpack_pack_int(&p, MSG_bye);
    msgpack_pack_map(&p, 3);
    msgpack_pack_uint64(&p, UINT64_MAX);
    pack_every_kind(&p);
    msgpack_pack_int(&p, 1);
    msgpack_pack_int(&p, 77);
    msgpack_pack_int(&p, 31);
    pack_every_kind(&p);
    assert_int_equal(outcome(out.data, out.size, &where), 0);
    /* Each of them in each place is also walked to its end, not beyond. */
    for (size_t length = 0; length < out.size; length++) {
        assert_int_equal(outcome(out.data, length, &where), STINT_EMALFORMED);
    }
    msgpack_sbuffer_destroy(&out);
}

static void
trailing_items_of_a_record_are_skipped(void **state)
{
    (void)state;
    static const uint8_t wire[] = { 0x93, 1, 0, 0x92, MSG_release, 0x82, 1, 5,
        3, 0x92, 0x95, 9, 1, 7, 0xc0, 0x92, 1, 2, 0x93, 8, 2, 6 };
    struct codec_frame f;
    struct msg m;
    struct rec_fence fence;
    const char *where;

    assert_int_equal(codec_open((struct slice){ wire, sizeof(wire) }, &f), 0);
    assert_int_equal(codec_next(&f, &m, &where), 1);
    assert_int_equal(m.as.release.tasks.count, 2);
    assert_true(codec_list_next(&m.as.release.tasks, RECORD_fence, &fence));
    assert_int_equal(fence.task, 9);
    assert_int_equal(fence.nonce, 7);
    assert_true(codec_list_next(&m.as.release.tasks, RECORD_fence, &fence));
    assert_int_equal(fence.task, 8);
    assert_int_equal(fence.nonce, 6);
    assert_false(codec_list_next(&m.as.release.tasks, RECORD_fence, &fence));
}

static void
missing_items_read_as_zero_where_zero_may_be(void **state)
{
    (void)state;
    static const uint8_t wire[] = { 0x93, 1, 0, 0x92, MSG_done, 0x82, 1, 5, 2,
        0x91, 0x92, 9, 1 };
    struct codec_frame f;
    struct msg m;
    struct rec_completion done = { .nonce = 99 };
    const char *where;

    assert_int_equal(codec_open((struct slice){ wire, sizeof(wire) }, &f), 0);
    assert_int_equal(codec_next(&f, &m, &where), 1);
    assert_true(codec_list_next(&m.as.done.tasks, RECORD_completion, &done));
    assert_int_equal(done.task, 9);
    assert_int_equal(done.attempt, 1);
    assert_int_equal(done.nonce, 0);
    assert_int_equal(done.result.length, 0);
}

static void
of_a_field_that_comes_twice_the_last_one_counts(void **state)
{
    (void)state;
    static const uint8_t wire[] = { 0x93, 1, 0, 0x92, MSG_outcome, 0x84, 2,
        0x91, 0x92, 3, 0xff, 1, 5, 2, 0x90, 1, 6 };
    struct codec_frame f;
    struct msg m;
    const char *where;

    assert_int_equal(codec_open((struct slice){ wire, sizeof(wire) }, &f), 0);
    assert_int_equal(codec_next(&f, &m, &where), 1);
    assert_int_equal(m.as.outcome.request, 6);
    assert_int_equal(m.as.outcome.refused.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_names_its_place),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(a_name_of_256_bytes_is_refused),
        cmocka_unit_test(a_list_of_4097_tasks_is_refused),
        cmocka_unit_test(a_frame_cut_anywhere_is_refused),
        cmocka_unit_test(a_changed_byte_does_no_harm),
        cmocka_unit_test(nesting_is_skipped_to_a_depth_of_8),
        cmocka_unit_test(a_declared_size_without_bytes_is_refused),
        cmocka_unit_test(a_wide_bomb_takes_linear_time),
        cmocka_unit_test(unknown_fields_of_every_kind_are_skipped),
        cmocka_unit_test(trailing_items_of_a_record_are_skipped),
        cmocka_unit_test(missing_items_read_as_zero_where_zero_may_be),
        cmocka_unit_test(of_a_field_that_comes_twice_the_last_one_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
