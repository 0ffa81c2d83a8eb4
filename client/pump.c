#include "client/pump.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "client/hold.h"
#include "client/pipe/pipe_tell.h"
#include "common/base.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum {
    BURST = 256, /* Messages in a row before others get a turn. */
    LOOK_EVERY = 32,
    DROPS_MAX = 5, /* About a second of them: a proxy before a master that is
                      not there yet breaks off as well. */
};

#define SLEEP_MAX (3600 * TICK_S)
#define SOON TICK_MS

struct waiter {
    struct list node;
    pump_ready_fn *ready;
    const void *arg;
    bool reads; /* It is the one that reads the socket. */
    pthread_cond_t cond;
};

static struct waiter *
waiter_of(struct list *node)
{
    return CONTAINER_OF(node, struct waiter, node);
}

/* ---- waking -------------------------------------------------------------- */

static bool
is_interrupted(const struct stint *s)
{
    return atomic_load_explicit(&s->interrupted, memory_order_relaxed);
}

int
pump_obstacle(const struct stint *s)
{
    if (s->closed) return say(STINT_ECLOSED, "the connection is closed");
    if (s->fatal != 0) return say(s->fatal, "%s", s->fatal_text);
    return 0;
}

static int
why_not_wait(const struct stint *s)
{
    if (is_interrupted(s)) {
        return say(STINT_ECANCELLED, "interrupted by stint_interrupt()");
    }
    return pump_obstacle(s);
}

static void
wake_sleeper(struct stint *s)
{
    if (s->sleeping) conn_wake(s->conn.wake_fd);
}

/* After anything changed: tell those who have what they wait for. */
static void
wake_ready(struct stint *s)
{
    bool all = s->fatal != 0 || s->closed || is_interrupted(s);

    LIST_FOREACH (node, after, &s->waiters) {
        struct waiter *w = waiter_of(node);
        if (!all && !w->ready(w->arg)) continue;
        if (w->reads) {
            wake_sleeper(s);
        } else {
            (void)pthread_cond_signal(&w->cond);
        }
    }
}

void
pump_wake(struct stint *s)
{
    wake_ready(s);
}

void
pump_fail(struct stint *s, int code, const char *text)
{
    if (s->fatal != 0) return;
    s->fatal = code;
    (void)snprintf(s->fatal_text, sizeof(s->fatal_text), "%s", text);
    rpc_fail_all(s->rpc, code);
    wake_ready(s);
}

/* ---- one turn ------------------------------------------------------------ */

static void
send_all(struct stint *s, tick_ns now, bool flush)
{
    while (conn_can_send(&s->conn)) {
        struct frame *f = rpc_send(s->rpc, now, flush);
        if (f == NULL) return;
        (void)conn_send(&s->conn, f);
    }
    rpc_blocked(s->rpc, now);
}

/* Returns whether anything came. */
static bool
receive_all(struct stint *s, tick_ns now)
{
    struct inbound *in;
    unsigned count = 0;

    while (count < BURST && (in = conn_receive(&s->conn)) != NULL) {
        s->current = in;
        if (rpc_receive(s->rpc, now, inbound_bytes(in)) != 0) {
            s->conn.broken = true;
        }
        s->current = NULL;
        count++;
    }
    return count > 0;
}

static void
fail_auth(struct stint *s)
{
    char text[INSIDE_TEXT];

    if (s->conn.denied) {
        (void)snprintf(text, sizeof(text),
            "the master at %s does not know this key, or it was revoked; ask "
            "its administrator for a new access file (stint key new)",
            s->conn.endpoint);
    } else {
        (void)snprintf(text, sizeof(text),
            "%s breaks the handshake off: it is not the master that this key "
            "or authkey names, or no Stint master; compare the authkey on "
            "both sides, or fetch the access file again",
            s->conn.endpoint);
    }
    pump_fail(s, STINT_EAUTH, text);
}

static void
disconnect(struct stint *s, tick_ns now)
{
    rpc_disconnected(s->rpc);
    conn_drop(&s->conn, now);
    /* Once a session stood, breaks in the handshake are a master that starts.
     */
    if (s->conn.denied || (s->connecting && s->conn.drops >= DROPS_MAX))
        fail_auth(s);
}

