#include "proto/codec.h"

#include <string.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "proto/cursor.h"
#include "proto/table.h"

/* Longest heads of a number, of bytes, of a list, of a message up to its first
 * field ([type, {…}]) and of a record. */
enum {
    NUMBER_MAX = 9,
    BYTES_HEAD = 5,
    KEY_BYTES = 1,
    MESSAGE_HEAD = 1 + 2 + 3,
    RECORD_HEAD = 3,
};

/* ---- writing: one look for the size, then no check any more -------------- */

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

static inline uint8_t *
put_be(uint8_t *p, uint64_t value, unsigned width)
{
    for (unsigned i = width; i-- > 0; value >>= 8)
        p[i] = (uint8_t)value;
    return p + width;
}

static inline uint8_t *
put_tagged(uint8_t *p, uint8_t tag, uint64_t value, unsigned width)
{
    *p = tag;
    return put_be(p + 1, value, width);
}

static inline uint8_t *
put_uint(uint8_t *p, uint64_t value)
{
    if (value < 0x80) {
        *p = (uint8_t)value;
        return p + 1;
    }
    if (value <= UINT8_MAX) return put_tagged(p, 0xcc, value, 1);
    if (value <= UINT16_MAX) return put_tagged(p, 0xcd, value, 2);
    if (value <= UINT32_MAX) return put_tagged(p, 0xce, value, 4);
    return put_tagged(p, 0xcf, value, 8);
}

static uint8_t *
put_sint(uint8_t *p, uint64_t bits)
{
    int64_t value = (int64_t)bits;

    if (value >= 0) return put_uint(p, bits);
    if (value >= -32) {
        *p = (uint8_t)bits;
        return p + 1;
    }
    if (value >= INT8_MIN) return put_tagged(p, 0xd0, bits, 1);
    if (value >= INT16_MIN) return put_tagged(p, 0xd1, bits, 2);
    if (value >= INT32_MIN) return put_tagged(p, 0xd2, bits, 4);
    return put_tagged(p, 0xd3, bits, 8);
}

static uint8_t *
put_bytes(uint8_t *p, struct slice s)
{
    if (s.length == 0) return p;
    memcpy(p, s.bytes, s.length);
    return p + s.length;
}

static uint8_t *
put_str(uint8_t *p, struct slice s)
{
    if (s.length < 32) {
        *p++ = (uint8_t)(0xa0 | s.length);
    } else if (s.length <= UINT8_MAX) {
        p = put_tagged(p, 0xd9, s.length, 1);
    } else if (s.length <= UINT16_MAX) {
        p = put_tagged(p, 0xda, s.length, 2);
    } else {
        p = put_tagged(p, 0xdb, s.length, 4);
    }
    return put_bytes(p, s);
}

static uint8_t *
put_bin(uint8_t *p, struct slice s)
{
    if (s.length <= UINT8_MAX) {
        p = put_tagged(p, 0xc4, s.length, 1);
    } else if (s.length <= UINT16_MAX) {
        p = put_tagged(p, 0xc5, s.length, 2);
    } else {
        p = put_tagged(p, 0xc6, s.length, 4);
    }
    return put_bytes(p, s);
}

/* Of any length the long form, so that the count can be patched. */
static uint8_t *
put_list(uint8_t *p, const struct proto_list *list)
{
    return put_bytes(put_tagged(p, 0xdd, list->count, 4), list->bytes);
}

static uint8_t *
put_value(uint8_t *p, const struct table_field *field, const void *base)
{
    struct proto_list list;

    switch ((enum table_type)field->type) {
    case TABLE_UINT:
        return put_uint(p, number_of(field, base));
    case TABLE_SINT:
        return put_sint(p, number_of(field, base));
    case TABLE_STR:
        return put_str(p, slice_from(field, base));
    case TABLE_BIN:
        return put_bin(p, slice_from(field, base));
    case TABLE_LIST:
        list = list_of(field, base);
        return put_list(p, &list);
    }
    return p;
}

/* Most bytes that the value can take; *is_zero as a MAY field sees it. */
static size_t
size_of_value(const struct table_field *field, const void *base, bool *is_zero)
{
    switch ((enum table_type)field->type) {
    case TABLE_UINT:
    case TABLE_SINT:
        *is_zero = number_of(field, base) == 0;
        return NUMBER_MAX;
    case TABLE_STR:
    case TABLE_BIN: {
        size_t length = slice_from(field, base).length;
        *is_zero = length == 0;
        return BYTES_HEAD + length;
    }
    case TABLE_LIST: {
        struct proto_list list = list_of(field, base);
        *is_zero = list.count == 0;
        return BYTES_HEAD + list.bytes.length;
    }
    }
    return 0;
}

/* The fields that are to be written, as bits of their index. */
static uint64_t
fields_present(const struct table_shape *shape, const void *base, size_t *size)
{
    uint64_t present = 0;

    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *field = &shape->fields[i];
        bool is_zero;
        size_t bytes = size_of_value(field, base, &is_zero);
        if (is_zero && field->presence == TABLE_MAY) continue;
        present |= UINT64_C(1) << i;
        *size += KEY_BYTES + bytes;
    }
    return present;
}

