#include "master/core/listing.h"

#include "common/stint_error.h"
#include "master/core/reply.h"

enum { ROWS_MAX = 1000, PAGE_BYTES = 256 << 10 };

void
listing_begin(struct listing *page, const struct msg_list *l)
{
    buf_init(&page->rows);
    page->count = 0;
    page->limit = l->limit != 0 ? (uint32_t)l->limit : ROWS_MAX;
    page->next = 0;
    page->looks = 0;
}

bool
listing_has_room(struct listing *page, uint64_t at)
{
    if (page->count < page->limit && page->rows.length < PAGE_BYTES) {
        return true;
    }
    page->next = at;
    return false;
}

void
listing_add(struct listing *page, enum record_type type, const void *row)
{
    codec_record(&page->rows, type, row);
    page->count += 1;
}

void
listing_send(struct core *core, struct session *s, struct listing *page,
    enum msg_type type, uint64_t request)
{
    if (page->rows.failed) {
        reply_error(core, s, request, STINT_ENOMEM, NULL);
    } else {
        struct msg m = { .type = type };
        struct proto_list rows = {
            { page->rows.bytes, page->rows.length },
            page->count,
        };
        m.as.queue_rows.request = request;
        m.as.queue_rows.next = page->next;
        m.as.queue_rows.rows = rows;
        reply(core, s, &m);
    }
    buf_fini(&page->rows);
}
