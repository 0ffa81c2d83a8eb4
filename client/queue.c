#include "client/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/post.h"
#include "client/pump.h"
#include "client/task.h"
#include "common/base.h"
#include "common/sys/say.h"

enum { CALL_BYTES = 512 };

int
queue_check_name(const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;

    if (length >= 1 && length <= PROTO_NAME_MAX) return 0;
    return say(STINT_EINVAL,
        "a queue's name has 1 to %d bytes, this one has %zu", PROTO_NAME_MAX,
        length);
}

int
queue_durability(const char *word)
{
    static const char *const words[] = { "synced", "written", "memory" };

    if (word == NULL) return 0;
    for (int i = 0; i < (int)ARRAY_LEN(words); i++)
        if (strcmp(word, words[i]) == 0) return i + 1;
    return -1;
}

static int
check_options(const struct stint_queue_options *o)
{
    if (queue_durability(o->durability) < 0) {
        return say(STINT_EINVAL,
            "the durability of a queue is synced, written or memory, not "
            "\"%.64s\"",
            o->durability);
    }
    if (o->max_tasks >= 0 && o->max_bytes >= 0 && pump_is_ms(o->lease_ms)
        && pump_is_ms(o->backoff_ms) && pump_is_ms(o->backoff_max_ms)
        && o->kind <= STINT_PRIORITY) {
        return 0;
    }
    return say(STINT_EINVAL,
        "an option of the queue is out of its bounds: bounds and times are 0 "
        "or more, the kind is FIFO, LIFO or PRIORITY");
}

static bool
is_set(const struct stint_queue_options *o)
{
    return o->kind != STINT_FIFO || o->max_tasks != 0 || o->max_bytes != 0
           || o->lease_ms != 0 || o->attempts_max != 0 || o->backoff_ms != 0
           || o->backoff_max_ms != 0 || o->durability != NULL || !o->only_open;
}

int
queue_declare(struct stint *s, const char *name,
    const struct stint_queue_options *options, tick_ns deadline)
{
    struct msg m = { .type = MSG_declare };
    struct msg_declare *d = &m.as.declare;
    struct call call;

    d->queue = slice_of(name);
    if (options != NULL) {
        int rc = check_options(options);
        if (rc != 0) return rc;
        d->only_open = options->only_open;
        d->set = is_set(options);
        d->kind = (uint64_t)options->kind;
        d->max_tasks = (uint64_t)options->max_tasks;
        d->max_bytes = (uint64_t)options->max_bytes;
        d->lease_ns = (uint64_t)(options->lease_ms * TICK_MS);
        d->attempts_max = options->attempts_max;
        d->backoff_ns = (uint64_t)(options->backoff_ms * TICK_MS);
        d->backoff_max_ns = (uint64_t)(options->backoff_max_ms * TICK_MS);
        d->durability = (uint64_t)queue_durability(options->durability);
    }
    int rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, deadline);
    if (rc == 0) call_end(&call);
    return rc;
}

int
stint_queue_open(struct stint *s, const char *name,
    const struct stint_queue_options *options, struct stint_queue **out)
{
    *out = NULL;
    int rc = queue_check_name(name);
    if (rc != 0) return rc;

    struct stint_queue *q = calloc(1, sizeof(*q));
    if (q == NULL) return say(STINT_ENOMEM, "no memory for a queue handle");
    q->s = s;
    list_init(&q->got);
    (void)snprintf(q->name, sizeof(q->name), "%s", name);
    pump_enter(s);
    rc = queue_declare(s, name, options, call_deadline(s));
    if (rc == 0) {
        list_push(&s->queues, &q->node);
        *out = q;
    } else {
        free(q);
    }
    pump_leave(s);
    return rc;
}

struct stint_queue *
queue_of(struct list *node)
{
    return CONTAINER_OF(node, struct stint_queue, node);
}

void
queue_free(struct stint_queue *q)
{
    for (struct list *node; (node = list_first(&q->got)) != NULL;)
        task_acknowledge(task_of(node));
    post_close_queue(q);
    list_remove(&q->node);
    free(q);
}

void
stint_queue_close(struct stint_queue *q)
{
    if (q == NULL) return;

    struct stint *s = q->s;
    pump_enter(s);
    queue_free(q);
    pump_push(s, false);
    pump_leave(s);
}

const char *
stint_queue_name(const struct stint_queue *q)
{
    return q->name;
}

/* ---- looking and ending -------------------------------------------------- */

/* The queue's row, whose slices are not meant. */
static int
look(struct stint_queue *q, struct rec_queue_row *row)
{
    struct msg m = { .type = MSG_list };
    struct call call;

    m.as.list.queue = slice_of(q->name);
    pump_enter(q->s);
    int rc = call_begin(&call, q->s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, call_deadline(q->s));
    if (rc == 0) {
        struct proto_list rows = call.m.as.queue_rows.rows;
        if (call.m.type != MSG_queue_rows
            || !codec_list_next(&rows, RECORD_queue_row, row)) {
            rc = say(STINT_ENOQUEUE, "there is no queue \"%s\"", q->name);
        }
        call_end(&call);
    }
    pump_leave(q->s);
    return rc;
}

int
stint_queue_qsize(struct stint_queue *q, int64_t *size)
{
    struct rec_queue_row row;
    int rc = look(q, &row);

    if (rc == 0) *size = (int64_t)row.ready;
    return rc;
}

int
stint_queue_empty(struct stint_queue *q)
{
    struct rec_queue_row row;
    int rc = look(q, &row);

    return rc != 0 ? rc : row.ready == 0;
}

int
stint_queue_full(struct stint_queue *q)
{
    struct rec_queue_row row;
    int rc = look(q, &row);

    if (rc != 0) return rc;
    if (row.putters > 0) return 1;
    if (row.max_bytes > 0 && row.open_bytes >= row.max_bytes) return 1;
    return row.max_tasks > 0 && row.ready + row.delayed >= row.max_tasks;
}

int
stint_queue_join(struct stint_queue *q, int64_t timeout_ms)
{
    struct msg m = { .type = MSG_join };
    struct call call;

    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    tick_ns deadline = pump_deadline(timeout_ms);
    m.as.join.queue = slice_of(q->name);
    pump_enter(q->s);
    do {
        m.as.join.wait_ns = pump_remaining(deadline);
        rc = call_begin_slow(&call, q->s, 1, CALL_BYTES);
        if (rc == 0) rc = call_send(&call, &m, pump_grace(deadline));
        if (rc == 0) call_end(&call);
    } while (rc == STINT_ELOST && pump_remaining(deadline) > 0);
    pump_leave(q->s);
    return rc;
}

int
stint_queue_shutdown(struct stint_queue *q, bool immediate)
{
    struct msg m = { .type = MSG_shutdown };
    struct call call;

    m.as.shutdown.queue = slice_of(q->name);
    m.as.shutdown.immediate = immediate;
    pump_enter(q->s);
    int rc = call_begin(&call, q->s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, call_deadline(q->s));
    if (rc == 0) call_end(&call);
    pump_leave(q->s);
    return rc;
}
