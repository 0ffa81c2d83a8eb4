#include "proto/reader.h"

#include <string.h>

#include "proto/record.h"
#include "proto/scalar.h"
#include "proto/table.h"

static int
read_bytes(struct cursor *c, enum cursor_kind kind,
    const struct table_field *field, uint8_t *base)
{
    struct slice slice = { .bytes = NULL };
    int rc = scalar_bytes(c, kind, &slice, field->min, field->max);

    memcpy(base + field->offset, &slice, sizeof slice);
    return rc;
}

static int
read_scalar(struct cursor *c, const struct table_field *field, uint8_t *base)
{
    int64_t number = 0;
    int rc = 0;

    switch ((enum table_type)field->type) {
    case TABLE_UINT:
    case TABLE_SINT:
        rc = scalar_sint(c, &number, field->min, field->max);
        memcpy(base + field->offset, &number, sizeof number);
        return rc;
    case TABLE_STR:
        return read_bytes(c, CURSOR_STR, field, base);
    case TABLE_BIN:
        return read_bytes(c, CURSOR_BIN, field, base);
    case TABLE_LIST:
        break;
    }
    return STINT_EMALFORMED;
}

/* Room for any record, for those that are only checked. */
union any_record {
#define RECORD(name, summary) struct rec_##name name;
#include "proto/messages.def"
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
    enum record_type type = (enum record_type)field->record;
    for (uint64_t i = 0; i < node.number; i++) {
        int rc = record_read(c, type, &ignored, where);
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

int
reader_message(struct cursor *c, struct msg *m, const char **where)
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
