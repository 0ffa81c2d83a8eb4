#include "tests/unit/proto/sample.h"

#include <msgpack.h>

#include "common/base.h"

/* Call `see` for each message and each sample of it. */
static void
each_sample(void (*see)(uint64_t type, enum sample how))
{
    unsigned messages = 0;

    for (uint64_t type = 0; type < TABLE_MESSAGES; type++) {
        if (table_message(type) == NULL) continue;
        for (enum sample how = SAMPLE_LEAST; how < SAMPLES; how++) {
            see(type, how);
        }
        messages++;
    }
    assert_true(messages > 30);
}

static struct msg
decode_one(struct slice wire)
{
    struct codec_frame f;
    struct msg m, none;
    const char *where;

    assert_int_equal(codec_open(wire, &f), 0);
    assert_int_equal(f.left, 1);
    int rc = codec_next(&f, &m, &where);
    if (rc != 1) fail_msg("%s: %d", where, rc);
    assert_int_equal(codec_next(&f, &none, &where), 0);
    return m;
}

/* ---- round trips --------------------------------------------------------- */

static void
comes_back(uint64_t type, enum sample how)
{
    struct buf b, again;
    struct msg sent;

    sample_open(&b);
    sample_message(&b, type, how, &sent);
    struct slice wire = sample_close(&b, 1);
    struct msg got = decode_one(wire);
    assert_int_equal(got.type, type);
    sample_same_shape(&table_messages[type], &sent.as, &got.as);
    sample_same_list(&got, how);

    buf_init(&again);
    codec_message(&again, &got);
    assert_int_equal(again.length, wire.length - FRAME_HEADER_BYTES);
    assert_memory_equal(
        again.bytes, wire.bytes + FRAME_HEADER_BYTES, again.length);
    buf_fini(&again);
    buf_fini(&b);
}

static void
every_message_comes_back_with_its_bounds(void **state)
{
    (void)state;
    each_sample(comes_back);
}

static void
a_frame_carries_many_messages_in_order(void **state)
{
    (void)state;
    struct codec_frame f;
    struct buf b;
    struct msg m;
    const char *where;

    sample_open(&b);
    for (uint64_t i = 1; i <= FRAME_MESSAGES_MAX; i++) {
        m = (struct msg){ .type = MSG_ok, .as.ok.request = i };
        codec_message(&b, &m);
    }
    codec_header(b.bytes, 7, 5, FRAME_MESSAGES_MAX);
    assert_int_equal(codec_open((struct slice){ b.bytes, b.length }, &f), 0);
    assert_int_equal(f.number, 7);
    assert_int_equal(f.ack, 5);
    for (uint64_t i = 1; i <= FRAME_MESSAGES_MAX; i++) {
        assert_int_equal(codec_next(&f, &m, &where), 1);
        assert_int_equal(m.type, MSG_ok);
        assert_int_equal(m.as.ok.request, i);
    }
    assert_int_equal(codec_next(&f, &m, &where), 0);
    buf_fini(&b);
}

static void
a_frame_without_messages_is_an_acknowledgement(void **state)
{
    (void)state;
    uint8_t header[FRAME_HEADER_BYTES];
    struct codec_frame f;
    struct msg m;
    const char *where;

    codec_header(header, 0, UINT64_MAX, 0);
    assert_int_equal(
        codec_open((struct slice){ header, sizeof(header) }, &f), 0);
    assert_int_equal(f.number, 0);
    assert_true(f.ack == UINT64_MAX);
    assert_int_equal(codec_next(&f, &m, &where), 0);
}

static void
a_list_can_be_ended_and_go_on(void **state)
{
    (void)state;
    struct msg m = { .type = MSG_put,
        .as.put = { .request = 1, .queue = slice_of("q") } };
    struct rec_payload payload = { slice_of("x") };
    struct buf b;

    sample_open(&b);
    struct codec_list list = codec_list_begin(&b, &m);
    for (uint32_t i = 1; i <= 4096; i++) {
        codec_list_add(&b, &list, RECORD_payload, &payload);
        if (i != 1 && i != 2 && i != 4096) continue;
        codec_list_end(&b, &list);
        struct msg got = decode_one(sample_close(&b, 1));
        assert_int_equal(got.as.put.payloads.count, i);
    }
    buf_fini(&b);
}