static void
watch_conn(struct stint *s, tick_ns now)
{
    enum conn_event event = conn_watch(&s->conn, now);

    if (event == CONN_UP) rpc_connected(s->rpc, now);
    if (event == CONN_LOST) {
        /* What came before counts: the answer to a stop is the last. */
        if (receive_all(s, now)) wake_ready(s);
        disconnect(s, now);
    }
}

static bool
is_final_refusal(const struct stint *s, int code)
{
    return s->connecting
           || (code != STINT_ELIMIT && code != STINT_ELOST
               && code != STINT_EMALFORMED);
}

static void
refuse(struct stint *s, int code, const char *text)
{
    char advice[INSIDE_TEXT];

    (void)snprintf(advice, sizeof(advice), "%s%s", text,
        code == STINT_EAUTH ? " (its administrator: stint key new)" : "");
    pump_fail(s, code, advice);
}

static void
watch_session(struct stint *s, tick_ns now)
{
    const char *text;

    if (rpc_state(s->rpc) == RPC_UP) conn_settle(&s->conn);
    if (rpc_state(s->rpc) == RPC_REFUSED) {
        int code = rpc_refusal(s->rpc, &text);
        if (is_final_refusal(s, code)) refuse(s, code, text);
        if (s->conn.socket != NULL) disconnect(s, now);
    } else if (s->conn.socket != NULL && rpc_is_silent(s->rpc, now)) {
        disconnect(s, now);
    }
}

/* All that is due, without waiting; the reader's and the keeper's. */
static void
turn(struct stint *s)
{
    tick_ns now = clock_now();

    watch_conn(s, now);
    bool came = receive_all(s, now);
    watch_session(s, now);
    if (s->fatal == 0) conn_try(&s->conn, now);
    hold_turn(s, now);
    pipe_tell_turn(s, now);
    send_all(s, now, false);
    if (came) wake_ready(s);
}

static tick_ns
next_due(const struct stint *s)
{
    tick_ns due =
        tick_min(rpc_next_deadline(s->rpc), conn_next_deadline(&s->conn));

    if (rpc_state(s->rpc) != RPC_UP) return due;
    return tick_min(due, tick_min(s->renew_at, s->pipes_at));
}

void
pump_push(struct stint *s, bool flush)
{
    /* A look at the socket is a system call: while a batch gathers, every
     * 32nd post is often enough. */
    bool look = ++s->pushes >= LOOK_EVERY;
    if (!flush && !look && rpc_is_gathering(s->rpc)) return;

    tick_ns now = clock_now();

    send_all(s, now, flush);
    /* Using the socket may have eaten the wake-up of whoever sleeps on it, so
     * what came is taken here. */
    if (look || s->conn.touched) {
        s->pushes = 0;
        if (receive_all(s, now)) wake_ready(s);
        send_all(s, now, false);
    }
    /* Sending may have eaten one again. */
    if (s->sleeping && (s->conn.has_unsent || conn_is_ready(&s->conn))) {
        wake_sleeper(s);
    }
}

/* Sleep until something happens, with the lock given away. */
static void
nap(struct stint *s, tick_ns until)
{
    struct pollfd fds[CONN_FDS];

    if (conn_is_ready(&s->conn)) return;

    nfds_t count = conn_fds(&s->conn, fds);
    tick_ns length = until - clock_now();
    if (length <= 0) return;
    if (length > SLEEP_MAX) length = SLEEP_MAX;
    s->sleeping = true;
    s->nap_until = until;
    (void)pthread_mutex_unlock(&s->lock);
    conn_sleep(fds, count, length);
    (void)pthread_mutex_lock(&s->lock);
    s->sleeping = false;
    conn_woken(&s->conn, fds, count);
    if (is_interrupted(s)) wake_ready(s);
}

/* ---- waiting ------------------------------------------------------------- */

static int
late(const struct stint *s)
{
    if (rpc_state(s->rpc) == RPC_UP) {
        return say(STINT_ETIMEOUT,
            "the master at %s did not answer before the deadline",
            s->conn.endpoint);
    }
    switch (conn_fault(&s->conn, clock_now())) {
    case CONN_REFUSED:
        return say(STINT_EUNREACHABLE,
            "the connection to %s is refused: no master listens there, at "
            "least not on that address and port; start it, or name the right "
            "one (--master)",
            s->conn.endpoint);
    case CONN_UNNAMED:
        return say(STINT_EUNREACHABLE,
            "the host's name in %s cannot be resolved here; give its address "
            "instead, as in tcp://192.0.2.7:4725 (--master)",
            s->conn.endpoint);
    case CONN_BROKEN_OFF: /* Too few times to be sure. */
        return say(STINT_EUNREACHABLE,
            "%s breaks the handshake off: is it the master that this key or "
            "authkey names? If it only starts, wait longer; else compare the "
            "authkey on both sides, or fetch the access file again",
            s->conn.endpoint);
    case CONN_MUTE:
    default:
        return say(STINT_EUNREACHABLE,
            "no session with a master at %s before the deadline; is it running "
            "there, and does the network let us through?",
            s->conn.endpoint);
    }
}

