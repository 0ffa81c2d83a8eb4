/**
 * wake.h - waking the coordinator.                            [layer: worker]
 */
#ifndef WAKE_H
#define WAKE_H

struct stint_worker;

/** Have the coordinator look.  Signal-safe; keeps errno. */
void wake(struct stint_worker *w);

#endif
