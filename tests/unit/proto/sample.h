/**
 * sample.h - a message of each type, filled by the table.     [tests]
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "proto/codec.h"
#include "proto/table.h"

/* How far the values go: all least, all greatest, MAY fields left out. */
enum sample { SAMPLE_LEAST, SAMPLE_GREATEST, SAMPLE_BARE, SAMPLES };

/* Long enough for each form of a length, short enough for a test. */
enum { SAMPLE_BYTES_MAX = 70000, SAMPLE_RECORDS_MAX = 20 };

union sample_record {
    struct rec_queue_row queue_row;
    struct rec_task_row task_row;
    struct rec_key_row key_row;
    uint8_t bytes[512];
};

static inline struct slice
sample_bytes(int64_t length)
{
    static uint8_t bytes[SAMPLE_BYTES_MAX];

    if (bytes[0] == 0) memset(bytes, 'a', sizeof(bytes));
    if (length > SAMPLE_BYTES_MAX) length = SAMPLE_BYTES_MAX;
    return (struct slice){ bytes, (size_t)length };
}

static inline void
sample_fill(const struct table_shape *shape, enum sample how, void *base)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *field = &shape->fields[i];
        uint8_t *slot = (uint8_t *)base + field->offset;
        int64_t value = how == SAMPLE_GREATEST ? field->max : field->min;
        if (how == SAMPLE_BARE && field->presence == TABLE_MAY) continue;
        if (field->type == TABLE_LIST) continue;
        if (field->type == TABLE_STR || field->type == TABLE_BIN) {
            struct slice s = sample_bytes(value);
            memcpy(slot, &s, sizeof(s));
        } else {
            memcpy(slot, &value, sizeof(value));
        }
    }
}

/* The list of a message, which is its last field; NULL if it has none. */
static inline const struct table_field *
sample_list(const struct table_shape *shape)
{
    const struct table_field *last = &shape->fields[shape->count - 1];

    return last->type == TABLE_LIST ? last : NULL;
}

static inline uint32_t
sample_records(const struct table_field *list, enum sample how)
{
    if (how == SAMPLE_BARE) return (uint32_t)list->min;
    if (how == SAMPLE_LEAST) return list->min > 0 ? (uint32_t)list->min : 1;
    return list->max < SAMPLE_RECORDS_MAX ? (uint32_t)list->max
                                          : SAMPLE_RECORDS_MAX;
}

/* Append the sample of a message; `m` is what was written, without its list. */
static inline void
sample_message(struct buf *b, uint64_t type, enum sample how, struct msg *m)
{
    const struct table_shape *shape = &table_messages[type];
    const struct table_field *list = sample_list(shape);

    memset(m, 0, sizeof(*m));
    m->type = (enum msg_type)type;
    sample_fill(shape, how, &m->as);
    if (list == NULL || (how == SAMPLE_BARE && list->min == 0)) {
        codec_message(b, m);
        return;
    }
    union sample_record record = { .bytes = { 0 } };
    enum record_type kind = (enum record_type)list->record;
    sample_fill(&table_records[kind], how, &record);
    struct codec_list writing = codec_list_begin(b, m);
    for (uint32_t i = 0; i < sample_records(list, how); i++) {
        codec_list_add(b, &writing, kind, &record);
    }
    codec_list_end(b, &writing);
}

/* An empty frame, whose header must be finished by sample_close(). */
static inline void
sample_open(struct buf *b)
{
    buf_init(b);
    (void)buf_reserve(b, FRAME_HEADER_BYTES);
    b->length = FRAME_HEADER_BYTES;
}

static inline struct slice
sample_close(struct buf *b, uint32_t messages)
{
    assert_false(b->failed);
    codec_header(b->bytes, 1, 0, messages);
    return (struct slice){ b->bytes, b->length };
}

static inline void
sample_same_shape(
    const struct table_shape *shape, const void *left, const void *right)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct table_field *field = &shape->fields[i];
        const uint8_t *a = (const uint8_t *)left + field->offset;
        const uint8_t *b = (const uint8_t *)right + field->offset;
        struct slice s, t;
        if (field->type == TABLE_LIST) continue;
        if (field->type == TABLE_UINT || field->type == TABLE_SINT) {
            assert_memory_equal(a, b, sizeof(uint64_t));
            continue;
        }
        memcpy(&s, a, sizeof(s));
        memcpy(&t, b, sizeof(t));
        assert_true(slice_equal(s, t));
    }
}

/* Every record of the list of `m` is the sample. */
static inline void
sample_same_list(const struct msg *m, enum sample how)
{
    const struct table_field *field = sample_list(&table_messages[m->type]);
    union sample_record want = { .bytes = { 0 } }, got;
    struct proto_list list;
    uint32_t count = 0;

    if (field == NULL) return;
    enum record_type kind = (enum record_type)field->record;
    sample_fill(&table_records[kind], how, &want);
    memcpy(&list, (const uint8_t *)&m->as + field->offset, sizeof(list));
    assert_int_equal(list.count, sample_records(field, how));
    for (; codec_list_next(&list, kind, &got); count++) {
        sample_same_shape(&table_records[kind], &want, &got);
    }
    assert_int_equal(count, sample_records(field, how));
    assert_int_equal(list.bytes.length, 0);
}

#endif
