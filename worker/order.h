/**
 * order.h - what the coordinator tells a slot that runs.      [layer: worker]
 */
#ifndef ORDER_H
#define ORDER_H

struct slot;

/** Its task is nobody's any more: what runs ends, and is not reported.  Under
 * the worker's lock. */
void order_recall(struct slot *slot);

/** The worker stops: a command ends and is given back, a handler is told.
 * Under the worker's lock. */
void order_stop(struct slot *slot);

#endif
