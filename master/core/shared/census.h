/**
 * census.h - which named objects there are, who holds and who waits for them.
 *                                                               [layer: core]
 *
 * Two lists of `list`: objects in the order of their numbers, and the sessions
 * that hold one of them, then the requests that wait for it, first come first.
 * A page costs a bounded number of steps, whatever there is.
 */
#ifndef CENSUS_H
#define CENSUS_H

#include "master/core/inside.h"

enum {
    CENSUS_USERS_MAX = 10000, /* Of one object; the others are left out. */
    CENSUS_PASSED_MAX = 16384 /* Numbers of objects that are gone, in a page. */
};

/** Answer with a page of objects, or with the one that `l` names. */
void census_objects(struct core *core, tick_ns now, struct session *s,
    const struct msg_list *l);

/** Answer with a page of those who hold the object that `l` names, or wait. */
void census_users(struct core *core, tick_ns now, struct session *s,
    const struct msg_list *l);

#endif
