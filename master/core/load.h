/**
 * load.h - a core from the rows of a store.                     [layer: core]
 *
 * Rows come by kind and id, so that what a row names is there already.  Tasks
 * are put into their queues when all is known of them, at the end; then the
 * tallies must agree (I2): a row that is missing does not pass unseen.
 */
#ifndef LOAD_H
#define LOAD_H

#include "master/core/inside.h"

/** See core_load(). */
int load_row(struct core *core, const struct row *row, const char **why);

/** See core_loaded(). */
int load_end(struct core *core, tick_ns now, const char **why);

/** The core is about to be freed: if its load did not end, nobody holds
 * anything, as nothing was counted yet. */
void load_abandon(struct core *core);

/** Free what a load that did not end has left. */
void load_fini(struct core *core);

#endif
