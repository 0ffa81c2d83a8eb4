#include "client/rpc/again.h"

#include "client/rpc/gather.h"
#include "client/rpc/resend.h"
#include "common/base.h"
#include "common/stint_error.h"

struct again {
    struct rpc *rpc;
    tick_ns now;
    const struct rpc_parcel *from;  /* Where it stood, */
    const struct rpc_request *only; /* or the only one that is meant. */
    struct list over;               /* Those that are not asked again. */
};

/* From now on it counts as asked now, for what it asks now. */
static void
write_request(const struct again *again, struct rpc_request *r,
    const struct msg *m, struct slice raw)
{
    struct rpc *rpc = again->rpc;

    rpc->growing = NULL;
    parcel_add(&rpc->parcels, r, r->open);
    resend_write(stream_message(&rpc->stream), m, raw, r, again->now);
    r->taken = 0;
    if (r->asked_at > 0) r->asked_at = again->now;
}

/* Write one message of an old frame again, if somebody still waits for it. */
static void
write_again(void *arg, const struct msg *m, struct slice raw)
{
    struct again *again = arg;
    struct rpc *rpc = again->rpc;
    struct rpc_request *r = numbers_find(&rpc->table, resend_number(m));

    if (r == NULL || (again->only != NULL && r != again->only)) return;
    /* It may have been asked again since, in another frame. */
    if (again->only == NULL && r->home != again->from) return;
    r->home = NULL;
    if (resend_is_over(m, r)) {
        list_remove(&r->node);
        list_push(&again->over, &r->node);
    } else if (gather_room(rpc, r->open, raw.length) != 0) {
        (void)gather_no_memory(rpc);
    } else {
        write_request(again, r, m, raw);
    }
}

static void
end_all(struct rpc *rpc, struct list *over)
{
    for (struct list *node; (node = list_pop(over)) != NULL;) {
        struct rpc_request *r = CONTAINER_OF(node, struct rpc_request, node);
        numbers_remove(&rpc->table, r->number, r->count);
        r->answered(r, r->once ? STINT_ECANCELLED : 0, NULL, true);
    }
}

int
again_all(struct rpc *rpc, tick_ns now)
{
    struct again again = { .rpc = rpc, .now = now };
    struct parcels old;

    if (gather_seal(rpc) != 0) return STINT_ENOMEM;
    list_init(&again.over);
    parcel_move(&old, &rpc->parcels);
    stream_fini(&rpc->stream);
    LIST_FOREACH (node, after, &old.sealed) {
        const struct rpc_parcel *parcel =
            CONTAINER_OF(node, struct rpc_parcel, node);
        again.from = parcel;
        resend_each(parcel->frame, write_again, &again);
    }
    parcel_fini(&old);
    end_all(rpc, &again.over);
    return rpc->state == RPC_REFUSED ? STINT_ENOMEM : 0;
}

int
again_one(struct rpc *rpc, tick_ns now, struct rpc_request *r)
{
    struct again again = { .rpc = rpc, .now = now, .only = r };

    if (r->home->frame == NULL) return STINT_EMALFORMED; /* Was not asked. */
    struct frame *f = frame_hold(r->home->frame);
    list_init(&again.over);
    parcel_remove(&rpc->parcels, r);
    resend_each(f, write_again, &again);
    frame_drop(f);
    end_all(rpc, &again.over);
    return rpc->state == RPC_REFUSED ? STINT_ENOMEM : 0;
}
