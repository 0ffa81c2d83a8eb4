/**
 * call.h - one request whose caller waits for the answer.     [layer: client]
 *
 *     call_begin(&c, s, 1, bytes)   then write the message with c.r.number
 *     call_wait(&c, deadline)       then look at c.m
 *     call_end(&c)
 *
 * Lives on the caller's stack; all under the lock of the connection.
 */
#ifndef CALL_H
#define CALL_H

#include "client/inside.h"

struct call {
    struct rpc_request r;
    struct stint *s;
    struct msg m; /* The last answer; its slices live until call_end(). */
    struct inbound *in;
    bool over;
    int code;
    uint64_t accepted; /* Tasks of a put. */
};

/** Register `count` numbers.  0, or what keeps every call from success. */
int call_begin(struct call *c, struct stint *s, uint32_t count, size_t bytes);

/** The same for a request that may wait at the master. */
int call_begin_slow(
    struct call *c, struct stint *s, uint32_t count, size_t bytes);

/** Write a message without a list and wait for its answer.  `m` gets the
 * number of the request itself. */
int call_send(struct call *c, struct msg *m, tick_ns deadline);

/** Wait for the answer.  Returns 0, or the error of the answer or of the wait,
 * for which a sentence is said; then nobody waits any more. */
int call_wait(struct call *c, tick_ns deadline);

/** Let go of the answer.  The call is over. */
void call_end(struct call *c);

/** The point in time at which calls without a timeout give up. */
tick_ns call_deadline(const struct stint *s);

/** Say the sentence of an answer, or the code's own text.  Returns `code`. */
int call_say(int code, struct slice text);

#endif
