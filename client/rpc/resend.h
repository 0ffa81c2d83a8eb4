/**
 * resend.h - our own requests again, for a new session.            [layer: rpc]
 */
#ifndef RESEND_H
#define RESEND_H

#include "client/rpc/rpc.h"
#include "common/buf.h"
#include "common/frame.h"
#include "proto/codec.h"

/** Call `see` for each message of a sealed frame; `raw` are its bytes. */
void resend_each(const struct frame *frame,
    void (*see)(void *arg, const struct msg *m, struct slice raw), void *arg);

/** The request number of a client's message; 0 when it has none. */
uint64_t resend_number(const struct msg *m);

/** Whether a new session need not be asked `m` of `r` again: it is of no use
 * there, or a get that has had what it wanted. */
bool resend_is_over(const struct msg *m, const struct rpc_request *r);

/** Append the request `m` of `r`, whose bytes are `raw`, as it is to be asked
 * `now`: for what is not answered yet, and for what remains of its times. */
void resend_write(struct buf *b, const struct msg *m, struct slice raw,
    const struct rpc_request *r, tick_ns now);

#endif
