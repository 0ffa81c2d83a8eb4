#include "master/server/hold.h"

/* The least is what a short task takes there and back. */
static const tick_ns LEAST = 400 * TICK_US, MOST = 5 * TICK_MS;
enum { HOPE = 4, TRY_AGAIN = 64, PART = 4, SMOOTH = 8 };

void
hold_init(struct hold *h)
{
    *h = (struct hold){ .hope = HOPE };
}

void
hold_commit_begins(struct hold *h, tick_ns now, bool sync)
{
    h->begun = sync ? now : 0;
}

void
hold_commit_ended(struct hold *h, tick_ns now)
{
    h->gathered = true;
    if (h->begun == 0) return;
    tick_ns took = now - h->begun;
    h->cost = h->cost == 0 ? took : h->cost + (took - h->cost) / SMOOTH;
    h->begun = 0;
}

static bool
is_worth_it(struct hold *h)
{
    if (h->cost == 0) return false;
    if (h->hope > 0) return true;
    h->passed = (h->passed + 1) % TRY_AGAIN;
    return h->passed == 0;
}

bool
hold_waits(struct hold *h, tick_ns now, bool expects)
{
    /* What gathered while the disk was busy has waited enough. */
    bool gathered = h->gathered;

    h->gathered = false;
    if (h->length == 0) {
        if (!expects || gathered || !is_worth_it(h)) return false;
        h->since = now;
        h->length = tick_min(h->cost / PART, MOST);
        if (h->length < LEAST) h->length = LEAST;
        return true;
    }
    if (expects && now - h->since < h->length) return true;
    if (!expects)
        h->hope = HOPE;
    else if (h->hope > 0)
        h->hope--;
    h->length = 0;
    return false;
}

tick_ns
hold_left(const struct hold *h, tick_ns now)
{
    tick_ns left = h->since + h->length - now;

    return left > 0 ? left : 0;
}
