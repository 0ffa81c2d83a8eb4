/**
 * again.h - asking again what was not answered.                  [layer: rpc]
 *
 * Under the old request numbers, in new frames.  What need not be asked again
 * ends (rpc_request.answered).
 */
#ifndef AGAIN_H
#define AGAIN_H

#include "client/rpc/inside.h"

/** The session begins anew: what was acknowledged or numbered means nothing any
 * more, and all that is open is asked again.  0 or STINT_ENOMEM. */
int again_all(struct rpc *rpc, tick_ns now);

/** The master gave the wait of `r` up.  0, STINT_ENOMEM, or STINT_EMALFORMED:
 * it was not even asked. */
int again_one(struct rpc *rpc, tick_ns now, struct rpc_request *r);

#endif
