/**
 * inbound.h - a received message that payloads may keep alive.[layer: client]
 *
 * Large payloads are not copied out of the message they came in: their owner
 * holds it instead.  Any thread may hold and drop.
 */
#ifndef INBOUND_H
#define INBOUND_H

#include <stdatomic.h>
#include <zmq.h>

#include "common/slice.h"

struct inbound {
    atomic_uint owners;
    zmq_msg_t message;
};

/** An empty message with one owner; NULL without memory. */
struct inbound *inbound_new(void);

/** One more owner.  NULL stays NULL. */
struct inbound *inbound_hold(struct inbound *in);

/** One owner less; the last one frees it.  NULL is fine. */
void inbound_drop(struct inbound *in);

/** Whether the caller is the only owner, so that it may be filled again. */
bool inbound_is_single(const struct inbound *in);

struct slice inbound_bytes(struct inbound *in);

/** Whether a payload of it is better lent than copied: it is large, and the
 * message is not much larger. */
bool inbound_is_worth_holding(struct inbound *in, size_t length);

#endif
