/**
 * room.h - how many slots there are descriptors for.          [layer: worker]
 *
 * A command that runs has pipes, a pidfd and a folder.  Slots that have no room
 * for them would take tasks only to give them back, a second of pause each.
 */
#ifndef ROOM_H
#define ROOM_H

#include <stddef.h>

#include "client/stint.h"

struct room {
    unsigned wanted, slots; /* Of these, so many: at least 1. */
    size_t needed, allowed; /* Open files, for all that is wanted. */
};

/** Count, after raising the limit of open files as far as that is needed and
 * allowed.  What is open now stays so, and the connection needs some. */
struct room room_find(const struct stint_worker_options *o);

#endif
