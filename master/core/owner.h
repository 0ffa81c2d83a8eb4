/**
 * owner.h - whose a task is.                                    [layer: core]
 */
#ifndef OWNER_H
#define OWNER_H

#include "master/core/inside.h"

/** I14: one may look at and end what one's own key submitted; an admin may
 * all. */
bool owner_may(
    const struct core *core, const struct session *s, const struct task *t);

#endif
