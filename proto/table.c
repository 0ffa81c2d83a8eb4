#include "proto/table.h"

#include "common/base.h"
#include "proto/pack.h"

/* Bits of the roles that may send a message, by `from`. */
enum {
    FROM_MASTER = 0,
    FROM_ANY = ROLE_WORK | ROLE_SUBMIT | ROLE_ADMIN,
    FROM_WORK = ROLE_WORK | ROLE_ADMIN,
    FROM_SUBMIT = ROLE_SUBMIT | ROLE_ADMIN,
    FROM_BOTH = ROLE_WORK | ROLE_SUBMIT | ROLE_ADMIN,
    FROM_ADMIN = ROLE_ADMIN,
};

/* The formatter cannot read initializers inside macros. */
/* clang-format off */

/* First the fields of each, as fields_put[] and items_task[], … */
#define RECORD(name, summary) static const struct table_field items_##name[] = {
#define ITEM(rec, index, member, kind, lo, hi, summary) \
    { .where = #rec "." #member, .min = (lo), .max = (hi), \
      .offset = offsetof(struct rec_##rec, member), .number = (index), \
      .type = TABLE_##kind, .presence = TABLE_MUST },
#define END_RECORD(name) };
#define MSG(name, number, from, summary) \
    static const struct table_field fields_##name[] = {
#define FIELD(msg, num, member, kind, need, lo, hi, summary) \
    { .where = #msg "." #member, .min = (lo), .max = (hi), \
      .offset = offsetof(struct msg_##msg, member), .number = (num), \
      .type = TABLE_##kind, .presence = TABLE_##need },
#define LIST(msg, num, member, rec, need, lo, hi, summary) \
    { .where = #msg "." #member, .min = (lo), .max = (hi), \
      .offset = offsetof(struct msg_##msg, member), .number = (num), \
      .type = TABLE_LIST, .presence = TABLE_##need, .record = RECORD_##rec },
#define END(name) };
#include "proto/messages.def"

/* Then must_put, …: a bit for each field that must be there. */
enum {
#define MSG(name, number, from, summary) must_##name = 0
#define FIELD(msg, num, member, kind, need, ...) | TABLE_##need << (num)
#define LIST(msg, num, member, rec, need, ...) | TABLE_##need << (num)
#define END(name) ,
#include "proto/messages.def"
};

/* Most bytes of heads and numbers, without what the heads announce. */
enum {
    ROOM_UINT = PACK_NUMBER_MAX,
    ROOM_SINT = PACK_NUMBER_MAX,
    ROOM_STR = PACK_HEAD_MAX,
    ROOM_BIN = PACK_HEAD_MAX,
    ROOM_LIST = PACK_HEAD_MAX,
    ROOM_KEY = 1,
    ROOM_MESSAGE = 1 + 2 + 3, /* Array, type, map. */
    ROOM_RECORD = 3,
};

const struct table_shape table_records[RECORD_COUNT] = {
#define RECORD(label, summary) \
    [RECORD_##label] = { .name = #label, .fields = items_##label, \
      .count = (uint32_t)ARRAY_LEN(items_##label), .room = ROOM_RECORD
#define ITEM(rec, index, member, kind, ...) + ROOM_##kind
#define END_RECORD(name) },
#include "proto/messages.def"
};

const struct table_shape table_messages[TABLE_MESSAGES] = {
#define MSG(label, number, from, summary) \
    [number] = { .name = #label, .fields = fields_##label, \
      .count = (uint32_t)ARRAY_LEN(fields_##label), .roles = FROM_##from, \
      .must = must_##label, .room = ROOM_MESSAGE
#define FIELD(msg, num, member, kind, ...) + ROOM_KEY + ROOM_##kind
#define LIST(msg, num, member, ...) + ROOM_KEY + ROOM_LIST
#define END(name) },
#include "proto/messages.def"
};
/* clang-format on */
