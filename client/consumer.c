#include "client/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/get.h"
#include "client/pump.h"
#include "client/queue.h"
#include "common/base.h"
#include "common/sys/say.h"

enum { CREDIT_MAX = 4096 };

#define CREDIT_BYTES ((size_t)4 * 1024 * 1024)
#define GET_FOR (60 * TICK_S)

/*
 * Holds always: `asked` is the sum of the unused credit of `open`, `on_hand` is
 * the length of `ready`; while not draining, on_hand + asked gets back to
 * `credit` as soon as half of it is used up.
 */
struct stint_consumer {
    struct list node; /* In `consumers` of the connection. */
    struct stint *s;
    struct list open;  /* Gets that are not over. */
    struct list ready; /* Tasks on hand. */
    unsigned on_hand, asked, credit;
    size_t credit_bytes;
    tick_ns lease;
    bool draining;
    int code; /* Why the last get ended; told once. */
    char text[INSIDE_TEXT];
    unsigned count;
    const char *names[GET_QUEUES];
    char bytes[]; /* Of the names. */
};

struct stint_consumer *
consumer_of(struct list *node)
{
    return CONTAINER_OF(node, struct stint_consumer, node);
}

static void changed(struct get *g);

/* Half at a time, so that a stream of short tasks does not cost a request for
 * each. */
static void
replenish(struct stint_consumer *c)
{
    unsigned out = c->on_hand + c->asked;

    if (c->draining || c->code != 0 || out >= c->credit) return;
    unsigned want = c->credit - out;
    if (want * 2 < c->credit) return;
    struct get_want ask = { .queues = c->names,
        .count = c->count,
        .tasks = want,
        .bytes = c->credit_bytes / c->credit * want + 1,
        .wait_ns = GET_FOR,
        .lease = c->lease,
        .keep = true,
        .renew = true };
    struct get *g = get_begin(c->s, &ask);
    if (g == NULL) return; /* The next call tries again. */
    g->changed = changed;
    g->owner = c;
    list_push(&c->open, &g->node);
    c->asked += want;
}

static void
note_end(struct stint_consumer *c, const struct get *g)
{
    size_t length = g->text.length;

    if (g->code == 0 || g->code == STINT_EEMPTY || g->code == STINT_ELOST
        || c->code != 0) {
        return;
    }
    c->code = g->code;
    if (length > INSIDE_TEXT - 1) length = INSIDE_TEXT - 1;
    if (length > 0) memcpy(c->text, g->text.bytes, length);
    c->text[length] = '\0';
}

static unsigned
count_asked(const struct stint_consumer *c)
{
    unsigned asked = 0;

    LIST_FOREACH (node, after, &c->open) {
        asked += CONTAINER_OF(node, struct get, node)->left;
    }
    return asked;
}

static void
changed(struct get *g)
{
    struct stint_consumer *c = g->owner;

    for (struct list *node; (node = list_pop(&g->got)) != NULL;) {
        list_push(&c->ready, node);
        c->on_hand++;
    }
    if (g->over) {
        note_end(c, g);
        get_forget(g);
    }
    c->asked = count_asked(c);
    if (!c->s->closed) replenish(c);
}

/* ---- opening ------------------------------------------------------------- */

static int
count_names(const char *const queues[], unsigned *count, size_t *bytes)
{
    *count = 0;
    *bytes = 0;
    for (; queues[*count] != NULL; (*count)++) {
        if (*count == GET_QUEUES) {
            return say(STINT_EINVAL, "a consumer serves at most %d queues",
                GET_QUEUES);
        }
        int rc = queue_check_name(queues[*count]);
        if (rc != 0) return rc;
        *bytes += strlen(queues[*count]) + 1;
    }
    if (*count > 0) return 0;
    return say(STINT_EINVAL, "a consumer needs a queue");
}

static void
copy_names(struct stint_consumer *c, const char *const queues[])
{
    char *to = c->bytes;

    for (unsigned i = 0; i < c->count; i++) {
        size_t size = strlen(queues[i]) + 1;
        memcpy(to, queues[i], size);
        c->names[i] = to;
        to += size;
    }
}

static void
set_credit(struct stint_consumer *c, unsigned tasks, size_t bytes)
{
    c->credit = tasks == 0 ? 1 : tasks;
    if (c->credit > CREDIT_MAX) c->credit = CREDIT_MAX;
    c->credit_bytes = bytes == 0 ? CREDIT_BYTES : bytes;
}

static int
declare_all(struct stint_consumer *c)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < c->count; i++)
        rc = queue_declare(c->s, c->names[i], NULL, call_deadline(c->s));
    return rc;
}

