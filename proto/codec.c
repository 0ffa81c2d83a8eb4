#include "proto/codec.h"

#include <string.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "proto/cursor.h"
#include "proto/reader.h"
#include "proto/record.h"
#include "proto/table.h"
#include "proto/writer.h"

/* ---- writing: room once, then no check any more -------------------------- */

static uint64_t
number_of(const struct table_field *field, const void *base)
{
    uint64_t number;

    memcpy(&number, (const uint8_t *)base + field->offset, sizeof number);
    return number;
}

static struct slice
slice_from(const struct table_field *field, const void *base)
{
    struct slice slice;

    memcpy(&slice, (const uint8_t *)base + field->offset, sizeof slice);
    return slice;
}

static struct proto_list
list_of(const struct table_field *field, const void *base)
{
    struct proto_list list;

    memcpy(&list, (const uint8_t *)base + field->offset, sizeof list);
    return list;
}

/* The count in the long form, so that it can be patched. */
static bool
write_list(struct writer *w, const struct proto_list *list)
{
    if (!writer_more(w, list->bytes.length)) return false;
    w->at = pack_raw(pack_32(w->at, 0xdd, list->count), list->bytes);
    return true;
}

static bool
write_value(struct writer *w, const struct table_field *field, const void *base)
{
    struct proto_list list;

    switch ((enum table_type)field->type) {
    case TABLE_UINT:
        return writer_uint(w, number_of(field, base));
    case TABLE_SINT:
        return writer_sint(w, (int64_t)number_of(field, base));
    case TABLE_STR:
        return writer_str(w, slice_from(field, base));
    case TABLE_BIN:
        return writer_bin(w, slice_from(field, base));
    case TABLE_LIST:
        list = list_of(field, base);
        return write_list(w, &list);
    }
    return false;
}

static bool
is_zero(const struct table_field *field, const void *base)
{
    switch ((enum table_type)field->type) {
    case TABLE_UINT:
    case TABLE_SINT:
        return number_of(field, base) == 0;
    case TABLE_STR:
    case TABLE_BIN:
        return slice_from(field, base).length == 0;
    case TABLE_LIST:
        return list_of(field, base).count == 0;
    }
    return true;
}

/* The fields that are there, as bits of their index. */
static uint64_t
fields_present(const struct table_shape *shape, const void *base)
{
    uint64_t present = 0;

    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *field = &shape->fields[i];
        bool is = field->presence == TABLE_MUST || !is_zero(field, base);
        present |= (uint64_t)is << i;
    }
    return present;
}

static void
write_head(struct writer *w, enum msg_type type, uint32_t fields)
{
    w->at = pack_uint(pack_array(w->at, 2), (uint64_t)type);
    if (fields < 16) {
        *w->at++ = (uint8_t)(0x80 | fields);
    } else {
        w->at = pack_16(w->at, 0xde, fields);
    }
}

/* The list, which is the last one if there is any, may be left for later. */
static void
write_message(struct buf *b, enum msg_type type,
    const struct table_shape *shape, const void *base, uint64_t present)
{
    struct writer w;

    if (!writer_open(&w, b, shape->room)) return;
    write_head(&w, type, (uint32_t)__builtin_popcountll(present));
    for (; present != 0; present &= present - 1) {
        const struct table_field *field =
            &shape->fields[__builtin_ctzll(present)];
        *w.at++ = field->number;
        if (!write_value(&w, field, base)) return;
    }
    writer_close(&w);
}

static const struct table_shape *
shape_of(const struct msg *m)
{
    const struct table_shape *shape = table_message((uint64_t)m->type);

    CHECK(shape != NULL);
    return shape;
}

void
codec_message(struct buf *b, const struct msg *m)
{
    const struct table_shape *shape = shape_of(m);

    write_message(b, m->type, shape, &m->as, fields_present(shape, &m->as));
}

struct codec_list
codec_list_begin(struct buf *b, const struct msg *m)
{
    const struct table_shape *shape = shape_of(m);
    uint32_t last = shape->count - 1;
    const struct proto_list none = { .count = 0 };
    struct msg copy = *m;

    CHECK(shape->count > 0 && shape->fields[last].type == TABLE_LIST);
    memcpy(
        (uint8_t *)&copy.as + shape->fields[last].offset, &none, sizeof none);
    uint64_t present = fields_present(shape, &copy.as) | UINT64_C(1) << last;
    write_message(b, m->type, shape, &copy.as, present);
    return (struct codec_list){ .count_at = b->length - 4, .count = 0 };
}

void
codec_record(struct buf *b, enum record_type type, const void *record)
{
    record_write(b, type, record);
}

void
codec_list_add(struct buf *b, struct codec_list *list, enum record_type type,
    const void *record)
{
    record_write(b, type, record);
    list->count += 1;
}

void
codec_list_end(struct buf *b, const struct codec_list *list)
{
    if (b->failed) return;
    (void)pack_32(b->bytes + list->count_at - 1, 0xdd, list->count);
}

void
codec_header(uint8_t *header, uint64_t number, uint64_t ack, uint32_t messages)
{
    CHECK(messages <= FRAME_MESSAGES_MAX);
    header = pack_16(header, 0xdc, messages + 2);
    header = pack_64(header, 0xcf, number);
    (void)pack_64(header, 0xcf, ack);
}

/* ---- reading: frames here, what is in them in reader.c ------------------- */

static struct cursor
cursor_of(struct slice s)
{
    return (struct cursor){ s.bytes, s.bytes + s.length };
}

int
codec_open(struct slice wire, struct codec_frame *f)
{
    /* So that no arithmetic meets a NULL. */
    if (wire.length == 0) return STINT_EMALFORMED;

    struct cursor c = cursor_of(wire);
    struct cursor_node array, number, ack;
    if (!cursor_node(&c, &array) || array.kind != CURSOR_ARRAY
        || !cursor_node(&c, &number) || number.kind != CURSOR_UINT
        || !cursor_node(&c, &ack) || ack.kind != CURSOR_UINT) {
        return STINT_EMALFORMED;
    }
    size_t left = cursor_left(&c);
    if (array.number < 2 || array.number - 2 > left) return STINT_EMALFORMED;
    f->number = number.number;
    f->ack = ack.number;
    f->left = (uint32_t)(array.number - 2);
    f->rest = (struct slice){ c.at, left };
    return 0;
}

int
codec_next(struct codec_frame *f, struct msg *m, const char **where)
{
    struct cursor c = cursor_of(f->rest);

    *where = "frame";
    if (f->left == 0) return f->rest.length == 0 ? 0 : STINT_EMALFORMED;
    int rc = reader_message(&c, m, where);
    if (rc != 0) return rc;
    f->left -= 1;
    f->rest = (struct slice){ c.at, cursor_left(&c) };
    return 1;
}

bool
codec_list_next(struct proto_list *list, enum record_type type, void *record)
{
    const char *where;

    if (list->count == 0) return false;
    struct cursor c = cursor_of(list->bytes);
    CHECK(record_read(&c, type, record, &where) == 0);
    list->count -= 1;
    list->bytes = (struct slice){ c.at, cursor_left(&c) };
    return true;
}

/* ---- the table, for others ----------------------------------------------- */

const char *
codec_message_name(uint64_t type)
{
    const struct table_shape *shape = table_message(type);

    return shape != NULL ? shape->name : NULL;
}

unsigned
codec_roles(enum msg_type type)
{
    const struct table_shape *shape = table_message((uint64_t)type);

    return shape != NULL ? shape->roles : 0;
}
