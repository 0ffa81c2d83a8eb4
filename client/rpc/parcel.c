#include "client/rpc/parcel.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"

void
parcel_init(struct parcels *p)
{
    *p = (struct parcels){ .filling = NULL };
    list_init(&p->sealed);
}

void
parcel_free(struct rpc_parcel *parcel)
{
    if (parcel == NULL) return;
    list_remove(&parcel->node);
    frame_drop(parcel->frame);
    free(parcel);
}

void
parcel_fini(struct parcels *p)
{
    LIST_FOREACH (node, after, &p->sealed) {
        parcel_free(CONTAINER_OF(node, struct rpc_parcel, node));
    }
    parcel_free(p->filling);
    parcel_init(p);
}

void
parcel_move(struct parcels *to, struct parcels *from)
{
    *to = *from;
    list_init(&to->sealed);
    for (struct list *node; (node = list_pop(&from->sealed)) != NULL;)
        list_push(&to->sealed, node);
    parcel_init(from);
}

int
parcel_open(struct parcels *p)
{
    if (p->filling != NULL) return 0;
    p->filling = calloc(1, sizeof(*p->filling));
    if (p->filling == NULL) return STINT_ENOMEM;
    list_init(&p->filling->node);
    return 0;
}

void
parcel_add(struct parcels *p, struct rpc_request *r, uint32_t items)
{
    r->home = p->filling;
    r->home->open++;
    if (!r->slow) r->home->prompt++;
    p->items += items;
}

void
parcel_seal(struct parcels *p, struct frame *frame)
{
    struct rpc_parcel *parcel = p->filling;

    p->filling = NULL;
    p->items = 0;
    if (parcel == NULL) return;
    if (parcel->open == 0) {
        parcel_free(parcel);
        return;
    }
    parcel->frame = frame_hold(frame);
    list_push(&p->sealed, &parcel->node);
    p->prompt_out += parcel->prompt;
    p->bytes += frame->length;
}

void
parcel_remove(struct parcels *p, struct rpc_request *r)
{
    struct rpc_parcel *parcel = r->home;

    if (parcel == NULL) return;
    bool sealed = parcel->frame != NULL;
    r->home = NULL;
    parcel->open--;
    if (!r->slow) {
        parcel->prompt--;
        if (sealed) p->prompt_out--;
    }
    if (sealed && parcel->open == 0) {
        p->bytes -= parcel->frame->length;
        parcel_free(parcel);
    }
}