int
stint_consumer_open(struct stint *s, const char *const queues[],
    const struct stint_consumer_options *options, struct stint_consumer **out)
{
    static const struct stint_consumer_options none;
    const struct stint_consumer_options *o = options != NULL ? options : &none;
    unsigned count;
    size_t bytes;

    *out = NULL;
    int rc = count_names(queues, &count, &bytes);
    if (rc != 0) return rc;
    if (o->lease_ms < 0 || o->lease_ms > TICK_NEVER / TICK_MS) {
        return say(STINT_EINVAL, "a lease of %lld ms: give 0 or more",
            (long long)o->lease_ms);
    }
    struct stint_consumer *c = calloc(1, sizeof(*c) + bytes);
    if (c == NULL) return say(STINT_ENOMEM, "no memory for a consumer");
    c->s = s;
    c->count = count;
    c->lease = o->lease_ms * TICK_MS;
    list_init(&c->open);
    list_init(&c->ready);
    copy_names(c, queues);
    set_credit(c, o->credit_tasks, o->credit_bytes);
    pump_enter(s);
    rc = declare_all(c);
    if (rc == 0) {
        list_push(&s->consumers, &c->node);
        replenish(c);
        pump_push(s, false);
        *out = c;
    } else {
        free(c);
    }
    pump_leave(s);
    return rc;
}

/* ---- serving ------------------------------------------------------------- */

static void
take_back(struct stint_consumer *c)
{
    for (struct list *node; (node = list_first(&c->open)) != NULL;)
        get_forget(CONTAINER_OF(node, struct get, node));
    c->asked = 0;
}

/* What is asked for cannot be made less, only taken back and asked anew: not
 * worth it for a little, as what is just coming is given back then. */
void
stint_consumer_credit(struct stint_consumer *c, unsigned tasks, size_t bytes)
{
    pump_enter(c->s);
    set_credit(c, tasks, bytes);
    if (tasks == 0) c->credit = 0;
    if (c->credit * 2 < c->on_hand + c->asked) take_back(c);
    replenish(c);
    pump_push(c->s, false);
    pump_leave(c->s);
}

static bool
has_task(const void *arg)
{
    const struct stint_consumer *c = arg;

    return c->on_hand > 0 || c->draining || c->code != 0;
}

static int
take(struct stint_consumer *c, struct stint_task **task)
{
    struct list *node = list_pop(&c->ready);

    if (node != NULL) {
        *task = task_of(node);
        c->on_hand--;
        replenish(c);
        return 0;
    }
    if (c->draining) return say(STINT_ECLOSED, "the consumer is drained");

    int code = c->code;
    if (code == 0) return STINT_EEMPTY;
    c->code = 0; /* The next call asks again. */

    int rc =
        pump_obstacle(c->s); /* It knows more than the get that it ended. */
    return rc != 0 ? rc : call_say(code, slice_of(c->text));
}

int
stint_consumer_next(
    struct stint_consumer *c, struct stint_task **task, int64_t timeout_ms)
{
    struct stint *s = c->s;
    int rc = pump_check_timeout(timeout_ms);

    *task = NULL;
    if (rc != 0) return rc;
    tick_ns deadline = pump_deadline(timeout_ms);
    pump_enter(s);
    rc = pump_obstacle(s);
    if (rc == 0) replenish(c);
    while (rc == 0) {
        if (!has_task(c)) rc = pump_wait(s, has_task, c, deadline);
        if (rc == 0) rc = take(c, task);
        if (rc != STINT_EEMPTY || *task != NULL) break;
        rc = 0; /* Another thread was quicker. */
    }
    if (rc == STINT_ETIMEOUT) {
        rc = say(
            STINT_EEMPTY, "no task came within %lld ms", (long long)timeout_ms);
    }
    if (rc == 0) pump_push(s, false);
    pump_leave(s);
    return rc;
}

unsigned
stint_consumer_ready(struct stint_consumer *c)
{
    pump_enter(c->s);
    unsigned ready = c->on_hand;
    pump_leave(c->s);
    return ready;
}

bool
consumer_recall(struct stint_consumer *c, const struct hold *h)
{
    LIST_FOREACH (node, after, &c->ready) {
        struct stint_task *t = task_of(node);
        if (&t->hold != h) continue;
        task_free(t);
        c->on_hand--;
        replenish(c);
        return true;
    }
    return false;
}

static void
drain(struct stint_consumer *c)
{
    c->draining = true;
    take_back(c);
    c->on_hand = 0;
    task_give_back(c->s, &c->ready);
}

void
stint_consumer_drain(struct stint_consumer *c)
{
    pump_enter(c->s);
    drain(c);
    pump_push(c->s, true);
    pump_wake(c->s);
    pump_leave(c->s);
}

void
consumer_free(struct stint_consumer *c)
{
    drain(c);
    list_remove(&c->node);
    free(c);
}

void
stint_consumer_close(struct stint_consumer *c)
{
    if (c == NULL) return;

    struct stint *s = c->s;
    pump_enter(s);
    consumer_free(c);
    pump_push(s, true);
    pump_leave(s);
}