/* docs/PROTOCOL.md, section 2. */
static void
the_example_of_the_manual_is_what_is_written(void **state)
{
    (void)state;
    static const uint8_t example[] = { 0xdc, 0, 3, 0xcf, 0, 0, 0, 0, 0, 0, 0, 1,
        0xcf, 0, 0, 0, 0, 0, 0, 0, 0, 0x92, 0x11, 0x83, 1, 7, 2, 0xa1, 0x71,
        0x0a, 0xdd, 0, 0, 0, 3, 0x91, 0xc4, 5, 0x68, 0x65, 0x6c, 0x6c, 0x6f,
        0x91, 0xc4, 5, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x91, 0xc4, 5, 0x68, 0x65,
        0x6c, 0x6c, 0x6f };
    struct msg m = { .type = MSG_put,
        .as.put = { .request = 7, .queue = slice_of("q") } };
    struct rec_payload payload = { slice_of("hello") };
    struct buf b;

    sample_open(&b);
    struct codec_list list = codec_list_begin(&b, &m);
    for (int i = 0; i < 3; i++) {
        codec_list_add(&b, &list, RECORD_payload, &payload);
    }
    codec_list_end(&b, &list);
    struct slice wire = sample_close(&b, 1);
    assert_int_equal(wire.length, sizeof(example));
    assert_memory_equal(wire.bytes, example, sizeof(example));
    buf_fini(&b);
}

static void
without_memory_nothing_is_written(void **state)
{
    (void)state;
    struct msg m = { .type = MSG_put, .as.put.queue = slice_of("q") };
    struct rec_payload payload = { slice_of("x") };
    struct buf b = { .failed = true };

    struct codec_list list = codec_list_begin(&b, &m);
    codec_list_add(&b, &list, RECORD_payload, &payload);
    codec_list_end(&b, &list);
    codec_message(&b, &m);
    assert_int_equal(b.length, 0);
    assert_null(b.bytes);
}

/* ---- against msgpack-c --------------------------------------------------- */

static void
value_is(
    const struct table_field *field, const void *base, const msgpack_object *o)
{
    const uint8_t *slot = (const uint8_t *)base + field->offset;
    struct slice s = { .bytes = NULL };
    int64_t value = 0;

    switch ((enum table_type)field->type) {
    case TABLE_UINT:
    case TABLE_SINT:
        memcpy(&value, slot, sizeof(value));
        assert_int_equal(o->type, value < 0 ? MSGPACK_OBJECT_NEGATIVE_INTEGER
                                            : MSGPACK_OBJECT_POSITIVE_INTEGER);
        assert_true(o->via.i64 == value);
        return;
    case TABLE_STR:
    case TABLE_BIN:
        memcpy(&s, slot, sizeof(s));
        assert_int_equal(o->type,
            field->type == TABLE_STR ? MSGPACK_OBJECT_STR : MSGPACK_OBJECT_BIN);
        assert_true(
            slice_equal(s, (struct slice){ (const uint8_t *)o->via.bin.ptr,
                               o->via.bin.size }));
        return;
    case TABLE_LIST:
        break;
    }
    fail();
}

static void
list_is(
    const struct table_field *field, enum sample how, const msgpack_object *o)
{
    const struct table_shape *shape = &table_records[field->record];
    union sample_record want = { .bytes = { 0 } };

    sample_fill(shape, how, &want);
    assert_int_equal(o->type, MSGPACK_OBJECT_ARRAY);
    assert_int_equal(o->via.array.size, sample_records(field, how));
    for (uint32_t i = 0; i < o->via.array.size; i++) {
        const msgpack_object *record = &o->via.array.ptr[i];
        assert_int_equal(record->type, MSGPACK_OBJECT_ARRAY);
        assert_int_equal(record->via.array.size, shape->count);
        for (uint32_t j = 0; j < shape->count; j++) {
            value_is(&shape->fields[j], &want, &record->via.array.ptr[j]);
        }
    }
}

static void
message_is(const struct msg *m, enum sample how, const msgpack_object *o)
{
    const struct table_shape *shape = &table_messages[m->type];
    uint32_t i = 0;

    assert_int_equal(o->type, MSGPACK_OBJECT_ARRAY);
    assert_int_equal(o->via.array.size, 2);
    assert_int_equal(o->via.array.ptr[0].via.u64, m->type);
    const msgpack_object *map = &o->via.array.ptr[1];
    assert_int_equal(map->type, MSGPACK_OBJECT_MAP);
    for (uint32_t f = 0; f < shape->count && i < map->via.map.size; f++) {
        const struct table_field *field = &shape->fields[f];
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        if (pair->key.via.u64 != field->number) continue;
        if (field->type == TABLE_LIST) {
            list_is(field, how, &pair->val);
        } else {
            value_is(field, &m->as, &pair->val);
        }
        i++;
    }
    assert_int_equal(i, map->via.map.size);
}

