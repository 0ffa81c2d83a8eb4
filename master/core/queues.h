/**
 * queues.h - queues by name.                                    [layer: core]
 */
#ifndef QUEUES_H
#define QUEUES_H

#include "master/core/inside.h"

/** The queue `name`, or NULL. */
struct queue *queues_find(const struct core *core, struct slice name);

/**
 * Make the queue `name`, which does not exist.
 * Returns 0, STINT_EINVAL (a control character in the name, or its length),
 * STINT_ELIMIT or STINT_ENOMEM.
 */
int queues_make(struct core *core, struct slice name,
    const struct queue_policy *policy, struct queue **out);

/** `key` made it by first use (NULL: a key that is not known any more). */
void queues_made_by(struct queue *q, struct key *key);

/** As queues_make(), of a queue that the store has. */
int queues_restore(struct core *core, struct slice name,
    const struct queue_policy *policy, struct queue **out);

/** The policy of a queue that nobody has declared, at this master. */
void queues_policy(const struct core *core, struct queue_policy *policy);

/** The queue `name`, made with the default policy where the master allows it;
 * a key that may only work may make a few, so that a worker can wait for the
 * first task.  Returns as queues_make, or STINT_ENOQUEUE. */
int queues_open(struct core *core, const struct session *s, struct slice name,
    struct queue **out);

/** Free all of them. */
void queues_fini(struct core *core);

#endif
