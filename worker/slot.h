/**
 * slot.h - one thread that runs one task after another.       [layer: worker]
 */
#ifndef SLOT_H
#define SLOT_H

#include "worker/worker.h"

/** Start the thread; it counts as an owner of the worker and as here.  Returns
 * 0 or STINT_ESYSTEM; a sentence is said. */
int slot_start(struct slot *slot);

/** Its task is nobody's any more: what runs ends, and is not reported.  Under
 * the worker's lock. */
void slot_recall(struct slot *slot);

/** The worker stops: a command ends and is given back, a handler is told.
 * Under the worker's lock. */
void slot_stop(struct slot *slot);

#endif
