/* Putting tasks: one or many, waiting for the answer or not. [layer: client] */
#include "client/call.h"
#include "client/post.h"
#include "client/pump.h"
#include "common/sys/say.h"

enum {
    BATCH_ITEMS = 4096,
    BATCH_BYTES = 1024 * 1024,
    PUT_BYTES = 512, /* Of a put without payloads. */
    ITEM_BYTES = 8,
};

struct batch {
    const struct stint_bytes *items;
    uint32_t count;
    size_t bytes;
};

/* As many as one message takes; at least one. */
static int
choose(const struct stint *s, const struct stint_bytes *items, size_t count,
    struct batch *batch)
{
    *batch = (struct batch){ .items = items };
    while (batch->count < count && batch->count < BATCH_ITEMS) {
        size_t size = items[batch->count].size;
        int rc = post_check_size(s, size);
        if (rc != 0) return rc;
        if (batch->count > 0 && batch->bytes + size > BATCH_BYTES) return 0;
        batch->bytes += size + ITEM_BYTES;
        batch->count++;
    }
    return 0;
}

static void
write_put(struct stint *s, const struct msg *m, const struct batch *batch)
{
    struct buf *b = rpc_message(s->rpc);
    struct codec_list list = codec_list_begin(b, m);

    for (uint32_t i = 0; i < batch->count; i++) {
        struct rec_payload record = { .payload = { batch->items[i].data,
                                          batch->items[i].size } };
        codec_list_add(b, &list, RECORD_payload, &record);
    }
    codec_list_end(b, &list);
}

static int
put_batch(struct stint *s, struct msg *m, const struct batch *batch,
    tick_ns deadline, tick_ns patience, size_t *accepted)
{
    struct call call;

    int rc = call_begin(&call, s, batch->count, PUT_BYTES + batch->bytes);
    if (rc != 0) return rc;
    m->as.put.request = call.r.number;
    m->as.put.wait_ns = pump_remaining(deadline);
    write_put(s, m, batch);
    rc = call_wait(&call, patience);
    *accepted += call.accepted;
    if (rc == 0) call_end(&call);
    return rc;
}

static int
say_full(const struct stint_queue *q, size_t accepted, size_t count,
    int64_t timeout_ms)
{
    if (timeout_ms == 0) {
        return say(STINT_EFULL,
            "queue '%s' is full; %zu of %zu tasks were put; wait for room with "
            "a timeout, or take some out",
            q->name, accepted, count);
    }
    return say(STINT_EFULL,
        "queue '%s' is full and had no room within %lld ms; %zu of %zu tasks "
        "were put; wait longer, or take some out",
        q->name, (long long)timeout_ms, accepted, count);
}

/* One batch after the other: if the first finds no room, the second must not.
 */
static int
put_all(struct stint_queue *q, const struct stint_bytes *items, size_t count,
    const struct stint_put_options *options, size_t *accepted, tick_ns deadline,
    tick_ns patience)
{
    struct batch batch;
    struct msg m;
    size_t done = 0;

    int rc = post_fill(&m, q, options);
    while (rc == 0 && done < count) {
        rc = pump_obstacle(q->s);
        if (rc == 0) rc = choose(q->s, items + done, count - done, &batch);
        if (rc != 0) break;
        size_t before = done;
        rc = put_batch(q->s, &m, &batch, deadline, patience, &done);
        if (rc == 0 && done - before != batch.count) {
            rc = say(STINT_EPROTO, "the master did not answer all of a put");
        }
    }
    *accepted = done;
    return rc;
}

int
stint_queue_put_many(struct stint_queue *q, const struct stint_bytes *items,
    size_t count, const struct stint_put_options *options, size_t *accepted,
    int64_t timeout_ms)
{
    size_t done = 0;
    int rc = pump_check_timeout(timeout_ms);

    if (rc == 0) {
        tick_ns deadline = pump_deadline(timeout_ms);
        pump_enter(q->s);
        tick_ns patience =
            timeout_ms == 0 ? call_deadline(q->s) : pump_grace(deadline);
        rc = put_all(q, items, count, options, &done, deadline, patience);
        if (rc == STINT_EFULL) rc = say_full(q, done, count, timeout_ms);
        pump_leave(q->s);
    }
    if (accepted != NULL) *accepted = done;
    return rc;
}

int
stint_queue_put_with(struct stint_queue *q, const void *data, size_t size,
    const struct stint_put_options *options, int64_t timeout_ms)
{
    struct stint_bytes item = { data, size };

    return stint_queue_put_many(q, &item, 1, options, NULL, timeout_ms);
}

int
stint_queue_put(
    struct stint_queue *q, const void *data, size_t size, int64_t timeout_ms)
{
    return stint_queue_put_with(q, data, size, NULL, timeout_ms);
}

int
stint_queue_put_nowait(struct stint_queue *q, const void *data, size_t size)
{
    struct stint_bytes item = { data, size };
    size_t accepted;

    pump_enter(q->s);
    int rc = put_all(
        q, &item, 1, NULL, &accepted, pump_deadline(0), call_deadline(q->s));
    if (rc == STINT_EFULL) rc = say_full(q, 0, 1, 0);
    pump_leave(q->s);
    return rc;
}

int
stint_queue_post(struct stint_queue *q, const void *data, size_t size,
    const struct stint_put_options *options)
{
    pump_enter(q->s);
    int rc = post_put(q, (struct slice){ data, size }, options, false, NULL);
    if (rc == 0) pump_push(q->s, false);
    pump_leave(q->s);
    return rc;
}
