#include "master/server/storerow.h"

#include <inttypes.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "proto/record.h"
#include "proto/table.h"

_Static_assert(STINT_STORE_KINDS == (int)ROW_KINDS, "one number of kinds");

/* The formatter cannot read initializers inside macros. */
/* clang-format off */
static const struct {
    const char *name;
    enum record_type record;
} kinds[ROW_KINDS] = {
#define ROW(label, number, rec) [number] = { #label, RECORD_##rec },
#include "proto/messages.def"
};

/* There is room for the fields of each, and a bit in take_row(). */
#define RECORD(name, summary) _Static_assert(0
#define ITEM(...) + 1
#define END_RECORD(name) <= STOREROW_FIELDS_MAX, "room for all fields");
#include "proto/messages.def"
/* clang-format on */

static bool
is_known(unsigned kind)
{
    return kind < ROW_KINDS && kinds[kind].name != NULL;
}

const char *
stint_store_kind(unsigned kind)
{
    return kind < ROW_KINDS ? kinds[kind].name : NULL;
}

/* ---- out ----------------------------------------------------------------- */

int
storerow_read(const struct row *row, union storerow_record *as)
{
    struct cursor c = { row->value.bytes,
        row->value.bytes + row->value.length };
    const char *where;

    if (!is_known(row->kind)) return STINT_EFORMAT;
    if (row->value.length == 0) return STINT_EDAMAGED;
    int rc = record_read(&c, kinds[row->kind].record, as, &where);
    return rc == 0 && cursor_left(&c) == 0 ? 0 : STINT_EDAMAGED;
}

/* "kept_task.queue" is "queue". */
static const char *
name_of(const struct table_field *field)
{
    return strchr(field->where, '.') + 1;
}

static struct stint_store_field
show_field(const struct table_field *field, const void *record)
{
    static const enum stint_store_type types[] = {
        [TABLE_UINT] = STINT_STORE_UNSIGNED,
        [TABLE_SINT] = STINT_STORE_SIGNED,
        [TABLE_STR] = STINT_STORE_TEXT,
        [TABLE_BIN] = STINT_STORE_BYTES,
    };
    const uint8_t *at = (const uint8_t *)record + field->offset;
    struct stint_store_field out = { .name = name_of(field),
        .type = types[field->type] };
    struct slice bytes;

    if (field->type == TABLE_UINT || field->type == TABLE_SINT) {
        memcpy(&out.number, at, sizeof out.number);
    } else {
        memcpy(&bytes, at, sizeof bytes);
        out.bytes = (struct stint_bytes){ bytes.bytes, bytes.length };
    }
    return out;
}

int
storerow_show(
    const struct row *row, struct storerow *room, struct stint_store_row *out)
{
    int rc = storerow_read(row, &room->record);
    if (rc != 0) return rc;

    const struct table_shape *shape = &table_records[kinds[row->kind].record];
    for (uint32_t i = 0; i < shape->count; i++)
        room->fields[i] = show_field(&shape->fields[i], &room->record);
    *out = (struct stint_store_row){ .kind = kinds[row->kind].name,
        .id = row->id,
        .fields = room->fields,
        .count = shape->count };
    return 0;
}

/* ---- and in -------------------------------------------------------------- */

static unsigned
kind_of(const char *name)
{
    for (unsigned kind = 1; kind < ROW_KINDS && name != NULL; kind++)
        if (is_known(kind) && strcmp(kinds[kind].name, name) == 0) return kind;
    return 0;
}

static const struct table_field *
find_field(const struct table_shape *shape, const char *name)
{
    for (uint32_t i = 0; i < shape->count; i++)
        if (strcmp(name_of(&shape->fields[i]), name) == 0)
            return &shape->fields[i];
    return NULL;
}

/* Within its bounds; of text and bytes these are of the length. */
static bool
take_field(const struct table_field *field, const struct stint_store_field *in,
    uint8_t *record)
{
    bool is_number = field->type == TABLE_UINT || field->type == TABLE_SINT;
    bool was_number =
        in->type == STINT_STORE_UNSIGNED || in->type == STINT_STORE_SIGNED;
    struct slice bytes = { in->bytes.data, in->bytes.size };
    int64_t measure = is_number ? in->number : (int64_t)bytes.length;

    if (is_number != was_number) return false;
    if (measure < field->min || measure > field->max) return false;
    if (is_number) {
        memcpy(record + field->offset, &in->number, sizeof in->number);
    } else {
        memcpy(record + field->offset, &bytes, sizeof bytes);
    }
    return true;
}

static int
refuse_field(const struct stint_store_row *row, const char *name,
    const struct table_field *field)
{
    if (field == NULL) {
        return say(STINT_EINVAL,
            "row %s %" PRIu64 ": there is no field \"%.64s\"", row->kind,
            row->id, name);
    }
    bool is_number = field->type == TABLE_UINT || field->type == TABLE_SINT;
    return say(STINT_EINVAL,
        "row %s %" PRIu64 ": %s must be %s %" PRId64 " to %" PRId64, row->kind,
        row->id, name, is_number ? "a number from" : "bytes of a length from",
        field->min, field->max);
}

/* What is absent is zero; is that a value of it? */
static const struct table_field *
find_missing(const struct table_shape *shape, uint64_t seen)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *field = &shape->fields[i];
        bool zero_is_fine = field->min <= 0 && field->max >= 0;
        if ((seen & UINT64_C(1) << i) == 0 && !zero_is_fine) return field;
    }
    return NULL;
}

static int
take_row(const struct stint_store_row *row, const struct table_shape *shape,
    union storerow_record *record)
{
    uint64_t seen = 0;

    memset(record, 0, sizeof *record);
    for (size_t i = 0; i < row->count; i++) {
        const struct stint_store_field *in = &row->fields[i];
        const struct table_field *field = find_field(shape, in->name);
        if (field == NULL || !take_field(field, in, (uint8_t *)record)) {
            return refuse_field(row, in->name, field);
        }
        seen |= UINT64_C(1) << (field - shape->fields);
    }
    const struct table_field *missing = find_missing(shape, seen);
    return missing == NULL ? 0 : refuse_field(row, name_of(missing), missing);
}

void
storerow_write(struct buf *ops, unsigned kind, uint64_t id, const void *record)
{
    size_t begun = row_begin(ops, kind, id);

    record_write(ops, kinds[kind].record, record);
    row_end(ops, begun);
}

int
storerow_put(struct buf *ops, const struct stint_store_row *row)
{
    union storerow_record record;
    unsigned kind = kind_of(row->kind);

    if (kind == 0) {
        return say(STINT_EINVAL, "there is no kind of rows \"%.64s\"",
            row->kind == NULL ? "" : row->kind);
    }
    int rc = take_row(row, &table_records[kinds[kind].record], &record);
    if (rc == 0) storerow_write(ops, kind, row->id, &record);
    return rc;
}
