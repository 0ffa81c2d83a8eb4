#include "client/inbound.h"

#include <stdlib.h>

enum { COPY_MAX = 1024, SHARE_MIN = 16 };

struct inbound *
inbound_new(void)
{
    struct inbound *in = malloc(sizeof(*in));

    if (in == NULL) return NULL;
    atomic_init(&in->owners, 1);
    (void)zmq_msg_init(&in->message);
    return in;
}

struct inbound *
inbound_hold(struct inbound *in)
{
    if (in == NULL) return NULL;
    (void)atomic_fetch_add_explicit(&in->owners, 1, memory_order_relaxed);
    return in;
}

void
inbound_drop(struct inbound *in)
{
    if (in == NULL) return;
    if (atomic_fetch_sub_explicit(&in->owners, 1, memory_order_acq_rel) != 1) {
        return;
    }
    (void)zmq_msg_close(&in->message);
    free(in);
}

bool
inbound_is_single(const struct inbound *in)
{
    return atomic_load_explicit(&in->owners, memory_order_acquire) == 1;
}

struct slice
inbound_bytes(struct inbound *in)
{
    return (
        struct slice){ zmq_msg_data(&in->message), zmq_msg_size(&in->message) };
}

bool
inbound_is_worth_holding(struct inbound *in, size_t length)
{
    return in != NULL && length > COPY_MAX
           && length >= zmq_msg_size(&in->message) / SHARE_MIN;
}