static void
msgpack_reads_what_we_write(uint64_t type, enum sample how)
{
    msgpack_unpacked tree;
    size_t end = 0;
    struct buf b;
    struct msg m;

    sample_open(&b);
    sample_message(&b, type, how, &m);
    struct slice wire = sample_close(&b, 1);
    msgpack_unpacked_init(&tree);
    assert_int_equal(
        msgpack_unpack_next(&tree, (const char *)wire.bytes, wire.length, &end),
        MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(end, wire.length);
    assert_int_equal(tree.data.via.array.size, 3);
    assert_int_equal(tree.data.via.array.ptr[0].via.u64, 1);
    assert_int_equal(tree.data.via.array.ptr[1].via.u64, 0);
    message_is(&m, how, &tree.data.via.array.ptr[2]);
    msgpack_unpacked_destroy(&tree);
    buf_fini(&b);
}

static void
msgpack_reads_every_message(void **state)
{
    (void)state;
    each_sample(msgpack_reads_what_we_write);
}

static void
pack_value(msgpack_packer *p, const struct table_field *field, const void *base)
{
    const uint8_t *slot = (const uint8_t *)base + field->offset;
    struct slice s = { .bytes = NULL };
    int64_t value = 0;

    if (field->type == TABLE_UINT || field->type == TABLE_SINT) {
        memcpy(&value, slot, sizeof(value));
        msgpack_pack_int64(p, value);
        return;
    }
    memcpy(&s, slot, sizeof(s));
    if (field->type == TABLE_STR) {
        msgpack_pack_str(p, s.length);
        msgpack_pack_str_body(p, s.bytes, s.length);
    } else {
        msgpack_pack_bin(p, s.length);
        msgpack_pack_bin_body(p, s.bytes, s.length);
    }
}

static void
pack_list(msgpack_packer *p, const struct table_field *field, enum sample how)
{
    const struct table_shape *shape = &table_records[field->record];
    union sample_record record = { .bytes = { 0 } };

    sample_fill(shape, how, &record);
    msgpack_pack_array(p, sample_records(field, how));
    for (uint32_t i = 0; i < sample_records(field, how); i++) {
        msgpack_pack_array(p, shape->count);
        for (uint32_t j = 0; j < shape->count; j++) {
            pack_value(p, &shape->fields[j], &record);
        }
    }
}

/* A frame of one message with all its fields, zero or not. */
static void
pack_frame(msgpack_packer *p, const struct msg *m, enum sample how)
{
    const struct table_shape *shape = &table_messages[m->type];

    msgpack_pack_array(p, 3);
    msgpack_pack_uint8(p, 1);
    msgpack_pack_uint8(p, 0);
    msgpack_pack_array(p, 2);
    msgpack_pack_int(p, (int)m->type);
    msgpack_pack_map(p, shape->count);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *field = &shape->fields[i];
        msgpack_pack_int(p, field->number);
        if (field->type == TABLE_LIST) {
            pack_list(p, field, how);
        } else {
            pack_value(p, field, &m->as);
        }
    }
}

static void
we_read_what_msgpack_writes(uint64_t type, enum sample how)
{
    const struct table_shape *shape = &table_messages[type];
    struct msg m = { .type = (enum msg_type)type };
    msgpack_sbuffer out;
    msgpack_packer p;

    if (how == SAMPLE_BARE) return;
    sample_fill(shape, how, &m.as);
    msgpack_sbuffer_init(&out);
    msgpack_packer_init(&p, &out, msgpack_sbuffer_write);
    pack_frame(&p, &m, how);
    struct msg got =
        decode_one((struct slice){ (const uint8_t *)out.data, out.size });
    assert_int_equal(got.type, type);
    sample_same_shape(shape, &m.as, &got.as);
    sample_same_list(&got, how);
    msgpack_sbuffer_destroy(&out);
}

static void
every_message_of_msgpack_is_read(void **state)
{
    (void)state;
    each_sample(we_read_what_msgpack_writes);
}

static void
one_number_is_written_as_msgpack_does(int64_t value)
{
    struct rec_refusal record = { .index = 0, .code = value };
    msgpack_sbuffer out;
    msgpack_packer p;
    struct buf b;

    buf_init(&b);
    codec_record(&b, RECORD_refusal, &record);
    msgpack_sbuffer_init(&out);
    msgpack_packer_init(&p, &out, msgpack_sbuffer_write);
    msgpack_pack_array(&p, 2);
    msgpack_pack_int64(&p, 0);
    msgpack_pack_int64(&p, value);
    assert_int_equal(b.length, out.size);
    assert_memory_equal(b.bytes, out.data, b.length);
    msgpack_sbuffer_destroy(&out);
    buf_fini(&b);
}

