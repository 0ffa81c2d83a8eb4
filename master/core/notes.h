/**
 * notes.h - how each attempt of a job's task went.              [layer: core]
 *
 * A worker says it with done and fail (a record `attempt`), and is believed as
 * far as the master does not know better: who it is, and that an attempt took
 * no longer than the lease; what no host can do counts as not known.  Of a
 * worker that was lost, or of one that says nothing, the master writes down
 * what it knows. A task keeps the last of them, within NOTES_MAX.
 */
#ifndef NOTES_H
#define NOTES_H

#include "master/core/inside.h"

enum { NOTES_MAX = 8 << 10 };

/* attempt.cause */
enum { NOTES_ENDED = 0, NOTES_LOST = 5, NOTES_LEASE = 6 };

/**
 * The attempt of the leased task `t` is over.  `note` is what its holder says
 * of it (any bytes: what is no note of this attempt counts as none); `mine`
 * has cause, code and reason for want of it.  Without memory nothing is kept.
 */
void notes_add(struct core *core, tick_ns now, struct task *t,
    struct slice note, const struct rec_attempt *mine);

/** The same when it was the last one: all of them, lent until the next call. */
struct slice notes_last(struct core *core, tick_ns now, struct task *t,
    struct slice note, const struct rec_attempt *mine);

/** Keep who held it and why it failed; without memory the words are missing and
 * the counts still tell. */
void notes_failed(
    struct core *core, struct task *t, const char *worker, struct slice reason);

#endif
