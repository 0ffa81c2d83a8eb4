/**
 * duties.h - what the master asks of a worker between tasks.  [layer: client]
 */
#ifndef DUTIES_H
#define DUTIES_H

#include "client/inside.h"

/** A recall or a show came.  Under the lock. */
void duties_take(struct stint *s, const struct msg *m);

#endif
