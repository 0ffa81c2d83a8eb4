/**
 * pipe_take.h - requests that give us ends of pipes.          [layer: client]
 */
#ifndef PIPE_TAKE_H
#define PIPE_TAKE_H

#include "client/pipe/pipe.h"

/**
 * Make a pipe, take an end by name, or accept one: as `want` says.  If the call
 * gives up and is answered after all, what that gave is closed; so a call that
 * failed has taken nothing.  Under the lock.
 *
 * Returns 0 and *answer, which lends nothing; or an error and a sentence is
 * said.
 */
int pipe_take(
    struct stint *s, const struct msg_pipe *want, struct msg_piped *answer);

#endif
