/**
 * rpc.h - one client's side of a session.                        [layer: rpc]
 *
 * Numbers requests, gathers them into frames, matches answers, resends after a
 * broken connection, knows when to ping.  Pure: frames and `now` go in, frames
 * and completions come out; the caller owns socket, threads and clock.
 * One thread at a time.
 *
 * Gathering (docs/DESIGN.md "Gather"): a frame is sealed at once while nothing
 * of ours is unanswered; else when an answer came, or at 1,024 items or 64 KiB,
 * or after a millisecond.
 *
 * A request is kept, encoded, until it is answered for good.  When the master
 * begins the session anew (it was restarted, or we were away too long), every
 * request that is not answered for good goes out again under its old number: of
 * a put that is answered in part, only the rest; of a get, only the credit that
 * is not used; and only what remains of the time that it may wait.  So does a
 * get, put or join that ended with STINT_ELOST, which nobody hears of: the
 * master gave it up because we were silent for too long.
 */
#ifndef RPC_H
#define RPC_H

#include <stdbool.h>

#include "common/frame.h"
#include "common/list.h"
#include "common/slice.h"
#include "common/tick.h"
#include "proto/proto.h"

struct rpc;
struct rpc_parcel;

/* What is waited for.  Lives inside the caller's struct; one request number or
 * `count` of them in a row (put). */
struct rpc_request {
    struct list node;        /* For the rpc: among the open ones. */
    struct rpc_parcel *home; /* For the rpc: the frame that carries it. */
    uint64_t number;         /* First request number; set by rpc_begin. */
    uint64_t next;           /* First one that is not accepted yet. */
    uint32_t count;          /* How many numbers. */
    uint32_t open;           /* How many are not answered for good. */
    bool slow;               /* Set by the caller: may wait at the master, so
                                others need not gather until it is answered. */
    bool once;               /* Set by the caller at any time: of no use to a
                                new session, where it ends with ECANCELLED. */
    uint32_t taken;          /* Tasks that came for a get. */
    tick_ns asked_at;        /* Set by the caller: from when on its waits count.
                                0: they begin anew when it is sent again. */
    /* Called for each message that answers it, with `m` lent for the call;
     * `last`: nothing more will come, the request is out of the table.  Also
     * called once with m == NULL and a negative `code` when the session is
     * given up (rpc_fail_all), and with m == NULL when a new session is not
     * asked again: STINT_ECANCELLED, or 0 for a get that has had what it
     * wanted. Must not call rpc_receive; may begin requests.
     */
    void (*answered)(
        struct rpc_request *r, int code, const struct msg *m, bool last);
    void *arg;
};

struct rpc_config {
    uint8_t session[PROTO_SESSION_BYTES]; /* Random at the edge. */
    struct msg_hello hello; /* kind, name, host, pid, slots, window, software,
                               traits; slices lent for the life of the rpc. */
    tick_ns ping_every;     /* 0: a quarter of the master's silence. */
    /* Results of submitted tasks, which no request waits for. */
    void (*result)(void *arg, const struct rec_result *result);
    /* The session began anew: the master was restarted, or did not know it any
     * more (rpc_welcome() says whether it kept anything).  What was open is on
     * its way again, before what is written now. */
    void (*restarted)(void *arg);
    /* What the master asks of us: a recall or a show.  Must not call
     * rpc_receive; may begin requests. */
    void (*duty)(void *arg, const struct msg *m);
    /* A pong that rpc_ping() asked for. */
    void (*pong)(void *arg, uint64_t echo);
    void *arg;
};

enum rpc_state {
    RPC_DOWN,     /* No connection. */
    RPC_GREETING, /* Hello sent. */
    RPC_UP,       /* Welcomed. */
    RPC_REFUSED,  /* The master does not want us: rpc_refusal() says why. */
};

/** NULL without memory.  Copies `config`. */
struct rpc *rpc_new(const struct rpc_config *config, tick_ns now);

