/**
 * share_rig.h - dicts, lists and values on a bench.                   [tests]
 */
#ifndef SHARE_RIG_H
#define SHARE_RIG_H

#include "master/core/shared/ops.h"
#include "proto/record.h"
#include "tests/unit/core/rig.h"

#include <stdio.h>

enum { SHARE_DICT = 7, SHARE_LIST = 8, SHARE_VALUES = 9 };
enum { SHARE_OPS = 16 };

/* What makes answers come: where there is a store, commits, too. */
static void (*share_turn)(struct rig *rig) = rig_turn;

/* What became of a request: the code and index of an error, or its answers. */
struct share_answer {
    int64_t code;
    uint64_t failed;
    unsigned count;
    struct rec_op_done done[SHARE_OPS];
};

static inline int64_t
share_open_as(struct rig_peer *p, struct msg_object_open open)
{
    struct msg m = { .type = MSG_object_open, .as.object_open = open };
    uint64_t request = rig_say(p, m);

    share_turn(p->rig);
    return rig_code(p, request);
}

static inline void
share_open(struct rig_peer *p, const char *name, uint64_t kind)
{
    struct msg_object_open open = { .object = slice_of(name), .kind = kind };

    if (kind == SHARE_VALUES) open.type = 1;
    assert_int_equal(share_open_as(p, open), 0);
}

static inline uint64_t
share_ask(struct rig_peer *p, const struct rec_op *ops, unsigned count)
{
    struct msg m = { .type = MSG_share };

    m.as.share.request = ++p->last;
    struct buf *b = stream_message(&p->stream);
    struct codec_list list = codec_list_begin(b, &m);
    for (unsigned i = 0; i < count; i++)
        codec_list_add(b, &list, RECORD_op, &ops[i]);
    codec_list_end(b, &list);
    rig_send(p);
    return p->last;
}

static inline struct share_answer
share_answer(const struct rig_peer *p, uint64_t request)
{
    struct share_answer a = { .code = rig_code(p, request) };

    if (a.code < 0) {
        a.failed = rig_see(p, MSG_error, request)->as.error.count;
        return a;
    }
    struct proto_list list = rig_see(p, MSG_shared, request)->as.shared.done;
    a.code = 0;
    while (a.count < SHARE_OPS
           && codec_list_next(&list, RECORD_op_done, &a.done[a.count]))
        a.count++;
    return a;
}

static inline struct share_answer
share_all(struct rig_peer *p, const struct rec_op *ops, unsigned count)
{
    uint64_t request = share_ask(p, ops, count);

    share_turn(p->rig);
    return share_answer(p, request);
}

static inline struct share_answer
share_one(struct rig_peer *p, struct rec_op op)
{
    return share_all(p, &op, 1);
}

/* ---- operations ---------------------------------------------------------- */

static inline struct rec_op
share_op(const char *name, enum op_verb verb)
{
    return (struct rec_op){ .object = slice_of(name), .verb = verb };
}

static inline struct rec_op
share_key(const char *name, enum op_verb verb, const char *key)
{
    struct rec_op op = share_op(name, verb);

    op.key = slice_of(key);
    return op;
}

static inline struct rec_op
share_set(const char *name, const char *key, const char *value)
{
    struct rec_op op = share_key(name, OP_SET, key);

    op.value = slice_of(value);
    return op;
}

static inline struct rec_op
share_at(const char *name, enum op_verb verb, int64_t at)
{
    struct rec_op op = share_op(name, verb);

    op.at = at;
    return op;
}

static inline struct rec_op
share_value(const char *name, enum op_verb verb, const char *value)
{
    struct rec_op op = share_op(name, verb);

    op.value = slice_of(value);
    return op;
}

/* A small packed integer, lent until the next but seven. */
static inline struct slice
share_packed(int8_t n)
{
    static uint8_t bytes[8];
    static unsigned next;
    uint8_t *byte = &bytes[next++ % 8];

    *byte = (uint8_t)n; /* From -32 to 127. */
    return (struct slice){ byte, 1 };
}

static inline struct rec_op
share_add(const char *name, const char *key, int8_t by)
{
    struct rec_op op = share_key(name, OP_ADD, key);

    op.value = share_packed(by);
    return op;
}

/* ---- what is there ------------------------------------------------------- */

/* Keys and values of a dict, or the values of a list, as "a=1 b=2" or "1 2". */
static inline const char *
share_show(struct rig_peer *p, const char *name)
{
    static char text[2048];
    struct rec_op op = share_op(name, OP_PAGE);
    struct rec_entry e;
    const char *where;
    size_t length = 0;

    op.to = INT64_MAX;
    struct share_answer a = share_one(p, op);
    assert_int_equal(a.code, 0);
    text[0] = '\0';
    struct slice page = a.done[0].value;
    struct cursor c = { page.bytes, page.bytes };
    if (page.length > 0) c.end += page.length;
    while (c.at < c.end) {
        assert_int_equal(record_read(&c, RECORD_entry, &e, &where), 0);
        length += (size_t)snprintf(text + length, sizeof text - length,
            "%s%.*s%s%.*s", length > 0 ? " " : "", (int)e.key.length,
            e.key.length > 0 ? (const char *)e.key.bytes : "",
            e.key.length > 0 ? "=" : "", (int)e.value.length,
            e.value.length > 0 ? (const char *)e.value.bytes : "");
    }
    return text;
}

static inline int64_t
share_length(struct rig_peer *p, const char *name)
{
    return share_one(p, share_op(name, OP_LENGTH)).done[0].number;
}

#endif
