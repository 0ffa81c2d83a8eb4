/**
 * park.h - requests about named objects that wait.              [layer: core]
 */
#ifndef PARK_H
#define PARK_H

#include "master/core/shared/holds.h"

/**
 * Let a request wait for so long.  The caller then puts it into a line with
 * wait_stand().  Takes `hold` (NULL: it is to hold nothing).
 *
 * Returns NULL when it may not: it is answered, and `hold` is freed.
 */
struct wait *park(struct core *core, tick_ns now, struct session *s,
    const struct msg_sync *m, struct hold *hold);

/** A hold for `m` that holds nothing yet; NULL: it is answered that there is no
 * room. */
struct hold *park_hold(
    struct core *core, struct session *s, const struct msg_sync *m);

/** The first of a line, still there; NULL: nobody waits there. */
struct wait *park_first(const struct list *line);

/** It waits no more; a hold that it still has is freed. */
void park_end(struct core *core, struct wait *w);

/** The same, and its asker is told `code`. */
void park_refuse(struct core *core, struct wait *w, int code);

#endif
