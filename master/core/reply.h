/**
 * reply.h - messages to sessions.                               [layer: core]
 *
 * Messages are encoded straight into the open frame of the session's stream;
 * tasks for the same get, and results, join the list that was written last.
 * Without memory the session is put among the broken ones and ended by the
 * turn: its client learns that its session is gone, nothing is half said.
 */
#ifndef REPLY_H
#define REPLY_H

#include "master/core/inside.h"

/** Append a whole message. */
void reply(struct core *core, struct session *s, const struct msg *m);

/**
 * Append a whole message that nobody waits for: it leaves with the next one
 * that somebody does, or soon.  Each frame costs its receiver a wake-up.
 */
void reply_lazily(
    struct core *core, tick_ns now, struct session *s, const struct msg *m);

/** Lazy answers have waited long enough. */
void reply_tick(struct core *core, tick_ns now);

tick_ns reply_next_deadline(const struct core *core);

void reply_ok(
    struct core *core, struct session *s, uint64_t request, uint64_t value);

/** `text` may be NULL: the code says it all. */
void reply_error(struct core *core, struct session *s, uint64_t request,
    int code, const char *text);

/** The end of a get. */
void reply_get_end(
    struct core *core, struct session *s, uint64_t request, int code);

/** One record of a list message `head`, joined to the last one if it can be. */
void reply_record(struct core *core, struct session *s, const struct msg *head,
    enum record_type type, const void *record);

/** The same, of what may not leave before it is on the disk. */
void reply_fact(struct core *core, struct session *s, const struct msg *head,
    enum record_type type, const void *record);

/** Whether tasks and results may go to `s` now; if not it is remembered, and
 * the turn tries again when the client has acknowledged something. */
bool reply_has_window(struct core *core, struct session *s);

/** Whether what is sent to `s` now waits for a disk that does not go on; if so
 * it is remembered, and the turn tries again. */
bool reply_is_held_up(struct core *core, struct session *s);

/** Append a message that was encoded before a restart. */
void reply_again(struct core *core, struct session *s, struct slice message);

/** Seal the open frame. */
void reply_seal(struct core *core, struct session *s);

/** There are sealed frames for its connection. */
void reply_sending(struct core *core, struct session *s);

/** One unnumbered message to a connection; `s` may be NULL. */
void reply_letter(
    struct core *core, struct session *s, uint64_t conn, const struct msg *m);

/** Out of memory for `s`: end it in this turn. */
void reply_broken(struct core *core, struct session *s);

#endif
