/**
 * gather.h - the open frame: what goes into it, when it leaves.  [layer: rpc]
 *
 * See rpc.h for when that is.
 */
#ifndef GATHER_H
#define GATHER_H

#include "client/rpc/inside.h"

/** The session is of no use any more. */
void gather_refuse(struct rpc *rpc, int code, struct slice text);

/** The same for want of memory, which is returned. */
int gather_no_memory(struct rpc *rpc);

/** Close the open frame.  0, or STINT_ENOMEM: of no use any more. */
int gather_seal(struct rpc *rpc);

/** Whether the open frame takes `items` more numbers in `bytes`. */
bool gather_has_room(const struct rpc *rpc, uint32_t items, size_t bytes);

/** Make room in the open frame, or in a new one, and for its parcel.
 * 0 or STINT_ENOMEM. */
int gather_room(struct rpc *rpc, uint32_t items, size_t bytes);

/** Whether the open frame leaves whatever the time is. */
bool gather_is_prompt(const struct rpc *rpc);

/** Whether it leaves `now` rather than gather more. */
bool gather_leaves(struct rpc *rpc, tick_ns now, bool flush);

/** When a frame that gathers leaves. */
tick_ns gather_due(const struct rpc *rpc);

#endif
