/**
 * produce.h - what a producer does, and what it may rely upon.   [tests/sim]
 */
#ifndef PRODUCE_H
#define PRODUCE_H

#include "tests/sim/client.h"

/** Put some tasks, as the seed will have it. */
void produce_put(struct client *c);

/** The answers to a put (I6). */
void produce_accepted(struct client *c, const struct msg_put_ok *ok);
void produce_refused(struct client *c, const struct msg_error *e);

/** The result of a task came (I4, I7). */
void produce_result(struct client *c, const struct rec_result *r);

#endif
