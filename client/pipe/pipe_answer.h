/**
 * pipe_answer.h - what the master answers about an end.       [layer: client]
 */
#ifndef PIPE_ANSWER_H
#define PIPE_ANSWER_H

#include "client/pipe/pipe.h"

/** Say what the code of an answer means to who has this end.  Returns the code
 * that the caller gets. */
int pipe_answer_say(const struct stint_pipe *p, int code);

/** Wait until the master has dealt with all that was asked before, for as long
 * as its grace behind `deadline`. */
int pipe_answer_look(const struct stint_pipe *p, tick_ns deadline);

#endif
