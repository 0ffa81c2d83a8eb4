#include "client/rpc/gather.h"

#include "common/base.h"
#include "common/stint_error.h"

enum { GATHER_ITEMS = 1024, GATHER_BYTES = 64 * 1024 };

#define GATHER_FOR TICK_MS

void
gather_refuse(struct rpc *rpc, int code, struct slice text)
{
    size_t length =
        text.length < REFUSAL_TEXT - 1 ? text.length : REFUSAL_TEXT - 1;

    rpc->state = RPC_REFUSED;
    rpc->refusal = code;
    if (length > 0) memcpy(rpc->refusal_text, text.bytes, length);
    rpc->refusal_text[length] = '\0';
}

int
gather_no_memory(struct rpc *rpc)
{
    gather_refuse(
        rpc, STINT_ENOMEM, slice_of("no memory is left for the session"));
    return STINT_ENOMEM;
}

int
gather_seal(struct rpc *rpc)
{
    if (rpc->stream.open_messages == 0) return 0;
    if (stream_seal(&rpc->stream) != 0) return gather_no_memory(rpc);
    parcel_seal(&rpc->parcels,
        CONTAINER_OF(list_last(&rpc->stream.kept), struct frame, node));
    rpc->growing = NULL;
    rpc->answered = false;
    rpc->gather_since = 0;
    return 0;
}

bool
gather_has_room(const struct rpc *rpc, uint32_t items, size_t bytes)
{
    size_t filled = stream_open_bytes(&rpc->stream);

    return filled == 0
           || (filled + bytes <= GATHER_BYTES
               && rpc->parcels.items + items <= GATHER_ITEMS);
}

int
gather_room(struct rpc *rpc, uint32_t items, size_t bytes)
{
    if (!gather_has_room(rpc, items, bytes) && gather_seal(rpc) != 0)
        return STINT_ENOMEM;
    return parcel_open(&rpc->parcels);
}

bool
gather_is_prompt(const struct rpc *rpc)
{
    return rpc->answered || rpc->parcels.prompt_out == 0
           || !gather_has_room(rpc, 1, 1);
}

tick_ns
gather_due(const struct rpc *rpc)
{
    return tick_after(rpc->gather_since, GATHER_FOR);
}

bool
gather_leaves(struct rpc *rpc, tick_ns now, bool flush)
{
    if (rpc->stream.open_messages == 0) return false;
    if (flush || gather_is_prompt(rpc)) return true;
    if (rpc->gather_since == 0) rpc->gather_since = now;
    return now >= gather_due(rpc);
}