/* Whether the wait is over, and how. */
static bool
is_over(struct stint *s, const struct waiter *w, tick_ns deadline, int *rc)
{
    *rc = 0;
    if (w->ready(w->arg)) return true;
    *rc = why_not_wait(s);
    if (*rc != 0) return true;
    if (clock_now() < deadline) return false;
    *rc = late(s);
    return true;
}

/* Read the socket, for all. */
static int
lead(struct stint *s, struct waiter *w, tick_ns deadline)
{
    int rc;

    s->pumping = w->reads = true;
    while (!is_over(s, w, deadline, &rc)) {
        nap(s, tick_min(deadline, next_due(s)));
        turn(s);
    }
    s->pumping = w->reads = false;
    return rc;
}

static void
wait_cond(struct stint *s, pthread_cond_t *cond, tick_ns until)
{
    struct timespec t = { .tv_sec = (time_t)(until / TICK_S),
        .tv_nsec = (long)(until % TICK_S) };

    if (until == TICK_NEVER) {
        (void)pthread_cond_wait(cond, &s->lock);
    } else {
        (void)pthread_cond_timedwait(cond, &s->lock, &t);
    }
}

static int
init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    int rc = pthread_condattr_init(&attr);
    if (rc != 0) return rc;
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = pthread_cond_init(cond, &attr);
    (void)pthread_condattr_destroy(&attr);
    return rc;
}

/* Let another one read until we are ready or are to read ourselves. */
static int
follow(struct stint *s, struct waiter *w, tick_ns deadline)
{
    int rc = 0;

    if (init_cond(&w->cond) != 0) {
        return say(STINT_ENOMEM, "no memory to wait");
    }
    if (s->keeper_pumps) wake_sleeper(s);
    while (s->pumping && !is_over(s, w, deadline, &rc))
        wait_cond(s, &w->cond, deadline);
    (void)pthread_cond_destroy(&w->cond);
    return rc;
}

/* Whoever stops reading appoints the next one. */
static void
hand_over(struct stint *s)
{
    struct list *first = list_first(&s->waiters);

    if (!s->pumping && first != NULL) {
        (void)pthread_cond_signal(&waiter_of(first)->cond);
    }
}

static int
wait_as(struct stint *s, struct waiter *w, tick_ns deadline)
{
    int rc;

    while (!is_over(s, w, deadline, &rc)) {
        if (!s->pumping) return lead(s, w, deadline);
        rc = follow(s, w, deadline);
        if (rc != 0) return rc;
    }
    return rc;
}

int
pump_wait(
    struct stint *s, pump_ready_fn *ready, const void *arg, tick_ns deadline)
{
    struct waiter w = { .ready = ready, .arg = arg };
    int rc = pump_obstacle(s);

    if (rc != 0) return rc;
    pump_push(s, true);
    list_push(&s->waiters, &w.node);
    rc = wait_as(s, &w, deadline);
    list_remove(&w.node);
    hand_over(s);
    return rc;
}

/* ---- the keeper ---------------------------------------------------------- */

/* Whether something may come that nobody inside waits for; a welcome, if
 * nothing else. */
static bool
expects(const struct stint *s)
{
    return s->fatal == 0
           && (rpc_state(s->rpc) != RPC_UP || !rpc_is_idle(s->rpc)
               || s->futures_open > 0 || s->conn.has_unsent
               || inside_has_duties(s));
}

static void
call_keeper(struct stint *s, tick_ns at)
{
    if (at >= s->keeper_at) return;
    s->keeper_at = at;
    (void)pthread_cond_signal(&s->keeper_cond);
}

void
pump_enter(struct stint *s)
{
    (void)pthread_mutex_lock(&s->lock);
}

