/*
 * Any bytes at all are decoded or refused; what is decoded lies in the input
 * and within its bounds, and written again it reads the same.
 */
#include "common/check.h"
#include "proto/codec.h"
#include "proto/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any_record {
    struct rec_queue_row queue_row;
    struct rec_task_row task_row;
    uint8_t room[512];
};

static void
check_inside(struct slice part, struct slice whole)
{
    CHECK(part.bytes >= whole.bytes);
    CHECK(part.length <= whole.length);
    CHECK((size_t)(part.bytes - whole.bytes) <= whole.length - part.length);
}

static void
check_bounds(const struct table_field *field, int64_t value)
{
    CHECK(value >= field->min && value <= field->max);
}

static void check_list(
    const struct table_field *field, struct proto_list list, struct slice wire);

/* A field that is not there is all zero. */
static void
check_field(
    const struct table_field *field, const void *base, struct slice wire)
{
    const uint8_t *slot = (const uint8_t *)base + field->offset;
    struct proto_list list;
    struct slice slice;
    int64_t number;

    switch ((enum table_type)field->type) {
    case TABLE_UINT:
    case TABLE_SINT:
        memcpy(&number, slot, sizeof(number));
        if (number != 0 || field->presence == TABLE_MUST) {
            check_bounds(field, number);
        }
        return;
    case TABLE_STR:
    case TABLE_BIN:
        memcpy(&slice, slot, sizeof(slice));
        if (slice.bytes == NULL) return;
        check_bounds(field, (int64_t)slice.length);
        check_inside(slice, wire);
        return;
    case TABLE_LIST:
        memcpy(&list, slot, sizeof(list));
        if (list.bytes.bytes != NULL) check_list(field, list, wire);
        return;
    }
}

static void
check_shape(
    const struct table_shape *shape, const void *base, struct slice wire)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        check_field(&shape->fields[i], base, wire);
    }
}

static void
check_list(
    const struct table_field *field, struct proto_list list, struct slice wire)
{
    enum record_type type = (enum record_type)field->record;
    union any_record record;
    uint32_t count = list.count;

    check_bounds(field, count);
    check_inside(list.bytes, wire);
    while (codec_list_next(&list, type, &record)) {
        check_shape(&table_records[type], &record, wire);
        count--;
    }
    CHECK(count == 0 && list.bytes.length == 0);
}

static void
check_same(const struct buf *a, const struct buf *b)
{
    CHECK(!a->failed && !b->failed);
    CHECK(a->length == b->length);
    CHECK(a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}

/* Written again, read, and written once more: the same bytes. */
static void
check_again(const struct msg *m)
{
    struct buf first, second;
    struct codec_frame f = { .left = 1 };
    struct msg got;
    const char *where;

    buf_init(&first);
    buf_init(&second);
    codec_message(&first, m);
    f.rest = (struct slice){ first.bytes, first.length };
    CHECK(codec_next(&f, &got, &where) == 1);
    CHECK(got.type == m->type);
    CHECK(codec_next(&f, &got, &where) == 0);
    codec_message(&second, &got);
    check_same(&first, &second);
    buf_fini(&first);
    buf_fini(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice wire = { data, size };
    struct codec_frame f;
    const char *where = "";
    struct msg m;
    int rc;

    if (codec_open(wire, &f) != 0) return 0;
    while ((rc = codec_next(&f, &m, &where)) == 1) {
        CHECK(codec_message_name((uint64_t)m.type) != NULL);
        check_shape(&table_messages[m.type], &m.as, wire);
        check_again(&m);
    }
    CHECK(rc <= 0 && where != NULL);
    return 0;
}