static uint8_t *
put_message_head(uint8_t *p, enum msg_type type, uint32_t fields)
{
    *p++ = 0x92;
    p = put_uint(p, (uint64_t)type);
    if (fields < 16) {
        *p++ = (uint8_t)(0x80 | fields);
        return p;
    }
    return put_tagged(p, 0xde, fields, 2);
}

static void
put_message(struct buf *b, const struct msg *m, const struct table_shape *shape)
{
    const void *base = &m->as;
    size_t size = MESSAGE_HEAD;
    uint64_t present = fields_present(shape, base, &size);
    uint8_t *p = buf_reserve(b, size);

    if (p == NULL) return;
    p = put_message_head(p, m->type, (uint32_t)__builtin_popcountll(present));
    for (uint32_t i = 0; i < shape->count; i++) {
        if ((present >> i & 1) == 0) continue;
        *p++ = shape->fields[i].number;
        p = put_value(p, &shape->fields[i], base);
    }
    b->length = (size_t)(p - b->bytes);
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
    put_message(b, m, shape_of(m));
}

struct codec_list
codec_list_begin(struct buf *b, const struct msg *m)
{
    const struct table_shape *shape = shape_of(m);
    const struct table_field *last = &shape->fields[shape->count - 1];
    /* One record that is not there, so that the field is written. */
    struct proto_list none = { .count = 1 };
    struct msg copy = *m;

    CHECK(last->type == TABLE_LIST);
    memcpy((uint8_t *)&copy.as + last->offset, &none, sizeof none);
    put_message(b, &copy, shape);
    return (struct codec_list){ .count_at = b->length - 4, .count = 0 };
}

void
codec_record(struct buf *b, enum record_type type, const void *record)
{
    const struct table_shape *shape = &table_records[type];
    size_t size = RECORD_HEAD;

    for (uint32_t i = 0; i < shape->count; i++) {
        bool is_zero;
        size += size_of_value(&shape->fields[i], record, &is_zero);
    }
    uint8_t *p = buf_reserve(b, size);
    if (p == NULL) return;
    if (shape->count < 16) {
        *p++ = (uint8_t)(0x90 | shape->count);
    } else {
        p = put_tagged(p, 0xdc, shape->count, 2);
    }
    for (uint32_t i = 0; i < shape->count; i++) {
        p = put_value(p, &shape->fields[i], record);
    }
    b->length = (size_t)(p - b->bytes);
}

void
codec_list_add(struct buf *b, struct codec_list *list, enum record_type type,
    const void *record)
{
    codec_record(b, type, record);
    list->count += 1;
}

void
codec_list_end(struct buf *b, const struct codec_list *list)
{
    if (b->failed) return;
    (void)put_be(b->bytes + list->count_at, list->count, 4);
}

void
codec_header(uint8_t *header, uint64_t number, uint64_t ack, uint32_t messages)
{
    CHECK(messages <= FRAME_MESSAGES_MAX);
    header = put_tagged(header, 0xdc, messages + 2, 2);
    header = put_tagged(header, 0xcf, number, 8);
    (void)put_tagged(header, 0xcf, ack, 8);
}

/* ---- reading ------------------------------------------------------------- */

static int
read_number(struct cursor *c, const struct table_field *field, uint8_t *base)
{
    struct cursor_node node;

    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    if (node.kind > CURSOR_NEGATIVE) return STINT_EMALFORMED;
    /* Neither min nor max is beyond an int64_t. */
    if (node.kind == CURSOR_UINT && node.number > INT64_MAX) {
        return STINT_EINVAL;
    }
    int64_t value = (int64_t)node.number;
    if (value < field->min || value > field->max) return STINT_EINVAL;
    memcpy(base + field->offset, &node.number, sizeof node.number);
    return 0;
}

static int
read_bytes(struct cursor *c, const struct table_field *field,
    enum cursor_kind kind, uint8_t *base)
{
    struct cursor_node node;

    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    if (node.kind != kind) return STINT_EMALFORMED;
    struct slice slice = { c->at, (size_t)node.number };
    c->at += node.number;
    if ((int64_t)node.number < field->min) return STINT_EINVAL;
    if ((int64_t)node.number > field->max) return STINT_EINVAL;
    memcpy(base + field->offset, &slice, sizeof slice);
    return 0;
}

static int
read_scalar(struct cursor *c, const struct table_field *field, uint8_t *base)
{
    switch ((enum table_type)field->type) {
    case TABLE_UINT:
    case TABLE_SINT:
        return read_number(c, field, base);
    case TABLE_STR:
        return read_bytes(c, field, CURSOR_STR, base);
    case TABLE_BIN:
        return read_bytes(c, field, CURSOR_BIN, base);
    case TABLE_LIST:
        break;
    }
    return STINT_EMALFORMED;
}

/* An item that an older peer does not know reads as zero, if that may be. */
static int
read_absent(const struct table_field *item, uint8_t *base)
{
    size_t width =
        item->type <= TABLE_SINT ? sizeof(uint64_t) : sizeof(struct slice);

    if (item->min > 0 || item->max < 0) return STINT_EINVAL;
    memset(base + item->offset, 0, width);
    return 0;
}

