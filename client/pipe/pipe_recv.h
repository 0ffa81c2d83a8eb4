/**
 * pipe_recv.h - what was received, and who knows of it.      [layer: client]
 */
#ifndef PIPE_RECV_H
#define PIPE_RECV_H

#include "client/pipe/pipe.h"

/** Let go of what came ahead and was not received. */
void pipe_recv_drop(struct stint_pipe *p);

/** No answer is waited for any more. */
void pipe_recv_forget(struct stint_pipe *p);

/** 0, or STINT_EINVAL with a sentence: this end only sends. */
int pipe_recv_check(const struct stint_pipe *p);

/** Whether a recv would not wait, as far as we know. */
bool pipe_recv_is_ready(const struct stint_pipe *p);

/** Ask the master for what comes next, if that is not known and nobody has
 * asked; for as long as it takes.  0 or STINT_ENOMEM. */
int pipe_recv_expect(struct stint_pipe *p);

/** Something has changed: the descriptor, if there is one, is made to tell. */
void pipe_recv_show(struct stint_pipe *p);

#endif
