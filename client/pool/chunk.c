#include "client/pool/chunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/sys/say.h"
#include "proto/pack.h"

size_t
chunk_fit(const struct stint_bytes *items, size_t count, size_t most)
{
    size_t bytes = 0, n = 0;

    while (n < count && (n == 0 || (n < most && bytes < CHUNK_BYTES))) {
        bytes += items[n++].size;
    }
    return n;
}

/* In one go, into memory that is enough: there may be a million. */
int
chunk_pack(
    const struct stint_bytes *items, size_t count, struct stint_bytes *out)
{
    size_t room = PACK_HEAD_MAX;

    *out = (struct stint_bytes){ NULL, 0 };
    for (size_t i = 0; i < count; i++)
        room += PACK_HEAD_MAX + items[i].size;
    uint8_t *bytes = room <= UINT32_MAX ? malloc(room) : NULL;
    if (bytes == NULL) {
        return say(STINT_ENOMEM, "no memory for %zu items of a call", count);
    }
    uint8_t *at = pack_32(bytes, 0xdd, count);
    for (size_t i = 0; i < count; i++)
        at = pack_bin(at, (struct slice){ items[i].data, items[i].size });
    *out = (struct stint_bytes){ bytes, (size_t)(at - bytes) };
    return 0;
}

static bool
next_is(struct cursor *c, enum cursor_kind kind, uint64_t number)
{
    struct cursor_node node;

    return cursor_node(c, &node) && node.kind == kind && node.number == number;
}

bool
chunk_read(struct cursor *c, const struct stint_bytes *result, size_t count)
{
    static const uint8_t nothing[1];

    c->at = result->size > 0 ? result->data : nothing;
    c->end = c->at + result->size;
    return next_is(c, CURSOR_ARRAY, count);
}

static bool
next_bytes(struct cursor *c, enum cursor_kind kind, struct stint_bytes *out)
{
    struct cursor_node node;

    if (!cursor_node(c, &node) || node.kind != kind) return false;
    *out = (struct stint_bytes){ c->at, (size_t)node.number };
    c->at += node.number;
    return true;
}

bool
chunk_next(struct cursor *c, struct outcome *out)
{
    struct cursor_node parts, how;

    if (!cursor_node(c, &parts) || parts.kind != CURSOR_ARRAY
        || !cursor_node(c, &how) || how.kind != CURSOR_UINT) {
        return false;
    }
    out->failed = how.number != 0;
    if (!out->failed)
        return parts.number == 2 && next_bytes(c, CURSOR_BIN, &out->bytes);
    return how.number == 1 && parts.number == 3
           && next_bytes(c, CURSOR_STR, &out->bytes)
           && next_bytes(c, CURSOR_STR, &out->host);
}

/* ---- failures ------------------------------------------------------------ */

static void
copy(char *to, size_t room, struct stint_bytes from)
{
    size_t size = from.size < room - 1 ? from.size : room - 1;

    if (size > 0) memcpy(to, from.data, size);
    to[size] = '\0';
}

static void
begin(struct fault *f, int code, const struct ended_one *how, size_t index)
{
    f->code = code;
    f->attempt = how->attempts;
    f->index = index;
    f->text[0] = f->host[0] = '\0';
    (void)snprintf(f->worker, sizeof f->worker, "%s", how->worker);
}

void
chunk_lost(struct fault *f, const struct ended_one *how, size_t index)
{
    begin(f, how->code, how, index);
    copy(f->text, sizeof f->text, how->result);
    if (f->text[0] == '\0') {
        (void)snprintf(f->text, sizeof f->text, "%s", error_text(how->code));
    }
}

void
chunk_failed(struct fault *f, const struct outcome *outcome,
    const struct ended_one *how, size_t index)
{
    begin(f, STINT_EDEAD, how, index);
    copy(f->text, sizeof f->text, outcome->bytes);
    copy(f->host, sizeof f->host, outcome->host);
}

void
chunk_garbled(struct fault *f, const struct ended_one *how, size_t index)
{
    begin(f, STINT_EMALFORMED, how, index);
    (void)snprintf(f->text, sizeof f->text,
        "worker \"%s\" sent what is no result of a pool's function: does "
        "something else serve this queue?",
        how->worker);
}

void
chunk_on(struct fault *f, const char *host)
{
    if (f->host[0] == '\0') (void)snprintf(f->host, sizeof f->host, "%s", host);
}

struct stint_failure
chunk_failure(const struct fault *f)
{
    return (struct stint_failure){ .code = f->code,
        .text = f->text,
        .worker = f->worker,
        .host = f->host,
        .attempt = f->attempt,
        .index = f->index };
}
