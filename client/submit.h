/**
 * submit.h - putting a task whose result comes back.          [layer: client]
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include "client/future.h"

/** Gather one put whose end makes `f`, which is new, ready.  0, or as
 * stint_queue_submit(), and `f` is still the caller's.  Under the lock. */
int submit_put(struct stint_queue *q, struct slice data,
    const struct stint_put_options *options, struct stint_future *f);

#endif
