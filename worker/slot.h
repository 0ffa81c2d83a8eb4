/**
 * slot.h - one thread that runs one task after another.       [layer: worker]
 */
#ifndef SLOT_H
#define SLOT_H

#include "worker/worker.h"

/** Start the thread; it counts as an owner of the worker and as here.  Returns
 * 0 or STINT_ESYSTEM; a sentence is said. */
int slot_start(struct slot *slot);

#endif
