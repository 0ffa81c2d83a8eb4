/**
 * load_objects.h - named objects from the rows of a store.      [layer: core]
 *
 * Objects come before what is held of them and what they have.  What a session
 * held that is not kept any more went back, as it does when a session ends.
 */
#ifndef LOAD_OBJECTS_H
#define LOAD_OBJECTS_H

#include "master/core/inside.h"

/* Each returns 0, STINT_EDAMAGED (*why says what does not fit) or STINT_ENOMEM.
 */

int load_objects_row(struct core *core, uint64_t number,
    const struct rec_kept_object *row, const char **why);

/** `s` is NULL when its session is not kept any more. */
int load_objects_hold(struct core *core, uint64_t id,
    const struct rec_kept_hold *row, struct session *s, const char **why);

int load_objects_entry(struct core *core, uint64_t id,
    const struct rec_kept_entry *row, const char **why);

/** That was the last row. */
int load_objects_settle(struct core *core, const char **why);

#endif
