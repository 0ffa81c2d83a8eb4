/**
 * sync_event.h - Event.                                         [layer: core]
 *
 * Holds always: nobody waits while it is set.
 */
#ifndef SYNC_EVENT_H
#define SYNC_EVENT_H

#include "master/core/inside.h"

/** Set, clear, wait, look. */
void sync_event_verb(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct object *o);

#endif
