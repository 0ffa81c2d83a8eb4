#include "worker/map.h"

#include <string.h>

#include "common/sys/host.h"
#include "proto/cursor.h"
#include "proto/pack.h"

enum { PREFIX = 4, ITEM_HEADS = 2 + PACK_HEAD_MAX, HOST_MAX = 256 };

const char *
map_function(const char *handler)
{
    return strncmp(handler, "map:", PREFIX) == 0 ? handler + PREFIX : NULL;
}

static enum run_end
refuse(struct stint_call *c, const char *why)
{
    reason_set(&c->reason, "%s", why);
    return RUN_FAILED;
}

static void
add_head(struct buf *b, uint64_t count)
{
    uint8_t *at = buf_reserve(b, PACK_HEAD_MAX);

    if (at == NULL) return;
    b->length = (size_t)(pack_32(at, 0xdd, count) - b->bytes);
}

static void
add_result(struct buf *b, struct slice result)
{
    uint8_t *at = buf_reserve(b, ITEM_HEADS + result.length);

    if (at == NULL) return;
    *at++ = 0x92;
    *at++ = 0;
    b->length = (size_t)(pack_bin(at, result) - b->bytes);
}

static void
add_failure(struct buf *b, const char *why)
{
    struct slice text = slice_of(why);
    char host[HOST_MAX];

    host_name(host);
    uint8_t *at =
        buf_reserve(b, ITEM_HEADS + text.length + PACK_HEAD_MAX + sizeof host);
    if (at == NULL) return;
    *at++ = 0x93;
    *at++ = 1;
    at = pack_str(at, text);
    b->length = (size_t)(pack_str(at, slice_of(host)) - b->bytes);
}

static void
run_one(struct stint_call *c, const struct stint_handler *handler)
{
    buf_clear(&c->result);
    c->reason.text[0] = '\0';
    int code = handler->run(c);

    if (code == 0 && !c->result.failed) {
        add_result(
            &c->answers, (struct slice){ c->result.bytes, c->result.length });
        return;
    }
    if (c->reason.text[0] == '\0') {
        reason_set(&c->reason,
            code == 0 ? "function \"%s\": no memory for the result"
                      : "function \"%s\" returned %d without saying why with "
                        "stint_call_fail()",
            handler->name, code);
    }
    add_failure(&c->answers, c->reason.text);
}

/* The next item becomes what the handler sees. */
static bool
next_item(struct stint_call *c, struct cursor *at)
{
    struct cursor_node node;

    if (!cursor_node(at, &node) || node.kind != CURSOR_BIN) return false;
    c->given = (struct stint_bytes){ at->at, (size_t)node.number };
    at->at += node.number;
    return true;
}

enum run_end
map_run(struct stint_call *c, const struct stint_handler *handler)
{
    const struct buf *items = &c->payload;
    struct cursor at = { items->bytes, items->bytes };
    struct cursor_node head;

    if (items->length > 0) at.end += items->length;
    if (!cursor_node(&at, &head) || head.kind != CURSOR_ARRAY) {
        return refuse(c, "the items of a map are a msgpack array of bytes");
    }
    buf_clear(&c->answers);
    add_head(&c->answers, head.number);
    for (; c->items < head.number; c->items++) {
        if (atomic_load(&c->cancelled)) return refuse(c, "it was cancelled");
        if (!next_item(c, &at))
            return refuse(c, "an item of a map is not bytes");
        run_one(c, handler);
    }
    if (c->answers.failed) return refuse(c, "no memory for the results");
    struct buf last = c->result;
    c->result = c->answers;
    c->answers = last;
    return RUN_DONE;
}
