/**
 * queue.h - handles of queues, for the closing connection.    [layer: client]
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "client/inside.h"

/** Check a name: 0 or STINT_EINVAL with a sentence. */
int queue_check_name(const char *name);

/** The number on the wire of a durability's word (NULL: 0); -1: it is none. */
int queue_durability(const char *word);

/** Make or open a queue at the master.  Under the lock. */
int queue_declare(struct stint *s, const char *name,
    const struct stint_queue_options *options, tick_ns deadline);

/** Acknowledge what the handle holds and free it.  Under the lock. */
void queue_free(struct stint_queue *q);

/** The handle of a node of the connection's list. */
struct stint_queue *queue_of(struct list *node);

#endif
