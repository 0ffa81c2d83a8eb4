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
 * so the first member of its struct; of the others it is something else. */
uint64_t
resend_number(const struct msg *m)
{
    bool is_answered = m->type != MSG_get_cancel && m->type != MSG_progress
                       && m->type != MSG_shown;

    return is_answered ? m->as.ok.request : 0;
}

bool
resend_is_over(const struct msg *m, const struct rpc_request *r)
{
    if (r->once) return true;
    if (m->type != MSG_get || r->taken == 0) return false;
    return m->as.get.keep == 0 || r->taken >= m->as.get.tasks;
}

static uint64_t
rest_of(uint64_t length, uint64_t gone)
{
    if (length == INT64_MAX) return length; /* For ever. */
    return length > gone ? length - gone : 0;
}

/* The same of a time to live, of which 0 would be for ever. */
static uint64_t
life_of(uint64_t length, uint64_t gone)
{
    return length > 0 ? rest_of(length - 1, gone) + 1 : 0;
}

/* How long a request waits; NULL: it does not. */
static uint64_t *
wait_of(struct msg *m)
{
    switch ((unsigned)m->type) {
    case MSG_put:
        return &m->as.put.wait_ns;
    case MSG_get:
        return &m->as.get.wait_ns;
    case MSG_join:
        return &m->as.join.wait_ns;
    case MSG_job_ends:
        return &m->as.job_ends.wait_ns;
    case MSG_peek:
        return &m->as.peek.wait_ns;
    case MSG_sync:
        return &m->as.sync.wait_ns;
    case MSG_watch:
        return &m->as.watch.wait_ns;
    default:
        return NULL;
    }
}

static void
write_put(struct buf *b, struct msg *m, const struct rpc_request *r)
{
    struct proto_list payloads = m->as.put.payloads;
    struct rec_payload payload;
    uint64_t number = m->as.put.request;

    m->as.put.request = r->next;
    struct codec_list list = codec_list_begin(b, m);
    for (; codec_list_next(&payloads, RECORD_payload, &payload); number++) {
        if (number < r->next || number - r->next >= r->open) continue;
        codec_list_add(b, &list, RECORD_payload, &payload);
    }
    codec_list_end(b, &list);
}

/* Its bytes are about as many for each task. */
static void
use_credit(struct msg_get *get, uint32_t taken)
{
    uint64_t left = get->tasks - taken;

    if (get->bytes > 0) get->bytes = get->bytes / get->tasks * left + 1;
    get->tasks = left;
}

void
resend_write(struct buf *b, const struct msg *m, struct slice raw,
    const struct rpc_request *r, tick_ns now)
{
    struct msg again = *m;
    bool counts = r->asked_at > 0 && now > r->asked_at;
    uint64_t gone = counts ? (uint64_t)(now - r->asked_at) : 0;
    uint64_t *wait = wait_of(&again);

    if (wait != NULL) *wait = rest_of(*wait, gone);
    if (m->type == MSG_put) {
        struct msg_put *put = &again.as.put;
        put->delay_ns = rest_of(put->delay_ns, gone);
        put->expires_ns = life_of(put->expires_ns, gone);
        write_put(b, &again, r);
    } else if (m->type == MSG_job_open) {
        struct msg_job_open *job = &again.as.job_open;
        job->expires_ns = life_of(job->expires_ns, gone);
        codec_message(b, &again);
    } else if (wait != NULL) {
        if (m->type == MSG_get) use_credit(&again.as.get, r->taken);
        codec_message(b, &again);
    } else {
        buf_append(b, raw.bytes, raw.length);
    }
}
