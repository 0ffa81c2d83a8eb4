/**
 * master.h - a master with a seam in it, for tests.          [layer: server]
 */
#ifndef MASTER_H
#define MASTER_H

#include "client/stint.h"
#include "master/server/loop.h"

/**
 * stint_master_start(), with `seam` between its loop and the world.
 *
 * Owns:    copies `seam` (NULL: none); takes seam->arg, also when it fails: it
 *          is freed with the master.
 * Returns: as stint_master_start().
 */
int master_start(const struct stint_master_options *options,
    const struct loop_seam *seam, struct stint_master **out);

/** Its seam, or NULL.  Lends until the stop. */
const struct loop_seam *master_seam(const struct stint_master *m);

#endif
