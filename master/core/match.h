/**
 * match.h - who waits meets what is there.                      [layer: core]
 */
#ifndef MATCH_H
#define MATCH_H

#include "master/core/inside.h"

/** Match every queue that was touched: ready tasks go to gets in the order in
 * which these came, an equal share to each; room goes to puts; joins end. */
void match_all(struct core *core, tick_ns now);

/** Take as many tasks of a put as `q` has room for, in order, and tell `s`.
 * Returns whether any was taken. */
bool match_accept(struct core *core, tick_ns now, struct queue *q,
    struct session *s, struct wait_batch *batch);

/** Free the tasks of a put that are not accepted. */
void match_drop(struct core *core, struct wait_batch *batch);

/** End a wait that is not satisfied: its client gets `code` (a get that had
 * tasks: 0), tasks that were not accepted are freed. */
void match_give_up(struct core *core, struct wait *w, int code);

/** Give up every wait whose deadline has come. */
void match_tick(struct core *core, tick_ns now);

#endif
