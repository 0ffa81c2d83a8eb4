/**
 * pump.h - who reads the socket, and how callers wait.        [layer: client]
 *
 * The calling thread drives: it writes its message into the session, sends, and
 * if it has to wait while nobody else reads, it reads the socket itself, for
 * all.  The others wait to be told, and one of them takes over when the reader
 * has what it came for.  So one task in flight costs no hand-over between
 * threads of ours.
 *
 * The keeper is a thread that does what is due while no caller is inside:
 * keeping the session and the leases alive, sending what was posted, taking
 * what comes.  It is signalled once when there is something to do, not for each
 * call, and leaves the socket to the callers as soon as there are any.
 *
 * Everything here is called with the lock of the connection held.
 */
#ifndef PUMP_H
#define PUMP_H

#include "client/inside.h"

/** Whether what a caller waits for is there; must not change anything. */
typedef bool pump_ready_fn(const void *arg);

/** The connection's lock, for the public calls.  pump_leave() also tells the
 * keeper what is due. */
void pump_enter(struct stint *s);
void pump_leave(struct stint *s);

/**
 * Send what is pending, then wait until ready(arg).
 *
 * Returns: 0, or (a sentence is said)
 *          STINT_ETIMEOUT      `deadline` passed, the session stands
 *          STINT_EUNREACHABLE  `deadline` passed, it does not
 *          STINT_ECANCELLED    interrupted
 *          STINT_ECLOSED, or what ended the session for good.
 * Time:    until `deadline`.
 */
int pump_wait(
    struct stint *s, pump_ready_fn *ready, const void *arg, tick_ns deadline);

/** Send what should leave now; `flush`: all of it.  Takes in answers by the
 * way, without waiting. */
void pump_push(struct stint *s, bool flush);

/** Tell those who wait that something changed without the master. */
void pump_wake(struct stint *s);

/** The session is of no use any more: every call returns `code`. */
void pump_fail(struct stint *s, int code, const char *text);

/** Why no call can succeed: 0, STINT_ECLOSED, or what pump_fail() was told. */
int pump_obstacle(const struct stint *s);

/** Start and stop the keeper. */
int pump_start(struct stint *s);
void pump_stop(struct stint *s);

/** The point in time `timeout_ms` from now; TICK_NEVER for STINT_FOREVER. */
tick_ns pump_deadline(int64_t timeout_ms);

/** `deadline` and the grace that a frozen master gets. */
tick_ns pump_grace(tick_ns deadline);

/** What remains until `deadline`, for the wire. */
uint64_t pump_remaining(tick_ns deadline);

/** Whether `ms` is a length of time that fits, "forever" not among them. */
static inline bool
pump_is_ms(int64_t ms)
{
    return ms >= 0 && ms <= TICK_NEVER / TICK_MS;
}

/** 0, or STINT_EINVAL with a sentence for a negative timeout. */
int pump_check_timeout(int64_t timeout_ms);

#endif