static int
read_record(struct cursor *c, const struct table_shape *shape, uint8_t *base,
    const char **where)
{
    struct cursor_node node;

    *where = shape->name;
    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    if (node.kind != CURSOR_ARRAY) return STINT_EMALFORMED;
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *item = &shape->fields[i];
        int rc = i < node.number ? read_scalar(c, item, base)
                                 : read_absent(item, base);
        if (rc != 0) {
            *where = item->where;
            return rc;
        }
    }
    for (uint64_t i = shape->count; i < node.number; i++) {
        if (!cursor_skip(c)) return STINT_EMALFORMED;
    }
    return 0;
}

/* Room for any record, for those that are only checked. */
union any_record {
#define RECORD(name, summary) struct rec_##name name;
#define ITEM PROTO_NOTHING
#define END_RECORD PROTO_NOTHING
#define MSG PROTO_NOTHING
#define FIELD PROTO_NOTHING
#define LIST PROTO_NOTHING
#define END PROTO_NOTHING
#include "proto/messages.def"
#undef RECORD
#undef ITEM
#undef END_RECORD
#undef MSG
#undef FIELD
#undef LIST
#undef END
};

static int
read_list(struct cursor *c, const struct table_field *field, uint8_t *base,
    const char **where)
{
    union any_record ignored;
    struct cursor_node node;

    *where = field->where;
    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    if (node.kind != CURSOR_ARRAY) return STINT_EMALFORMED;
    if (node.number > cursor_left(c)) return STINT_EMALFORMED;
    if ((int64_t)node.number < field->min) return STINT_EINVAL;
    if ((int64_t)node.number > field->max) return STINT_EINVAL;

    const uint8_t *start = c->at;
    const struct table_shape *shape = &table_records[field->record];
    for (uint64_t i = 0; i < node.number; i++) {
        int rc = read_record(c, shape, (uint8_t *)&ignored, where);
        if (rc != 0) return rc;
    }
    struct proto_list list = {
        .bytes = { start, (size_t)(c->at - start) },
        .count = (uint32_t)node.number,
    };
    memcpy(base + field->offset, &list, sizeof list);
    return 0;
}

static int
read_field(struct cursor *c, const struct table_field *field, uint8_t *base,
    const char **where)
{
    if (field->type == TABLE_LIST) return read_list(c, field, base, where);
    *where = field->where;
    return read_scalar(c, field, base);
}

/* Fields come in order, mostly: look from the one behind the last found. */
static const struct table_field *
find_field(const struct table_shape *shape, uint64_t number, uint32_t *next)
{
    for (uint32_t tries = 0; tries < shape->count; tries++) {
        uint32_t i = *next;
        *next = i + 1 < shape->count ? i + 1 : 0;
        if (shape->fields[i].number == number) return &shape->fields[i];
    }
    return NULL;
}

static int
check_presence(
    const struct table_shape *shape, uint64_t seen, const char **where)
{
    uint64_t missing = shape->must & ~seen;

    if (missing == 0) return 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        if ((missing >> shape->fields[i].number & 1) == 0) continue;
        *where = shape->fields[i].where;
        break;
    }
    return STINT_EINVAL;
}

static int
read_fields(struct cursor *c, const struct table_shape *shape, uint8_t *base,
    const char **where)
{
    struct cursor_node map;
    uint64_t seen = 0;
    uint32_t next = 0;

    *where = shape->name;
    if (!cursor_node(c, &map)) return STINT_EMALFORMED;
    if (map.kind != CURSOR_MAP) return STINT_EMALFORMED;
    for (uint64_t i = 0; i < map.number; i++) {
        struct cursor_node key;
        *where = shape->name;
        if (!cursor_node(c, &key)) return STINT_EMALFORMED;
        if (key.kind != CURSOR_UINT) return STINT_EMALFORMED;
        const struct table_field *field = find_field(shape, key.number, &next);
        if (field == NULL) {
            if (!cursor_skip(c)) return STINT_EMALFORMED;
            continue;
        }
        int rc = read_field(c, field, base, where);
        if (rc != 0) return rc;
        seen |= UINT64_C(1) << field->number;
    }
    return check_presence(shape, seen, where);
}

static int
read_message(struct cursor *c, struct msg *m, const char **where)
{
    struct cursor_node node;

    *where = "frame";
    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    if (node.kind != CURSOR_ARRAY || node.number != 2) return STINT_EMALFORMED;
    if (!cursor_node(c, &node)) return STINT_EMALFORMED;
    if (node.kind != CURSOR_UINT) return STINT_EMALFORMED;
    const struct table_shape *shape = table_message(node.number);
    if (shape == NULL) return STINT_EPROTO;

    memset(&m->as, 0, sizeof m->as);
    m->type = (enum msg_type)node.number;
    return read_fields(c, shape, (uint8_t *)&m->as, where);
}

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
    int rc = read_message(&c, m, where);
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
    CHECK(read_record(&c, &table_records[type], record, &where) == 0);
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
