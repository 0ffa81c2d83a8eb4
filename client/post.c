#include "client/post.h"

#include <stdlib.h>

#include "client/call.h"
#include "client/future.h"
#include "client/pump.h"
#include "common/error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum {
    LIST_MAX = 4096,
    HANDLER_MAX = 64,
    PUT_BYTES = 128, /* Of a put without names and payloads. */
    ITEM_BYTES = 8,
    DONE_BYTES = 64,
    FENCE_BYTES = 32,
};

struct posted {
    struct rpc_request r;
    struct stint *s;
    struct codec_list list;
    bool quiet;
    /* Of a put: */
    bool result;
    uint32_t refused;                 /* From its end. */
    struct stint_queue *q;            /* NULL when the handle is closed. */
    struct stint_put_options options; /* handler is below. */
    char handler[HANDLER_MAX + 1];
};

/* ---- answers ------------------------------------------------------------- */

static void
note_error(struct stint *s, int code, struct slice text)
{
    size_t length = text.length;

    if (s->post_error != 0) return;
    s->post_error = code;
    if (length == 0) text = slice_of(error_text(code));
    length = text.length < INSIDE_TEXT - 1 ? text.length : INSIDE_TEXT - 1;
    memcpy(s->post_text, text.bytes, length);
    s->post_text[length] = '\0';
}

/* An error ends tasks from the end of a put: all that are left if it is the
 * last answer, else as many as it says. */
static void
refuse(struct posted *p, int code, const struct msg *m, bool last)
{
    bool spoken = m != NULL && m->type == MSG_error;
    struct slice text = { NULL, 0 };
    uint64_t end = p->r.number + p->r.count - p->refused;
    uint64_t first = p->r.next;

    if (spoken) text = m->as.error.text;
    if (spoken && !last) first = end - m->as.error.count;
    p->refused += (uint32_t)(end - first);
    if (p->result) {
        future_refused(p->s, first, end - first, code, text);
    } else if (!p->quiet) {
        note_error(p->s, code, text);
    }
}

/* That a lease was over is nobody's mistake, nor that a master forgot the task;
 * all else somebody must hear. */
static void
note_refusals(struct stint *s, struct proto_list refused)
{
    struct rec_refusal refusal;

    while (codec_list_next(&refused, RECORD_refusal, &refusal)) {
        if (refusal.code == STINT_ESTALE || refusal.code == STINT_ENOTASK) {
            continue;
        }
        note_error(s, (int)refusal.code, (struct slice){ NULL, 0 });
    }
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct posted *p = r->arg;
    struct stint *s = p->s;

    if (code != 0) {
        refuse(p, code, m, last);
    } else if (m->type == MSG_outcome && !p->quiet) {
        note_refusals(s, m->as.outcome.refused);
    } else if (p->result && m->type == MSG_put_ok) {
        future_accepted(s, m->as.put_ok.request, m->as.put_ok.count,
            m->as.put_ok.task, m->as.put_ok.fleeting == 1);
    }
    if (!last) return;
    s->posting--;
    if (s->open_put == p) s->open_put = NULL;
    if (s->open_done == p) s->open_done = NULL;
    free(p);
}

static struct posted *
posted_begin(struct stint *s, size_t bytes)
{
    struct posted *p = calloc(1, sizeof(*p));

    if (p != NULL) {
        p->s = s;
        p->r.answered = take_answer;
        p->r.arg = p;
        p->r.asked_at = clock_now();
        if (rpc_begin(s->rpc, &p->r, 1, bytes) == 0) {
            s->posting++;
            return p;
        }
    }
    free(p);
    (void)say(STINT_ENOMEM, "no memory for a request");
    return NULL;
}

/* ---- puts ---------------------------------------------------------------- */

int
post_check_size(const struct stint *s, size_t size)
{
    uint64_t most = rpc_welcome(s->rpc).payload_max;

    if (size <= most) return 0;
    return say(STINT_ETOOLARGE,
        "%zu bytes are more than the %llu that the master takes (stint master "
        "--payload-max)",
        size, (unsigned long long)most);
}

int
post_fill(struct msg *m, const struct stint_queue *q,
    const struct stint_put_options *options)
{
    static const struct stint_put_options none;
    const struct stint_put_options *o = options != NULL ? options : &none;
    struct slice handler = { NULL, 0 };

    if (o->handler != NULL) handler = slice_of(o->handler);
    if (handler.length > HANDLER_MAX) {
        return say(STINT_EINVAL, "the handler's name is longer than %d bytes",
            HANDLER_MAX);
    }
    if (o->delay_ms < 0 || o->expires_ms < 0 || o->attempts_max > UINT16_MAX
        || o->delay_ms > TICK_NEVER / TICK_MS
        || o->expires_ms > TICK_NEVER / TICK_MS) {
        return say(STINT_EINVAL,
            "delay %lld ms, expires %lld ms, attempts %u: 0 or more is meant, "
            "and at most 65535 attempts",
            (long long)o->delay_ms, (long long)o->expires_ms, o->attempts_max);
    }
    *m = (struct msg){ .type = MSG_put };
    m->as.put = (struct msg_put){ .queue = slice_of(q->name),
        .priority = o->priority,
        .delay_ns = (uint64_t)(o->delay_ms * TICK_MS),
        .expires_ns = (uint64_t)(o->expires_ms * TICK_MS),
        .attempts_max = o->attempts_max,
        .once = o->once,
        .handler = handler };
    return 0;
}

static bool
is_same_name(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL || *a == '\0') && (b == NULL || *b == '\0');
    }
    return strcmp(a, b) == 0;
}

