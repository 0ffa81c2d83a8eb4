/**
 * greet.h - sessions come, fall silent, come back, go.          [layer: core]
 */
#ifndef GREET_H
#define GREET_H

#include "master/core/inside.h"

/** The session that uses `conn`, or NULL. */
struct session *greet_find(const struct core *core, uint64_t conn);

/** Open or resume a session on `conn`; `seen` is how far the client has seen
 * our frames. */
void greet_hello(struct core *core, tick_ns now, uint64_t conn, struct key *key,
    const struct msg_hello *hello, uint64_t seen);

/** A session of the store, whose client has not come back yet.  Gives *out;
 * returns 0, STINT_EDAMAGED (there is one like it) or STINT_ENOMEM. */
int greet_restore(struct core *core, tick_ns now, struct key *key,
    const struct rec_kept_session *row, struct session **out);

/** Tell a connection why it is of no use.  `text` may be NULL. */
void greet_refuse(struct core *core, uint64_t conn, int code, const char *text);

/** A frame came from `s`. */
void greet_heard(struct core *core, tick_ns now, struct session *s);

/** Its connection is gone; the session waits for another. */
void greet_disconnect(struct core *core, struct session *s);

/** End a session: what it holds goes back, what it waits for ends; tasks it
 * submitted go on, their results are dropped. */
void greet_forget(struct core *core, tick_ns now, struct session *s);

/** The same of a worker whose process died. */
void greet_died(struct core *core, tick_ns now, struct session *s,
    const struct core_death *death);

/** Forget the session that was silent longest, to free what is kept for it.
 * Returns false when none is silent. */
bool greet_relieve(struct core *core, tick_ns now);

/** End every session of `key` and say why. */
void greet_cut(struct core *core, tick_ns now, const struct key *key);

/** Take the silent for dead, forget the dead, end the broken. */
void greet_tick(struct core *core, tick_ns now);

tick_ns greet_next_deadline(const struct core *core);

/** Free every session. */
void greet_fini(struct core *core);

/** Set up the heap. */
void greet_init(struct core *core);

#endif
