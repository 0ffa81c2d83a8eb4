/**
 * consumer.h - for the closing connection.                    [layer: client]
 */
#ifndef CONSUMER_H
#define CONSUMER_H

#include "client/inside.h"

/** Drain and free.  Under the lock. */
void consumer_free(struct stint_consumer *c);

/** The consumer of a node of the connection's list. */
struct stint_consumer *consumer_of(struct list *node);

#endif