static bool
is_like(const struct posted *p, const struct stint_queue *q,
    const struct stint_put_options *o, bool result)
{
    static const struct stint_put_options none;

    if (o == NULL) o = &none;
    return p->q == q && p->result == result
           && p->options.priority == o->priority
           && p->options.delay_ms == o->delay_ms
           && p->options.expires_ms == o->expires_ms
           && p->options.attempts_max == o->attempts_max
           && p->options.once == o->once
           && is_same_name(p->handler, o->handler);
}

static int
begin_put(struct stint_queue *q, size_t size,
    const struct stint_put_options *options, bool result, struct buf **b)
{
    struct msg m;
    int rc = post_fill(&m, q, options);

    if (rc != 0) return rc;
    size_t bytes = PUT_BYTES + m.as.put.queue.length + HANDLER_MAX;
    struct posted *p = posted_begin(q->s, bytes + size);
    if (p == NULL) return STINT_ENOMEM;
    p->q = q;
    p->result = result;
    if (options != NULL) p->options = *options;
    p->options.handler = NULL;
    if (m.as.put.handler.length > 0) {
        memcpy(p->handler, options->handler, m.as.put.handler.length);
    }
    m.as.put.request = p->r.number;
    m.as.put.wait_ns = INT64_MAX;
    m.as.put.lazy = 1;
    m.as.put.result = result;
    *b = rpc_message(q->s->rpc);
    p->list = codec_list_begin(*b, &m);
    q->s->open_put = p;
    return 0;
}

struct room {
    const struct stint *s;
    size_t size;
};

static bool
has_room(const void *arg)
{
    const struct room *room = arg;
    size_t bytes = rpc_unanswered_bytes(room->s->rpc);

    return bytes == 0 || bytes + room->size <= room->s->buffer_bytes;
}

static int
wait_for_room(struct stint *s, size_t size)
{
    struct room room = { s, size };

    if (has_room(&room)) return 0;
    return pump_wait(s, has_room, &room, call_deadline(s));
}

int
post_put(struct stint_queue *q, struct slice payload,
    const struct stint_put_options *options, bool result, uint64_t *number)
{
    struct stint *s = q->s;
    struct rec_payload record = { .payload = payload };
    struct buf *b = NULL;

    int rc = pump_obstacle(s);
    if (rc == 0) rc = post_check_size(s, payload.length);
    if (rc == 0) rc = wait_for_room(s, payload.length);
    if (rc != 0) return rc;
    if (s->open_put != NULL && is_like(s->open_put, q, options, result)) {
        b = rpc_extend(s->rpc, &s->open_put->r, 1, payload.length + ITEM_BYTES);
    }
    if (b == NULL) rc = begin_put(q, payload.length, options, result, &b);
    if (rc != 0) return rc;

    struct posted *p = s->open_put;
    codec_list_add(b, &p->list, RECORD_payload, &record);
    codec_list_end(b, &p->list);
    if (number != NULL) *number = p->r.number + p->r.count - 1;
    return 0;
}

void
post_close_queue(struct stint_queue *q)
{
    struct posted *p = q->s->open_put;

    if (p != NULL && p->q == q) q->s->open_put = NULL;
}

/* ---- completions and the like -------------------------------------------- */

static struct buf *
begin_done(struct stint *s, size_t bytes)
{
    struct msg m = { .type = MSG_done };
    struct posted *p = posted_begin(s, DONE_BYTES + bytes);

    if (p == NULL) return NULL;
    m.as.done.request = p->r.number;
    m.as.done.lazy = 1;
    struct buf *b = rpc_message(s->rpc);
    p->list = codec_list_begin(b, &m);
    s->open_done = p;
    return b;
}

int
post_done(struct stint *s, const struct rec_completion *completion)
{
    size_t bytes = FENCE_BYTES + completion->result.length
                   + completion->note.length + ITEM_BYTES;
    struct posted *p = s->open_done;
    struct buf *b = NULL;

    if (p != NULL && p->list.count < LIST_MAX) {
        b = rpc_extend(s->rpc, &p->r, 0, bytes);
    }
    if (b == NULL) b = begin_done(s, bytes);
    if (b == NULL) return STINT_ENOMEM;
    codec_list_add(b, &s->open_done->list, RECORD_completion, completion);
    codec_list_end(b, &s->open_done->list);
    return 0;
}

int
post_message(struct stint *s, struct msg *m, size_t bytes)
{
    struct posted *p = posted_begin(s, bytes);

    if (p == NULL) return STINT_ENOMEM;
    p->quiet = true;
    m->as.ok.request = p->r.number; /* The first field of every request. */
    codec_message(rpc_message(s->rpc), m);
    return 0;
}

int
post_fences(struct stint *s, struct msg *m, const struct rec_fence *fences,
    uint32_t count, bool quiet)
{
    size_t bytes = DONE_BYTES + (size_t)count * FENCE_BYTES;

    if (m->type == MSG_fail) {
        bytes += m->as.fail.reason.length + m->as.fail.note.length
                 + m->as.fail.output.length;
    }
    struct posted *p = posted_begin(s, bytes);
    if (p == NULL) return STINT_ENOMEM;
    p->quiet = quiet;
    m->as.ok.request = p->r.number; /* The first field of every request. */
    struct buf *b = rpc_message(s->rpc);
    struct codec_list list = codec_list_begin(b, m);
    for (uint32_t i = 0; i < count; i++)
        codec_list_add(b, &list, RECORD_fence, &fences[i]);
    codec_list_end(b, &list);
    return 0;
}
