#include "client/hold.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/sys/clock.h"

enum { RENEW_MAX = 4096, RENEW_BYTES = 64, FENCE_BYTES = 32 };

#define REFUSED ((uint64_t)1 << 63)

/* One renew on its way.  Which leases are in it they know themselves
 * (hold.renewing), but a refusal names an index. */
struct renewal {
    struct rpc_request r;
    struct stint *s;
    tick_ns asked_at;
    uint32_t count;
    uint64_t tasks[];
};

static struct hold *
hold_of(struct list *node)
{
    return CONTAINER_OF(node, struct hold, node);
}

struct rec_fence
hold_fence(const struct hold *h)
{
    return (struct rec_fence){
        .task = h->task, .attempt = h->attempt, .nonce = h->nonce
    };
}

void
hold_add(struct stint *s, struct hold *h, tick_ns now, bool renew)
{
    h->breaks = tick_after(now, h->length);
    h->renew_at = renew ? tick_after(now, h->length / 3) : TICK_NEVER;
    h->renewing = 0;
    h->lost = h->ending = h->shown = false;
    list_push(&s->held, &h->node);
    s->renew_at = tick_min(s->renew_at, h->renew_at);
}

void
hold_remove(struct hold *h)
{
    list_remove(&h->node);
}

/* Mark the refused ones in our list, where ids need not all of their bits. */
static void
note_refusals(struct renewal *renewal, struct proto_list refused)
{
    struct rec_refusal refusal;

    while (codec_list_next(&refused, RECORD_refusal, &refusal)) {
        if (refusal.index >= renewal->count) continue;
        renewal->tasks[refusal.index] |= REFUSED;
    }
}

/* Leases that are still held are in the order of the list. */
static void
conclude(struct renewal *renewal, bool answered)
{
    uint32_t i = 0;

    LIST_FOREACH (node, after, &renewal->s->held) {
        struct hold *h = hold_of(node);
        if (h->renewing != renewal->r.number) continue;
        h->renewing = 0;
        while (i < renewal->count && (renewal->tasks[i] & ~REFUSED) != h->task)
            i++;
        if (i < renewal->count && (renewal->tasks[i] & REFUSED) != 0) {
            h->lost = true;
            h->renew_at = TICK_NEVER;
        } else if (answered) {
            h->breaks = tick_after(renewal->asked_at, h->length);
        }
        if (i < renewal->count) i++;
    }
}

static void
take_outcome(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct renewal *renewal = r->arg;
    bool answered = m != NULL && m->type == MSG_outcome;

    (void)code;
    if (!last) return;
    if (answered) note_refusals(renewal, m->as.outcome.refused);
    conclude(renewal, answered);
    free(renewal);
}

static struct renewal *
renewal_begin(struct stint *s, tick_ns now, uint32_t count)
{
    struct renewal *renewal =
        malloc(sizeof(*renewal) + count * sizeof(renewal->tasks[0]));

    if (renewal == NULL) return NULL;
    *renewal = (struct renewal){ .s = s, .asked_at = now };
    renewal->r.answered = take_outcome;
    renewal->r.arg = renewal;
    renewal->r.once = true; /* A new session is shown them. */
    if (rpc_begin(
            s->rpc, &renewal->r, 1, RENEW_BYTES + (size_t)count * FENCE_BYTES)
        != 0) {
        free(renewal);
        return NULL;
    }
    return renewal;
}

/* Write one renew of those leases of length `asked` that `chosen` says. */
static int
renew_some(struct stint *s, tick_ns now, tick_ns asked, uint32_t count,
    bool all, bool (*chosen)(const struct hold *h, const void *arg),
    const void *arg)
{
    struct msg m = { .type = MSG_renew };
    struct renewal *renewal = renewal_begin(s, now, count);

    if (renewal == NULL) return STINT_ENOMEM;
    m.as.renew.request = renewal->r.number;
    m.as.renew.lease_ns = (uint64_t)asked;
    m.as.renew.all = all;
    struct buf *b = rpc_message(s->rpc);
    struct codec_list list = codec_list_begin(b, &m);
    LIST_FOREACH (node, after, &s->held) {
        struct hold *h = hold_of(node);
        if (renewal->count == count || !chosen(h, arg)) continue;
        struct rec_fence fence = hold_fence(h);
        codec_list_add(b, &list, RECORD_fence, &fence);
        h->renewing = renewal->r.number;
        h->shown = true;
        if (h->renew_at != TICK_NEVER) {
            h->renew_at = tick_after(now, h->length / 3);
        }
        renewal->tasks[renewal->count++] = h->task;
    }
    codec_list_end(b, &list);
    return 0;
}

