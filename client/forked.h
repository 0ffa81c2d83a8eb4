/**
 * forked.h - connections in a copy of this process.           [layer: client]
 *
 * A copy made by fork() has the memory of our connections, but neither their
 * threads nor, in the end, their sessions: those are ours.  What it calls
 * returns at once and says so, instead of waiting for an answer that we get.
 * Whatever is closed there frees nothing and closes nothing: a thread that the
 * copy has not may have been in the midst of it.
 */
#ifndef FORKED_H
#define FORKED_H

#include "client/inside.h"

/** From now on a copy knows this connection for ours. */
void forked_add(struct stint *s);

/** It is about to be freed.  Without its lock. */
void forked_remove(struct stint *s);

#endif
