/**
 * pipe_recv.h - what was received, and whether the master knows. [layer:
 * client]
 */
#ifndef PIPE_RECV_H
#define PIPE_RECV_H

#include "client/pipe/pipe.h"

/** Let go of what came ahead and was not received. */
void pipe_recv_drop(struct stint_pipe *p);

/** No answer is waited for any more. */
void pipe_recv_forget(struct stint_pipe *p);

#endif
