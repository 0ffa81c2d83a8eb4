/**
 * proto.h - messages as C structs.                            [layer: proto]
 *
 * Types only, made from messages.def.  Slices point into the buffer that the
 * message was decoded from and live exactly as long as it does.
 */
#ifndef PROTO_H
#define PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

enum {
    PROTO_VERSION = 1,
    PROTO_SESSION_BYTES = 16,
    PROTO_KEY_BYTES = 32,
    PROTO_NAME_MAX = 255,
    PROTO_REASON_MAX = 1024,
    PROTO_PORT = 4725,
};

/* Bits of a key's role, as `from` in messages.def names them. */
enum proto_role {
    ROLE_WORK = 1,
    ROLE_SUBMIT = 2,
    ROLE_ADMIN = 4,
};

/* A decoded list: `count` records, checked already, one after the other. */
struct proto_list {
    struct slice bytes;
    uint32_t count;
};

typedef uint64_t proto_UINT;
typedef int64_t proto_SINT;
typedef struct slice proto_STR;
typedef struct slice proto_BIN;

enum msg_type {
#define MSG(name, number, from, summary) MSG_##name = (number),
#include "proto/messages.def"
};

enum record_type {
#define RECORD(name, summary) RECORD_##name,
#include "proto/messages.def"
    RECORD_COUNT
};

/* Kinds of rows: ROW_task, … */
enum row_kind {
#define ROW(name, number, record) ROW_##name = (number),
#include "proto/messages.def"
};

/* struct rec_task, struct rec_fence, … and struct msg_put, struct msg_get, … */
/* clang-format off */
#define RECORD(name, summary) struct rec_##name {
#define ITEM(record, index, member, type, ...) proto_##type member;
#define END_RECORD(name) };
#define MSG(name, number, from, summary) struct msg_##name {
#define FIELD(msg, number, member, type, ...) proto_##type member;
#define LIST(msg, number, member, ...) struct proto_list member;
#define END(name) };
#include "proto/messages.def"
/* clang-format on */

/** One decoded message: a tag and one of the structs. */
struct msg {
    enum msg_type type;
    union {
#define MSG(name, number, from, summary) struct msg_##name name;
#include "proto/messages.def"
    } as;
};

#endif