/** Answers nobody any more: rpc_fail_all() first.  NULL is fine. */
void rpc_free(struct rpc *rpc);

/* ---- requests ------------------------------------------------------------ */

/**
 * Register `r` under the next `count` request numbers.  The caller then writes
 * the message with that number, of about `bytes` bytes, through rpc_message().
 * The rpc borrows `r` until its last answer or rpc_forget().
 * Returns 0, or STINT_ENOMEM, nothing changed.
 */
int rpc_begin(
    struct rpc *rpc, struct rpc_request *r, uint32_t count, size_t bytes);

/** The buffer to append exactly one message to; see stream_message(). */
struct buf *rpc_message(struct rpc *rpc);

/**
 * Give `r` `more` numbers and lend the buffer, to add records to the list of
 * its message.  NULL, nothing changed, when that message is not the last one of
 * the open frame any more, or the frame has no room for `bytes` more, or there
 * is no memory: begin another request.
 */
struct buf *rpc_extend(
    struct rpc *rpc, struct rpc_request *r, uint32_t more, size_t bytes);

/** The buffer to append one message to that is not answered, of about `bytes`
 * bytes.  It may be lost when the session begins anew.  NULL without memory. */
struct buf *rpc_tell(struct rpc *rpc, size_t bytes);

/** The number that the next rpc_begin() gives. */
uint64_t rpc_next_number(const struct rpc *rpc);

/** Do not call back for `r` any more; its answers are swallowed.  Of a get, the
 * caller must not forget a task that still comes: cancel it and wait instead.
 */
void rpc_forget(struct rpc *rpc, struct rpc_request *r);

/** Bytes that are written and not answered: for the caller's bound. */
size_t rpc_unanswered_bytes(const struct rpc *rpc);

/** Ask for a pong with this `echo`.  Lost with the connection. */
void rpc_ping(struct rpc *rpc, uint64_t echo);

/* ---- the connection ------------------------------------------------------ */

/** A connection stands: say hello. */
void rpc_connected(struct rpc *rpc, tick_ns now);

/** It is gone; requests wait for the next one. */
void rpc_disconnected(struct rpc *rpc);

/** Take a frame.  Returns 0; or STINT_EMALFORMED or another error: drop the
 * connection. */
int rpc_receive(struct rpc *rpc, tick_ns now, struct slice wire);

/** The next frame to send now, or NULL.  `flush`: do not gather any longer.
 * Gives one owner (frame_drop()). */
struct frame *rpc_send(struct rpc *rpc, tick_ns now, bool flush);

/** The connection takes nothing just now: what is due waits for it, and a ping
 * that is due counts as asked, though it could not leave.  Until the next
 * rpc_send(). */
void rpc_blocked(struct rpc *rpc, tick_ns now);

/** Whether there is nothing to leave, or it gathers since an earlier rpc_send()
 * and nothing but time will change that: it is no use to ask rpc_send() now. */
bool rpc_is_gathering(const struct rpc *rpc);

/** When rpc_send() must be asked next (ping, acknowledgement), or when the
 * master must be taken for gone (rpc_is_silent). */
tick_ns rpc_next_deadline(const struct rpc *rpc);

/** Nothing was heard for the master's silence: drop the connection. */
bool rpc_is_silent(const struct rpc *rpc, tick_ns now);

/** End every open request with `code` and m == NULL. */
void rpc_fail_all(struct rpc *rpc, int code);

enum rpc_state rpc_state(const struct rpc *rpc);

/** Code and sentence of a refusal.  Lends until rpc_free. */
int rpc_refusal(const struct rpc *rpc, const char **text);

/** The last welcome; zeros before it. */
struct msg_welcome rpc_welcome(const struct rpc *rpc);

/** Whether any request is unanswered, or any byte unsent. */
bool rpc_is_idle(const struct rpc *rpc);

#endif
