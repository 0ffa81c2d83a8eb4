/* Taking tasks: plain gets and leased ones.                 [layer: client] */
#include "client/call.h"
#include "client/get.h"
#include "client/pump.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

/* ---- plain gets: the lease is ours to end -------------------------------- */

/* The acknowledgement of the last items travels with the request for the next:
 * one message. */
static int
get_items(struct stint_queue *q, size_t max, size_t *count, tick_ns deadline,
    tick_ns patience)
{
    const char *name = q->name;
    struct get_want want = {
        .queues = &name, .count = 1, .tasks = (uint32_t)max, .renew = true
    };

    int rc = pump_obstacle(q->s);
    if (rc != 0) return rc;
    for (struct list *node; (node = list_first(&q->got)) != NULL;)
        task_acknowledge(task_of(node));
    rc = get_wait(q->s, &want, deadline, patience, &q->got, count);
    if (rc == 0) q->gotten += *count;
    return rc;
}

static void
lend(const struct stint_queue *q, struct stint_bytes *items)
{
    size_t i = 0;

    LIST_FOREACH (node, after, &q->got) {
        items[i++] = task_of(node)->payload;
    }
}

static int
say_empty(const struct stint_queue *q, int64_t timeout_ms)
{
    if (timeout_ms == 0)
        return say(STINT_EEMPTY, "queue '%s' is empty", q->name);
    return say(STINT_EEMPTY, "no task came into queue '%s' within %lld ms",
        q->name, (long long)timeout_ms);
}

/* `patience` 0: a little longer than the timeout. */
static int
get_many(struct stint_queue *q, struct stint_bytes *items, size_t max,
    size_t *count, int64_t timeout_ms, tick_ns patience)
{
    tick_ns deadline = pump_deadline(timeout_ms);

    *count = 0;
    if (max < 1 || max > GET_TASKS_MAX) {
        return say(STINT_EINVAL, "a get takes 1 to %d items at a time, not %zu",
            GET_TASKS_MAX, max);
    }
    pump_enter(q->s);
    int rc = get_items(q, max, count, deadline,
        patience > 0 ? patience : pump_grace(deadline));
    if (rc == 0) lend(q, items);
    if (rc == STINT_EEMPTY) rc = say_empty(q, timeout_ms);
    pump_leave(q->s);
    return rc;
}

int
stint_queue_get_many(struct stint_queue *q, struct stint_bytes *items,
    size_t max, size_t *count, int64_t timeout_ms)
{
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    return get_many(q, items, max, count, timeout_ms, 0);
}

int
stint_queue_get(
    struct stint_queue *q, struct stint_bytes *item, int64_t timeout_ms)
{
    size_t count;

    return stint_queue_get_many(q, item, 1, &count, timeout_ms);
}

int
stint_queue_get_nowait(struct stint_queue *q, struct stint_bytes *item)
{
    size_t count;

    return get_many(q, item, 1, &count, 0, call_deadline(q->s));
}

static size_t
count_held(const struct stint_queue *q)
{
    size_t held = 0;

    LIST_FOREACH (node, after, &q->got) {
        held++;
    }
    return held;
}

int
stint_queue_task_done(struct stint_queue *q)
{
    if (q->counted >= q->gotten) {
        return say(STINT_EINVAL,
            "task_done() called too many times: %llu items were got from "
            "\"%s\"",
            (unsigned long long)q->gotten, q->name);
    }
    pump_enter(q->s);
    int rc = pump_obstacle(q->s);
    if (rc == 0) {
        q->counted++;
        if (q->counted > q->gotten - count_held(q)) {
            task_acknowledge(task_of(q->got.next));
            pump_push(q->s, false);
        }
    }
    pump_leave(q->s);
    return rc;
}

/* ---- leased tasks -------------------------------------------------------- */

int
stint_queue_take(struct stint_queue *q,
    const struct stint_take_options *options, struct stint_task **task,
    int64_t timeout_ms)
{
    const char *name = q->name;
    int64_t lease_ms = options != NULL ? options->lease_ms : 0;
    struct list got;
    size_t count;

    *task = NULL;
    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    if (lease_ms < 0 || lease_ms > TICK_NEVER / TICK_MS) {
        return say(STINT_EINVAL, "a lease of %lld ms: give 0 or more",
            (long long)lease_ms);
    }
    struct get_want want = { .queues = &name,
        .count = 1,
        .tasks = 1,
        .lease = lease_ms * TICK_MS,
        .renew = options == NULL || !options->no_renew };
    tick_ns deadline = pump_deadline(timeout_ms);
    list_init(&got);
    pump_enter(q->s);
    rc = get_wait(q->s, &want, deadline, pump_grace(deadline), &got, &count);
    if (rc == 0) *task = task_of(list_pop(&got));
    pump_leave(q->s);
    return rc;
}
