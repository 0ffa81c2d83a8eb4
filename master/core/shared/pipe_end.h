/**
 * pipe_end.h - whose the ends of a pipe are.                    [layer: core]
 *
 * An end is a hold of its session.  When neither is held the pipe is gone, with
 * its name and whatever was under way.
 */
#ifndef PIPE_END_H
#define PIPE_END_H

#include "master/core/shared/holds.h"

/* The numbers are those of pipe.verb. */
enum pipe_verb {
    PIPE_NEW = 1,
    PIPE_OPEN = 2,
    PIPE_PASS = 3,
    PIPE_ACCEPT = 4,
    PIPE_CLOSE = 5,
    PIPE_RECEIVED = 6,
    PIPE_LOOK = 7,
};

enum { PIPE_ENDS_MAX = 2048 }; /* That a session holds. */

/** The holder of an end is dead, or left: it is closed. */
void pipe_end_died(struct core *core, struct hold *h);

#endif
