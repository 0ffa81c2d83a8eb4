/**
 * slots.h - sessions by number, and those that only a number keeps.
 *                                                               [layer: core]
 *
 * Tasks name their submitter by the number of its slot, which is given again
 * when no task refers to it.  What a ghost takes counts against the budget: how
 * many of them there are is up to the peers.  All O(1).
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "master/core/inside.h"

/** Give `s` a number.  Returns false, changing nothing, without memory. */
bool slots_take(struct core *core, struct session *s);

/** `s`, which holds and waits for nothing, is forgotten: freed, or a ghost for
 * as long as it is owed results. */
void slots_leave(struct core *core, struct session *s);

/** One task less whose result `s` waits for; a ghost's last one frees it. */
void slots_repaid(struct core *core, struct session *s);

/** Free the ghosts that are left, and the table. */
void slots_fini(struct core *core);

#endif
