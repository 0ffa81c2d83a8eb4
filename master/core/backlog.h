/**
 * backlog.h - what a client has asked for and is not done yet.  [layer: core]
 *
 * A frame may hold a million messages, and one message may cost much to answer.
 * So a session has a share of each turn, in steps of about a microsecond; what
 * is left of its frame waits here, and its later frames behind it, while others
 * are served (receive.c).  They were seen, and so acknowledged: after a restart
 * the client asks again what was not answered.
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include "master/core/inside.h"

/** Keep what is left of `f` for later turns.  Copies it.
 * Returns 0, STINT_ENOMEM, or STINT_ELIMIT: so much is not kept of one. */
int backlog_add(
    struct core *core, struct session *s, const struct codec_frame *f);

/** The frame that is next, to be read on; NULL: none. */
struct codec_frame *backlog_first(const struct session *s);

/** It was read to its end. */
void backlog_pop(struct core *core, struct session *s);

/** Nobody waits for it any more. */
void backlog_drop(struct core *core, struct session *s);

/** Whether all that is kept is too much together. */
bool backlog_is_long(const struct core *core);

/** Whether `s` has had its share of this turn. */
bool backlog_has_had(const struct core *core, struct session *s);

/** `s` was served since the core had spent `before`. */
void backlog_charge(struct core *core, struct session *s, uint64_t before);

#endif
