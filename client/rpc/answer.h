/**
 * answer.h - what an answer means for its request.               [layer: rpc]
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "client/rpc/rpc.h"

/**
 * How many numbers of `r` the answer ends: tasks of a get end none, a put_ok
 * the next ones, an error the rest or as many as it says, all others what is
 * left. Returns 0, or STINT_EMALFORMED when a put_ok is not for the next ones.
 */
int answer_ends(
    const struct rpc_request *r, const struct msg *m, uint32_t *ended);

/** Its error code, or 0. */
int answer_code(const struct msg *m);

#endif
