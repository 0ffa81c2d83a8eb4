/**
 * parcel.h - which open requests travel in which frame.          [layer: rpc]
 *
 * A parcel stands for one frame of ours and is kept, with its own hold on the
 * frame, until every request in it is answered for good.  (The stream drops a
 * frame as soon as it is acknowledged, long before a waiting get is answered.)
 *
 * Holds always: `open` of a parcel is the number of requests whose home it is;
 * sealed parcels have open > 0; `bytes` is the sum of their frames' lengths.
 */
#ifndef PARCEL_H
#define PARCEL_H

#include "client/rpc/rpc.h"

struct rpc_parcel {
    struct list node;
    struct frame *frame; /* NULL while it is filled. */
    uint32_t open;
    uint32_t prompt; /* Of the open ones those that are not slow. */
};

struct parcels {
    struct list sealed;         /* In the order of their frames. */
    struct rpc_parcel *filling; /* Of the open frame, or NULL. */
    uint32_t items;             /* Request numbers in the open frame. */
    uint32_t prompt_out;        /* Prompt requests in sealed parcels. */
    size_t bytes;
};

void parcel_init(struct parcels *p);
void parcel_fini(struct parcels *p);

/** Fill `to`, which is none yet, with what `from` has, and empty `from`. */
void parcel_move(struct parcels *to, struct parcels *from);

/** Make sure that there is a parcel to fill.  0 or STINT_ENOMEM. */
int parcel_open(struct parcels *p);

/** Put `r` with `items` numbers into the parcel that is filled. */
void parcel_add(struct parcels *p, struct rpc_request *r, uint32_t items);

/** The open frame was sealed into `frame`. */
void parcel_seal(struct parcels *p, struct frame *frame);

/** `r` is answered: take it out of its parcel, which may go with it.  Nothing
 * when it is in none. */
void parcel_remove(struct parcels *p, struct rpc_request *r);

/** Drop a sealed parcel whose requests all found another home. */
void parcel_free(struct rpc_parcel *parcel);

#endif
