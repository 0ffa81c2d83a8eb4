/**
 * table.h - messages.def as data.                             [layer: proto]
 *
 * One shape for each message and each record: what the codec walks.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

enum table_type {
    TABLE_UINT,
    TABLE_SINT,
    TABLE_STR,
    TABLE_BIN,
    TABLE_LIST,
};

enum table_presence { TABLE_MAY = 0, TABLE_MUST = 1 };

/* One field of a message or one item of a record. */
struct table_field {
    const char *where; /* "put.queue", for errors. */
    int64_t min, max;  /* Of the value, the length or the count. */
    uint16_t offset;   /* From the start of the struct. */
    uint8_t number;    /* Key in the map, or index in the record. */
    uint8_t type;      /* enum table_type */
    uint8_t presence;  /* enum table_presence; an item always MUST. */
    uint8_t record;    /* Of a list: enum record_type. */
};

struct table_shape {
    const char *name;                 /* NULL: there is no such message. */
    const struct table_field *fields; /* Ascending by number. */
    uint32_t must;  /* Bit `number` of each field that must be there. */
    uint32_t count; /* How many fields. */
    uint16_t room;  /* Most bytes of it without those of STR, BIN, LIST. */
    uint8_t roles;  /* Messages: who may send it; 0: the master. */
};

enum { TABLE_MESSAGES = 0x80 };

/* By number of the message, with holes; by enum record_type. */
extern const struct table_shape table_messages[TABLE_MESSAGES];
extern const struct table_shape table_records[RECORD_COUNT];

/** The shape of a message; NULL when there is no such message. */
static inline const struct table_shape *
table_message(uint64_t type)
{
    if (type >= TABLE_MESSAGES) return NULL;
    return table_messages[type].name != NULL ? &table_messages[type] : NULL;
}

#endif
