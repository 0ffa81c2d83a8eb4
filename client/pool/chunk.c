#include "client/pool/chunk.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/sys/say.h"

size_t
chunk_fit(const struct stint_bytes *items, size_t count, size_t most)
{
    size_t bytes = 0, n = 0;

    while (n < count && n < most && (n == 0 || bytes < CHUNK_BYTES)) {
        bytes += items[n++].size;
    }
    return n;
}

int
chunk_pack(
    const struct stint_bytes *items, size_t count, struct stint_bytes *out)
{
    struct stint_pack p = { 0 };

    stint_pack_add_array(&p, count);
    for (size_t i = 0; i < count; i++)
        stint_pack_add_bytes(&p, items[i].data, items[i].size);
    int rc = stint_pack_end(&p, out);
    return rc == 0 ? 0 : say(rc, "no memory for the items of a call");
}

bool
chunk_read(
    struct stint_unpack *u, const struct stint_bytes *result, size_t count)
{
    size_t there = 0;

    stint_unpack_begin(u, result);
    return stint_unpack_next_array(u, &there) == 0 && there == count;
}

bool
chunk_next(struct stint_unpack *u, struct outcome *out)
{
    size_t parts;
    int64_t how;

    *out = (struct outcome){ .failed = false };
    if (stint_unpack_next_array(u, &parts) != 0
        || stint_unpack_next_int(u, &how) != 0) {
        return false;
    }
    if (how == 0 && parts == 2)
        return stint_unpack_next_bytes(u, &out->bytes) == 0;
    out->failed = true;
    return how == 1 && parts == 3
           && stint_unpack_next_string(u, &out->bytes) == 0
           && stint_unpack_next_string(u, &out->host) == 0;
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