static void
numbers_are_written_byte_for_byte_as_msgpack_does(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 63; shift++) {
        int64_t power = INT64_C(1) << shift;
        for (int64_t near = -2; near <= 2; near++) {
            one_number_is_written_as_msgpack_does(power + near);
            one_number_is_written_as_msgpack_does(-power + near);
        }
    }
    one_number_is_written_as_msgpack_does(INT64_MAX);
    one_number_is_written_as_msgpack_does(INT64_MIN);
}

static void
one_length_is_written_as_msgpack_does(size_t length)
{
    struct rec_task record = { .task = 1,
        .handler = sample_bytes((int64_t)length),
        .payload = sample_bytes((int64_t)length) };
    const struct table_shape *shape = &table_records[RECORD_task];
    msgpack_sbuffer out;
    msgpack_packer p;
    struct buf b;

    buf_init(&b);
    codec_record(&b, RECORD_task, &record);
    msgpack_sbuffer_init(&out);
    msgpack_packer_init(&p, &out, msgpack_sbuffer_write);
    msgpack_pack_array(&p, shape->count);
    for (uint32_t i = 0; i < shape->count; i++) {
        pack_value(&p, &shape->fields[i], &record);
    }
    assert_int_equal(b.length, out.size);
    assert_memory_equal(b.bytes, out.data, b.length);
    msgpack_sbuffer_destroy(&out);
    buf_fini(&b);
}

static void
lengths_are_written_byte_for_byte_as_msgpack_does(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 31, 32, 33, 255, 256, 257, 65535,
        65536, 65537 };

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        one_length_is_written_as_msgpack_does(lengths[i]);
    }
}

/* ---- the table ----------------------------------------------------------- */

static void
every_shape_keeps_the_rules_of_the_table(void **state)
{
    (void)state;
    for (uint64_t type = 0; type < TABLE_MESSAGES; type++) {
        const struct table_shape *shape = table_message(type);
        if (shape == NULL) continue;
        assert_true(type < 0x80);
        assert_true(shape->count >= 1);
        uint64_t numbers = 0;
        for (uint32_t i = 0; i < shape->count; i++) {
            const struct table_field *field = &shape->fields[i];
            assert_int_equal(numbers >> field->number & 1, 0);
            numbers |= UINT64_C(1) << field->number;
            assert_in_range(field->number, 1, 31);
            assert_true(field->min <= field->max);
            if (field->type == TABLE_LIST) assert_true(i == shape->count - 1);
            if (field->type != TABLE_SINT) assert_true(field->min >= 0);
        }
    }
    for (uint32_t type = 0; type < RECORD_COUNT; type++) {
        const struct table_shape *shape = &table_records[type];
        for (uint32_t i = 0; i < shape->count; i++) {
            assert_int_equal(shape->fields[i].number, i);
            assert_int_not_equal(shape->fields[i].type, TABLE_LIST);
        }
    }
}

static void
messages_know_their_names_and_senders(void **state)
{
    (void)state;
    assert_string_equal(codec_message_name(MSG_put), "put");
    assert_string_equal(codec_message_name(0x48), "stop");
    assert_null(codec_message_name(0));
    assert_null(codec_message_name(0x69));
    assert_null(codec_message_name(UINT64_MAX));
    assert_int_equal(codec_roles(MSG_hello), 7);
    assert_int_equal(codec_roles(MSG_put), 7);
    assert_int_equal(codec_roles(MSG_cancel), ROLE_SUBMIT | ROLE_ADMIN);
    assert_int_equal(codec_roles(MSG_stop), ROLE_ADMIN);
    assert_int_equal(codec_roles(MSG_tasks), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_with_its_bounds),
        cmocka_unit_test(a_frame_carries_many_messages_in_order),
        cmocka_unit_test(a_frame_without_messages_is_an_acknowledgement),
        cmocka_unit_test(a_list_can_be_ended_and_go_on),
        cmocka_unit_test(the_example_of_the_manual_is_what_is_written),
        cmocka_unit_test(without_memory_nothing_is_written),
        cmocka_unit_test(msgpack_reads_every_message),
        cmocka_unit_test(every_message_of_msgpack_is_read),
        cmocka_unit_test(numbers_are_written_byte_for_byte_as_msgpack_does),
        cmocka_unit_test(lengths_are_written_byte_for_byte_as_msgpack_does),
        cmocka_unit_test(every_shape_keeps_the_rules_of_the_table),
        cmocka_unit_test(messages_know_their_names_and_senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
