/**
 * pipe_flow.h - messages through pipes.                         [layer: core]
 *
 * Credit: what was sent and not received fits the window, or is one message.
 * Who sends more waits at the head of a line, and nobody overtakes him.
 */
#ifndef PIPE_FLOW_H
#define PIPE_FLOW_H

#include "master/core/shared/pipe.h"

/** Whether `s` holds end `end` of pipe `number` by this grip.  Returns the
 * pipe, or NULL. */
struct pipe *pipe_flow_held(const struct core *core, const struct session *s,
    uint64_t number, uint64_t end, uint64_t grip);

/** Something has changed for who waits for what goes to one end: serve him. */
void pipe_flow_serve(struct core *core, struct pipe *p, struct pipe_way *way);

/** Who waits in `line` of a pipe is told `code`. */
void pipe_flow_refuse(struct core *core, struct list *line, int code);

/** The pipe is deleted. */
void pipe_flow_turn_away(struct core *core, struct pipe *p);

/** A wait for room or messages ends, for `code`. */
void pipe_flow_give_up(struct core *core, struct wait *w, int code);

/** The session of who waits for messages takes more again: serve him in this
 * turn. */
void pipe_flow_touch(struct core *core, const struct wait *w);

/** For the turn. */
void pipe_flow_tick(struct core *core);

#endif
