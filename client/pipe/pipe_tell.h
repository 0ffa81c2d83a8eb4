/**
 * pipe_tell.h - what the master is told about an end of a pipe. [layer: client]
 *
 * Without an answer: that it is closed, and what our program has received.  The
 * latter is told with the next request, or a millisecond later, so that a
 * sender who waits for room is not kept.
 */
#ifndef PIPE_TELL_H
#define PIPE_TELL_H

#include "client/pipe/pipe.h"

/** What a request about this end says first. */
struct msg_pipe pipe_tell_about(
    const struct stint_pipe *p, enum pipe_verb verb);

/** Tell it; may be lost with the session, and the pipe with it. */
void pipe_tell(const struct stint_pipe *p, enum pipe_verb verb);

/** A message was received. */
void pipe_tell_later(struct stint_pipe *p);

/** Tell what all ends of the connection have received, if it is time. */
void pipe_tell_turn(struct stint *s, tick_ns now);

#endif
