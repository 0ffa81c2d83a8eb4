#include "proto/record.h"

#include "proto/scalar.h"
#include "proto/table.h"
#include "proto/writer.h"

/* The formatter cannot read functions inside macros. */
/* clang-format off */

/* ---- writing: write_task(), … --------------------------------------------- */

#define WRITE_UINT writer_uint
#define WRITE_SINT writer_sint
#define WRITE_STR writer_str
#define WRITE_BIN writer_bin

#define RECORD(name, summary) \
    static void write_##name(struct buf *b, const void *record) \
    { \
        const struct table_shape *shape = &table_records[RECORD_##name]; \
        const struct rec_##name *r = record; \
        struct writer w; \
        if (!writer_open(&w, b, shape->room)) return; \
        w.at = pack_array(w.at, shape->count);
#define ITEM(record, index, member, type, ...) \
        if (!WRITE_##type(&w, r->member)) return;
#define END_RECORD(name) \
        writer_close(&w); \
    }
#include "proto/messages.def"

/* ---- reading: read_task(), … ---------------------------------------------- */

#define READ_UINT scalar_uint
#define READ_SINT scalar_sint
#define READ_STR scalar_str
#define READ_BIN scalar_bin
#define ZERO_UINT 0
#define ZERO_SINT 0
#define ZERO_STR (struct slice){ .bytes = NULL }
#define ZERO_BIN (struct slice){ .bytes = NULL }

/* An item that an older peer does not know reads as zero, if that may be. */
static inline bool
may_be_absent(int64_t min, int64_t max)
{
    return min <= 0 && max >= 0;
}

#define RECORD(name, summary) \
    static int read_##name( \
        struct cursor *c, uint64_t count, void *record, const char **where) \
    { \
        struct rec_##name *r = record; \
        int rc;
#define ITEM(record, index, member, type, min, max, summary) \
        if (count > (index)) { \
            rc = READ_##type(c, &r->member, min, max); \
        } else { \
            r->member = ZERO_##type; \
            rc = may_be_absent(min, max) ? 0 : STINT_EINVAL; \
        } \
        if (rc != 0) { \
            *where = #record "." #member; \
            return rc; \
        }
#define END_RECORD(name) \
        return 0; \
    }
#include "proto/messages.def"

static const struct record_code {
    void (*write)(struct buf *b, const void *record);
    int (*read)(
        struct cursor *c, uint64_t count, void *record, const char **where);
} codes[RECORD_COUNT] = {
#define RECORD(name, summary) { write_##name, read_##name },
#include "proto/messages.def"
};
/* clang-format on */

void
record_write(struct buf *b, enum record_type type, const void *record)
{
    codes[type].write(b, record);
}

int
record_read(
    struct cursor *c, enum record_type type, void *record, const char **where)
{
    const struct table_shape *shape = &table_records[type];
    struct cursor_node array;

    *where = shape->name;
    if (!cursor_node(c, &array)) return STINT_EMALFORMED;
    if (array.kind != CURSOR_ARRAY) return STINT_EMALFORMED;
    int rc = codes[type].read(c, array.number, record, where);
    if (rc != 0) return rc;
    for (uint64_t i = shape->count; i < array.number; i++) {
        if (!cursor_skip(c)) return STINT_EMALFORMED;
    }
    return 0;
}
