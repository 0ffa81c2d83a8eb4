/**
 * answer.h - answers about named objects.                       [layer: core]
 *
 * The answer to what changed an object that is kept has a row until its asker
 * has heard it, so that a request which is sent again after a restart of the
 * master hears the same answer and has no second effect (I6).
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "master/core/inside.h"

/** Answer `m`, whose first field is the request, about `o`, which it changed.
 */
void answer(struct core *core, const struct object *o, struct session *s,
    const struct msg *m);

/** Answer with ok. */
void answer_ok(struct core *core, const struct object *o, struct session *s,
    uint64_t request, uint64_t value);

/** Answer with synced. */
void answer_synced(struct core *core, const struct object *o, struct session *s,
    struct msg_synced synced);

/** Answer with synced what changed nothing: it has no row. */
void answer_look(
    struct core *core, struct session *s, struct msg_synced synced);

#endif
