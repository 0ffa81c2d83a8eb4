#include "worker/order.h"

#include <unistd.h>

#include "worker/worker.h"

static void
give(const struct slot *slot, uint64_t what)
{
    /* It fails only when the counter is full: then it is readable anyway. */
    ssize_t n = write(slot->cancel_fd, &what, sizeof what);
    (void)n;
}

void
order_stop(struct slot *slot)
{
    atomic_store(&slot->call.cancelled, true);
    give(slot, CHILD_STOP);
}

void
order_recall(struct slot *slot)
{
    slot->recalled = true;
    atomic_store(&slot->call.cancelled, true);
    give(slot, CHILD_RECALL);
}
