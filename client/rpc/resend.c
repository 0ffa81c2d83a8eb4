#include "client/rpc/resend.h"

#include "common/check.h"

void
resend_each(const struct frame *frame,
    void (*see)(void *arg, const struct msg *m, struct slice raw), void *arg)
{
    struct slice wire = { frame->bytes, frame->length };
    struct codec_frame f;
    const char *where;
    struct msg m;

    /* We wrote it ourselves: what cannot be read is our own bug. */
    CHECK(codec_open(wire, &f) == 0);
    for (;;) {
        const uint8_t *from = f.rest.bytes;
        int rc = codec_next(&f, &m, &where);
        CHECK(rc >= 0);
        if (rc == 0) return;
        see(arg, &m, (struct slice){ from, (size_t)(f.rest.bytes - from) });
    }
}

/* Field 1 of every message of a client that wants an answer is its number, and
 * so the first member of its struct. */
uint64_t
resend_number(const struct msg *m)
{
    return m->type == MSG_get_cancel ? 0 : m->as.ok.request;
}

void
resend_put(struct buf *b, const struct msg *m, uint64_t first, uint32_t count)
{
    struct msg rest = *m;
    struct proto_list payloads = m->as.put.payloads;
    struct rec_payload payload;
    uint64_t number = m->as.put.request;

    rest.as.put.request = first;
    struct codec_list list = codec_list_begin(b, &rest);
    for (; codec_list_next(&payloads, RECORD_payload, &payload); number++) {
        if (number < first || number >= first + count) continue;
        codec_list_add(b, &list, RECORD_payload, &payload);
    }
    codec_list_end(b, &list);
}
