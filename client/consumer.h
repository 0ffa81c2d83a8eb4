/**
 * consumer.h - for the closing connection.                    [layer: client]
 */
#ifndef CONSUMER_H
#define CONSUMER_H

#include "client/hold.h"

/** Drain and free.  Under the lock. */
void consumer_free(struct stint_consumer *c);

/** Free the task of `h` without a word if it is on hand and nobody has taken
 * it: its lease is over.  False when it is not. */
bool consumer_recall(struct stint_consumer *c, const struct hold *h);

/** The consumer of a node of the connection's list. */
struct stint_consumer *consumer_of(struct list *node);

#endif