void
pump_leave(struct stint *s)
{
    if (s->closed) {
        (void)pthread_mutex_unlock(&s->lock);
        return;
    }
    s->activity++;
    if (s->sleeping && next_due(s) < s->nap_until) {
        s->nap_until = 0;
        conn_wake(s->conn.wake_fd);
    }
    if (!s->pumping && !s->keeper_soon) {
        if (expects(s)) {
            s->keeper_soon = true;
            call_keeper(s, tick_after(clock_now(), SOON));
        } else if (s->fatal == 0) {
            call_keeper(s, next_due(s));
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* Read and send for as long as something is expected and no caller is there. */
static void
keep(struct stint *s)
{
    uint64_t activity = s->activity;

    s->pumping = s->keeper_pumps = true;
    conn_doubt(&s->conn);
    do {
        turn(s);
        if (s->keeper_quit || !expects(s)) break;
        nap(s, next_due(s));
    } while (list_is_empty(&s->waiters) && activity == s->activity);
    s->pumping = s->keeper_pumps = false;
    hand_over(s);
}

static tick_ns
keeper_plan(struct stint *s, tick_ns now)
{
    if (s->pumping) return TICK_NEVER; /* The caller calls when it leaves. */
    if (!expects(s)) return s->fatal != 0 ? TICK_NEVER : next_due(s);
    s->keeper_soon = true;
    return tick_after(now, SOON);
}

/* Whether callers that come and go leave something to the keeper: they send and
 * receive themselves, but what has its time, and all of reconnecting, is left.
 */
static bool
is_needed(const struct stint *s)
{
    return rpc_state(s->rpc) != RPC_UP || next_due(s) <= clock_now();
}

/* While callers come and go it looks again and again by the clock: calling it
 * each time would cost every call a switch of threads. */
static void *
keeper_main(void *arg)
{
    struct stint *s = arg;

    (void)pthread_mutex_lock(&s->lock);
    while (!s->keeper_quit) {
        uint64_t activity = s->activity;
        while (!s->keeper_quit && clock_now() < s->keeper_at)
            wait_cond(s, &s->keeper_cond, s->keeper_at);
        if (s->keeper_quit) break;
        bool busy = activity != s->activity;
        s->keeper_soon = false;
        if (!s->pumping && (!busy || is_needed(s))) keep(s);
        tick_ns now = clock_now();
        s->keeper_at = busy ? tick_after(now, SOON) : keeper_plan(s, now);
        if (busy) s->keeper_soon = true;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

int
pump_start(struct stint *s)
{
    sigset_t all, old;

    s->keeper_at = TICK_NEVER;
    if (init_cond(&s->keeper_cond) != 0) {
        return say(STINT_ENOMEM, "no memory for a thread");
    }
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&s->keeper, NULL, keeper_main, s);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    s->keeper_started = rc == 0;
    if (rc == 0) return 0;
    (void)pthread_cond_destroy(&s->keeper_cond);
    return say(STINT_ENOMEM, "cannot start a thread: error %d", rc);
}

void
pump_stop(struct stint *s)
{
    if (!s->keeper_started) return;
    s->keeper_quit = true;
    (void)pthread_cond_signal(&s->keeper_cond);
    wake_sleeper(s);
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_join(s->keeper, NULL);
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_cond_destroy(&s->keeper_cond);
    s->keeper_started = false;
}

/* ---- times --------------------------------------------------------------- */

tick_ns
pump_deadline(int64_t timeout_ms)
{
    if (timeout_ms < 0 || timeout_ms > TICK_NEVER / TICK_MS) return TICK_NEVER;
    return tick_after(clock_now(), timeout_ms * TICK_MS);
}

tick_ns
pump_grace(tick_ns deadline)
{
    return tick_after(deadline, STINT_GRACE_MS * TICK_MS);
}

uint64_t
pump_remaining(tick_ns deadline)
{
    if (deadline == TICK_NEVER) return INT64_MAX;
    tick_ns now = clock_now();
    return now >= deadline ? 0 : (uint64_t)(deadline - now);
}

int
pump_check_timeout(int64_t timeout_ms)
{
    if (timeout_ms >= 0 || timeout_ms == STINT_FOREVER) return 0;
    return say(STINT_EINVAL,
        "a timeout of %lld ms: give 0 or more, or STINT_FOREVER",
        (long long)timeout_ms);
}