static bool
is_this(const struct hold *h, const void *arg)
{
    return h == arg;
}

int
hold_renew(struct stint *s, struct hold *h, tick_ns now, tick_ns length)
{
    if (length > 0) h->asked = h->length = length;
    return renew_some(s, now, h->asked, 1, false, is_this, h);
}

struct due {
    tick_ns by, asked;
};

static bool
is_due(const struct hold *h, const void *arg)
{
    const struct due *due = arg;

    return h->renewing == 0 && h->asked == due->asked && h->renew_at <= due->by;
}

static uint32_t
count_due(const struct stint *s, const struct due *due)
{
    uint32_t count = 0;

    LIST_FOREACH (node, after, &s->held) {
        if (count < RENEW_MAX && is_due(hold_of(node), due)) count++;
    }
    return count;
}

/* Those that are due in the first half of the next third come along: one
 * message renews what was got in a burst. */
static void
renew_like(struct stint *s, const struct hold *first, tick_ns now)
{
    struct due due = { .by = tick_after(now, first->length / 6),
        .asked = first->asked };
    uint32_t count = count_due(s, &due);

    if (count == 0) return;
    (void)renew_some(s, now, due.asked, count, false, is_due, &due);
}

static void
plan(struct stint *s)
{
    s->renew_at = TICK_NEVER;
    LIST_FOREACH (node, after, &s->held) {
        s->renew_at = tick_min(s->renew_at, hold_of(node)->renew_at);
    }
}

void
hold_turn(struct stint *s, tick_ns now)
{
    if (now < s->renew_at || rpc_state(s->rpc) != RPC_UP) return;
    LIST_FOREACH (node, after, &s->held) {
        struct hold *h = hold_of(node);
        if (h->renew_at > now) continue;
        if (h->renewing == 0) renew_like(s, h, now);
        /* Still unanswered, or no memory: look again later. */
        if (h->renew_at <= now) h->renew_at = tick_after(now, h->length / 3);
    }
    plan(s);
}

/* ---- a session that begins anew ------------------------------------------ */

static bool
is_to_show(const struct hold *h)
{
    return !h->shown && !h->lost && !h->ending;
}

static bool
is_alike(const struct hold *h, const void *arg)
{
    const struct hold *first = arg;

    return is_to_show(h) && h->asked == first->asked;
}

/* How many are to be shown, and how many of them like the first, `*first`. */
static uint32_t
count_to_show(const struct stint *s, const struct hold **first, uint32_t *alike)
{
    uint32_t count = 0;

    *first = NULL;
    *alike = 0;
    LIST_FOREACH (node, after, &s->held) {
        const struct hold *h = hold_of(node);
        if (!is_to_show(h)) continue;
        if (*first == NULL) *first = h;
        count++;
        if (h->asked == (*first)->asked && *alike < RENEW_MAX) ++*alike;
    }
    return count;
}

void
hold_show(struct stint *s, tick_ns now)
{
    const struct hold *first;
    uint32_t count, alike;

    LIST_FOREACH (node, after, &s->held) {
        hold_of(node)->shown = false;
    }
    do {
        count = count_to_show(s, &first, &alike);
        tick_ns asked = first != NULL ? first->asked : 0;
        int rc =
            renew_some(s, now, asked, alike, count == alike, is_alike, first);
        if (rc != 0) return;
    } while (count > alike);
    plan(s);
}

tick_ns
hold_left(const struct stint *s, const struct hold *h, tick_ns now)
{
    tick_ns left = h->breaks - now;
    bool away = s->rpc != NULL && rpc_state(s->rpc) != RPC_UP;

    if (h->lost) return -TICK_MS;
    return left < 0 && (away || h->renewing != 0) ? 0 : left;
}
